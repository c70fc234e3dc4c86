package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
	sqlstore "signet/internal/store/sql"
)

func addDomain(t testing.TB, db *sqlstore.DB, o *org.Organization, name string) *org.Domain {
	t.Helper()
	d := &org.Domain{OrgID: o.ID, Name: name, Token: "token of " + name, CreatedAt: epoch}
	added, err := db.AddDomain(t.Context(), d, 100)
	ok(t, err)
	if !added {
		t.Fatalf("%s was there already", name)
	}
	return d
}

func testDomains(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	ada := makeAccount(t, db, "ada")
	o, other := makeOrganization(t, db, ada), makeOrganization(t, db, ada)
	d := addDomain(t, db, o, "engines.example")
	d.CreatedAt = epoch.UTC()

	t.Run("what is stored is read", func(t *testing.T) {
		got, err := db.Domain(ctx, o.ID, d.Name)
		if err != nil || !reflect.DeepEqual(got, d) {
			t.Errorf("%+v, %v; want %+v", got, err, d)
		}
		if again, err := db.AddDomain(ctx, &org.Domain{OrgID: o.ID, Name: d.Name, Token: "another", CreatedAt: epoch}, 100); err != nil || again {
			t.Errorf("added twice: %t, %v", again, err)
		}
		for _, none := range [][2]string{{o.ID, "none.example"}, {other.ID, d.Name}, {"no id", d.Name}, {o.ID, "a\x00"}, {newID(t), d.Name}} {
			_, err := db.Domain(ctx, none[0], none[1])
			want(t, err, fault.NotFound)
		}
		_, err = db.AddDomain(ctx, &org.Domain{OrgID: newID(t), Name: "x.example", CreatedAt: epoch}, 100)
		want(t, err, fault.NotFound)
	})

	t.Run("most", func(t *testing.T) {
		third := makeOrganization(t, db, ada)
		for i := range 3 {
			_, err := db.AddDomain(ctx, &org.Domain{OrgID: third.ID, Name: fmt.Sprint(i, ".example"), CreatedAt: epoch}, 2)
			if i < 2 {
				ok(t, err)
			} else {
				want(t, err, fault.Limited)
			}
		}
		if some, err := db.Domains(ctx, third.ID, "", 10); err != nil || len(some) != 2 || some[0].Name != "0.example" {
			t.Errorf("%d domains, %v", len(some), err)
		}
		if some, err := db.Domains(ctx, third.ID, "0.example", 10); err != nil || len(some) != 1 || some[0].Name != "1.example" {
			t.Errorf("the second page: %+v, %v", some, err)
		}
	})

	t.Run("proven, missed, lost", func(t *testing.T) {
		if p, err := db.ProvenDomain(ctx, d.Name); err != nil || p != nil {
			t.Errorf("not proven yet: %+v, %v", p, err)
		}
		ok(t, db.ProveDomain(ctx, o.ID, d.Name, false, epoch))
		ok(t, db.ProveDomain(ctx, o.ID, d.Name, false, epoch.Add(time.Minute)))
		p, err := db.ProvenDomain(ctx, d.Name)
		if err != nil || p == nil || p.OrgID != o.ID || !p.ProvenAt.Equal(epoch) || !p.CheckedAt.Equal(epoch.Add(time.Minute)) {
			t.Fatalf("%+v, %v", p, err)
		}
		addDomain(t, db, other, d.Name)
		want(t, db.ProveDomain(ctx, other.ID, d.Name, false, epoch), fault.Conflict)
		want(t, db.ProveDomain(ctx, other.ID, "none.example", false, epoch), fault.NotFound)
		if like, err := db.AlikeDomain(ctx, other.ID, (&org.Domain{Name: "eng1nes.example"}).Skeleton()); err != nil || like != d.Name {
			t.Errorf("one that looks the same: %q, %v", like, err)
		}
		if like, err := db.AlikeDomain(ctx, o.ID, d.Skeleton()); err != nil || like != "" {
			t.Errorf("its own: %q, %v", like, err)
		}
		due, err := db.DomainsToCheck(ctx, epoch.Add(time.Hour), 10)
		if err != nil || len(due) != 1 || due[0].Name != d.Name {
			t.Errorf("due: %+v, %v", due, err)
		}
		for i, gone := range []bool{false, false, true} {
			now := epoch.Add(time.Duration(i+1) * time.Hour)
			lost, err := db.MissDomain(ctx, o.ID, d.Name, now, now.Add(-2*time.Hour))
			if err != nil || lost != gone {
				t.Errorf("missed for the %d. time: %t, %v", i+1, lost, err)
			}
		}
		if p, err := db.ProvenDomain(ctx, d.Name); err != nil || p != nil {
			t.Errorf("lost: %+v, %v", p, err)
		}
		ok(t, db.ProveDomain(ctx, other.ID, d.Name, true, epoch))
		lost, err := db.MissDomain(ctx, other.ID, d.Name, epoch, epoch)
		if due, dueErr := db.DomainsToCheck(ctx, epoch.Add(time.Hour), 10); err != nil || dueErr != nil || lost || len(due) != 0 {
			t.Errorf("vouched for: %t, %v; due %+v, %v", lost, err, due, dueErr)
		}
	})

	t.Run("of a deleted organization", func(t *testing.T) {
		_, err := organizations(db, epoch).Delete(ctx, other.ID, org.Operator)
		ok(t, err)
		if p, err := db.ProvenDomain(ctx, d.Name); err != nil || p != nil {
			t.Errorf("it decides: %+v, %v", p, err)
		}
		ok(t, db.ProveDomain(ctx, o.ID, d.Name, false, epoch))
		left, err := db.Domain(ctx, other.ID, d.Name)
		if err != nil || left.Proven() || left.Vouched {
			t.Errorf("it let go: %+v, %v", left, err)
		}
		if gone, err := db.RemoveDomain(ctx, o.ID, d.Name); err != nil || !gone {
			t.Errorf("removed: %t, %v", gone, err)
		}
		if gone, err := db.RemoveDomain(ctx, o.ID, d.Name); err != nil || gone {
			t.Errorf("removed twice: %t, %v", gone, err)
		}
		if n, err := db.EraseOrganizations(ctx, epoch.Add(grace), 10); err != nil || n != 1 {
			t.Fatalf("erased: %d, %v", n, err)
		}
		_, err = db.Domain(ctx, other.ID, d.Name)
		want(t, err, fault.NotFound)
	})
}

// testDomainRaces: of any number who prove the same domain at once one has it,
// and of any number who look for its record one does.
func testDomainRaces(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	orgs := make([]*org.Organization, callers)
	for i := range orgs {
		orgs[i] = makeOrganization(t, db, makeAccount(t, db, fmt.Sprint("owner", i)))
		addDomain(t, db, orgs[i], "engines.example")
	}
	won := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
		err := db.ProveDomain(ctx, orgs[i].ID, "engines.example", false, epoch)
		if fault.Is(err, fault.Conflict) {
			return false, nil
		}
		return err == nil, err
	})
	if won != 1 {
		t.Errorf("%d organizations have proven the domain", won)
	}
	d, err := db.ProvenDomain(ctx, "engines.example")
	ok(t, err)
	if d == nil {
		t.Fatal("nobody has it")
	}
	looked := raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
		return db.BeginDomainCheck(ctx, d.OrgID, d.Name, epoch.Add(time.Hour), epoch.Add(2*time.Hour))
	})
	if looked != 1 {
		t.Errorf("%d looked for the record", looked)
	}
}
