package sqlstore

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// openSQLite opens the file twice: one connection writes, several read. In WAL
// mode a reader never waits for the writer, nor the writer for readers.
func (db *DB) openSQLite(o Options) error {
	path, err := sqlitePath(o.URL)
	if err != nil {
		return err
	}
	if err := makeFile(path); err != nil {
		return err
	}
	// More readers than there are processors would only cost memory: SQLite
	// works inside this process.
	conns := min(o.MaxConns, max(2, runtime.GOMAXPROCS(0)))
	read, err := sqlitePool(path, conns, o.Deadline, url.Values{"_query_only": {"1"}})
	if err != nil {
		return err
	}
	readers := &sqliteReaders{pool: pool{name: "read", db: read, sent: &db.sent}}
	if db.orm, err = gormOn(sqliteDialector{readers}); err != nil {
		return err
	}
	write, err := sqlitePool(path, 1, o.Deadline, nil)
	if err != nil {
		return err
	}
	db.read, db.write = readers, newSQLiteWriter(write, db.orm, &db.sent)
	db.dialect = dialect{
		migrations: "migrations/sqlite",
		hasTable:   "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1)",
		about:      "SELECT 'SQLite ' || sqlite_version(), unixepoch('subsec')",
		provider:   func(steps goose.ProviderOption) (*goose.Provider, error) { return sqliteProvider(path, steps) },
		seed:       db.insertAccounts,
	}
	return nil
}

// sqlitePath returns the absolute path that the address names.
func sqlitePath(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || !filepath.IsAbs(filepath.FromSlash(u.Path)) {
		return "", badURL(err, "names no file: three slashes and the path, as in sqlite:///path/to/file.db")
	}
	return filepath.FromSlash(u.Path), nil
}

// makeFile makes the file if need be, and sees that it can be written. SQLite
// itself would let everybody read it.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return badURL(err, "names a file that cannot be opened for writing ("+err.Error()+")")
	}
	return f.Close()
}

// sqlitePool opens connections to the file; more overrides the settings of
// sqliteDSN.
func sqlitePool(path string, conns int, busy time.Duration, more url.Values) (*sql.DB, error) {
	// Of a commit, fdatasync(2) leaves for later only the file's times, which
	// fsync(2) writes too. Where there is none, SQLite's own way stays.
	sqlite.Fdatasync(true)
	db, err := sql.Open("sqlite", sqliteDSN(path, busy, more))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// sqliteDSN is how each connection to the file is set up.
//
// synchronous is FULL: a commit is on the disk when the call returns, so that
// no revocation and no use of a token is undone by a power cut. (NORMAL would
// only promise that the file stays whole.) The writer makes up for the cost by
// committing together what is asked for together.
func sqliteDSN(path string, busy time.Duration, more url.Values) string {
	q := url.Values{
		"_busy_timeout":        {strconv.FormatInt(busy.Milliseconds(), 10)},
		"_journal_mode":        {"WAL"},
		"_synchronous":         {"FULL"},
		"_foreign_keys":        {"1"},
		"_txlock":              {"immediate"},
		"_time_integer_format": {"unix_micro"},
		"_dqs":                 {"0"},
		"_defensive":           {"1"},
		// What a long transaction made of the journal does not stay on the disk.
		"_pragma": {"journal_size_limit(67108864)", "temp_store(MEMORY)"},
	}
	for k, v := range more {
		q[k] = v
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

// sqliteProvider migrates under a lock of its own, on a connection that waits
// for others as long as the lock does.
func sqliteProvider(path string, steps goose.ProviderOption) (*goose.Provider, error) {
	db, err := sqlitePool(path, 1, time.Minute, nil)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, nil, steps,
		goose.WithLocker(&fileLock{path: path + ".migrate"}), goose.WithDisableGlobalRegistry(true))
}

// fileLock is a lock between processes that dies with its holder: an exclusive
// transaction on an empty SQLite file beside the database. The database itself
// cannot be the lock, because each migration is a transaction there. The empty
// file stays; removing it would let two hold the lock at once.
type fileLock struct {
	path string
	db   *sql.DB
	tx   *sql.Tx
}

// Lock implements goose's lock.Locker.
func (l *fileLock) Lock(ctx context.Context, _ *sql.DB) error {
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(l.path), RawQuery: url.Values{
		"_busy_timeout": {strconv.FormatInt(time.Hour.Milliseconds(), 10)},
		"_journal_mode": {"MEMORY"},
		"_txlock":       {"exclusive"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		db.Close() // err says what is wrong
		return err
	}
	l.db, l.tx = db, tx
	return nil
}

// Unlock implements goose's lock.Locker.
func (l *fileLock) Unlock(context.Context, *sql.DB) error {
	if err := l.tx.Rollback(); err != nil {
		l.db.Close()
		return err
	}
	return l.db.Close()
}

// sqliteReaders are the connections that read, with their prepared statements:
// to read a statement's text takes SQLite longer than to run it.
type sqliteReaders struct {
	pool
	prepared sync.Map // string -> *sql.Stmt
}

func (r *sqliteReaders) row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	s, err := r.statement(ctx, text)
	if err != nil {
		return false, err
	}
	r.sent.Add(1)
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return false, err
	}
	return first(rows, dest)
}

// change fails: these connections are read-only.
func (r *sqliteReaders) change(ctx context.Context, text string, args ...any) (int64, error) {
	return affected(r.ExecContext(ctx, text, args...))
}

func (r *sqliteReaders) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := r.prepared.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if other, loaded := r.prepared.LoadOrStore(text, s); loaded {
		return other.(*sql.Stmt), s.Close()
	}
	return s, nil
}

func (r *sqliteReaders) close() error {
	r.prepared.Range(func(_, s any) bool {
		s.(*sql.Stmt).Close() // the pool's Close reports what matters
		return true
	})
	return r.db.Close()
}
