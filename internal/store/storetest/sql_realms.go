package storetest

import (
	"testing"

	"signet/internal/org"
	sqlstore "signet/internal/store/sql"
)

// testRealms: the address leads to a connection only while all holds on which it
// rests, and it takes one statement to know, or to know that it does not.
func testRealms(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	ada := makeAccount(t, db, "ada")
	o := makeOrganization(t, db, ada)
	d := addDomain(t, db, o, "engines.example")
	first := makeConnection(t, db, o)
	realm := func(domain string) *org.Realm {
		t.Helper()
		before := db.Statements()
		r, err := db.Realm(ctx, domain)
		ok(t, err)
		if n := db.Statements() - before; n != 1 {
			t.Errorf("%q took %d statements", domain, n)
		}
		return r
	}
	none := func(what string) {
		t.Helper()
		if r := realm(d.Name); r != nil {
			t.Errorf("%s: %+v", what, r)
		}
	}
	none("not proven")
	ok(t, db.ProveDomain(ctx, o.ID, d.Name, false, epoch))
	want := org.Realm{Domain: d.Name, OrgID: o.ID, OrgName: o.Name, ConnectionID: first.ID, Connection: "Contoso"}
	if r := realm(d.Name); r == nil || *r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	for _, other := range []string{"", "other.example", "sub.engines.example", "ENGINES.example", "a\x00", "\xff"} {
		if r := realm(other); r != nil {
			t.Errorf("%q: %+v", other, r)
		}
	}

	s := connections(t, db)
	second := makeConnection(t, db, o)
	if r := realm(d.Name); r.ConnectionID != first.ID {
		t.Error("a second connection leads people away")
	}
	ok(t, s.Passed(ctx, second.ID, tried(second)))
	_, err := s.Change(ctx, second.ID, switched(o, org.PolicyRequired))
	ok(t, err)
	if r := realm(d.Name); r.ConnectionID != second.ID || !r.Enforced {
		t.Errorf("the one that is enforced: %+v", r)
	}
	lead(t, db, d, first)
	if r := realm(d.Name); r.ConnectionID != first.ID || !r.Enforced {
		t.Errorf("the one that the domain names, and enforced all the same: %+v", r)
	}
	switchOff(t, db, second)
	if r := realm(d.Name); r.ConnectionID != first.ID || r.Enforced {
		t.Errorf("the one that enforces is switched off: %+v", r)
	}
	switchOff(t, db, first)
	none("both are switched off")
	ok(t, db.DeleteConnection(ctx, first.ID))
	if left, err := db.Domain(ctx, o.ID, d.Name); err != nil || left.ConnectionID != "" {
		t.Errorf("the domain names a connection that is gone: %+v, %v", left, err)
	}
	third := makeConnection(t, db, o)
	if r := realm(d.Name); r == nil || r.ConnectionID != third.ID {
		t.Errorf("after all that: %+v", r)
	}
	_, err = organizations(db, epoch).Delete(ctx, o.ID, org.Operator)
	ok(t, err)
	none("the organization is deleted")
}

func lead(t testing.TB, db *sqlstore.DB, d *org.Domain, c *org.Connection) {
	t.Helper()
	done, err := db.LeadDomain(t.Context(), d.OrgID, d.Name, c.ID)
	ok(t, err)
	if !done {
		t.Fatal("the domain was not led there")
	}
}

func switchOff(t testing.TB, db *sqlstore.DB, c *org.Connection) {
	t.Helper()
	_, err := connections(t, db).Change(t.Context(), c.ID, org.ConnectionChange{By: org.Operator, To: org.PolicyOff})
	ok(t, err)
}
