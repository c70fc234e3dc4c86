package session

import (
	"context"
	"crypto/subtle"
	"slices"

	"signet/internal/fault"
)

// Notifier is told of sessions that somebody ended, so that the apps they were
// used with learn of it. A session whose time is over ends without a word.
type Notifier interface {
	// Ended takes note of the sessions. It is asked before they end, so that
	// none ends unannounced, and thus may be told of one twice; what takes long
	// is done later.
	Ended(ctx context.Context, sessions []*Session) error
}

// end is the one way in which sessions end before their time: the apps are told,
// and the sessions are gone.
func (s *Service) end(ctx context.Context, sessions []*Session) error {
	if err := s.tell(ctx, sessions); err != nil {
		return err
	}
	var late []*Session
	for _, sess := range sessions {
		last, err := s.store.DeleteSession(ctx, sess)
		if err != nil {
			return err
		}
		if last == nil {
			continue
		}
		// An app that was signed in to after the session was read.
		last.Clients = slices.DeleteFunc(last.Clients, func(id string) bool { return slices.Contains(sess.Clients, id) })
		late = append(late, last)
	}
	return s.tell(ctx, late)
}

func (s *Service) tell(ctx context.Context, sessions []*Session) error {
	used := func(sess *Session) bool { return len(sess.Clients) > 0 }
	if s.notifier == nil || !slices.ContainsFunc(sessions, used) {
		return nil
	}
	return s.notifier.Ended(ctx, sessions)
}

// End ends one session; ending it twice is no error.
func (s *Service) End(ctx context.Context, sess *Session) error {
	return s.end(ctx, []*Session{sess})
}

// EndElsewhere ends the account's living sessions that began otherwise than by one of
// the connections, and returns how many it ended and how many are left.
func (s *Service) EndElsewhere(ctx context.Context, accountID string, connections []string) (ended, left int, err error) {
	sessions, err := s.Live(ctx, accountID)
	if err != nil {
		return 0, 0, err
	}
	elsewhere := slices.DeleteFunc(slices.Clone(sessions), func(sess *Session) bool {
		return sess.Upstream != nil && slices.Contains(connections, sess.Upstream.Connection)
	})
	return len(elsewhere), len(sessions) - len(elsewhere), s.end(ctx, elsewhere)
}

// EndOther ends the account's session with the public name sid and returns it,
// or a fault of kind NotFound when this account has none of that name.
func (s *Service) EndOther(ctx context.Context, accountID, sid string) (*Session, error) {
	sessions, err := s.store.SessionsOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	for _, sess := range sessions {
		if subtle.ConstantTimeCompare([]byte(sess.SID), []byte(sid)) == 1 {
			return sess, s.End(ctx, sess)
		}
	}
	return nil, fault.New(fault.NotFound, "This session has ended already.")
}

// EndAll ends every session of the account but the one with the key except,
// and returns those it ended.
func (s *Service) EndAll(ctx context.Context, accountID, except string) ([]*Session, error) {
	sessions, err := s.store.SessionsOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	sessions = slices.DeleteFunc(sessions, func(sess *Session) bool { return sess.Key == except })
	return sessions, s.end(ctx, sessions)
}

// EndUpstream ends the account's sessions that began by the connection or, where
// name is not "", those of them that the provider knows by it, and returns them.
func (s *Service) EndUpstream(ctx context.Context, accountID, connectionID, name string) ([]*Session, error) {
	sessions, err := s.store.SessionsOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	sessions = slices.DeleteFunc(sessions, func(sess *Session) bool {
		u := sess.Upstream
		return u == nil || u.Connection != connectionID || name != "" && u.Session != name
	})
	return sessions, s.end(ctx, sessions)
}

// EndNamed ends the sessions that the connection's provider knows by the name,
// whosever they are, and returns them.
func (s *Service) EndNamed(ctx context.Context, connectionID, name string) ([]*Session, error) {
	accounts, err := s.store.UpstreamAccounts(ctx, connectionID, name)
	if err != nil {
		return nil, err
	}
	var ended []*Session
	for _, id := range accounts {
		some, err := s.EndUpstream(ctx, id, connectionID, name)
		if err != nil {
			return nil, err
		}
		ended = append(ended, some...)
	}
	return ended, nil
}
