package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/keys"
	"signet/internal/org"
	sqlstore "signet/internal/store/sql"
)

// mover is an organization with a proven domain and a connection that was tried.
type mover struct {
	t      testing.TB
	db     *sqlstore.DB
	owner  *account.Account
	org    *org.Organization
	domain *org.Domain
	conn   *org.Connection
	ticks  atomic.Int64
}

func newMover(t testing.TB, db *sqlstore.DB) *mover {
	t.Helper()
	m := &mover{t: t, db: db, owner: makeAccount(t, db, "owner@engines.example")}
	m.org = makeOrganization(t, db, m.owner)
	m.domain = addDomain(t, db, m.org, "engines.example")
	ok(t, db.ProveDomain(t.Context(), m.org.ID, m.domain.Name, false, epoch))
	m.conn = makeConnection(t, db, m.org)
	ok(t, connections(t, db).Passed(t.Context(), m.conn.ID, tried(m.conn)))
	return m
}

// now is a little later each time that it is asked.
func (m *mover) now() time.Time { return epoch.Add(time.Duration(m.ticks.Add(1)) * time.Millisecond) }

func (m *mover) to(p org.Policy) {
	m.t.Helper()
	master, err := keys.ParseMaster("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	ok(m.t, err)
	s := org.NewConnections(domains(m.db), m.db, master.Sealer("connections"), m.now)
	_, err = s.Change(m.t.Context(), m.conn.ID, switched(m.org, p))
	ok(m.t, err)
}

// claim takes what waits, for a minute.
func (m *mover) claim(db *sqlstore.DB) *org.SignOut {
	m.t.Helper()
	now := m.now()
	o, err := db.ClaimSignOut(m.t.Context(), now, now.Add(time.Minute))
	ok(m.t, err)
	return o
}

func testSignOuts(t *testing.T, fresh func(testing.TB) string) {
	t.Run("what waits", func(t *testing.T) { testSignOutLife(t, OpenSQL(t, fresh(t))) })
	t.Run("people of a domain", func(t *testing.T) { testAccountsIn(t, OpenSQL(t, fresh(t))) })
	t.Run("what else begins it", func(t *testing.T) { testSignOutCauses(t, OpenSQL(t, fresh(t))) })
	t.Run("required and proven at once", func(t *testing.T) { testSignOutSkew(t, fresh(t)) })
	t.Run("workers die", func(t *testing.T) { testSignOutDeaths(t, OpenSQL(t, fresh(t))) })
	t.Run("workers race", func(t *testing.T) { testSignOutRace(t, fresh(t)) })
}

// testSignOutLife: people are signed out with what requires it, once for each time
// that it begins, and by whoever has the claim.
func testSignOutLife(t *testing.T, db *sqlstore.DB) {
	m, ctx := newMover(t, db), t.Context()
	nothing := func(when string) {
		t.Helper()
		if o := m.claim(db); o != nil {
			t.Errorf("%s: %+v waits", when, o)
		}
	}
	m.to(org.PolicyOn)
	nothing("on")
	m.to(org.PolicyRequired)
	select {
	case <-db.Required():
	default:
		t.Error("the worker was not woken")
	}
	first := m.claim(db)
	if first == nil || first.Domain != m.domain.Name || first.After != "" || first.Attempts != 1 || !first.BegunAt.After(epoch) {
		t.Fatalf("required: %+v waits", first)
	}
	nothing("claimed")
	first.After = m.owner.ID
	if held, err := db.SignOutReached(ctx, first); err != nil || !held {
		t.Errorf("the claim is gone: %v", err)
	}
	m.to(org.PolicyRequired)
	nothing("required once more")
	m.to(org.PolicyOff)
	m.to(org.PolicyRequired)
	if held, err := db.SignOutReached(ctx, first); err != nil || held {
		t.Errorf("begun anew, and an old claim holds: %v", err)
	}
	ok(t, db.SignOutDone(ctx, first))
	again := m.claim(db)
	if again == nil || again.After != "" || again.Attempts != 1 {
		t.Fatalf("begun anew: %+v waits", again)
	}
	claim := again.DueAt
	again.After, again.DueAt = m.owner.ID, epoch.Add(time.Hour)
	ok(t, db.SignOutFailed(ctx, again, claim))
	nothing("failed")
	late, err := db.ClaimSignOut(ctx, epoch.Add(time.Hour), epoch.Add(2*time.Hour))
	if err != nil || late == nil || late.After != m.owner.ID || late.Attempts != 2 {
		t.Fatalf("tried again: %+v, %v", late, err)
	}
	// Who was being signed in when it began is looked at once more.
	work := m.service(db, &ends{})
	ok(t, work.Done(ctx, late, late.BegunAt.Add(time.Second)))
	settled := late.BegunAt.Add(time.Minute)
	if o, err := db.ClaimSignOut(ctx, settled.Add(-time.Millisecond), settled.Add(time.Minute)); err != nil || o != nil {
		t.Errorf("before that is settled: %+v, %v", o, err)
	}
	last, err := db.ClaimSignOut(ctx, settled, settled.Add(time.Minute))
	if err != nil || last == nil || last.After != "" || last.Attempts != 1 || !last.BegunAt.Equal(late.BegunAt) {
		t.Fatalf("once more: %+v, %v", last, err)
	}
	ok(t, work.Done(ctx, last, settled))
	if o, err := db.ClaimSignOut(ctx, epoch.Add(9*time.Hour), epoch.Add(10*time.Hour)); err != nil || o != nil {
		t.Errorf("settled: %+v, %v", o, err)
	}

	second := addDomain(t, db, m.org, "looms.example")
	ok(t, db.ProveDomain(ctx, m.org.ID, second.Name, false, m.now()))
	if o := m.claim(db); o == nil || o.Domain != second.Name {
		t.Errorf("a domain is proven: %+v waits", o)
	} else {
		ok(t, db.SignOutDone(ctx, o))
	}
	ok(t, db.ProveDomain(ctx, m.org.ID, second.Name, false, m.now()))
	nothing("it is looked at again")
}

// waiting are the domains that wait, which are done then.
func (m *mover) waiting() map[string]bool {
	m.t.Helper()
	all := map[string]bool{}
	for o := m.claim(m.db); o != nil; o = m.claim(m.db) {
		all[o.Domain] = true
		ok(m.t, m.db.SignOutDone(m.t.Context(), o))
	}
	return all
}

// testSignOutCauses: who was an owner has no way in any more, and what was deleted is
// back.
func testSignOutCauses(t *testing.T, db *sqlstore.DB) {
	m, ctx, orgs := newMover(t, db), t.Context(), organizations(db, epoch)
	second := makeAccount(t, db, "second@engines.example")
	m.to(org.PolicyRequired)
	m.waiting()
	for _, c := range []struct {
		what   string
		do     func() error
		begins bool
	}{
		{"an owner joins", func() error { return orgs.Put(ctx, m.org.ID, second.ID, org.Owner) }, false},
		{"is one no more", func() error { return orgs.SetRole(ctx, m.org.ID, second.ID, org.Viewer, org.Operator) }, true},
		{"is another thing", func() error { return orgs.SetRole(ctx, m.org.ID, second.ID, org.Admin, org.Operator) }, false},
		{"is handed it over", func() error { return orgs.Transfer(ctx, m.org.ID, m.owner.ID, second.ID) }, true},
		{"hands it back", func() error { return orgs.Transfer(ctx, m.org.ID, second.ID, m.owner.ID) }, true},
		{"leaves", func() error { return orgs.Leave(ctx, m.org.ID, second.ID) }, false},
		{"it is deleted", func() error { _, err := orgs.Delete(ctx, m.org.ID, org.Operator); return err }, false},
		{"it is back", func() error { _, err := orgs.Restore(ctx, m.org.ID, org.Operator); return err }, true},
	} {
		ok(t, c.do())
		if began := m.waiting()[m.domain.Name]; began != c.begins {
			t.Errorf("%s: people are signed out: %t, want %t", c.what, began, c.begins)
		}
	}
	m.to(org.PolicyOn)
	ok(t, orgs.Put(ctx, m.org.ID, second.ID, org.Owner))
	ok(t, orgs.Remove(ctx, m.org.ID, second.ID, org.Operator))
	if some := m.waiting(); len(some) > 0 {
		t.Errorf("not required, and %v wait", some)
	}
}

// testSignOutSkew: one node requires the provider while another proves a domain. Each
// of the two waits then, whoever was first.
func testSignOutSkew(t *testing.T, address string) {
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	m := newMover(t, nodes[0])
	for i := range 12 {
		d := addDomain(t, nodes[0], m.org, fmt.Sprintf("d%d.example", i))
		var both sync.WaitGroup
		both.Go(func() { m.to(org.PolicyRequired) })
		both.Go(func() {
			if err := nodes[1].ProveDomain(t.Context(), m.org.ID, d.Name, false, m.now()); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if got := m.waiting(); !got[d.Name] || !got[m.domain.Name] {
			t.Errorf("%v wait, and not %s and %s", got, m.domain.Name, d.Name)
		}
		m.to(org.PolicyOff)
	}
}

// testAccountsIn: they are found by what follows the last @, in pages.
func testAccountsIn(t *testing.T, db *sqlstore.DB) {
	var in []string
	for _, key := range []string{"b@engines.example", "ü@engines.example", "a@b@engines.example", "example@engines.example"} {
		in = append(in, makeAccount(t, db, key).ID)
	}
	for _, key := range []string{"a@sub.engines.example", "a@engines.example.org", "engines.example@x.example", "a@b.example", "xengines.example"} {
		makeAccount(t, db, key)
	}
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		some, err := db.AccountsIn(t.Context(), "engines.example", after, 3)
		ok(t, err)
		got = append(got, some...)
		if len(some) < 3 {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(in) {
		t.Errorf("in the domain: %v, want %v", got, in)
	}
	for _, none := range []string{"", "example", "b.example\x00", "ENGINES.example"} {
		if some, err := db.AccountsIn(t.Context(), none, "", 9); err != nil || len(some) > 0 {
			t.Errorf("in %q: %v, %v", none, some, err)
		}
	}
}

// ends counts who was signed out, and dies at every n-th; 0: never.
type ends struct {
	mu   sync.Mutex
	who  map[string]int
	n    int
	dies int
}

var errDead = errors.New("the node is dead")

func (e *ends) end(_ context.Context, id string, own []*org.Connection) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.n++; e.dies > 0 && e.n%e.dies == 0 {
		return errDead
	}
	if len(own) == 1 {
		e.who[id]++
	}
	return nil
}

func (m *mover) service(db *sqlstore.DB, e *ends) *org.SignOuts {
	return org.NewSignOuts(db, org.NewRealms(db, db), db, e.end)
}

// people makes so many with an address in the domain, of whom none is a member.
func (m *mover) people(n int) (ids []string) {
	m.t.Helper()
	for i := range n {
		ids = append(ids, makeAccount(m.t, m.db, fmt.Sprintf("p%d@engines.example", i)).ID)
	}
	return ids
}

// testSignOutDeaths: whoever works on it dies now and then without a word. The next
// one goes on, at most a page before, until everybody but the owner is signed out.
func testSignOutDeaths(t *testing.T, db *sqlstore.DB) {
	m := newMover(t, db)
	ids, e := m.people(230), &ends{who: map[string]int{}, dies: 120}
	m.to(org.PolicyRequired)
	work, deaths := m.service(db, e), 0
	for {
		o := m.claim(db)
		if o == nil {
			break
		}
		if err := work.Work(t.Context(), o); errors.Is(err, errDead) {
			deaths++
			m.ticks.Add(2 * time.Minute.Milliseconds()) // its claim ends
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		ok(t, db.SignOutDone(t.Context(), o))
	}
	wantOut(t, e, ids)
	if e.who[m.owner.ID] > 0 || deaths == 0 || e.n > len(ids)+deaths*100 {
		t.Errorf("the owner: %d; %d looked at, after %d deaths", e.who[m.owner.ID], e.n, deaths)
	}
	e.who = map[string]int{}
	m.to(org.PolicyOff)
	m.to(org.PolicyRequired)
	o := m.claim(db)
	m.to(org.PolicyOn)
	if err := work.Work(t.Context(), o); err != nil || len(e.who) > 0 {
		t.Errorf("required no more, and %d are signed out; %v", len(e.who), err)
	}
}

func wantOut(t testing.TB, e *ends, ids []string) {
	t.Helper()
	for _, id := range ids {
		if e.who[id] == 0 {
			t.Errorf("%s is still signed in", id)
		}
	}
}

// testSignOutRace: workers of two nodes and an owner who switches to and fro. After
// the last time that it is required everybody is signed out.
func testSignOutRace(t *testing.T, address string) {
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	m, e := newMover(t, nodes[0]), &ends{who: map[string]int{}}
	ids := m.people(130)
	m.to(org.PolicyRequired)
	var group sync.WaitGroup
	var over atomic.Bool
	for i := range 6 {
		group.Go(func() {
			work, node := m.service(nodes[i%2], e), nodes[i%2]
			for last := false; !last; {
				last = over.Load() // nothing comes after what it finds now
				o := m.claim(node)
				if o == nil {
					continue
				}
				last = false
				if err := work.Work(t.Context(), o); err != nil {
					t.Error(err)
				}
				if err := node.SignOutDone(t.Context(), o); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 8 {
		m.to(org.PolicyOn)
		e.mu.Lock()
		e.who = map[string]int{}
		e.mu.Unlock()
		m.to(org.PolicyRequired)
	}
	over.Store(true)
	group.Wait()
	wantOut(t, e, ids)
}
