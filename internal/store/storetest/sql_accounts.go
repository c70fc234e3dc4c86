package storetest

import (
	"reflect"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
)

func testAccounts(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	ada := makeAccount(t, db, "ada@example.com")

	t.Run("what was stored comes back, in UTC", func(t *testing.T) {
		byID, err := db.Account(ctx, ada.ID)
		ok(t, err)
		byKey, err := db.AccountByEmailKey(ctx, "ada@example.com")
		ok(t, err)
		for _, got := range []*account.Account{byID, byKey} {
			if !got.CreatedAt.Equal(epoch) || got.CreatedAt.Location() != time.UTC || !got.UpdatedAt.Equal(epoch) {
				t.Errorf("times %v, %v; want %v in UTC", got.CreatedAt, got.UpdatedAt, epoch)
			}
			got.CreatedAt, got.UpdatedAt = ada.CreatedAt, ada.UpdatedAt
			if !reflect.DeepEqual(got, ada) {
				t.Errorf("got %+v, want %+v", got, ada)
			}
		}
	})

	t.Run("nobody is found by a wrong id or address", func(t *testing.T) {
		for _, id := range []string{newID(t), "", "ada", "'", "urn:uuid:" + ada.ID, "{" + ada.ID + "}"} {
			_, err := db.Account(ctx, id)
			want(t, err, fault.NotFound)
			want(t, db.DeleteAccount(ctx, id, epoch, epoch), fault.NotFound)
			other := *ada
			other.ID = id
			want(t, db.UpdateAccount(ctx, &other, epoch), fault.NotFound)
		}
		for _, key := range []string{"", "bob@example.com", "Ada@example.com", "%", "ada@example.com\x00", "\xff"} {
			_, err := db.AccountByEmailKey(ctx, key)
			want(t, err, fault.NotFound)
		}
	})

	t.Run("an address belongs to one account", func(t *testing.T) {
		second := *ada
		second.ID = newID(t)
		want(t, db.CreateAccount(ctx, &second), fault.Conflict)
		bob := makeAccount(t, db, "bob@example.com")
		moved := *bob
		moved.EmailKey = ada.EmailKey
		want(t, db.UpdateAccount(ctx, &moved, epoch), fault.Conflict)
	})

	t.Run("an update needs the version it was made from", func(t *testing.T) {
		a := makeAccount(t, db, "eve@example.com")
		a.Email, a.EmailKey, a.EmailVerified = "Eve@Example.org", "eve@example.org", false
		a.PasswordHash, a.Status = "", account.Disabled
		a.Profile = account.Profile{Name: "Eve"}
		a.UpdatedAt = epoch.Add(time.Microsecond)
		want(t, db.UpdateAccount(ctx, a, epoch.Add(-time.Second)), fault.Conflict)
		ok(t, db.UpdateAccount(ctx, a, epoch))
		want(t, db.UpdateAccount(ctx, a, epoch), fault.Conflict)
		got, err := db.Account(ctx, a.ID)
		ok(t, err)
		if got.Email != a.Email || got.EmailKey != a.EmailKey || got.EmailVerified || got.PasswordHash != "" ||
			got.Status != account.Disabled || !got.Profile.Equal(a.Profile) ||
			!got.UpdatedAt.Equal(a.UpdatedAt) || !got.CreatedAt.Equal(epoch) {
			t.Errorf("got %+v, want %+v", got, a)
		}
	})

	t.Run("a hash is replaced only from the old one", func(t *testing.T) {
		a := makeAccount(t, db, "pat@example.com")
		for _, c := range []struct {
			id, old, hash string
			want          bool
		}{
			{a.ID, "wrong", "new", false},
			{newID(t), a.PasswordHash, "new", false},
			{"nobody", a.PasswordHash, "new", false},
			{a.ID, a.PasswordHash, "new", true},
			{a.ID, a.PasswordHash, "newer", false},
		} {
			got, err := db.SetPasswordHash(ctx, c.id, c.old, c.hash, epoch.Add(time.Hour))
			ok(t, err)
			if got != c.want {
				t.Errorf("SetPasswordHash(%q, %q) = %v", c.id, c.old, got)
			}
		}
		got, err := db.Account(ctx, a.ID)
		ok(t, err)
		if got.PasswordHash != "new" || !got.UpdatedAt.Equal(epoch.Add(time.Hour)) {
			t.Errorf("hash %q at %v", got.PasswordHash, got.UpdatedAt)
		}
	})

	t.Run("pages", func(t *testing.T) { testAccountPages(t, fresh) })
	t.Run("deletion takes what belongs to the account", func(t *testing.T) { testDeleteAccount(t, fresh) })
}

func testAccountPages(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	var wantIDs []string
	for _, key := range []string{"e", "d", "c", "b", "a"} {
		wantIDs = append(wantIDs, makeAccount(t, db, key).ID)
	}
	var got []string
	for after := ""; ; {
		page, err := db.Accounts(t.Context(), after, 2)
		ok(t, err)
		if len(page) == 0 {
			break
		}
		if len(page) > 2 {
			t.Fatalf("a page of %d", len(page))
		}
		for _, a := range page {
			got = append(got, a.ID)
		}
		after = got[len(got)-1]
	}
	if !reflect.DeepEqual(got, wantIDs) {
		t.Errorf("pages gave %v, want %v", got, wantIDs)
	}
	for _, limit := range []int{0, -1} {
		page, err := db.Accounts(t.Context(), "", limit)
		ok(t, err)
		if len(page) != 0 {
			t.Errorf("limit %d gave %d accounts", limit, len(page))
		}
	}
}

func testDeleteAccount(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	c := makeClient(t, db, "console")
	gone, stays := makeAccount(t, db, "gone"), makeAccount(t, db, "stays")
	families := map[string]string{}
	for _, a := range []*account.Account{gone, stays} {
		families[a.ID] = makeFamily(t, db, a, c).RootKey
		_, err := db.AddConsent(ctx, a.ID, c.ID, []string{"openid"}, epoch)
		ok(t, err)
	}
	ok(t, db.DeleteAccount(ctx, gone.ID, epoch, epoch))
	want(t, db.DeleteAccount(ctx, gone.ID, epoch, epoch), fault.NotFound)
	for _, a := range []*account.Account{gone, stays} {
		_, err := db.Account(ctx, a.ID)
		consent, err2 := db.Consent(ctx, a.ID, c.ID)
		ok(t, err2)
		f, err3 := db.FamilyByRoot(ctx, families[a.ID])
		ok(t, err3)
		here := a == stays
		if (err == nil) != here || (consent != nil) != here || (f != nil) != here {
			t.Errorf("%s: account %v, consent %v, family %v", a.Email, err, consent, f)
		}
	}
	// Its address is free again.
	makeAccount(t, db, "gone")
}
