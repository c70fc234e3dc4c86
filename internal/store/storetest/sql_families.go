package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/handle"
	sqlstore "signet/internal/store/sql"
)

func testFamilies(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	a, c := makeAccount(t, db, "ada"), makeClient(t, db, "console")
	t.Run("what was created comes back", func(t *testing.T) { testFamilyRoundTrip(t, db, a, c) })
	t.Run("what cannot be created", func(t *testing.T) { testFamilyRefused(t, db, a, c) })
	t.Run("rotation", func(t *testing.T) { testRotation(t, db, a, c) })
	t.Run("kept", func(t *testing.T) { testKept(t, db, a, c) })
	t.Run("revocation", func(t *testing.T) { testRevocation(t, db, a, c) })
	t.Run("revocation of all that an account has", func(t *testing.T) { testRevokeFamiliesOf(t, db) })
	t.Run("removal of the dead", func(t *testing.T) { testDeadFamilies(t, OpenSQL(t, fresh(t))) })
}

// sameFamily compares families, their times as instants.
func sameFamily(t testing.TB, got, want *grant.Family) {
	t.Helper()
	if got == nil {
		t.Fatal("no family")
	}
	for _, pair := range [][2]*time.Time{
		{&got.RotatedAt, &want.RotatedAt}, {&got.IdleUntil, &want.IdleUntil}, {&got.ExpiresAt, &want.ExpiresAt},
		{&got.CreatedAt, &want.CreatedAt}, {got.RevokedAt, want.RevokedAt},
	} {
		if (pair[0] == nil) != (pair[1] == nil) || (pair[0] != nil && !pair[0].Equal(*pair[1])) {
			t.Errorf("a time is %v, want %v", pair[0], pair[1])
		}
	}
	if !reflect.DeepEqual(got.Grant, want.Grant) || got.RootKey != want.RootKey || got.Generation != want.Generation {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func testFamilyRoundTrip(t *testing.T, db *sqlstore.DB, a *account.Account, c *client.Client) {
	f := makeFamily(t, db, a, c)
	got, err := db.FamilyByRoot(t.Context(), f.RootKey)
	ok(t, err)
	sameFamily(t, got, f)
	for _, key := range []string{"", "x", f.Grant.ID, f.RootKey + "\x00"} {
		none, err := db.FamilyByRoot(t.Context(), key)
		ok(t, err)
		if none != nil {
			t.Errorf("key %q found a family", key)
		}
	}
}

func testFamilyRefused(t *testing.T, db *sqlstore.DB, a *account.Account, c *client.Client) {
	ctx := t.Context()
	first := makeFamily(t, db, a, c)
	again := family(a, c)
	again.Grant.ID = first.Grant.ID
	made, err := db.CreateFamily(ctx, again)
	ok(t, err)
	if made {
		t.Error("a grant got a second family")
	}
	same := family(a, c)
	same.RootKey = first.RootKey
	_, err = db.CreateFamily(ctx, same)
	want(t, err, fault.Conflict)

	for _, edit := range []func(*grant.Grant){
		func(g *grant.Grant) { g.AccountID = newID(t) },
		func(g *grant.Grant) { g.AccountID = "" },
		func(g *grant.Grant) { g.AccountID = "somebody" },
		func(g *grant.Grant) { g.ClientID = "nobody" },
	} {
		f := family(a, c)
		edit(&f.Grant)
		_, err := db.CreateFamily(ctx, f)
		want(t, err, fault.NotFound)
	}
	for _, edit := range []func(*grant.Family){
		func(f *grant.Family) { f.Grant.ID = "" },
		func(f *grant.Family) { f.RootKey = "" },
		func(f *grant.Family) { f.Grant.SID = "\x00" },
	} {
		f := family(a, c)
		edit(f)
		_, err := db.CreateFamily(ctx, f)
		want(t, err, fault.Invalid)
	}
}

func testRotation(t *testing.T, db *sqlstore.DB, a *account.Account, c *client.Client) {
	ctx := t.Context()
	f := makeFamily(t, db, a, c)
	now, idle := epoch.Add(time.Minute), epoch.Add(2*time.Hour)

	setStatus := func(s account.Status) {
		stored, err := db.Account(ctx, a.ID)
		ok(t, err)
		prev := stored.UpdatedAt
		stored.Status, stored.UpdatedAt = s, prev.Add(time.Second)
		ok(t, db.UpdateAccount(ctx, stored, prev))
	}
	setStatus(account.Disabled)
	if got, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, idle, now); got != nil || err != nil {
		t.Errorf("a disabled account's token rotated: %v, %v", got, err)
	}
	setStatus(account.Active)

	for name, try := range map[string]func() (*grant.Family, error){
		"another root": func() (*grant.Family, error) {
			return db.RotateFamily(ctx, handle.Sum("x"), c.ID, 0, idle, now)
		},
		"another client": func() (*grant.Family, error) { return db.RotateFamily(ctx, f.RootKey, "other", 0, idle, now) },
		"a later token":  func() (*grant.Family, error) { return db.RotateFamily(ctx, f.RootKey, c.ID, 1, idle, now) },
		"idle for too long": func() (*grant.Family, error) {
			return db.RotateFamily(ctx, f.RootKey, c.ID, 0, idle, f.IdleUntil)
		},
		"NUL": func() (*grant.Family, error) { return db.RotateFamily(ctx, f.RootKey+"\x00", c.ID, 0, idle, now) },
	} {
		got, err := try()
		ok(t, err)
		if got != nil {
			t.Errorf("%s: rotated", name)
		}
	}

	got, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, idle, now)
	ok(t, err)
	f.Generation, f.RotatedAt, f.IdleUntil = 1, now, idle
	sameFamily(t, got, f)
	stored, err := db.FamilyByRoot(ctx, f.RootKey)
	ok(t, err)
	sameFamily(t, stored, f)

	if got, err = db.RotateFamily(ctx, f.RootKey, c.ID, 0, idle, now); got != nil || err != nil {
		t.Errorf("the old token rotated again: %v, %v", got, err)
	}
	// The family's end bounds the token's.
	got, err = db.RotateFamily(ctx, f.RootKey, c.ID, 1, f.ExpiresAt.Add(time.Hour), now)
	ok(t, err)
	f.Generation, f.IdleUntil = 2, f.ExpiresAt
	sameFamily(t, got, f)
	if got, err = db.RotateFamily(ctx, f.RootKey, c.ID, 2, idle, f.ExpiresAt); got != nil || err != nil {
		t.Errorf("rotated at its end: %v, %v", got, err)
	}
}

