package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	sqlstore "signet/internal/store/sql"
)

// callers is how many want the same thing at once, on two nodes.
const callers = 50

// raceNodes runs f that many times at once, alternating between the nodes, and
// returns how many said yes.
func raceNodes(t *testing.T, nodes []*sqlstore.DB, f func(db *sqlstore.DB, i int) (bool, error)) int {
	t.Helper()
	var won atomic.Int64
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range callers {
		group.Go(func() {
			<-start
			yes, err := f(nodes[i%len(nodes)], i)
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
			if yes {
				won.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	return int(won.Load())
}

func testRaces(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	a, c := makeAccount(t, db, "ada"), makeClient(t, db, "console")
	one := func(t *testing.T, n int) {
		t.Helper()
		if n != 1 {
			t.Errorf("%d of %d callers won, want 1", n, callers)
		}
	}

	t.Run("RotateFamily", func(t *testing.T) {
		f := makeFamily(t, db, a, c)
		for generation := range int64(3) {
			one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
				got, err := db.RotateFamily(ctx, f.RootKey, c.ID, generation, f.IdleUntil, epoch)
				return got != nil, err
			}))
		}
	})

	// Refreshes that arrive together may share a commit. Each gets its own
	// family's answer, however many of the others are refused.
	t.Run("RotateFamily, many families at once", func(t *testing.T) {
		families := make([]*grant.Family, callers)
		for i := range families {
			families[i] = makeFamily(t, db, a, c)
		}
		for round := range int64(4) {
			won := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
				generation := round
				if i%5 == 0 {
					generation++ // not given out yet
				}
				got, err := db.RotateFamily(ctx, families[i].RootKey, c.ID, generation, families[i].IdleUntil, epoch)
				if got != nil && (got.RootKey != families[i].RootKey || got.Grant.ID != families[i].Grant.ID || got.Generation != round+1) {
					t.Errorf("caller %d got generation %d of %s", i, got.Generation, got.Grant.ID)
				}
				return got != nil, err
			})
			if round == 0 && won != callers-callers/5 {
				t.Errorf("%d rotated, want %d", won, callers-callers/5)
			}
		}
	})

	t.Run("CreateAccount", func(t *testing.T) {
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			err := db.CreateAccount(ctx, &account.Account{
				ID: newID(t), Email: fmt.Sprint(i), EmailKey: "same", CreatedAt: epoch, UpdatedAt: epoch,
			})
			if fault.Is(err, fault.Conflict) {
				return false, nil
			}
			return err == nil, err
		}))
	})

	t.Run("UpdateAccount", func(t *testing.T) {
		a := makeAccount(t, db, "updated")
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			mine := *a
			mine.Status = account.Disabled
			mine.UpdatedAt = epoch.Add(time.Duration(i+1) * time.Second)
			err := db.UpdateAccount(ctx, &mine, epoch)
			if fault.Is(err, fault.Conflict) {
				return false, nil
			}
			return err == nil, err
		}))
	})

	t.Run("AddClient", func(t *testing.T) {
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			return db.AddClient(ctx, &client.Client{ID: "raced", Metadata: client.Metadata{Name: fmt.Sprint(i)}}, epoch)
		}))
	})

	t.Run("UpdateClient", func(t *testing.T) {
		c := makeClient(t, db, "updated")
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			mine := *c
			mine.Name = fmt.Sprint(i)
			err := db.UpdateClient(ctx, &mine, epoch, epoch.Add(time.Duration(i+1)*time.Second))
			if fault.Is(err, fault.Conflict) {
				return false, nil
			}
			return err == nil, err
		}))
	})

	t.Run("SetPasswordHash", func(t *testing.T) {
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			return db.SetPasswordHash(ctx, a.ID, a.PasswordHash, fmt.Sprint("hash ", i), epoch)
		}))
	})

	t.Run("AddSigningKey", func(t *testing.T) {
		for seq := range int64(3) {
			one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
				return db.AddSigningKey(ctx, sealed("ES256", seq+1, fmt.Sprint(seq, "-", i)), epoch)
			}))
		}
		all, err := db.SigningKeys(ctx)
		ok(t, err)
		if len(all) != 3 || all[0].ExpiresAt == nil || all[1].ExpiresAt == nil || all[2].ExpiresAt != nil {
			t.Errorf("keys after the race: %+v", all)
		}
	})

	t.Run("WithdrawConsent", func(t *testing.T) {
		_, err := db.AddConsent(ctx, a.ID, c.ID, []string{"openid"}, epoch)
		ok(t, err)
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) { return db.WithdrawConsent(ctx, a.ID, c.ID) }))
	})

	t.Run("AddConsent loses no scope", func(t *testing.T) {
		raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			_, err := db.AddConsent(ctx, a.ID, c.ID, []string{fmt.Sprint("scope", i)}, epoch)
			return false, err
		})
		got, err := db.Consent(ctx, a.ID, c.ID)
		ok(t, err)
		if len(got.Scopes) != callers {
			t.Errorf("%d scopes of %d were kept: %v", len(got.Scopes), callers, got.Scopes)
		}
	})

	t.Run("CreateFamily for one grant", func(t *testing.T) {
		f := family(a, c)
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			mine := family(a, c)
			mine.Grant = f.Grant
			return db.CreateFamily(ctx, mine)
		}))
	})

	t.Run("RevokeFamily against CreateFamily", func(t *testing.T) { raceRevocation(t, nodes, a.ID, c.ID) })
}

// raceRevocation creates families while their grants are revoked: whichever
// comes first, nothing may be alive at the end.
func raceRevocation(t *testing.T, nodes []*sqlstore.DB, accountID, clientID string) {
	ctx := t.Context()
	var families [callers / 2]*grant.Family
	for i := range families {
		f := family(&account.Account{ID: accountID}, makeClient(t, nodes[0], clientID))
		families[i] = f
	}
	raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
		f := families[i/2]
		if i%2 == 0 {
			_, err := db.CreateFamily(ctx, f)
			return false, err
		}
		return false, db.RevokeFamily(ctx, f.Grant.ID, epoch)
	})
	alive := slices.ContainsFunc(families[:], func(f *grant.Family) bool {
		got, err := nodes[0].RotateFamily(ctx, f.RootKey, clientID, 0, f.IdleUntil, epoch)
		ok(t, err)
		return got != nil
	})
	if alive {
		t.Error("a family outlived the revocation of its grant")
	}
}
