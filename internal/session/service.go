package session

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
)

// Lifetimes are how long sessions and flows live.
type Lifetimes struct {
	Idle         time.Duration // a session unused for longer is over
	Absolute     time.Duration // a session is over after this, used or not
	RememberIdle time.Duration // the same two, for "stay signed in"
	Remember     time.Duration
	Flow         time.Duration
	Pushed       time.Duration // a request that an app pushed, until the browser brings it
}

// seeEvery is how often the use of a session is noted: the account page shows
// minutes, and a write on every request would cost more than it tells.
const seeEvery = time.Minute

// Service is what the protocol and the pages do with sessions and flows.
type Service struct {
	store    Store
	gate     Gate
	notifier Notifier
	life     Lifetimes
	now      func() time.Time
}

// Gate says whether one more flow may begin from the address; a fault of kind
// Limited when not. A flow is stored for anybody who asks.
type Gate func(ctx context.Context, ip string) error

// NewService returns the service on the store; now is the clock, and gate and
// notifier may be nil.
func NewService(store Store, gate Gate, notifier Notifier, life Lifetimes, now func() time.Time) *Service {
	return &Service{store: store, gate: gate, notifier: notifier, life: life, now: now}
}

// Current returns the session of the cookie's value, or nil when there is none
// that still lives.
func (s *Service) Current(ctx context.Context, cookie string) (*Session, error) {
	if !handle.Valid(cookie) {
		return nil, nil
	}
	sess, err := s.store.Session(ctx, handle.Sum(cookie))
	if err != nil {
		return nil, err
	}
	return s.current(ctx, sess)
}

// current is the session that was read, or nil when it is over.
func (s *Service) current(ctx context.Context, sess *Session) (*Session, error) {
	if sess != nil && s.over(sess) {
		_, err := s.store.DeleteSession(ctx, sess)
		return nil, err
	}
	return sess, nil
}

func (s *Service) over(sess *Session) bool {
	idle := s.life.Idle
	if sess.Remember {
		idle = s.life.RememberIdle
	}
	now := s.now()
	return !now.Before(sess.ExpiresAt) || now.Sub(sess.LastSeen) > idle
}

// Lives reports whether the session has not ended meanwhile. It is asked once
// what the session let somebody have is stored, so that whoever first ends all
// sessions of an account and then what was granted misses nothing.
func (s *Service) Lives(ctx context.Context, sess *Session) (bool, error) {
	now, err := s.store.Session(ctx, sess.Key)
	return now != nil, err
}

// See notes that the session is in use, at most once a minute.
func (s *Service) See(ctx context.Context, sess *Session) error {
	if now := s.now(); now.Sub(sess.LastSeen) >= seeEvery {
		return s.store.SeeSession(ctx, sess, now)
	}
	return nil
}

// SignIn is a proven sign-in, to become a session.
type SignIn struct {
	AccountID string
	AMR       []string
	ACR       string
	Remember  bool
	Upstream  *Upstream // where, if not here
	Until     time.Time // the session ends then, if not before; zero: that is not said
	UserAgent string
	IP        string
}

// Begun is a session that a sign-in made.
type Begun struct {
	*Session
	Cookie string // the new value
	Flow   *Flow  // as it is then: it knows that the person signed in
}

// Begin makes the session of a sign-in in the flow. The browser's former session,
// if any, ends: a new id at each sign-in leaves nothing for who planted the old
// one (ASVS 5.0 §7.2.4). A person who signs in again keeps the session's public
// name and what it knew.
func (s *Service) Begin(ctx context.Context, f *Flow, old *Session, in SignIn) (*Begun, error) {
	now := s.now()
	cookie := handle.New()
	sess := &Session{
		Key: handle.Sum(cookie), SID: handle.Short(), AccountID: in.AccountID,
		AuthTime: now, AMR: in.AMR, ACR: in.ACR, CreatedAt: now, LastSeen: now,
		Remember: in.Remember, Upstream: in.Upstream, UserAgent: in.UserAgent, IP: in.IP,
		ExpiresAt: now.Add(s.life.Absolute),
	}
	if in.Remember {
		sess.ExpiresAt = now.Add(s.life.Remember)
	}
	if !in.Until.IsZero() && in.Until.Before(sess.ExpiresAt) {
		sess.ExpiresAt = in.Until
	}
	if err := s.replace(ctx, old, sess); err != nil {
		return nil, err
	}
	out, err := s.store.PutSession(ctx, sess, handle.Sum(f.ID), f.Stored, func(stored *Flow) error {
		stored.Progress.Of(sess).SignedInAt = now
		return nil
	})
	if err == nil && out == nil {
		err = errors.Join(errFlowGone(), s.End(ctx, sess))
	}
	if err != nil {
		return nil, err
	}
	out.ID = f.ID
	return &Begun{Session: sess, Cookie: cookie, Flow: out}, nil
}

