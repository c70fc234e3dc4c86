package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	sqlstore "signet/internal/store/sql"
)

// testMigrations brings empty databases up to date, from one node and from
// several at once.
func testMigrations(t *testing.T, fresh func(testing.TB) string) {
	t.Run("one node", func(t *testing.T) {
		db := openEmpty(t, sqlstore.Options{URL: fresh(t)})
		ctx := t.Context()
		version, err := db.Version(ctx)
		ok(t, err)
		pending, err := db.Pending(ctx)
		ok(t, err)
		if version != 0 || len(pending) == 0 {
			t.Fatalf("new database: version %d, pending %v", version, pending)
		}
		for range 2 {
			ok(t, db.Migrate(ctx))
			version, err = db.Version(ctx)
			ok(t, err)
			left, err := db.Pending(ctx)
			ok(t, err)
			if int(version) < len(pending) || len(left) != 0 {
				t.Fatalf("migrated: version %d, pending %v", version, left)
			}
		}
		makeAccount(t, db, "ada")
	})

	t.Run("nodes that start at once", func(t *testing.T) {
		address := fresh(t)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: address, MaxConns: 2})
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				defer db.Close()
				if err := db.Migrate(t.Context()); err != nil {
					t.Errorf("Migrate: %v", err)
				}
				if _, err := db.Changes(t.Context()); err != nil {
					t.Errorf("after Migrate: %v", err)
				}
			})
		}
		group.Wait()
		var applied int
		row := open(t, address).QueryRowContext(t.Context(), "SELECT count(*) FROM goose_db_version WHERE version_id = 1")
		ok(t, row.Scan(&applied))
		if applied != 1 {
			t.Errorf("the first step was applied %d times", applied)
		}
	})
}

// testDeadlines is in the store's way and sees that it gives up in time, and
// recovers.
func testDeadlines(t *testing.T, fresh func(testing.TB) string) {
	const deadline = 400 * time.Millisecond
	address := fresh(t)
	OpenSQL(t, address)
	db := openEmpty(t, sqlstore.Options{URL: address, Deadline: deadline})
	ctx := t.Context()
	a, c := makeAccount(t, db, "ada"), makeClient(t, db, "console")
	f := makeFamily(t, db, a, c)

	unavailable := func(name string, call func(context.Context) error) {
		t.Helper()
		start := time.Now()
		err := call(ctx)
		took := time.Since(start)
		want(t, err, fault.Unavailable)
		// Generous upwards, for a machine with other work to do.
		if took < deadline/2 || took > 4*deadline {
			t.Errorf("%s gave up after %v, the deadline is %v", name, took, deadline)
		}
	}

	// Another process writes and does not commit: on PostgreSQL the row is
	// locked, on SQLite the file.
	other, err := open(t, address).Conn(ctx)
	ok(t, err)
	defer other.Close()
	for _, text := range []string{"BEGIN", "UPDATE token_families SET generation = generation", "UPDATE clients SET name = name"} {
		_, err = other.ExecContext(ctx, text)
		ok(t, err)
	}
	unavailable("RotateFamily", func(ctx context.Context) error {
		_, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, f.IdleUntil, epoch)
		return err
	})
	unavailable("PutClient", func(ctx context.Context) error { return db.PutClient(ctx, c, epoch) })
	// Who reads does not wait.
	for range 20 {
		got, err := db.FamilyByRoot(ctx, f.RootKey)
		ok(t, err)
		if got.Generation != 0 {
			t.Errorf("generation %d", got.Generation)
		}
	}
	_, err = other.ExecContext(ctx, "ROLLBACK")
	ok(t, err)
	got, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, f.IdleUntil, epoch)
	ok(t, err)
	if got == nil || got.Generation != 1 {
		t.Errorf("after the lock was gone: %+v; what was given up was done all the same", got)
	}

	t.Run("a caller that has gone", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, err := db.Account(ctx, a.ID)
		want(t, err, fault.Unavailable)
	})
}

// testSeed makes accounts in bulk, twice.
func testSeed(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	template := account.Account{
		Email: "User@Example.com", EmailKey: "user@example.com", EmailVerified: true,
		PasswordHash: "hash", Status: account.Active, Profile: account.Profile{Name: "User"},
		CreatedAt: epoch, UpdatedAt: epoch,
	}
	last := 0
	ok(t, db.SeedAccounts(ctx, 300, template, func(done int) { last = done }))
	ok(t, db.SeedAccounts(ctx, 10_500, template, nil))
	if last != 300 {
		t.Errorf("progress ended at %d", last)
	}
	for _, i := range []int{1, 300, 301, 10_500} {
		got, err := db.AccountByEmailKey(ctx, sqlstore.SeedAddress(template.EmailKey, i))
		ok(t, err)
		if got.Email != sqlstore.SeedAddress(template.Email, i) || got.Profile.Name != "User" || got.Status != account.Active {
			t.Errorf("account %d: %+v", i, got)
		}
	}
	_, err := db.AccountByEmailKey(ctx, sqlstore.SeedAddress(template.EmailKey, 10_501))
	want(t, err, fault.NotFound)
}
