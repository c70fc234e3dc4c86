package fault

import (
	"net/http"
	"testing"
	"time"

	"signet/internal/testenv"
)

// fault is something that happens to a store's wire.
type fault struct {
	name string
	do   func(*testenv.Proxy)
	away bool // the store cannot be used at all
}

var faults = []fault{
	{"cut", (*testenv.Proxy).Cut, true},
	{"hung", (*testenv.Proxy).Hang, true},
	{"slow", func(p *testenv.Proxy) { p.Slow(100 * time.Millisecond) }, false},
	{"too slow", func(p *testenv.Proxy) { p.Slow(3 * time.Second) }, true},
}

// TestStores: while a store is away nodes say that they are not ready,
// visitors and apps are told so within the deadline, nobody gets another's
// answer, and all of it ends by itself when the store is back.
func TestStores(t *testing.T) {
	t.Parallel()
	for _, backend := range []testenv.Backend{testenv.Full, testenv.Postgres} {
		stores := map[string]func(*testenv.Env) *testenv.Proxy{"database": func(e *testenv.Env) *testenv.Proxy { return e.Database }}
		if backend == testenv.Full {
			stores["redis"] = func(e *testenv.Env) *testenv.Proxy { return e.Redis }
		}
		for name, store := range stores {
			t.Run(string(backend)+" "+name, func(t *testing.T) {
				t.Parallel()
				e := boot(t, backend)
				var visitors []*visitor
				for i := range 6 {
					visitors = append(visitors, arrive(t, e, []testenv.Person{ada, bob}[i%2]))
				}
				for _, f := range faults {
					t.Log(f.name)
					spoil(t, e, store(e), f, visitors)
				}
				if backend == testenv.Full && name == "database" {
					withoutDatabase(t, e, visitors[0])
				}
			})
		}
	}
}

// spoil lets the fault happen under load, and ends it.
func spoil(t *testing.T, e *testenv.Env, store *testenv.Proxy, f fault, visitors []*visitor) {
	t.Helper()
	stop := load(t, visitors)
	time.Sleep(300 * time.Millisecond)
	f.do(store)
	time.Sleep(time.Second)
	if _, none := ready(t, e); f.away != none {
		t.Errorf("%s: every node unready: %v, want %v", f.name, none, f.away)
	}
	time.Sleep(deadline)
	store.Mend()
	recovers(t, e)
	good, down := stop()
	if good == 0 || f.away && down == 0 {
		t.Errorf("%s: %d served and %d told to come again: the load has not met the fault", f.name, good, down)
	}
	if !f.away && down > 0 {
		t.Errorf("%s: %d told to come again although the store answered in time", f.name, down)
	}
	for _, v := range visitors {
		if !v.trip() || !v.use() || !v.userinfo(v.access) {
			t.Errorf("%s: %s is not served after the store came back", f.name, v.who.Email)
		}
	}
}

// withoutDatabase: who is signed in opens the next app without the database,
// and a sign-in that needs it is told so.
func withoutDatabase(t *testing.T, e *testenv.Env, v *visitor) {
	t.Helper()
	e.Database.Hang()
	defer e.Database.Mend()
	r := v.app.Request("prompt", "none")
	if answer := r.Answer(v.browser.Get(r.Path())); answer.Get("code") == "" || v.app.Redeem(r, answer).Status != http.StatusOK {
		t.Errorf("the silent round trip needs the database: %v", answer)
	}
	b := e.Browser().For(t)
	p := b.Get(v.app.Request().Path())
	began := time.Now() // where the address signs in is asked of the database
	p = b.Submit(p.Form("username"), "submit", "username", ada.Email)
	if !v.pageDown(p) || time.Since(began) > deadline+slack {
		t.Errorf("a sign-in without the database: %d after %v, want 503 after about %v", p.Status, time.Since(began), deadline)
	}
}
