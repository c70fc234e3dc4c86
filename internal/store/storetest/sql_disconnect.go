package storetest

import (
	"sync/atomic"
	"testing"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
)

// farewell is a mail to the account.
func farewell(email string) *outbox.Mail {
	return outbox.New(outbox.Mail{Kind: "account.disconnected", To: email, Language: "en", Subject: "S", Text: "T", HTML: "H"}, epoch)
}

func testDisconnects(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	one, two := makeConnection(t, db), makeConnection(t, db)
	link := func(a *account.Account, c *org.Connection) {
		t.Helper()
		ok(t, db.AddIdentity(ctx, &org.Newcomer{Identity: org.Identity{ConnectionID: c.ID, Subject: a.ID, AccountID: a.ID, CreatedAt: epoch, LastSignIn: epoch}}))
	}
	passwordless := func(subject string) *account.Account {
		t.Helper()
		n := newcomer(t, one, subject, subject+"@contoso.example")
		ok(t, db.AddIdentity(ctx, n))
		return n.Account
	}

	t.Run("many at once, by one's own password", func(t *testing.T) {
		ada := makeAccount(t, db, "ada")
		link(ada, one)
		won := raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			return db.DisconnectIdentity(ctx, one.ID, ada.ID, farewell("ada"))
		})
		if n := len(lettersTo(t, db, "ada")); won != 1 || n != 1 {
			t.Errorf("%d disconnected, %d letters", won, n)
		}
		if left, err := db.IdentitiesOf(ctx, ada.ID); err != nil || len(left) != 0 {
			t.Errorf("left: %+v, %v", left, err)
		}
	})

	t.Run("the only way in stays", func(t *testing.T) {
		bob := passwordless("bob")
		_, err := db.DisconnectIdentity(ctx, one.ID, bob.ID, farewell("bob"))
		want(t, err, fault.Conflict)
		link(bob, two)
		switchOff(t, db, two)
		_, err = db.DisconnectIdentity(ctx, one.ID, bob.ID, farewell("bob"))
		want(t, err, fault.Conflict)
		_, err = connections(t, db).Change(ctx, two.ID, org.ConnectionChange{By: org.Operator, To: org.PolicyOn, Untried: true})
		ok(t, err)
		if n := len(lettersTo(t, db, "bob")); n != 0 {
			t.Errorf("%d letters of what did not happen", n)
		}
		for _, c := range []string{newID(t), "x"} {
			if done, err := db.DisconnectIdentity(ctx, c, bob.ID, nil); err != nil || done {
				t.Errorf("what is not connected: %t, %v", done, err)
			}
		}
		if done, err := db.DisconnectIdentity(ctx, one.ID, bob.ID, nil); err != nil || !done {
			t.Errorf("with another provider: %t, %v", done, err)
		}
	})

	t.Run("of two providers, taken away at once, one stays", func(t *testing.T) {
		eve := passwordless("eve")
		link(eve, two)
		both := []string{one.ID, two.ID}
		var refused atomic.Int64
		won := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			done, err := db.DisconnectIdentity(ctx, both[i/2%2], eve.ID, farewell("eve"))
			if fault.Is(err, fault.Conflict) {
				refused.Add(1)
				return false, nil
			}
			return done, err
		})
		left, err := db.IdentitiesOf(ctx, eve.ID)
		if n := len(lettersTo(t, db, "eve")); err != nil || won != 1 || n != 1 || len(left) != 1 || refused.Load() == 0 {
			t.Errorf("%d disconnected, %d letters, %d left, %d refused, %v", won, n, len(left), refused.Load(), err)
		}
	})
}
