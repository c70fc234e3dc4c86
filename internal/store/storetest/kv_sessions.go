package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"signet/internal/handle"
	"signet/internal/session"
	"signet/internal/store/kv"
)

// Sessions holds the session store on a backend to what session.Store says
// about sessions.
func Sessions(t *testing.T, open KVOpener) {
	cases := []struct {
		name string
		test func(t *testing.T, b KVStore, s session.Store)
	}{
		{"A session comes back whole, in one round trip", sessionWhole},
		{"A session ends at its ExpiresAt", sessionExpiry},
		{"Noting the last use undoes no change", sessionSeen},
		{"An update keeps the end, and an ended session does not come back", sessionUpdate},
		{"Of many callers one ends the session", sessionDelete},
		{"The account's sessions are listed, the ended ones are not", sessionsOf},
		{"No update is lost", sessionLostUpdates},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			c.test(t, b, kv.NewSessions(b.Backend, b.Now))
		})
	}
}

// newSession returns a session with every field set, that lives for life.
func newSession(b KVStore, account string, life time.Duration) *session.Session {
	now := b.Now().UTC().Truncate(time.Millisecond)
	return &session.Session{
		Key: handle.Sum(handle.New()), SID: handle.Short(), AccountID: account,
		AuthTime: now, AMR: []string{"pwd", "otp"}, ACR: "urn:acr:2", CreatedAt: now, ExpiresAt: now.Add(life),
		Remember: true, UserAgent: "Browser/1.0 (\"quoted\")", IP: "192.0.2.7",
		Clients: []string{"console"}, Consents: map[string][]string{"shop": {"openid", "email"}},
		LastSeen: now.Add(time.Second),
	}
}

func wantSession(t *testing.T, s session.Store, key string, want *session.Session) {
	t.Helper()
	got, err := s.Session(t.Context(), key)
	must(t, err)
	if got != nil {
		got.Stored = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Session = %+v, want %+v", got, want)
	}
}

// wantTrips runs f and checks what it cost.
func wantTrips(t *testing.T, b KVStore, want int64, what string, f func() error) {
	t.Helper()
	before := b.RoundTrips()
	must(t, f())
	if got := b.RoundTrips() - before; got != want {
		t.Errorf("%s took %d round trips, want %d", what, got, want)
	}
}

func sessionWhole(t *testing.T, b KVStore, s session.Store) {
	sess := newSession(b, "ada", time.Minute)
	wantSession(t, s, sess.Key, nil)
	wantTrips(t, b, 1, "PutSession", func() error { return s.PutSession(t.Context(), sess) })
	wantTrips(t, b, 1, "Session", func() error { _, err := s.Session(t.Context(), sess.Key); return err })
	wantSession(t, s, sess.Key, sess)
}

func sessionExpiry(t *testing.T, b KVStore, s session.Store) {
	sess := newSession(b, "ada", 250*time.Millisecond)
	must(t, s.PutSession(t.Context(), sess))
	wantSession(t, s, sess.Key, sess)
	b.Pass(300 * time.Millisecond)
	wantSession(t, s, sess.Key, nil)
	wantKeys(t, s, "ada")
	// What is put when its time is over already is not kept, least of all for ever.
	must(t, s.PutSession(t.Context(), sess))
	b.Pass(20 * time.Millisecond)
	wantSession(t, s, sess.Key, nil)
}

func sessionSeen(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	sess := newSession(b, "ada", time.Minute)
	must(t, s.PutSession(ctx, sess))
	must(t, s.UpdateSession(ctx, sess.Key, nil, func(stored *session.Session) { stored.Clients = append(stored.Clients, "shop") }))
	seen := sess.LastSeen.Add(5 * time.Minute)
	wantTrips(t, b, 1, "SeeSession", func() error { return s.SeeSession(ctx, sess, seen) })
	sess.Clients, sess.LastSeen = []string{"console", "shop"}, seen
	wantSession(t, s, sess.Key, sess)
	wantKeys(t, s, "ada", sess.Key)
}

