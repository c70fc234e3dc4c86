package sqlstore

import (
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
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
	o.fill()
	if !o.sqlite() {
		config, err := postgresConfig(o)
		if err != nil {
			return nil, err
		}
		db := postgresMain(config, o)
		return &ShortLived{Postgres: true, Writer: db, Reader: db}, nil
	}
	path, err := sqlitePath(o.URL)
	if err != nil {
		return nil, err
	}
	path = strings.TrimSuffix(path, filepath.Ext(path)) + "-kv.db"
	if err := makeFile(path); err != nil {
		return nil, err
	}
	// The same pages change again and again: written back to the file less
	// often than SQLite would, they cost a quarter less.
	writer, err := sqlitePool(path, 1, o.Deadline, url.Values{
		"_synchronous": {"NORMAL"},
		"_pragma":      {"wal_autocheckpoint(4000)", "journal_size_limit(67108864)"},
	})
	if err != nil {
		return nil, translate(err)
	}
	reader, err := sqlitePool(path, 2, o.Deadline, url.Values{"_query_only": {"1"}})
	if err != nil {
		return nil, errors.Join(translate(err), writer.Close())
	}
	return &ShortLived{Writer: writer, Reader: reader}, nil
}

// Close ends the connections.
func (s *ShortLived) Close() error {
	if s.Postgres {
		return s.Writer.Close()
	}
	return errors.Join(s.Writer.Close(), s.Reader.Close())
}
