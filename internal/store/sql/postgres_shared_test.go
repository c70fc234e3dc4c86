package sqlstore_test

import (
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/grant"
	"signet/internal/store/storetest"
)

// TestARowThatIsLockedHoldsUpNoOther: refreshes share their commits, but one that
// must wait for somebody's lock keeps no other waiting, and is made in the end.
func TestARowThatIsLockedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	address, ctx := storetest.PostgresURL(t), t.Context()
	db := storetest.OpenSQL(t, address)
	now := time.Now().UTC()
	ada := &account.Account{
		ID: "0198c0de-0000-7000-8000-000000000001", Email: "ada@example.com", EmailKey: "ada@example.com",
		Status: account.Active, CreatedAt: now, UpdatedAt: now,
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.CreateAccount(ctx, ada))
	must(db.PutClient(ctx, &client.Client{ID: "console", Metadata: client.Metadata{Name: "Console"}}, now))
	const families = 20
	for i := range families {
		_, err := db.CreateFamily(ctx, &grant.Family{
			Grant: grant.Grant{ID: grant.NewID(), ClientID: "console", AccountID: ada.ID}, RootKey: fmt.Sprint(i),
			CreatedAt: now, RotatedAt: now, IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour),
		})
		must(err)
	}
	rotate := func(i int) {
		f, err := db.RotateFamily(ctx, fmt.Sprint(i), "console", 0, now.Add(time.Hour), now)
		if err != nil || f == nil || f.RootKey != fmt.Sprint(i) {
			t.Errorf("family %d: %+v, %v", i, f, err)
		}
	}
	admin, err := sql.Open("pgx", address)
	must(err)
	defer admin.Close()
	lock, err := admin.BeginTx(ctx, nil)
	must(err)
	_, err = lock.ExecContext(ctx, "SELECT 1 FROM token_families WHERE root_key = '0' FOR UPDATE")
	must(err)
	var locked, others sync.WaitGroup
	locked.Go(func() { rotate(0) })
	for waiting := 0; waiting == 0; { // with the server
		must(admin.QueryRowContext(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting))
	}
	for i := 1; i < families; i++ {
		others.Go(func() { rotate(i) })
	}
	others.Wait() // while the lock is held
	must(lock.Rollback())
	locked.Wait()
}