func sessionUpdate(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	sess := newSession(b, "ada", 300*time.Millisecond)
	must(t, s.PutSession(ctx, sess))
	must(t, s.UpdateSession(ctx, sess.Key, nil, func(stored *session.Session) {
		if stored.Key != sess.Key || stored.AccountID != "ada" {
			t.Errorf("the edit gets %+v", stored)
		}
		stored.Consents["console"] = []string{"openid"}
	}))
	sess.Consents["console"] = []string{"openid"}
	wantSession(t, s, sess.Key, sess)
	wantTrips(t, b, 1, "an update that changes nothing", func() error {
		return s.UpdateSession(ctx, sess.Key, nil, func(*session.Session) {})
	})
	b.Pass(350 * time.Millisecond)
	wantSession(t, s, sess.Key, nil)

	sessionUpdateOfRead(t, b, s)

	ended := newSession(b, "ada", time.Minute)
	must(t, s.PutSession(ctx, ended))
	edits := 0
	must(t, s.UpdateSession(ctx, ended.Key, nil, func(stored *session.Session) {
		edits++
		stored.Clients = nil
		if _, err := s.DeleteSession(ctx, ended); err != nil { // while the update is under way
			t.Error(err)
		}
	}))
	wantSession(t, s, ended.Key, nil)
	must(t, s.UpdateSession(ctx, ended.Key, nil, func(*session.Session) { edits++ }))
	if edits != 1 {
		t.Errorf("the edit ran %d times", edits)
	}
	wantKeys(t, s, "ada")
}

// sessionUpdateOfRead changes a session that was just read, that was changed
// since, and that has ended since.
func sessionUpdateOfRead(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	sess := newSession(b, "ada", time.Minute)
	must(t, s.PutSession(ctx, sess))
	read, err := s.Session(ctx, sess.Key)
	must(t, err)
	open := func(client string) func() error {
		return func() error {
			return s.UpdateSession(ctx, sess.Key, read.Stored, func(stored *session.Session) { stored.Clients = append(stored.Clients, client) })
		}
	}
	wantTrips(t, b, 1, "an update of what was read", open("shop"))
	wantTrips(t, b, 3, "an update of what was changed since", open("forum"))
	wantTrips(t, b, 1, "one that changes nothing", func() error {
		return s.UpdateSession(ctx, sess.Key, read.Stored, func(*session.Session) {})
	})
	sess.Clients = append(sess.Clients, "shop", "forum")
	wantSession(t, s, sess.Key, sess)
	read, err = s.Session(ctx, sess.Key)
	must(t, err)
	if _, err := s.DeleteSession(ctx, sess); err != nil {
		t.Fatal(err)
	}
	must(t, open("late")())
	wantSession(t, s, sess.Key, nil)
}

// sessionNodes returns the store as two nodes have it.
func sessionNodes(b KVStore) [2]session.Store {
	return [2]session.Store{kv.NewSessions(b.Backend, b.Now), kv.NewSessions(b.Peer, b.Now)}
}

func sessionDelete(t *testing.T, b KVStore, s session.Store) {
	sess := newSession(b, "ada", time.Minute)
	must(t, s.PutSession(t.Context(), sess))
	nodes := sessionNodes(b)
	if won := race(t, func(i int) (bool, error) {
		last, err := nodes[i%2].DeleteSession(t.Context(), sess)
		return last != nil, err
	}); won != 1 {
		t.Errorf("%d callers ended the session", won)
	}
	wantSession(t, s, sess.Key, nil)
	wantKeys(t, s, "ada")
	wantTrips(t, b, 1, "DeleteSession", func() error { _, err := s.DeleteSession(t.Context(), sess); return err })
}

// wantKeys checks which sessions the account has.
func wantKeys(t *testing.T, s session.Store, account string, want ...string) {
	t.Helper()
	sessions, err := s.SessionsOf(t.Context(), account)
	must(t, err)
	var got []string
	for _, sess := range sessions {
		got = append(got, sess.Key)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("SessionsOf(%q) = %q, want %q", account, got, want)
	}
}

func sessionsOf(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	wantKeys(t, s, "ada")
	a1, a2, short := newSession(b, "ada", time.Minute), newSession(b, "ada", time.Hour), newSession(b, "ada", 200*time.Millisecond)
	bob := newSession(b, "bob", time.Minute)
	for _, sess := range []*session.Session{a1, a2, short, bob} {
		must(t, s.PutSession(ctx, sess))
	}
	wantKeys(t, s, "ada", a1.Key, a2.Key, short.Key)
	wantKeys(t, s, "bob", bob.Key)
	wantTrips(t, b, 2, "SessionsOf", func() error { _, err := s.SessionsOf(ctx, "ada"); return err })
	b.Pass(250 * time.Millisecond)
	wantKeys(t, s, "ada", a1.Key, a2.Key)
	if last, err := s.DeleteSession(ctx, a1); err != nil || last == nil || last.SID != a1.SID {
		t.Errorf("DeleteSession = %+v, %v", last, err)
	}
	sessions, err := s.SessionsOf(ctx, "ada")
	must(t, err)
	if len(sessions) == 1 {
		sessions[0].Stored = nil
	}
	if len(sessions) != 1 || !reflect.DeepEqual(sessions[0], a2) {
		t.Errorf("SessionsOf = %+v, want %+v", sessions, a2)
	}
	// A listing without a session, as a crash may leave it, is tidied once.
	must(t, b.Write(ctx, kv.Add("sessions:{ada}", "lost", time.Minute)))
	wantTrips(t, b, 3, "SessionsOf with one lost", func() error { wantKeys(t, s, "ada", a2.Key); return nil })
	wantTrips(t, b, 2, "SessionsOf after that", func() error { wantKeys(t, s, "ada", a2.Key); return nil })
	// A lost listing comes back with the next use.
	must(t, b.Write(ctx, kv.Remove("sessions:{ada}", a2.Key)))
	wantKeys(t, s, "ada")
	must(t, s.SeeSession(ctx, a2, b.Now()))
	wantKeys(t, s, "ada", a2.Key)
}

