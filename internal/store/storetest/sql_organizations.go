package storetest

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
)

const grace = 30 * 24 * time.Hour

func organizations(db *sqlstore.DB, now time.Time) *org.Service {
	return org.NewService(db, org.Rules{MostOwned: 3, Grace: grace}, func() time.Time { return now })
}

func makeOrganization(t testing.TB, db *sqlstore.DB, owner *account.Account) *org.Organization {
	t.Helper()
	o, err := organizations(db, epoch).Create(t.Context(), "Analytical Engines", "", owner.ID, org.Actor{AccountID: owner.ID})
	ok(t, err)
	return o
}

// roles is who belongs to the organization, as the store has it.
func roles(t testing.TB, db *sqlstore.DB, o *org.Organization) map[string]org.Role {
	t.Helper()
	people, err := db.Members(t.Context(), o.ID, "", 1000)
	ok(t, err)
	out := map[string]org.Role{}
	for _, p := range people {
		out[p.Email] = p.Role
	}
	return out
}

func testOrganizations(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx, s := t.Context(), organizations(db, epoch)
	ada, bob, eve := makeAccount(t, db, "ada"), makeAccount(t, db, "bob"), makeAccount(t, db, "eve")
	o, err := s.Create(ctx, " Analytical  Engines ", "engines", ada.ID, org.Operator)
	ok(t, err)

	t.Run("what is stored is read", func(t *testing.T) {
		for _, name := range []string{o.ID, "engines"} {
			got, err := db.Organization(ctx, name)
			ok(t, err)
			want := *o
			want.CreatedAt, want.UpdatedAt = o.CreatedAt.UTC(), o.UpdatedAt.UTC()
			if !reflect.DeepEqual(*got, want) || got.Name != "Analytical Engines" {
				t.Errorf("by %s: %+v, want %+v", name, got, want)
			}
		}
		if m, err := db.Member(ctx, o.ID, ada.ID); err != nil || m == nil || m.Role != org.Owner || !m.JoinedAt.Equal(epoch) {
			t.Errorf("the owner: %+v, %v", m, err)
		}
		people, err := db.Members(ctx, o.ID, "", 10)
		ok(t, err)
		if len(people) != 1 || people[0].Email != "ada" || people[0].Name != "Ada" {
			t.Errorf("members: %+v", people)
		}
		for _, none := range []string{"", "engine", "ENGINES", newID(t), "a\x00"} {
			_, err := db.Organization(ctx, none)
			want(t, err, fault.NotFound)
		}
	})

	t.Run("a slug is one organization's", func(t *testing.T) {
		_, err := s.Create(ctx, "Another", "engines", bob.ID, org.Operator)
		want(t, err, fault.Conflict)
		other := makeOrganization(t, db, bob)
		_, err = s.SetSlug(ctx, other.ID, "engines")
		want(t, err, fault.Conflict)
		_, err = s.SetSlug(ctx, other.ID, "others")
		ok(t, err)
		if got, err := db.Organization(ctx, "others"); err != nil || got.ID != other.ID {
			t.Errorf("by its slug: %+v, %v", got, err)
		}
		_, err = s.SetSlug(ctx, other.ID, "")
		ok(t, err)
	})

	t.Run("people come and go", func(t *testing.T) {
		ok(t, s.Put(ctx, o.ID, bob.ID, org.Admin))
		ok(t, s.Put(ctx, o.ID, eve.ID, org.Viewer))
		ok(t, s.Put(ctx, o.ID, eve.ID, org.Viewer))
		wantRoles(t, db, o, map[string]org.Role{"ada": org.Owner, "bob": org.Admin, "eve": org.Viewer})
		mine, err := db.MembershipsOf(ctx, eve.ID, false, "", 10)
		ok(t, err)
		if len(mine) != 1 || mine[0].ID != o.ID || mine[0].Role != org.Viewer || mine[0].Slug != "engines" {
			t.Errorf("of eve: %+v", mine)
		}
		ok(t, s.Remove(ctx, o.ID, eve.ID, org.Actor{AccountID: bob.ID}))
		wantRoles(t, db, o, map[string]org.Role{"ada": org.Owner, "bob": org.Admin})
		want(t, s.Put(ctx, o.ID, newID(t), org.Viewer), fault.NotFound)
		want(t, s.Put(ctx, newID(t), eve.ID, org.Viewer), fault.NotFound)
		want(t, s.Remove(ctx, o.ID, eve.ID, org.Operator), fault.NotFound)
	})

	t.Run("one, as a member sees it", func(t *testing.T) {
		for _, name := range []string{o.ID, "engines"} {
			m, err := db.Membership(ctx, name, bob.ID)
			ok(t, err)
			if m == nil || m.ID != o.ID || m.Role != org.Admin || m.Name != o.Name || m.Slug != "engines" {
				t.Errorf("by %s bob sees %+v", name, m)
			}
			if m, err = db.Membership(ctx, name, eve.ID); err != nil || m != nil {
				t.Errorf("by %s eve, who is no member, sees %+v, %v", name, m, err)
			}
		}
		for _, none := range []string{"", "engine", newID(t), "a\x00"} {
			if m, err := db.Membership(ctx, none, bob.ID); err != nil || m != nil {
				t.Errorf("by %q: %+v, %v", none, m, err)
			}
		}
		if m, err := db.Membership(ctx, o.ID, "nobody"); err != nil || m != nil {
			t.Errorf("nobody sees %+v, %v", m, err)
		}
	})

	t.Run("a change and its mails come together", func(t *testing.T) {
		stale, err := db.Organization(ctx, o.ID)
		ok(t, err)
		fresh := *stale
		yes := org.Change{Mails: []*outbox.Mail{note("org.first"), note("org.second")}}
		if done, err := db.UpdateOrganization(ctx, &fresh, yes); err != nil || !done {
			t.Fatalf("%v, %v", done, err)
		}
		no := org.Change{Remove: []string{bob.ID}, Mails: []*outbox.Mail{note("org.first")}}
		if done, err := db.UpdateOrganization(ctx, stale, no); err != nil || done {
			t.Errorf("decided by an older version: %v, %v", done, err)
		}
		if got := kinds(t, db); got["org.first"] != 1 || got["org.second"] != 1 {
			t.Errorf("queued: %v, want each once", got)
		}
		if owners, err := db.Owners(ctx, o.ID, 10); err != nil || !reflect.DeepEqual(owners, []string{ada.ID}) {
			t.Errorf("owners: %v, %v", owners, err)
		}
	})

	t.Run("an account that is erased is no member", func(t *testing.T) {
		ok(t, s.Put(ctx, o.ID, eve.ID, org.Viewer))
		ok(t, db.DeleteAccount(ctx, eve.ID, epoch, epoch))
		wantRoles(t, db, o, map[string]org.Role{"ada": org.Owner, "bob": org.Admin})
	})

	t.Run("pages", func(t *testing.T) {
		big := makeOrganization(t, db, ada)
		for i := range 7 {
			ok(t, s.Put(ctx, big.ID, makeAccount(t, db, fmt.Sprint("m", i)).ID, org.Viewer))
		}
		seen, after := 0, ""
		for {
			people, err := db.Members(ctx, big.ID, after, 3)
			ok(t, err)
			if len(people) == 0 {
				break
			}
			seen, after = seen+len(people), people[len(people)-1].AccountID
		}
		all, err := db.Organizations(ctx, "", 100)
		ok(t, err)
		if seen != 8 || len(all) != 3 {
			t.Errorf("%d members and %d organizations, want 8 and 3", seen, len(all))
		}
		rest, err := db.Organizations(ctx, all[0].ID, 1)
		ok(t, err)
		if len(rest) != 1 || rest[0].ID != all[1].ID {
			t.Errorf("the second page is %+v", rest)
		}
	})

	t.Run("deleted, back, and erased", func(t *testing.T) {
		_, err := s.Delete(ctx, o.ID, org.Actor{AccountID: ada.ID})
		ok(t, err)
		if m, err := db.Membership(ctx, "engines", ada.ID); err != nil || m != nil {
			t.Errorf("deleted, its owner sees it as one of hers: %+v, %v", m, err)
		}
		gone, err := db.MembershipsOf(ctx, bob.ID, true, "", 10)
		if err != nil || len(gone) != 0 {
			t.Errorf("an admin sees among the deleted: %+v, %v", gone, err)
		}
		gone, err = db.MembershipsOf(ctx, ada.ID, true, "", 10)
		if err != nil || len(gone) != 1 || gone[0].ID != o.ID || !gone[0].EraseAt.Equal(epoch.Add(grace)) {
			t.Errorf("the owner sees: %+v, %v", gone, err)
		}
		_, err = s.Restore(ctx, o.ID, org.Actor{AccountID: ada.ID})
		ok(t, err)
		_, err = s.Delete(ctx, o.ID, org.Actor{AccountID: ada.ID})
		ok(t, err)
		if n, err := db.EraseOrganizations(ctx, epoch.Add(grace-time.Second), 10); err != nil || n != 0 {
			t.Errorf("erased too early: %d, %v", n, err)
		}
		if n, err := db.EraseOrganizations(ctx, epoch.Add(grace), 10); err != nil || n != 1 {
			t.Errorf("erased: %d, %v", n, err)
		}
		if m, err := db.Member(ctx, o.ID, ada.ID); err != nil || m != nil {
			t.Errorf("after it was erased: %+v, %v", m, err)
		}
	})
}

