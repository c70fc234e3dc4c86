package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"signet/internal/fault"
)

// What an Options field means when it is zero.
const (
	DefaultMaxConns = 16
	DefaultDeadline = 2 * time.Second
)

// Options say which database to open and how much of it to use.
type Options struct {
	// URL is sqlite:///path/to/file.db (made, if it is not there, in a folder
	// that is), or postgres://user:password@host:5432/name?sslmode=verify-full
	// with what else pgx understands.
	URL string
	// MaxConns is the most connections that are open at once, and as many stay
	// open when idle. SQLite has one more, that writes.
	MaxConns int
	// Deadline is the time after which a call is given up.
	Deadline time.Duration
}

// fill sets what is zero.
func (o *Options) fill() {
	if o.MaxConns <= 0 {
		o.MaxConns = DefaultMaxConns
	}
	if o.Deadline <= 0 {
		o.Deadline = DefaultDeadline
	}
}

// sqlite reports whether the address is that of a file. Only the scheme is
// looked at, because net/url refuses the several hosts that pgx understands.
func (o *Options) sqlite() bool { return strings.HasPrefix(o.URL, "sqlite:") }

func (o *Options) postgres() bool {
	return strings.HasPrefix(o.URL, "postgres:") || strings.HasPrefix(o.URL, "postgresql:")
}

// DB is an open database. Its methods may be called by any number of
// goroutines.
type DB struct {
	dialect  dialect
	orm      *gorm.DB // never used as it is: see conn.orm
	read     reader
	write    writer
	deadline time.Duration
	sent     atomic.Int64
	mailed   chan struct{} // see Mailed
	ended    chan struct{} // see Ended
	required chan struct{} // see Required
}

// dialect is what differs between the two databases beyond SQL that both read.
type dialect struct {
	migrations string                                                    // folder of the numbered files
	hasTable   string                                                    // query: is there a table of the name $1?
	about      string                                                    // query: version, and seconds since 1970 by its clock
	provider   func(steps goose.ProviderOption) (*goose.Provider, error) // a new one, with its own connections and lock
	seed       func(context.Context, []accountRow) error
}

// reader answers questions, each with what was committed when it is asked.
type reader interface {
	source
	stats() []PoolStats
	close() error
}

// writer runs what changes the database.
type writer interface {
	// run calls f with a connection, in a transaction if several is true, and
	// commits what f did unless f fails.
	run(ctx context.Context, several bool, f func(context.Context, *conn) error) error
	// share calls f, which asks for one row with a statement that changes it. The
	// commit may be that of others' changes, too.
	share(ctx context.Context, f func(context.Context, *conn) error) error
	// stats describes the writer's own pool, if it has one.
	stats() []PoolStats
	close() error
}

// Open opens the database and checks that it answers. It does not migrate.
func Open(ctx context.Context, o Options) (*DB, error) {
	o.fill()
	db := &DB{deadline: o.Deadline, mailed: make(chan struct{}, 1), ended: make(chan struct{}, 1), required: make(chan struct{}, 1)}
	var err error
	switch {
	case o.sqlite():
		err = db.openSQLite(o)
	case o.postgres():
		err = db.openPostgres(o)
	default:
		err = badURL(nil, "begins neither with sqlite: nor with postgres:")
	}
	if err != nil {
		return nil, translate(err)
	}
	// On the writing connection: SQLite's makes the file and its journal.
	err = db.transact(ctx, func(ctx context.Context, c *conn) error {
		var one int
		_, err := c.row(ctx, "SELECT 1", nil, &one)
		return err
	})
	if err != nil {
		db.Close() // err says what is wrong
		return nil, err
	}
	return db, nil
}

func badURL(cause error, problem string) error {
	return fault.Wrap(fault.Invalid, cause, "The database's address %s.", problem).On("url")
}

// gormOn returns gorm over the dialector, with everything off that would do
// something unasked: transactions, logs, pings, times.
func gormOn(d gorm.Dialector) (*gorm.DB, error) {
	return gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction:   true,
		DisableAutomaticPing:     true,
		DisableNestedTransaction: true,
		Logger:                   logger.Discard,
	})
}

// Ping asks the database for an answer.
func (db *DB) Ping(ctx context.Context) error {
	return db.view(ctx, func(ctx context.Context, c *conn) error {
		var one int
		_, err := c.row(ctx, "SELECT 1", nil, &one)
		return err
	})
}

// Close ends all connections, after the calls that are under way.
func (db *DB) Close() error {
	return errors.Join(db.write.close(), db.read.close())
}

// Statements returns how many statements were sent since Open, the beginnings
// and ends of transactions included; those of migrations and seeding are not.
func (db *DB) Statements() int64 { return db.sent.Load() }

// PoolStats are the figures of one pool of connections.
type PoolStats struct {
	Pool string // "main"; SQLite: "read" and "write"
	sql.DBStats
}

// Stats returns the figures of each pool.
func (db *DB) Stats() []PoolStats {
	return append(db.read.stats(), db.write.stats()...)
}