// testKept: a token that stays is good until its family ends, idle or old, and
// for the client and an active account alone.
func testKept(t *testing.T, db *sqlstore.DB, a *account.Account, c *client.Client) {
	ctx := t.Context()
	f := makeFamily(t, db, a, c)
	now, idle := epoch.Add(time.Minute), epoch.Add(2*time.Hour)
	for range 2 {
		got, err := db.KeepFamily(ctx, f.RootKey, c.ID, 0, idle, now)
		ok(t, err)
		f.IdleUntil = idle
		sameFamily(t, got, f)
	}
	for name, try := range map[string]func() (*grant.Family, error){
		"another client": func() (*grant.Family, error) { return db.KeepFamily(ctx, f.RootKey, "other", 0, idle, now) },
		"a later token":  func() (*grant.Family, error) { return db.KeepFamily(ctx, f.RootKey, c.ID, 1, idle, now) },
		"idle for long":  func() (*grant.Family, error) { return db.KeepFamily(ctx, f.RootKey, c.ID, 0, idle, f.IdleUntil) },
		"NUL":            func() (*grant.Family, error) { return db.KeepFamily(ctx, f.RootKey+"\x00", c.ID, 0, idle, now) },
	} {
		got, err := try()
		ok(t, err)
		if got != nil {
			t.Errorf("%s: used", name)
		}
	}
	got, err := db.KeepFamily(ctx, f.RootKey, c.ID, 0, f.ExpiresAt.Add(time.Hour), now)
	ok(t, err)
	if f.IdleUntil = f.ExpiresAt; !got.IdleUntil.Equal(f.ExpiresAt) {
		t.Errorf("good until %v, past the family's end %v", got.IdleUntil, f.ExpiresAt)
	}
	// A client that is held to rotation from now on goes on with the same token.
	got, err = db.RotateFamily(ctx, f.RootKey, c.ID, 0, idle, now)
	ok(t, err)
	if got == nil || got.Generation != 1 {
		t.Errorf("rotated after it was kept: %+v", got)
	}
	if got, err = db.KeepFamily(ctx, f.RootKey, c.ID, 0, idle, now); got != nil || err != nil {
		t.Errorf("the token that was replaced is kept: %v, %v", got, err)
	}
	ok(t, db.RevokeFamily(ctx, f.Grant.ID, now))
	if got, err = db.KeepFamily(ctx, f.RootKey, c.ID, 1, idle, now); got != nil || err != nil {
		t.Errorf("used after its revocation: %v, %v", got, err)
	}
}