func wantRoles(t testing.TB, db *sqlstore.DB, o *org.Organization, want map[string]org.Role) {
	t.Helper()
	if got := roles(t, db, o); !reflect.DeepEqual(got, want) {
		t.Errorf("members: %v, want %v", got, want)
	}
}

// testOrganizationRaces: whatever happens at once, an owner remains, and nobody
// acts on a role that was just taken away.
func testOrganizationRaces(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	ada := makeAccount(t, db, "ada")

	t.Run("all owners leave at once", func(t *testing.T) {
		o := makeOrganization(t, db, ada)
		owners := []string{ada.ID}
		for i := range callers - 1 {
			a := makeAccount(t, db, fmt.Sprint("owner", i))
			ok(t, organizations(db, epoch).Put(ctx, o.ID, a.ID, org.Owner))
			owners = append(owners, a.ID)
		}
		var refused atomic.Int64
		left := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			err := organizations(db, epoch).Leave(ctx, o.ID, owners[i])
			if fault.Is(err, fault.Conflict) {
				refused.Add(1)
				return false, nil
			}
			return err == nil, err
		})
		if n, err := db.CountOwners(ctx, o.ID); err != nil || n != 1 || left != callers-1 || refused.Load() != 1 {
			t.Errorf("%d left, %d were refused, %d owners (%v); want one owner", left, refused.Load(), n, err)
		}
	})

	t.Run("two owners take each other's role away", func(t *testing.T) {
		for i := range 10 {
			o := makeOrganization(t, db, makeAccount(t, db, fmt.Sprint("first", i)))
			people, err := db.Members(ctx, o.ID, "", 1)
			ok(t, err)
			second := makeAccount(t, db, fmt.Sprint("second", i))
			ok(t, organizations(db, epoch).Put(ctx, o.ID, second.ID, org.Owner))
			pair := [2]string{people[0].AccountID, second.ID}
			won := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
				err := organizations(db, epoch).SetRole(ctx, o.ID, pair[i%2], org.Viewer, org.Actor{AccountID: pair[(i+1)%2]})
				if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Conflict) {
					return false, nil
				}
				return err == nil, err
			})
			if n, err := db.CountOwners(ctx, o.ID); err != nil || n != 1 || won < 1 {
				t.Errorf("%d owners are left of two, %v", n, err)
			}
		}
	})

	t.Run("all owners close their accounts at once", func(t *testing.T) {
		first := makeAccount(t, db, "closer")
		o, owners := makeOrganization(t, db, first), []string{first.ID}
		for i := range callers - 1 {
			a := makeAccount(t, db, fmt.Sprint("closer", i))
			ok(t, organizations(db, epoch).Put(ctx, o.ID, a.ID, org.Owner))
			owners = append(owners, a.ID)
		}
		closed := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			done, err := db.CloseAccount(ctx, account.Closing{AccountID: owners[i], EraseAt: epoch.Add(grace)}, nil, epoch)
			if fault.Is(err, fault.Conflict) {
				return false, nil
			}
			return done, err
		})
		if n, err := db.CountOwners(ctx, o.ID); err != nil || n != 1 || closed != callers-1 {
			t.Errorf("%d accounts of %d closed, %d owners are left (%v); want one owner", closed, callers, n, err)
		}
	})

	t.Run("all owners are erased at once", func(t *testing.T) {
		first := makeAccount(t, db, "erased")
		o, owners := makeOrganization(t, db, first), []string{first.ID}
		for i := range callers - 1 {
			a := makeAccount(t, db, fmt.Sprint("erased", i))
			ok(t, organizations(db, epoch).Put(ctx, o.ID, a.ID, org.Owner))
			owners = append(owners, a.ID)
		}
		ok(t, organizations(db, epoch).Put(ctx, o.ID, makeAccount(t, db, "stays").ID, org.Viewer))
		erased := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			err := db.DeleteAccount(ctx, owners[i], epoch.Add(grace), epoch)
			if fault.Is(err, fault.Conflict) {
				return false, nil
			}
			return err == nil, err
		})
		if n, err := db.CountOwners(ctx, o.ID); err != nil || n != 1 || erased != callers-1 {
			t.Errorf("%d accounts of %d erased, %d owners are left (%v); want one owner", erased, callers, n, err)
		}
	})

	t.Run("one person makes many", func(t *testing.T) {
		bob := makeAccount(t, db, "bob")
		made := raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			_, err := organizations(db, epoch).Create(ctx, "Many", "", bob.ID, org.Actor{AccountID: bob.ID})
			if fault.Is(err, fault.Limited) {
				return false, nil
			}
			return err == nil, err
		})
		if made != 3 {
			t.Errorf("%d were made, want the 3 that are allowed", made)
		}
		owned, err := db.MembershipsOf(ctx, bob.ID, false, "", 1)
		ok(t, err)
		_, err = organizations(db, epoch).Delete(ctx, owned[0].ID, org.Actor{AccountID: bob.ID})
		ok(t, err)
		_, err = organizations(db, epoch).Create(ctx, "One more", "", bob.ID, org.Actor{AccountID: bob.ID})
		want(t, err, fault.Limited) // the deleted one can come back
	})
}
