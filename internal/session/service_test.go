package session_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/session"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

var lifetimes = session.Lifetimes{
	Idle: time.Hour, Absolute: 8 * time.Hour, RememberIdle: 24 * time.Hour, Remember: 72 * time.Hour, Flow: 30 * time.Minute,
}

func service(t *testing.T) (*session.Service, *storetest.Clock) {
	clock := storetest.NewClock()
	_, backend := storetest.Embedded(t, clock.Now)
	return session.NewService(kv.NewSessions(backend, clock.Now), nil, nil, lifetimes, clock.Now), clock
}

func begin(t *testing.T, s *session.Service, old *session.Session, in session.SignIn) (string, *session.Session) {
	t.Helper()
	f, err := s.StartFlow(t.Context(), "", handle.New(), session.Request{}, session.Progress{})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := s.Begin(t.Context(), f, old, in)
	if err != nil {
		t.Fatal(err)
	}
	if begun.Flow.ID != f.ID || begun.Flow.Progress.Account != in.AccountID || begun.Flow.Progress.SignedInAt.IsZero() {
		t.Errorf("the flow has %+v", begun.Flow.Progress)
	}
	return begun.Cookie, begun.Session
}

func current(t *testing.T, s *session.Service, cookie string) *session.Session {
	t.Helper()
	sess, err := s.Current(t.Context(), cookie)
	if err != nil {
		t.Fatal(err)
	}
	return sess
}

func TestASessionEndsUnusedOrOld(t *testing.T) {
	cases := []struct {
		name     string
		remember bool
		steps    []time.Duration // each is followed by a visit
		alive    bool
	}{
		{"used within idle", false, []time.Duration{50 * time.Minute, 50 * time.Minute}, true},
		{"idle", false, []time.Duration{61 * time.Minute}, false},
		{"absolute", false, slices.Repeat([]time.Duration{50 * time.Minute}, 10), false},
		{"remembered, idle for long", true, []time.Duration{23 * time.Hour, 23 * time.Hour}, true},
		{"remembered, absolute", true, slices.Repeat([]time.Duration{20 * time.Hour}, 4), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, clock := service(t)
			cookie, _ := begin(t, s, nil, session.SignIn{AccountID: "ada", Remember: c.remember})
			var sess *session.Session
			for _, step := range c.steps {
				clock.Pass(step)
				if sess = current(t, s, cookie); sess == nil {
					break
				}
				if err := s.See(t.Context(), sess); err != nil {
					t.Fatal(err)
				}
			}
			if (sess != nil) != c.alive {
				t.Errorf("alive = %v, want %v", sess != nil, c.alive)
			}
		})
	}
}

func TestSigningInAgainChangesTheCookieAndKeepsTheName(t *testing.T) {
	s, _ := service(t)
	first, old := begin(t, s, nil, session.SignIn{AccountID: "ada"})
	if lives, err := s.Opened(t.Context(), old, "web"); !lives || err != nil {
		t.Fatal(lives, err)
	}
	old = current(t, s, first)
	second, sess := begin(t, s, old, session.SignIn{AccountID: "ada"})
	if second == first || current(t, s, first) != nil {
		t.Error("the old cookie still opens a session")
	}
	if sess.SID != old.SID || !slices.Contains(current(t, s, second).Clients, "web") {
		t.Error("the same person's session lost its name or its apps")
	}
	_, other := begin(t, s, sess, session.SignIn{AccountID: "bob"})
	if other.SID == old.SID || len(other.Clients) != 0 {
		t.Error("another person took over the session's name or apps")
	}
}

