package storetest

import (
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
)

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
	want(t, db.CreateAccount(ctx, a), fault.Invalid)
}
