package storetest

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/fault"
)

func testAudit(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	var wrote []*audit.Entry
	for i := range 5 {
		e := &audit.Entry{
			At: epoch.Add(time.Duration(i) * time.Second), Actor: "operator", Action: "client.create",
			Subject: fmt.Sprint("client-", i), ClientID: "console", IP: "2001:db8::1",
			Detail: map[string]string{"name": "\"Übung\""},
		}
		ok(t, db.AppendAudit(ctx, e))
		if e.ID == "" {
			t.Fatal("no id was given")
		}
		wrote = append(wrote, e)
	}
	var read []*audit.Entry
	for after := ""; ; after = read[len(read)-1].ID {
		page, err := db.Audit(ctx, after, 2)
		ok(t, err)
		if len(page) == 0 {
			break
		}
		read = append(read, page...)
	}
	for _, e := range wrote {
		e.At = e.At.UTC()
	}
	if !reflect.DeepEqual(read, wrote) {
		t.Errorf("read %v, wrote %v", read, wrote)
	}
	want(t, db.AppendAudit(ctx, wrote[0]), fault.Conflict) // nothing is overwritten
	want(t, db.AppendAudit(ctx, &audit.Entry{At: epoch, Actor: "\x00"}), fault.Invalid)
	want(t, db.AppendAudit(ctx, &audit.Entry{At: epoch, ID: "1"}), fault.Invalid)
	if none, err := db.Audit(ctx, "1", 2); err != nil || none != nil {
		t.Errorf("after no id: %v, %v", none, err)
	}
}

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
		{"delete an account", func() error { return db.DeleteAccount(ctx, a.ID) }, "accounts"},
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

// testTexts stores texts that would break a statement that was put together
// from them, and refuses those that PostgreSQL cannot hold on every database.
func testTexts(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	for _, text := range []string{
		`'; DROP TABLE accounts; --`, `"quoted" \ $1 ? @name :name`, "line\nline\ttab\r\n", "Zoë 中文 ٣ 👩‍🚀", "e\u0301", `\u0000`,
		" ", "\ufeff\u202e",
	} {
		a := makeAccount(t, db, text)
		a.Email, a.Profile.Name, a.UpdatedAt = text, text, epoch.Add(time.Second)
		ok(t, db.UpdateAccount(ctx, a, epoch))
		got, err := db.AccountByEmailKey(ctx, text)
		ok(t, err)
		if got.Email != text || got.Profile.Name != text || got.ID != a.ID {
			t.Errorf("%q came back as %q, %q", text, got.Email, got.Profile.Name)
		}
		c := makeClient(t, db, text)
		found, err := db.Client(ctx, text)
		ok(t, err)
		if found.ID != c.ID {
			t.Errorf("client %q came back as %q", text, found.ID)
		}
		_, err = db.AddConsent(ctx, a.ID, text, []string{text}, epoch)
		ok(t, err)
		consent, err := db.Consent(ctx, a.ID, text)
		ok(t, err)
		if consent.Scopes[0] != text {
			t.Errorf("scope %q came back as %q", text, consent.Scopes[0])
		}
	}
	for _, text := range []string{"a\x00b", "\xff\xfe"} {
		a := &account.Account{ID: newID(t), Email: text, EmailKey: text, CreatedAt: epoch, UpdatedAt: epoch}
		want(t, db.CreateAccount(ctx, a), fault.Invalid)
		c := makeClient(t, db, "console")
		c.Name = text
		want(t, db.PutClient(ctx, c, epoch), fault.Invalid)
	}
	a := &account.Account{ID: newID(t), EmailKey: "nul", CreatedAt: epoch, UpdatedAt: epoch}
	a.Profile.Name = "a\x00b"
	want(t, db.CreateAccount(context.WithoutCancel(ctx), a), fault.Invalid)
}
