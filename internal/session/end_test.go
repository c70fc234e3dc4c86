package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"signet/internal/session"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

// telling is service with a notifier.
func telling(t *testing.T, n session.Notifier) *session.Service {
	clock := storetest.NewClock()
	_, backend := storetest.Embedded(t, clock.Now)
	return session.NewService(kv.NewSessions(backend, clock.Now), nil, n, lifetimes, clock.Now)
}

// apps note what they are told, and may do something when they are.
type apps struct {
	told []string
	do   func(*session.Session) error
}

func (a *apps) Ended(_ context.Context, sessions []*session.Session) error {
	for _, s := range sessions {
		for _, id := range s.Clients {
			a.told = append(a.told, s.SID+" "+id)
		}
		if a.do != nil {
			if err := a.do(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestAppsAreToldBeforeTheEnd: a session ends once its apps are told, and one that
// was signed in to meanwhile is told as well; what cannot be told does not end.
func TestAppsAreToldBeforeTheEnd(t *testing.T) {
	a := &apps{}
	s := telling(t, a)
	ctx := t.Context()
	cookie, sess := begin(t, s, nil, session.SignIn{AccountID: "ada"})
	open := func(id string) {
		t.Helper()
		if _, err := s.Opened(ctx, sess, id); err != nil {
			t.Fatal(err)
		}
	}
	open("web")
	sess = current(t, s, cookie)
	a.do = func(*session.Session) error { return errors.New("the queue is away") }
	if err := s.End(ctx, sess); err == nil || current(t, s, cookie) == nil {
		t.Error("a session ended although nobody could be told")
	}
	a.told = nil
	a.do = func(*session.Session) error {
		a.do = nil
		if current(t, s, cookie) == nil {
			t.Error("the session ended before its apps were told")
		}
		open("late")
		return nil
	}
	if err := s.End(ctx, sess); err != nil || current(t, s, cookie) != nil {
		t.Errorf("the session goes on: %v", err)
	}
	if want := []string{sess.SID + " web", sess.SID + " late"}; !slices.Equal(a.told, want) {
		t.Errorf("told %v, want %v", a.told, want)
	}
	if err := s.End(ctx, sess); err != nil {
		t.Errorf("ending it twice: %v", err)
	}
}

// TestWhoseSessionGoesOn: a session goes on under its name when its person signs in
// again, and ends when somebody else does; one that ended meanwhile gives its name to
// nobody.
func TestWhoseSessionGoesOn(t *testing.T) {
	a := &apps{}
	s := telling(t, a)
	ctx := t.Context()
	cookie, sess := begin(t, s, nil, session.SignIn{AccountID: "ada"})
	if _, err := s.Opened(ctx, sess, "web"); err != nil {
		t.Fatal(err)
	}
	old := current(t, s, cookie)
	cookie, again := begin(t, s, old, session.SignIn{AccountID: "ada"})
	if len(a.told) != 0 || again.SID != sess.SID || !slices.Equal(current(t, s, cookie).Clients, []string{"web"}) {
		t.Errorf("signed in again: told %v, the session is %+v", a.told, again)
	}
	_, other := begin(t, s, current(t, s, cookie), session.SignIn{AccountID: "bob"})
	if !slices.Equal(a.told, []string{sess.SID + " web"}) || other.SID == sess.SID || len(other.Clients) != 0 {
		t.Errorf("somebody else signed in: told %v, the session is %+v", a.told, other)
	}
	if _, late := begin(t, s, again, session.SignIn{AccountID: "ada"}); late.SID == sess.SID || len(late.Clients) != 0 {
		t.Errorf("after its end the session goes on: %+v", late)
	}
}
