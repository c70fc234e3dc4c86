package sqlstore

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
)

// ShortLived are the connections for what lives for minutes, where there is no
// Redis: its keeper (package kv) has tables and statements of its own.
type ShortLived struct {
	Postgres       bool // else SQLite
	Writer, Reader *sql.DB
}

// OpenShortLived opens them. On SQLite that is a file of its own beside the
// database (signet.db has signet-kv.db): the two have one writer each, so that
// a sign-in never waits for an administrator's transaction, a backup of the
// database holds what lasts and nothing else, and commits need not wait for
// the disk: what a power cut takes is a few seconds of sessions.
func OpenShortLived(o Options) (*ShortLived, error) {
	if scheme, _, _ := strings.Cut(o.URL, ":"); scheme != "sqlite" {
		return openShortLivedPostgres(o)
	}
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, badURL(err, "cannot be read")
	}
	path := filepath.FromSlash(u.Path)
	path = strings.TrimSuffix(path, filepath.Ext(path)) + "-kv.db"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let everybody read it
	if err != nil {
		return nil, badURL(err, "is in a folder where no file can be made")
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	sqlite.Fdatasync(true)
	writer, err := sql.Open("sqlite", sqliteDSN(path, o.Deadline, url.Values{"_synchronous": {"NORMAL"}}))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", sqliteDSN(path, o.Deadline, url.Values{"_query_only": {"1"}}))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(2)
	reader.SetMaxIdleConns(2)
	return &ShortLived{Writer: writer, Reader: reader}, nil
}

func openShortLivedPostgres(o Options) (*ShortLived, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, badURL(err, "is not one that PostgreSQL's driver understands") // the cause shows no password
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > o.Deadline {
		config.ConnectTimeout = o.Deadline
	}
	setDefault(config.RuntimeParams, "application_name", "signet-kv")
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(o.MaxConns)
	db.SetMaxIdleConns(o.MaxConns)
	db.SetConnMaxLifetime(connLife)
	return &ShortLived{Postgres: true, Writer: db, Reader: db}, nil
}

// Close ends the connections.
func (s *ShortLived) Close() error {
	if s.Postgres {
		return s.Writer.Close()
	}
	return errors.Join(s.Writer.Close(), s.Reader.Close())
}