// replace makes the new session take the place of the browser's former one, if
// any: it goes on under another id, or, where somebody else signs in, ends.
func (s *Service) replace(ctx context.Context, old, next *Session) error {
	switch {
	case old == nil:
		return nil
	case old.AccountID != next.AccountID:
		return s.End(ctx, old)
	}
	last, err := s.store.DeleteSession(ctx, old)
	if last == nil || err != nil {
		return err // it ended meanwhile, and its apps know: the new one has a name of its own
	}
	next.SID, next.Clients, next.Consents = last.SID, last.Clients, last.Consents
	return nil
}

// Undo ends the session of a sign-in that was not to be, and the flow forgets it.
func (s *Service) Undo(ctx context.Context, b *Begun) error {
	_, err := s.Progress(ctx, b.Flow, func(p *Progress) { p.Of(b.Session).SignedInAt = time.Time{} })
	if fault.Is(err, fault.Expired) {
		err = nil
	}
	return errors.Join(err, s.End(ctx, b.Session))
}

// Opened notes that the session signed in to the client, and reports whether it
// lives, as Lives does and at the same moment, with the consent it had, if any.
func (s *Service) Opened(ctx context.Context, sess *Session, clientID string) (lives bool, err error) {
	withdrawn := func(stored *Session) bool {
		return len(sess.Consents[clientID]) > 0 && len(stored.Consents[clientID]) == 0
	}
	if slices.Contains(sess.Clients, clientID) {
		now, err := s.store.Session(ctx, sess.Key)
		return now != nil && !withdrawn(now), err
	}
	gone := false
	lives, err = s.store.UpdateSession(ctx, sess.Key, sess.Stored, func(stored *Session) {
		if gone = withdrawn(stored); !gone && !slices.Contains(stored.Clients, clientID) {
			stored.Clients = append(stored.Clients, clientID)
		}
	})
	return lives && !gone, err
}

// RememberConsent copies what the person just allowed the client into the session.
func (s *Service) RememberConsent(ctx context.Context, sess *Session, clientID string, scopes []string) error {
	sess.remember(clientID, scopes)
	_, err := s.store.UpdateSession(ctx, sess.Key, sess.Stored, func(stored *Session) {
		stored.remember(clientID, scopes)
	})
	return err
}

// CopyConsent copies what the person allowed the client before into the session,
// which may have heard better since that was read: then that is what sess says, too.
func (s *Service) CopyConsent(ctx context.Context, sess *Session, clientID string, scopes []string) error {
	_, err := s.store.UpdateSession(ctx, sess.Key, sess.Stored, func(stored *Session) {
		if known := stored.Consents[clientID]; known != nil {
			scopes = known
		}
		stored.remember(clientID, scopes)
	})
	sess.remember(clientID, scopes)
	return err
}

// ForgetConsent tells the sessions of the account that the person takes back what
// they allowed the client: those with a copy and, where there was something to copy
// until now, every other. Each remembers that nothing is allowed, so that who read
// the consent before copies it no more.
func (s *Service) ForgetConsent(ctx context.Context, accountID, clientID string, was bool) error {
	sessions, err := s.store.SessionsOf(ctx, accountID)
	if err != nil {
		return err
	}
	for _, sess := range sessions {
		if !was && sess.Consents[clientID] == nil {
			continue
		}
		if err := s.RememberConsent(ctx, sess, clientID, []string{}); err != nil {
			return err
		}
	}
	return nil
}

