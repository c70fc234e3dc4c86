package account_test

import (
	"bytes"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/store/storetest"
)

// TestLedger: a person's choices are added when they change something, and what
// stands is the last of them.
func TestLedger(t *testing.T) {
	db := storetest.OpenSQL(t, storetest.SQLiteURL(t))
	ctx, now := t.Context(), time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	ledger := account.NewLedger(db, bytes.Repeat([]byte{7}, 32), func() time.Time { return now })
	a := &account.Account{ID: "01890a5d-ac96-774b-bcce-b302099a8057", EmailKey: "ada@example.com", Status: account.Active, CreatedAt: now, UpdatedAt: now}
	if err := db.CreateAccount(ctx, a); err != nil {
		t.Fatal(err)
	}
	choice := func(given bool) account.Agreement {
		return account.Agreement{
			AccountID: a.ID, Kind: account.AgreeNews, Given: given, Wording: "Send me news.", Version: "1", Language: "en",
			Source: account.FromAccountPage, ClientID: "web",
		}
	}
	record := func(given, want bool) {
		t.Helper()
		now = now.Add(time.Hour)
		if added, err := ledger.Record(ctx, choice(given)); err != nil || added != want {
			t.Errorf("Record(%t) = %t, %v; want %t", given, added, err, want)
		}
	}
	withdraw := func(want bool) {
		t.Helper()
		if done, err := ledger.Withdraw(ctx, a.ID, account.AgreeNews, account.FromMail); err != nil || done != want {
			t.Errorf("Withdraw = %t, %v; want %t", done, err, want)
		}
	}
	withdraw(false)
	record(false, false) // never agreed to
	record(true, true)
	record(true, false) // said so already
	withdraw(true)
	withdraw(false)
	record(false, false)
	record(true, true)
	all, err := ledger.Of(ctx, a.ID)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d entries, %v; want 3", len(all), err)
	}
	taken := all[1]
	if taken.Given || taken.Source != account.FromMail || taken.Wording != "Send me news." || taken.ClientID != "" || taken.ID == all[0].ID {
		t.Errorf("the withdrawal is %+v", taken)
	}
	if last, err := ledger.Last(ctx, a.ID, account.AgreeNews); err != nil || !last.Given {
		t.Errorf("stands: %+v, %v", last, err)
	}
	if last, err := ledger.Last(ctx, a.ID, "postcards"); err != nil || last != nil {
		t.Errorf("never asked: %+v, %v", last, err)
	}
}

// TestWithdrawalToken: a link names its account and kind, and no other can be
// made of it.
func TestWithdrawalToken(t *testing.T) {
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	ledger := account.NewLedger(nil, bytes.Repeat([]byte{7}, 32), time.Now)
	other := account.NewLedger(nil, bytes.Repeat([]byte{8}, 32), time.Now)
	token := ledger.Token(id, account.AgreeNews)
	if who, kind, err := ledger.ReadToken(token); err != nil || who != id || kind != account.AgreeNews {
		t.Errorf("ReadToken: %q, %q, %v", who, kind, err)
	}
	for _, forged := range []string{
		"", ".", "..", "news." + id, "news." + id + ".", token + "A", token[:len(token)-1],
		"offers" + token[4:], other.Token(id, account.AgreeNews),
	} {
		if who, _, err := ledger.ReadToken(forged); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q was taken as %q's: %v", forged, who, err)
		}
	}
}