func testRevocation(t *testing.T, db *sqlstore.DB, a *account.Account, c *client.Client) {
	ctx := t.Context()
	f := makeFamily(t, db, a, c)
	revoked := epoch.Add(time.Minute)
	ok(t, db.RevokeFamily(ctx, f.Grant.ID, revoked))
	ok(t, db.RevokeFamily(ctx, f.Grant.ID, revoked.Add(time.Minute)))
	got, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, f.IdleUntil, revoked)
	ok(t, err)
	if got != nil {
		t.Error("a revoked family rotated")
	}
	f.RevokedAt = &revoked
	got, err = db.FamilyByRoot(ctx, f.RootKey)
	ok(t, err)
	sameFamily(t, got, f) // with the time of the first revocation

	record := func(id string, want *grant.Grant, wantRevoked bool) {
		t.Helper()
		g, revoked, err := db.GrantRecord(ctx, id)
		ok(t, err)
		if !reflect.DeepEqual(g, want) || revoked != wantRevoked {
			t.Errorf("GrantRecord(%q) = %+v, %t; want %+v, %t", id, g, revoked, want, wantRevoked)
		}
	}
	living := makeFamily(t, db, a, c)
	record(living.Grant.ID, &living.Grant, false)
	record(f.Grant.ID, &f.Grant, true)
	for _, id := range []string{"", "none", "\x00"} {
		record(id, nil, false)
	}

	late := family(a, c)
	ok(t, db.RevokeFamily(ctx, late.Grant.ID, revoked))
	made, err := db.CreateFamily(ctx, late)
	ok(t, err)
	record(late.Grant.ID, nil, true)
	none, err := db.FamilyByRoot(ctx, late.RootKey)
	ok(t, err)
	if made || none != nil {
		t.Errorf("a family was created for a grant that was revoked before: %v, %v", made, none)
	}
	want(t, db.RevokeFamily(ctx, "", revoked), fault.Invalid)
}

func testRevokeFamiliesOf(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	ada, bob := makeAccount(t, db, "of-ada"), makeAccount(t, db, "of-bob")
	shop, forum := makeClient(t, db, "shop"), makeClient(t, db, "forum")
	s1, s2 := makeFamily(t, db, ada, shop), makeFamily(t, db, ada, shop)
	f1, other := makeFamily(t, db, ada, forum), makeFamily(t, db, bob, shop)

	check := func(wantIDs []string, accountID, clientID string) {
		t.Helper()
		got, err := db.RevokeFamiliesOf(ctx, accountID, clientID, epoch)
		ok(t, err)
		slices.Sort(got)
		slices.Sort(wantIDs)
		if !slices.Equal(got, wantIDs) {
			t.Errorf("RevokeFamiliesOf(%s, %s) = %v, want %v", accountID, clientID, got, wantIDs)
		}
	}
	ok(t, db.RevokeFamily(ctx, s2.Grant.ID, epoch))
	check(nil, "nobody", "")
	check(nil, newID(t), "")
	check(nil, ada.ID, "console")
	check([]string{s1.Grant.ID}, ada.ID, "shop")
	check(nil, ada.ID, "shop")
	s3 := makeFamily(t, db, ada, shop)
	check([]string{f1.Grant.ID, s3.Grant.ID}, ada.ID, "")
	got, err := db.FamilyByRoot(ctx, other.RootKey)
	ok(t, err)
	if got.RevokedAt != nil {
		t.Error("another account's family was revoked")
	}
}

func testDeadFamilies(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	a, c := makeAccount(t, db, "ada"), makeClient(t, db, "console")
	idle := makeFamily(t, db, a, c) // until epoch + 1h
	revoked := makeFamily(t, db, a, c)
	used := makeFamily(t, db, a, c)
	both := makeFamily(t, db, a, c) // first idle for too long, then revoked
	tombstone := handle.Short()
	ok(t, db.RevokeFamily(ctx, revoked.Grant.ID, epoch.Add(time.Minute)))
	ok(t, db.RevokeFamily(ctx, tombstone, epoch.Add(time.Minute)))
	ok(t, db.RevokeFamily(ctx, both.Grant.ID, epoch.Add(72*time.Hour)))
	_, err := db.RotateFamily(ctx, used.RootKey, c.ID, 0, epoch.Add(96*time.Hour), epoch.Add(time.Minute))
	ok(t, err) // until its end, epoch + 24h

	remove := func(before time.Time, limit, want int) {
		t.Helper()
		// The databases look at whole days first; a time in the past of all
		// removes nothing.
		got, err := db.DeleteDeadFamilies(ctx, before, limit)
		ok(t, err)
		if got != want {
			t.Errorf("DeleteDeadFamilies(%v, %d) = %d, want %d", before, limit, got, want)
		}
	}
	remove(epoch, 100, 0)
	remove(epoch.Add(time.Minute), 100, 0) // not before the time itself
	remove(epoch.Add(2*time.Minute), 0, 0)
	remove(epoch.Add(2*time.Minute), 1, 1)
	remove(epoch.Add(2*time.Minute), 100, 1)
	remove(epoch.Add(2*time.Hour), 100, 2) // idle, both
	for name, f := range map[string]*grant.Family{"idle": idle, "revoked": revoked, "used": used} {
		got, err := db.FamilyByRoot(ctx, f.RootKey)
		ok(t, err)
		if (got != nil) != (f == used) {
			t.Errorf("%s: %v", name, got)
		}
	}
	remove(epoch.Add(25*time.Hour), 100, 1)
}