func (sess *Session) remember(clientID string, scopes []string) {
	if sess.Consents == nil {
		sess.Consents = map[string][]string{}
	}
	sess.Consents[clientID] = scopes
}

// Live returns the account's living sessions, last used first.
func (s *Service) Live(ctx context.Context, accountID string) ([]*Session, error) {
	sessions, err := s.store.SessionsOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	sessions = slices.DeleteFunc(sessions, s.over)
	slices.SortFunc(sessions, func(a, b *Session) int { return b.LastSeen.Compare(a.LastSeen) })
	return sessions, nil
}

// StartFlow stores the request as a flow of the browser with the cookie's
// value, at the network address, and returns the flow.
func (s *Service) StartFlow(ctx context.Context, ip, browser string, r Request, p Progress) (*Flow, error) {
	if s.gate != nil {
		if err := s.gate(ctx, ip); err != nil {
			return nil, err
		}
	}
	now := s.now()
	f := &Flow{ID: handle.New(), Browser: handle.Sum(browser), Request: r, Progress: p, CreatedAt: now, ExpiresAt: now.Add(s.life.Flow)}
	if err := s.store.PutFlow(ctx, handle.Sum(f.ID), f); err != nil {
		return nil, err
	}
	return f, nil
}

// errFlowGone is the one answer for a flow that never was, is over, or belongs
// to another browser: which of them it is, is nobody's business.
func errFlowGone() error {
	return fault.New(fault.Expired, "This sign-in has expired or was begun in another browser. Go back to the app and start again.")
}

func (s *Service) bound(f *Flow, browser string) bool {
	return f != nil && subtle.ConstantTimeCompare([]byte(f.Browser), []byte(handle.Sum(browser))) == 1 &&
		s.now().Before(f.ExpiresAt)
}

// Flow returns the flow if it is for the purpose and belongs to the browser
// with the cookie's value; else a fault of kind Expired.
func (s *Service) Flow(ctx context.Context, purpose Purpose, id, browser string) (*Flow, error) {
	if !handle.Valid(id) || !handle.Valid(browser) {
		return nil, errFlowGone()
	}
	f, err := s.store.Flow(ctx, handle.Sum(id))
	if err != nil {
		return nil, err
	}
	return s.checked(f, purpose, id, browser)
}

func (s *Service) checked(f *Flow, purpose Purpose, id, browser string) (*Flow, error) {
	if !s.bound(f, browser) || f.Request.Purpose != purpose {
		return nil, errFlowGone()
	}
	f.ID = id
	return f, nil
}

// FlowAndSession is Flow and Current in one read.
func (s *Service) FlowAndSession(ctx context.Context, purpose Purpose, id, browser, cookie string) (*Flow, *Session, error) {
	if !handle.Valid(cookie) || !handle.Valid(id) || !handle.Valid(browser) {
		f, err := s.Flow(ctx, purpose, id, browser)
		return f, nil, err
	}
	f, sess, err := s.store.FlowAndSession(ctx, handle.Sum(id), handle.Sum(cookie))
	if err != nil {
		return nil, nil, err
	}
	if f, err = s.checked(f, purpose, id, browser); err != nil {
		return nil, nil, err
	}
	sess, err = s.current(ctx, sess)
	return f, sess, err
}

// Progress records what was settled in the flow and returns the flow as it is
// then. The edit may be called more than once.
func (s *Service) Progress(ctx context.Context, f *Flow, edit func(*Progress)) (*Flow, error) {
	out, err := s.store.UpdateFlow(ctx, handle.Sum(f.ID), f.Stored, func(stored *Flow) error {
		edit(&stored.Progress)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, errFlowGone()
	}
	out.ID = f.ID
	return out, nil
}

// Finish removes the flow: of two tabs that finish the same flow, one may
// answer the app and the other gets a fault of kind Expired.
func (s *Service) Finish(ctx context.Context, f *Flow) error {
	taken, err := s.store.TakeFlow(ctx, handle.Sum(f.ID))
	if err != nil {
		return err
	}
	if taken == nil {
		return errFlowGone()
	}
	return nil
}
