package storetest

import (
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
		{"Sessions are found by a provider's name for them", sessionsNamed},
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

// putSession puts the session by way of a flow of its own.
func putSession(t *testing.T, b KVStore, s session.Store, sess *session.Session) {
	t.Helper()
	must(t, s.PutFlow(t.Context(), "of "+sess.Key, newFlow(b, time.Minute)))
	_, err := s.PutSession(t.Context(), sess, "of "+sess.Key, nil, func(*session.Flow) error { return nil })
	must(t, err)
}

// wantUpdated checks what UpdateSession returned.
func wantUpdated(t *testing.T, want bool) func(bool, error) {
	return func(updated bool, err error) {
		t.Helper()
		must(t, err)
		if updated != want {
			t.Errorf("UpdateSession = %t, want %t", updated, want)
		}
	}
}

func second(_ bool, err error) error { return err }

func sessionWhole(t *testing.T, b KVStore, s session.Store) {
	sess := newSession(b, "ada", time.Minute)
	wantSession(t, s, sess.Key, nil)
	must(t, s.PutFlow(t.Context(), "f1", newFlow(b, time.Minute)))
	f, err := s.Flow(t.Context(), "f1")
	must(t, err)
	signedIn := func(f *session.Flow) error { f.Progress.Selected = true; return nil }
	put := func() (err error) {
		f, err = s.PutSession(t.Context(), sess, "f1", f.Stored, signedIn)
		return err
	}
	must(t, put()) // a Redis node may be asked for the script here for the first time
	wantTrips(t, b, 1, "PutSession", put)
	if f == nil || !f.Progress.Selected {
		t.Errorf("PutSession = %+v, want the changed flow", f)
	}
	var both *session.Session
	wantTrips(t, b, 1, "FlowAndSession", func() (err error) { f, both, err = s.FlowAndSession(t.Context(), "f1", sess.Key); return err })
	if f == nil || !f.Progress.Selected || both == nil || both.SID != sess.SID || !both.LastSeen.Equal(sess.LastSeen) {
		t.Errorf("FlowAndSession = %+v, %+v", f, both)
	}
	if f, both, err := s.FlowAndSession(t.Context(), "f2", "nobody's"); f != nil || both != nil || err != nil {
		t.Errorf("FlowAndSession of nothing = %+v, %+v, %v", f, both, err)
	}
	if f, err := s.PutSession(t.Context(), newSession(b, "bob", time.Minute), "f2", nil, signedIn); f != nil || err != nil {
		t.Errorf("PutSession in a flow that is gone = %+v, %v", f, err)
	}
	wantTrips(t, b, 1, "Session", func() error { _, err := s.Session(t.Context(), sess.Key); return err })
	wantSession(t, s, sess.Key, sess)
}

func sessionExpiry(t *testing.T, b KVStore, s session.Store) {
	sess := newSession(b, "ada", 250*time.Millisecond)
	putSession(t, b, s, sess)
	wantSession(t, s, sess.Key, sess)
	b.Pass(300 * time.Millisecond)
	wantSession(t, s, sess.Key, nil)
	wantKeys(t, s, "ada")
	// What is put when its time is over already is not kept, least of all for ever.
	putSession(t, b, s, sess)
	b.Pass(20 * time.Millisecond)
	wantSession(t, s, sess.Key, nil)
}

func sessionSeen(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	sess := newSession(b, "ada", time.Minute)
	putSession(t, b, s, sess)
	wantUpdated(t, true)(s.UpdateSession(ctx, sess.Key, nil, func(stored *session.Session) { stored.Clients = append(stored.Clients, "shop") }))
	seen := sess.LastSeen.Add(5 * time.Minute)
	wantTrips(t, b, 1, "SeeSession", func() error { return s.SeeSession(ctx, sess, seen) })
	sess.Clients, sess.LastSeen = []string{"console", "shop"}, seen
	wantSession(t, s, sess.Key, sess)
	wantKeys(t, s, "ada", sess.Key)
}

func sessionUpdate(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	sess := newSession(b, "ada", 300*time.Millisecond)
	putSession(t, b, s, sess)
	wantUpdated(t, true)(s.UpdateSession(ctx, sess.Key, nil, func(stored *session.Session) {
		if stored.Key != sess.Key || stored.AccountID != "ada" {
			t.Errorf("the edit gets %+v", stored)
		}
		stored.Consents["console"] = []string{"openid"}
	}))
	sess.Consents["console"] = []string{"openid"}
	wantSession(t, s, sess.Key, sess)
	wantTrips(t, b, 1, "an update that changes nothing", func() error {
		return second(s.UpdateSession(ctx, sess.Key, nil, func(*session.Session) {}))
	})
	b.Pass(350 * time.Millisecond)
	wantSession(t, s, sess.Key, nil)

	sessionUpdateOfRead(t, b, s)

	ended := newSession(b, "ada", time.Minute)
	putSession(t, b, s, ended)
	edits := 0
	wantUpdated(t, false)(s.UpdateSession(ctx, ended.Key, nil, func(stored *session.Session) {
		edits++
		stored.Clients = nil
		if _, err := s.DeleteSession(ctx, ended); err != nil { // while the update is under way
			t.Error(err)
		}
	}))
	wantSession(t, s, ended.Key, nil)
	wantUpdated(t, false)(s.UpdateSession(ctx, ended.Key, nil, func(*session.Session) { edits++ }))
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
	putSession(t, b, s, sess)
	read, err := s.Session(ctx, sess.Key)
	must(t, err)
	open := func(client string) func() error {
		return func() error {
			return second(s.UpdateSession(ctx, sess.Key, read.Stored, func(stored *session.Session) { stored.Clients = append(stored.Clients, client) }))
		}
	}
	wantTrips(t, b, 1, "an update of what was read", open("shop"))
	wantTrips(t, b, 3, "an update of what was changed since", open("forum"))
	wantTrips(t, b, 1, "one that changes nothing", func() error {
		return second(s.UpdateSession(ctx, sess.Key, read.Stored, func(*session.Session) {}))
	})
	sess.Clients = append(sess.Clients, "shop", "forum")
	wantSession(t, s, sess.Key, sess)
	read, err = s.Session(ctx, sess.Key)
	must(t, err)
	if _, err := s.DeleteSession(ctx, sess); err != nil {
		t.Fatal(err)
	}
	wantUpdated(t, false)(s.UpdateSession(ctx, sess.Key, read.Stored, func(*session.Session) {}))
	must(t, open("late")())
	wantSession(t, s, sess.Key, nil)
}

// sessionNodes returns the store as two nodes have it.
func sessionNodes(b KVStore) [2]session.Store {
	return [2]session.Store{kv.NewSessions(b.Backend, b.Now), kv.NewSessions(b.Peer, b.Now)}
}

func sessionDelete(t *testing.T, b KVStore, s session.Store) {
	sess := newSession(b, "ada", time.Minute)
	putSession(t, b, s, sess)
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
		putSession(t, b, s, sess)
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
	putSession(t, b, s, sess)
	nodes := sessionNodes(b)
	race(t, func(i int) (bool, error) {
		return nodes[i%2].UpdateSession(t.Context(), sess.Key, nil, func(stored *session.Session) {
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

func sessionsNamed(t *testing.T, b KVStore, s session.Store) {
	named := func(account, connection, name string) {
		sess := newSession(b, account, time.Minute)
		sess.Upstream = &session.Upstream{Connection: connection, Session: name}
		putSession(t, b, s, sess)
	}
	named("ada", "c1", "there")
	named("ada", "c1", "there")
	named("bob", "c1", "there")
	named("cyd", "c2", "there")
	named("dan", "c1", "")
	for _, want := range []struct {
		connection, name string
		accounts         []string
	}{{"c1", "there", []string{"ada", "bob"}}, {"c2", "there", []string{"cyd"}}, {"c1", "elsewhere", nil}, {"c1t", "here", nil}, {"c1", "", nil}} {
		got, err := s.UpstreamAccounts(t.Context(), want.connection, want.name)
		must(t, err)
		if slices.Sort(got); !slices.Equal(got, want.accounts) {
			t.Errorf("%s of %s: %v, want %v", want.name, want.connection, got, want.accounts)
		}
	}
}
