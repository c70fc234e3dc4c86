package storetest

import (
	"testing"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
)

// testLastOwner: an account is not closed while it is the last owner of what
// others belong to; what nobody else belongs to is deleted with it.
func testLastOwner(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx, s := t.Context(), organizations(db, epoch)
	ada, bob, eve := makeAccount(t, db, "ada"), makeAccount(t, db, "bob"), makeAccount(t, db, "eve")
	shared, lone, deleted := makeOrganization(t, db, ada), makeOrganization(t, db, ada), makeOrganization(t, db, ada)
	ok(t, s.Put(ctx, shared.ID, bob.ID, org.Admin))
	ok(t, s.Put(ctx, deleted.ID, bob.ID, org.Viewer))
	_, err := s.Delete(ctx, deleted.ID, org.Operator)
	ok(t, err)

	sole := func(of *account.Account, want map[string]bool) {
		t.Helper()
		list, err := db.SoleOwned(ctx, of.ID, 10)
		ok(t, err)
		for _, o := range list {
			if others, there := want[o.ID]; !there || others != o.Others || o.Name != "Analytical Engines" {
				t.Errorf("%+v is not meant to be there", o)
			}
		}
		if len(list) != len(want) {
			t.Errorf("%d are owned by nobody else, want %d", len(list), len(want))
		}
	}
	closing := account.Closing{AccountID: ada.ID, EraseAt: epoch.Add(grace)}
	sole(ada, map[string]bool{shared.ID: true, lone.ID: false})
	sole(bob, nil)
	_, err = db.CloseAccount(ctx, closing, note("closed"), epoch)
	want(t, err, fault.Conflict)
	want(t, db.DeleteAccount(ctx, ada.ID, epoch.Add(grace), epoch), fault.Conflict)
	if o, err := db.Organization(ctx, lone.ID); err != nil || o.Deleted() || kinds(t, db)["closed"] != 0 {
		t.Errorf("after the account was not closed: %+v, %v", o, err)
	}

	// An owner whose account is closed is none.
	ok(t, s.Put(ctx, shared.ID, eve.ID, org.Owner))
	if done, err := db.CloseAccount(ctx, account.Closing{AccountID: eve.ID, EraseAt: epoch.Add(grace)}, nil, epoch); err != nil || !done {
		t.Fatalf("one of two owners closes the account: %v, %v", done, err)
	}
	sole(ada, map[string]bool{shared.ID: true, lone.ID: false})
	_, err = db.CloseAccount(ctx, closing, nil, epoch)
	want(t, err, fault.Conflict)
	want(t, s.Leave(ctx, shared.ID, ada.ID), fault.Conflict)

	ok(t, s.Put(ctx, shared.ID, bob.ID, org.Owner))
	sole(ada, map[string]bool{lone.ID: false})
	if done, err := db.CloseAccount(ctx, closing, note("closed"), epoch); err != nil || !done {
		t.Fatalf("closed: %v, %v", done, err)
	}
	if o, err := db.Organization(ctx, lone.ID); err != nil || !o.EraseAt.Equal(closing.EraseAt) {
		t.Errorf("what nobody else belongs to: %+v, %v", o, err)
	}
	if o, err := db.Organization(ctx, shared.ID); err != nil || o.Deleted() {
		t.Errorf("what others belong to: %+v, %v", o, err)
	}

	// Who keeps the account can have it back.
	if done, err := db.KeepAccount(ctx, ada.ID, epoch); err != nil || !done {
		t.Fatalf("kept: %v, %v", done, err)
	}
	_, err = s.Restore(ctx, lone.ID, org.Actor{AccountID: ada.ID})
	ok(t, err)
	sole(ada, map[string]bool{lone.ID: false})

	// What nobody else belongs to goes with an account that is erased, too.
	ok(t, db.DeleteAccount(ctx, ada.ID, epoch.Add(grace), epoch))
	if o, err := db.Organization(ctx, lone.ID); err != nil || !o.EraseAt.Equal(epoch.Add(grace)) {
		t.Errorf("of an account that is erased: %+v, %v", o, err)
	}
}
