package storetest

import (
	"fmt"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/handle"
	sqlstore "signet/internal/store/sql"
)

// testChangeRaces: one of many gets what there is once.
func testChangeRaces(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	won := func(err error, losers ...fault.Kind) (bool, error) {
		for _, kind := range losers {
			if fault.Is(err, kind) {
				return false, nil
			}
		}
		return err == nil, err
	}
	one := func(t *testing.T, n int) {
		t.Helper()
		if n != 1 {
			t.Errorf("%d of %d callers won, want 1", n, callers)
		}
	}

	t.Run("one link", func(t *testing.T) {
		a := makeAccount(t, db, "ada")
		e := changeTo(t, a, "ada@new", epoch)
		ok(t, db.AddEmailChange(ctx, e, note("free"), note("taken"), roomy))
		back := handle.Sum(handle.New())
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			return won(db.ConfirmEmailChange(ctx, e.ConfirmKey, back, note("notice"), epoch), fault.Expired)
		}))
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			_, err := db.RestoreEmail(ctx, back, note("lost"), epoch.Add(-time.Hour), epoch)
			return won(err, fault.Expired)
		}))
		if n := kinds(t, db); n["notice"] != 1 || n["lost"] != 1 {
			t.Errorf("%d and %d notices, want one of each", n["notice"], n["lost"])
		}
	})

	t.Run("as many changes as one account may ask for", func(t *testing.T) {
		a, tight := makeAccount(t, db, "restless"), account.EmailLimits{Account: 3, Address: 100, Window: time.Hour}
		n := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			e := changeTo(t, a, fmt.Sprint("restless", i), epoch)
			return won(db.AddEmailChange(ctx, e, note("restless"), note("taken"), tight), fault.Limited)
		})
		if letters := kinds(t, db)["restless"]; n != 3 || letters != 3 {
			t.Errorf("%d changes and %d letters, want 3 of each", n, letters)
		}
	})

	t.Run("as many letters as one address gets", func(t *testing.T) {
		tight := account.EmailLimits{Account: 100, Address: 3, Window: time.Hour}
		n := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			e := changeTo(t, makeAccount(t, db, fmt.Sprint("pest", i)), "pestered", epoch)
			return won(db.AddEmailChange(ctx, e, note("pestered"), note("taken"), tight))
		})
		if letters := kinds(t, db)["pestered"]; n != callers || letters != 3 {
			t.Errorf("%d changes and %d letters, want %d and 3", n, letters, callers)
		}
	})

	t.Run("one address: many move to it, many make an account with it", func(t *testing.T) {
		changes := make([]*account.EmailChange, callers)
		for i := range changes {
			a := makeAccount(t, db, fmt.Sprint("wants", i))
			changes[i] = changeTo(t, a, "wanted", epoch)
			ok(t, db.AddEmailChange(ctx, changes[i], note("free"), note("taken"), roomy))
		}
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			if i%2 == 0 {
				return won(db.ConfirmEmailChange(ctx, changes[i].ConfirmKey, handle.New(), nil, epoch), fault.Conflict)
			}
			return won(db.CreateAccount(ctx, &account.Account{
				ID: newID(t), Email: "wanted", EmailKey: "wanted", CreatedAt: epoch, UpdatedAt: epoch,
			}), fault.Conflict)
		}))
	})

	t.Run("closing", func(t *testing.T) {
		a := makeAccount(t, db, "closing")
		closing := account.Closing{AccountID: a.ID, EraseAt: epoch}
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			return db.CloseAccount(ctx, closing, note("closed"), epoch)
		}))
		// Kept or erased: one of all.
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			if i%2 == 0 {
				return db.KeepAccount(ctx, a.ID, epoch)
			}
			return db.EraseClosed(ctx, a.ID, note("erased"), epoch)
		}))
	})

	t.Run("a new password", func(t *testing.T) {
		a := makeAccount(t, db, "password")
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			c := account.PasswordChange{AccountID: a.ID, Old: a.PasswordHash, New: fmt.Sprint(i)}
			return db.ChangePassword(ctx, c, note("password"), epoch)
		}))
	})
}
