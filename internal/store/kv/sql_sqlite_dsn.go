package kv

import (
	"net/url"
	"path/filepath"
	"strconv"
	"time"
)

// SQLiteDSN returns the data source name with which the backend's writer (one
// connection) and reader (a few) are opened on the file, for modernc.org/sqlite.
//
// synchronous is NORMAL: a process that dies loses nothing, a machine that
// loses power may lose the last moments, and the file stays whole. A longer
// journal than SQLite's default writes pages that change often, which is most
// of them here, back to the file less often.
func SQLiteDSN(path string, timeout time.Duration) string {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	q := url.Values{
		"_busy_timeout": {strconv.FormatInt(timeout.Milliseconds(), 10)},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"NORMAL"},
		"_pragma":       {"wal_autocheckpoint(4000)", "journal_size_limit(67108864)"},
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}
