package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"signet/internal/fault"
)

// SQLSTATE codes that mean something here (PostgreSQL, appendix A).
const (
	pgStalePlan     = "0A000" // a migration changed a column under a prepared statement
	pgForeignKey    = "23503"
	pgUnique        = "23505"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
	pgTerminated    = "57P01"
)

// retryable reports whether the database did nothing, or undid what it did,
// and would do it if it were asked again.
func retryable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case pgSerialization, pgDeadlock, pgTerminated:
			return true
		case pgStalePlan:
			return strings.HasPrefix(pg.Routine, "RevalidateCachedQuery")
		}
		return false
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		primary := lite.Code() & 0xff
		return primary == lib.SQLITE_BUSY || primary == lib.SQLITE_LOCKED
	}
	return errors.Is(err, errAgain) || errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err)
}

// broken reports whether a connection ended under a statement, which may have
// been done or not: to read again does no harm.
func broken(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false // there was none
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return !op.Timeout()
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// errAgain is what a transaction returns when another one came between its
// statements and it has to begin anew.
var errAgain = errors.New("changed meanwhile")

// translate is the one place where a database's error becomes a fault. A fault
// stays as it is.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fromPostgres(pg, err)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return fromSQLite(lite, err)
	}
	if unreachable(err) || retryable(err) {
		return unavailable(err)
	}
	return internal(err)
}

func fromPostgres(pg *pgconn.PgError, err error) error {
	switch pg.Code {
	case pgUnique:
		return conflict(err)
	case pgForeignKey:
		return gone(err)
	case "22021", "22P02", "22P05": // NUL, no UUID, NUL in JSON
		return fault.Wrap(fault.Invalid, err, "A value cannot be stored.")
	case pgSerialization, pgDeadlock, // tried again until the deadline
		"25006", // a standby: the primary moved
		"55P03", // lock_timeout
		"57014": // statement_timeout
		return unavailable(err)
	}
	switch pg.Code[:2] {
	case "08", "28", "3D", "53", "57": // connection, login, no such database, resources, shutdown
		return unavailable(err)
	}
	return internal(err)
}

func fromSQLite(lite *sqlite.Error, err error) error {
	switch lite.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_ROWID:
		return conflict(err)
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return gone(err)
	}
	switch lite.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_INTERRUPT, lib.SQLITE_IOERR, lib.SQLITE_FULL,
		lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_NOMEM:
		return unavailable(err)
	}
	return internal(err)
}

// unreachable reports whether err tells of the way to the database, not of
// what was asked. That a caller went away belongs here too: nobody is to blame.
func unreachable(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, known := range []error{
		context.DeadlineExceeded, context.Canceled,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		sql.ErrConnDone, sql.ErrTxDone, errClosed,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func unavailable(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The database does not answer. Please try again shortly.")
}

func conflict(err error) error {
	return fault.Wrap(fault.Conflict, err, "This exists already.")
}

// gone: what a row refers to is not there, or is not there any more.
func gone(err error) error {
	return fault.Wrap(fault.NotFound, err, "What this belongs to does not exist.")
}

func internal(err error) error {
	return fault.Wrap(fault.Internal, err, "The database refused a statement.")
}
