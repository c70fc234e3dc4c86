package storetest

import (
	"maps"
	"testing"
	"time"

	"signet/internal/account"
)

// testChanges checks that what one node changes moves the topic that the
// others poll, in one statement, and that nothing else does.
func testChanges(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	db, other := OpenSQL(t, address), OpenSQL(t, address)
	ctx := t.Context()
	a := makeAccount(t, db, "ada")
	c := makeClient(t, db, "console")
	f := makeFamily(t, db, a, c)
	update := func(status account.Status) error {
		prev := a.UpdatedAt
		a.Status, a.UpdatedAt = status, prev.Add(time.Second)
		return db.UpdateAccount(ctx, a, prev)
	}
	steps := []struct {
		name  string
		do    func() error
		moves string
	}{
		{"sign-up", func() error { makeAccount(t, db, "bob"); return nil }, ""},
		{"put a client", func() error { return db.PutClient(ctx, c, epoch) }, "clients"},
		{"rotate", func() error { _, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, epoch, epoch); return err }, ""},
		{"edit an account", func() error { return update(account.Active) }, ""},
		{"disable", func() error { return update(account.Disabled) }, "accounts"},
		{"enable", func() error { return update(account.Active) }, "accounts"},
		{"new key", func() error { _, err := db.AddSigningKey(ctx, sealed("ES256", 1, "k"), epoch); return err }, "keys"},
		{"key that was there", func() error { _, err := db.AddSigningKey(ctx, sealed("ES256", 1, "l"), epoch); return err }, ""},
		{"next key", func() error { _, err := db.AddSigningKey(ctx, sealed("ES256", 2, "m"), epoch); return err }, "keys"},
		{"dead key", func() error { _, err := db.DeleteSigningKeys(ctx, epoch.Add(time.Hour)); return err }, "keys"},
		{"no dead key", func() error { _, err := db.DeleteSigningKeys(ctx, epoch.Add(time.Hour)); return err }, ""},
		{"delete an account", func() error { return db.DeleteAccount(ctx, a.ID, epoch, epoch) }, "accounts"},
		{"delete a client", func() error { return db.DeleteClient(ctx, c.ID) }, "clients"},
	}
	before, err := other.Changes(ctx)
	ok(t, err)
	for _, s := range steps {
		ok(t, s.do())
		sent := other.Statements()
		after, err := other.Changes(ctx)
		ok(t, err)
		if n := other.Statements() - sent; n != 1 {
			t.Errorf("Changes sent %d statements", n)
		}
		expect := maps.Clone(before)
		if s.moves != "" {
			expect[s.moves]++
		}
		if !maps.Equal(after, expect) {
			t.Errorf("%s: %v became %v, want %v", s.name, before, after, expect)
		}
		before = after
	}
}