// TestWhoLosesTheConsentMeanwhileIsTold, whether the client is new to the session
// or not; what other clients were allowed is theirs.
func TestWhoLosesTheConsentMeanwhileIsTold(t *testing.T) {
	s, _ := service(t)
	_, sess := begin(t, s, nil, session.SignIn{AccountID: "ada"})
	for _, id := range []string{"guest", "shop"} {
		if err := s.RememberConsent(t.Context(), sess, id, []string{"openid"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.ForgetConsent(t.Context(), "ada", "guest", true); err != nil {
		t.Fatal(err)
	}
	for _, sess.Clients = range [][]string{nil, {"guest", "shop"}} {
		for id, want := range map[string]bool{"guest": false, "shop": true, "web": true} {
			if lives, err := s.Opened(t.Context(), sess, id); lives != want || err != nil {
				t.Errorf("%s with %v: %v, %v", id, sess.Clients, lives, err)
			}
		}
	}
}

// TestWhoLosesTheSessionMeanwhileIsTold, whether the client is new to the
// session or not.
func TestWhoLosesTheSessionMeanwhileIsTold(t *testing.T) {
	s, _ := service(t)
	cookie, sess := begin(t, s, nil, session.SignIn{AccountID: "ada"})
	if lives, err := s.Opened(t.Context(), sess, "web"); !lives || err != nil {
		t.Fatal(lives, err)
	}
	sess = current(t, s, cookie)
	if lives, err := s.Opened(t.Context(), sess, "web"); !lives || err != nil {
		t.Errorf("the second time: %v, %v", lives, err)
	}
	if err := s.End(t.Context(), sess); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"web", "shop"} {
		if lives, err := s.Opened(t.Context(), sess, id); lives || err != nil {
			t.Errorf("%s, after the end: %v, %v", id, lives, err)
		}
	}
	if current(t, s, cookie) != nil {
		t.Error("the session came back")
	}
}

// TestASignInThatWasNotToBe leaves no session and no trace in the flow; nor does
// one whose flow has ended.
func TestASignInThatWasNotToBe(t *testing.T) {
	s, clock := service(t)
	ctx, mine := t.Context(), handle.New()
	f, err := s.StartFlow(ctx, "", mine, session.Request{}, session.Progress{Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := s.Begin(ctx, f, nil, session.SignIn{AccountID: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Undo(ctx, begun); err != nil {
		t.Fatal(err)
	}
	stored, err := s.Flow(ctx, session.SigningIn, f.ID, mine)
	if err != nil || !stored.Progress.SignedInAt.IsZero() || stored.Progress.Email != "ada@example.com" {
		t.Errorf("the flow has %+v, %v", stored.Progress, err)
	}
	if err := s.Finish(ctx, f); err != nil {
		t.Fatal(err)
	}
	for _, read := range [][]byte{nil, stored.Stored} {
		f.Stored = read
		if _, err := s.Begin(ctx, f, nil, session.SignIn{AccountID: "ada"}); !fault.Is(err, fault.Expired) {
			t.Errorf("Begin in a flow that is over: %v", err)
		}
	}
	if err := s.Undo(ctx, begun); err != nil {
		t.Errorf("undone again, with the flow over: %v", err)
	}
	clock.Pass(time.Second)
	if live, err := s.Live(ctx, "ada"); err != nil || len(live) > 0 {
		t.Errorf("%d sessions live, %v", len(live), err)
	}
}

func TestAFlowIsBoundToItsBrowserAndPurpose(t *testing.T) {
	s, clock := service(t)
	mine, other := handle.New(), handle.New()
	f, err := s.StartFlow(t.Context(), "192.0.2.1", mine, session.Request{ClientID: "web"}, session.Progress{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Flow(t.Context(), session.SigningIn, f.ID, mine); err != nil {
		t.Fatalf("its own browser: %v", err)
	}
	refused := []struct {
		name        string
		purpose     session.Purpose
		id, browser string
	}{
		{"another browser", session.SigningIn, f.ID, other},
		{"no browser", session.SigningIn, f.ID, ""},
		{"another purpose", session.SigningOut, f.ID, mine},
		{"another flow", session.SigningIn, handle.New(), mine},
		{"nonsense", session.SigningIn, "../../etc", mine},
	}
	for _, c := range refused {
		if _, _, err := s.FlowAndSession(t.Context(), c.purpose, c.id, c.browser, handle.New()); !fault.Is(err, fault.Expired) {
			t.Errorf("%s, with a session: %v, want expired", c.name, err)
		}
		if _, err := s.Flow(t.Context(), c.purpose, c.id, c.browser); !fault.Is(err, fault.Expired) {
			t.Errorf("%s: %v, want expired", c.name, err)
		}
	}
	clock.Pass(31 * time.Minute)
	if _, err := s.Flow(t.Context(), session.SigningIn, f.ID, mine); !fault.Is(err, fault.Expired) {
		t.Errorf("after its time: %v, want expired", err)
	}
}

func TestOfManyWhoFinishAFlowOneDoes(t *testing.T) {
	s, _ := service(t)
	f, err := s.StartFlow(t.Context(), "192.0.2.1", handle.New(), session.Request{ClientID: "web"}, session.Progress{})
	if err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			switch err := s.Finish(t.Context(), f); {
			case err == nil:
				won.Add(1)
			case !fault.Is(err, fault.Expired):
				t.Errorf("Finish: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d callers finished the flow, want 1", won.Load())
	}
}

func TestAWithdrawnConsentLeavesEverySession(t *testing.T) {
	s, _ := service(t)
	var cookies []string
	for i := range 3 {
		cookie, sess := begin(t, s, nil, session.SignIn{AccountID: "ada"})
		cookies = append(cookies, cookie)
		if i == 0 {
			continue // it has no copy yet
		}
		if err := s.RememberConsent(t.Context(), sess, "web", []string{"openid"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"web", "shop"} {
		if err := s.ForgetConsent(t.Context(), "ada", id, id == "web"); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range cookies {
		sess := current(t, s, c)
		if got := sess.Consents; len(got) != 1 || got["web"] == nil || len(got["web"]) > 0 {
			t.Errorf("session %d remembers %v", i, got)
		}
		// Who read it before copies it now.
		if err := s.CopyConsent(t.Context(), sess, "web", []string{"openid"}); err != nil || len(sess.Consents["web"]) > 0 {
			t.Errorf("session %d has a copy of what is gone: %v, %v", i, sess.Consents, err)
		}
		if err := s.RememberConsent(t.Context(), sess, "web", []string{"openid"}); err != nil || len(current(t, s, c).Consents["web"]) != 1 {
			t.Errorf("session %d: the person allows it again: %v", i, err)
		}
	}
}

func TestEndingSessions(t *testing.T) {
	s, _ := service(t)
	mine, sess := begin(t, s, nil, session.SignIn{AccountID: "ada"})
	phone, other := begin(t, s, nil, session.SignIn{AccountID: "ada"})
	foreign, bob := begin(t, s, nil, session.SignIn{AccountID: "bob"})
	if _, err := s.EndOther(t.Context(), "ada", bob.SID); !fault.Is(err, fault.NotFound) {
		t.Errorf("ending somebody else's session: %v, want not found", err)
	}
	if _, err := s.EndOther(t.Context(), "ada", other.SID); err != nil || current(t, s, phone) != nil {
		t.Errorf("ending one's other session: %v", err)
	}
	if _, err := s.EndAll(t.Context(), "ada", sess.Key); err != nil || current(t, s, mine) == nil {
		t.Errorf("ending all others ended this one: %v", err)
	}
	if ended, err := s.EndAll(t.Context(), "ada", ""); err != nil || len(ended) != 1 || current(t, s, mine) != nil {
		t.Errorf("ending all: %d, %v", len(ended), err)
	}
	if current(t, s, foreign) == nil {
		t.Error("somebody else was signed out")
	}
}

// TestSignInUntil: a session is over when the provider said that the sign-in would
// be, and never later than any other.
func TestSignInUntil(t *testing.T) {
	for name, c := range map[string]struct{ until, over time.Duration }{
		"sooner": {40 * time.Minute, 40 * time.Minute}, "later than any": {100 * time.Hour, 8 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := service(t)
			cookie, sess := begin(t, s, nil, session.SignIn{AccountID: "ada", Until: clock.Now().Add(c.until)})
			if want := clock.Now().Add(c.over); !sess.ExpiresAt.Equal(want) {
				t.Errorf("it ends at %s, want %s", sess.ExpiresAt, want)
			}
			clock.Pass(c.over - time.Minute)
			if c.over < lifetimes.Idle && current(t, s, cookie) == nil {
				t.Error("it ended before its time")
			}
			clock.Pass(time.Minute)
			if current(t, s, cookie) != nil {
				t.Error("it outlives its time")
			}
		})
	}
}
