package sqlstore_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// nodeVariable makes the test program another node: it migrates the database
// that the variable names, uses it, and ends.
const nodeVariable = "SIGNET_TEST_NODE_DATABASE"

func TestMain(m *testing.M) {
	if address := os.Getenv(nodeVariable); address != "" {
		if err := beNode(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func beNode(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := sqlstore.Open(ctx, sqlstore.Options{URL: address, MaxConns: 2, Deadline: 20 * time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	for range 20 {
		if err := db.RevokeFamily(ctx, "the same grant", time.Now()); err != nil {
			return err
		}
	}
	_, err = db.Changes(ctx)
	return err
}

// TestProcesses starts programs at once on an empty database: the locks of
// SQLite and PostgreSQL are between processes, and within one they may hide
// mistakes.
func TestProcesses(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) string{
		"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := fresh(t)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					node := exec.CommandContext(t.Context(), os.Args[0])
					node.Env = append(os.Environ(), nodeVariable+"="+address)
					if out, err := node.CombinedOutput(); err != nil {
						t.Errorf("%v: %s", err, out)
					}
				})
			}
			group.Wait()
			db := storetest.OpenSQL(t, address)
			if pending, err := db.Pending(t.Context()); err != nil || len(pending) != 0 {
				t.Errorf("pending %v, %v", pending, err)
			}
		})
	}
}