func sessionLostUpdates(t *testing.T, b KVStore, s session.Store) {
	sess := newSession(b, "ada", time.Minute)
	sess.Clients = nil
	must(t, s.PutSession(t.Context(), sess))
	nodes := sessionNodes(b)
	race(t, func(i int) (bool, error) {
		return true, nodes[i%2].UpdateSession(t.Context(), sess.Key, nil, func(stored *session.Session) {
			stored.Clients = append(stored.Clients, fmt.Sprint("client", i))
		})
	})
	got, err := s.Session(t.Context(), sess.Key)
	must(t, err)
	slices.Sort(got.Clients)
	if n := len(slices.Compact(got.Clients)); n != racers {
		t.Errorf("of %d updates %d were kept", racers, n)
	}
}

func pushedOnce(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	want := newFlow(b, time.Minute).Request
	must(t, s.PutPushed(ctx, "p1", &want, time.Minute))
	nodes := sessionNodes(b)
	if won := race(t, func(i int) (bool, error) {
		r, err := nodes[i%2].TakePushed(ctx, "p1")
		if r != nil && !reflect.DeepEqual(r, &want) {
			t.Errorf("TakePushed = %+v, want %+v", r, want)
		}
		return r != nil, err
	}); won != 1 {
		t.Errorf("%d callers took the request", won)
	}
	must(t, s.PutPushed(ctx, "p2", &want, time.Minute))
	b.Pass(time.Minute + time.Second)
	if r, err := s.TakePushed(ctx, "p2"); err != nil || r != nil {
		t.Errorf("after its end: %+v, %v", r, err)
	}
}

// Flows holds the session store on a backend to what session.Store says about
// flows.
func Flows(t *testing.T, open KVOpener) {
	t.Run("A flow lives once, until its end, and changes in place", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		flowLife(t, b, kv.NewSessions(b.Backend, b.Now))
	})
	t.Run("Of many callers one takes the flow", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		nodes := sessionNodes(b)
		must(t, nodes[0].PutFlow(t.Context(), "f1", newFlow(b, time.Minute)))
		if won := race(t, func(i int) (bool, error) {
			f, err := nodes[i%2].TakeFlow(t.Context(), "f1")
			return f != nil, err
		}); won != 1 {
			t.Errorf("%d callers took the flow", won)
		}
	})
	t.Run("A pushed request is used once, until its end", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		pushedOnce(t, b, kv.NewSessions(b.Backend, b.Now))
	})
	t.Run("What may come once comes once", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		once := kv.NewOnce(b.Backend)
		for _, name := range []string{"a", "a b", "A"} {
			if won := race(t, func(int) (bool, error) { return once.First(t.Context(), name, time.Minute) }); won != 1 {
				t.Errorf("%q came first %d times", name, won)
			}
		}
		b.Pass(time.Minute + time.Second)
		if first, err := once.First(t.Context(), "a", time.Minute); err != nil || !first {
			t.Errorf("after its time: %v, %v", first, err)
		}
	})
	t.Run("No change is forgotten", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		nodes := sessionNodes(b)
		must(t, nodes[0].PutFlow(t.Context(), "f1", newFlow(b, time.Minute)))
		race(t, func(i int) (bool, error) {
			f, err := nodes[i%2].UpdateFlow(t.Context(), "f1", nil, func(f *session.Flow) error { f.Progress.Consented = append(f.Progress.Consented, "x"); return nil })
			return f != nil, err
		})
		f, err := nodes[0].Flow(t.Context(), "f1")
		must(t, err)
		if len(f.Progress.Consented) != racers {
			t.Errorf("%d changes of %d", len(f.Progress.Consented), racers)
		}
	})
}

