package account_test

import (
	"errors"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/handle"
	"signet/internal/outbox"
	"signet/internal/store/storetest"
)

// TestBrowsers checks when a notice is written, and what that costs.
func TestBrowsers(t *testing.T) {
	db := storetest.OpenSQL(t, storetest.SQLiteURL(t))
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	b := account.NewBrowsers(db, func() time.Time { return now })
	ada := &account.Account{
		ID: "0198c0de-0000-7000-8000-000000000001", Email: "ada@example.com", EmailKey: "ada@example.com",
		Status: account.Active, CreatedAt: now, UpdatedAt: now,
	}
	if err := db.CreateAccount(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	failing := errors.New("no words")
	for _, step := range []struct {
		name, browser string
		after         time.Duration
		compose       error // what writing the notice ends with
		written       bool
		statements    int64 // -1: as many as it takes
		queued        int   // from then on
	}{
		{"first", "laptop", 0, nil, true, -1, 0},
		{"again", "laptop", time.Minute, nil, false, 0, 0},
		{"a notice that fails", "phone", time.Minute, failing, true, 0, 0},
		{"new, since that left nothing", "phone", time.Minute, nil, true, -1, 1},
		{"a day later", "laptop", 25 * time.Hour, nil, false, -1, 1},
		{"and again", "laptop", time.Hour, nil, false, 0, 1},
	} {
		now = now.Add(step.after)
		_, seen, err := db.AccountAndBrowser(t.Context(), ada.EmailKey, handle.Sum(step.browser))
		if err != nil {
			t.Fatal(err)
		}
		sent, written := db.Statements(), false
		err = b.SignedIn(t.Context(), ada.ID, step.browser, seen, func() (*outbox.Mail, error) {
			written = true
			return outbox.New(outbox.Mail{Kind: "account.sign_in", To: ada.Email}, now), step.compose
		})
		if !errors.Is(err, step.compose) || written != step.written {
			t.Errorf("%s: written %v, %v", step.name, written, err)
		}
		if n := db.Statements() - sent; step.statements >= 0 && n != step.statements {
			t.Errorf("%s: %d statements, want %d", step.name, n, step.statements)
		}
		if mails, err := db.Mails(t.Context(), 10); err != nil || len(mails) != step.queued {
			t.Errorf("%s: %d mails, %v; want %d", step.name, len(mails), err, step.queued)
		}
	}
	if err := b.SignedIn(t.Context(), ada.ID, "tablet", time.Time{}, nil); err != nil {
		t.Errorf("where no mail can be sent: %v", err)
	}
}
