package sqlstore_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"signet/internal/fault"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

func TestOpenRefusesWhatItCannotOpen(t *testing.T) {
	dir := t.TempDir()
	for address, kind := range map[string]fault.Kind{
		"":                                      fault.Invalid,
		"mysql://root@localhost/signet":         fault.Invalid,
		"sqlite:":                               fault.Invalid,
		"sqlite://signet.db":                    fault.Invalid,
		"sqlite:signet.db":                      fault.Invalid,
		"sqlite://" + dir:                       fault.Invalid, // a folder
		"sqlite://" + dir + "/none/signet.db":   fault.Invalid, // in no folder
		"postgres://u:s3cret@127.0.0.1:port/db": fault.Invalid,
		"postgres://u:s3cret@127.0.0.1:1/db":    fault.Unavailable,
		"postgres://u:s3cret@[::1%25lo]:1/db":   fault.Unavailable,
	} {
		db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: address, Deadline: time.Second})
		if err == nil {
			db.Close()
		}
		if fault.KindOf(err) != kind {
			t.Errorf("%q: %v, want a fault of kind %s", address, err, kind)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: the error shows the password: %v", address, err)
		}
	}
}

// TestSQLiteFile looks at what Open leaves on the disk: password hashes are in
// it, and a file that is no database is not written over.
func TestSQLiteFile(t *testing.T) {
	address := storetest.SQLiteURL(t)
	storetest.OpenSQL(t, address)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{u.Path, u.Path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %v", name, mode)
		}
	}

	other := filepath.Join(t.TempDir(), "letter.txt")
	letter := strings.Repeat("Dear Ada, ", 1000)
	if err := os.WriteFile(other, []byte(letter), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = sqlstore.Open(t.Context(), sqlstore.Options{URL: "sqlite://" + other})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a text file: %v", err)
	}
	if after, err := os.ReadFile(other); err != nil || string(after) != letter {
		t.Errorf("the text file was changed (%v)", err)
	}
}

// TestShortLived checks that both files are there, private, and apart.
func TestShortLived(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) string{
		"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sqlstore.OpenShortLived(sqlstore.Options{URL: fresh(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Writer.ExecContext(t.Context(), "CREATE TABLE notes (note text)"); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := s.Reader.QueryRowContext(t.Context(), "SELECT count(*) FROM notes").Scan(&n); err != nil {
				t.Error(err)
			}
			if s.Postgres != (name == "postgres") {
				t.Errorf("Postgres = %v", s.Postgres)
			}
		})
	}
}