func newFlow(b KVStore, life time.Duration) *session.Flow {
	now, age := b.Now().UTC().Truncate(time.Millisecond), 300
	return &session.Flow{
		Browser: handle.Sum("browser"), CreatedAt: now, ExpiresAt: now.Add(life),
		Request: session.Request{
			ClientID: "console", RedirectURI: "https://app.example/cb?x=1&y=<2>", ResponseType: session.TypeCode | session.TypeIDToken,
			ResponseMode: session.ModeFormPost, Scopes: []string{"openid"}, State: "s\u2028t", Nonce: "n", Prompt: []string{session.PromptLogin},
			MaxAge: &age, Claims: []byte(`{"id_token":{"email":null}}`), Resource: []string{"https://api.example/"},
		},
		Progress: session.Progress{Email: "ada@example.com", SignedInAt: now},
	}
}

// sameFlow compares what flows say, not how they are stored.
func sameFlow(a, b *session.Flow) bool {
	plain := *a
	plain.Stored = nil
	return reflect.DeepEqual(&plain, b)
}

// flowUpdateOfRead changes a flow that was just read, twice in a row, and one
// that was changed since; in the end it is as before.
func flowUpdateOfRead(t *testing.T, b KVStore, s session.Store, f *session.Flow) {
	t.Helper()
	selected := func(last []byte, to bool) func() error {
		return func() (err error) {
			f, err = s.UpdateFlow(t.Context(), "f1", last, func(f *session.Flow) error { f.Progress.Selected = to; return nil })
			return err
		}
	}
	first := f.Stored
	wantTrips(t, b, 1, "UpdateFlow of what was read", selected(first, true))
	wantTrips(t, b, 1, "UpdateFlow of what was changed", selected(f.Stored, false))
	wantTrips(t, b, 1, "UpdateFlow again", selected(f.Stored, true))
	// It is read before it is said to be so already.
	wantTrips(t, b, 2, "UpdateFlow that would change nothing in what was read", selected(first, false))
}

func flowLife(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	want := newFlow(b, 300*time.Millisecond)
	if f, err := s.Flow(ctx, "f1"); err != nil || f != nil {
		t.Errorf("Flow = %+v, %v", f, err)
	}
	if f, err := s.UpdateFlow(ctx, "f1", nil, func(*session.Flow) error { return nil }); err != nil || f != nil {
		t.Errorf("UpdateFlow of nothing = %+v, %v", f, err)
	}
	wantTrips(t, b, 1, "PutFlow", func() error { return s.PutFlow(ctx, "f1", want) })
	f, err := s.Flow(ctx, "f1")
	must(t, err)
	if !sameFlow(f, want) {
		t.Errorf("Flow = %+v, want %+v", f, want)
	}
	// A Redis node may be asked for the script here for the first time.
	if _, err := s.UpdateFlow(ctx, "f1", nil, func(f *session.Flow) error { f.Progress.Asked = true; return nil }); err != nil {
		t.Fatal(err)
	}
	want.Progress.Asked, want.Progress.Consented = true, []string{"openid"}
	wantTrips(t, b, 2, "UpdateFlow", func() error {
		f, err = s.UpdateFlow(ctx, "f1", nil, func(f *session.Flow) error { f.Progress.Consented = []string{"openid"}; return nil })
		return err
	})
	if !sameFlow(f, want) {
		t.Errorf("UpdateFlow = %+v, want %+v", f, want)
	}
	flowUpdateOfRead(t, b, s, f)
	refused := errors.New("refused")
	if _, err := s.UpdateFlow(ctx, "f1", nil, func(f *session.Flow) error { f.Browser = ""; return refused }); !errors.Is(err, refused) {
		t.Errorf("UpdateFlow = %v, want the edit's error", err)
	}
	if f, err = s.Flow(ctx, "f1"); err != nil || !sameFlow(f, want) {
		t.Errorf("after a refused edit: %+v, %v", f, err)
	}
	b.Pass(350 * time.Millisecond)
	if f, err := s.TakeFlow(ctx, "f1"); err != nil || f != nil {
		t.Errorf("TakeFlow after the end = %+v, %v", f, err)
	}
	want = newFlow(b, time.Minute)
	must(t, s.PutFlow(ctx, "f2", want))
	for i, want := range []*session.Flow{want, nil} {
		if f, err := s.TakeFlow(ctx, "f2"); err != nil || !reflect.DeepEqual(f, want) {
			t.Errorf("TakeFlow %d = %+v, %v", i, f, err)
		}
	}
}
