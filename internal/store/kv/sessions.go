package kv

import (
	"context"
	"strconv"
	"time"

	"signet/internal/handle"
	"signet/internal/session"
)

// Sessions implements session.Store: sessions here, flows in flows.go.
//
//	session:{key}       the session, until its ExpiresAt
//	seen:{key}          when it was last used, Unix milliseconds
//	sessions:{account}  set of session keys
//	upstream:{name}     set of accounts, by what a provider calls their session there
//	flow:{key}          the flow, until its ExpiresAt
type Sessions struct {
	b   Backend
	now func() time.Time
}

var _ session.Store = (*Sessions)(nil)

// NewSessions returns the session store on the backend; now is the clock from
// which lifetimes are reckoned.
func NewSessions(b Backend, now func() time.Time) *Sessions {
	return &Sessions{b: b, now: now}
}

func sessionKey(key string) string { return "session:{" + key + "}" }
func seenKey(key string) string    { return "seen:{" + key + "}" }
func upstreamKey(connection, name string) string {
	return "upstream:{" + handle.Sum(connection+"\x00"+name) + "}"
}
func sessionsKey(account string) string { return "sessions:{" + account + "}" }

// Session returns the session with its LastSeen, or nil.
func (s *Sessions) Session(ctx context.Context, key string) (*session.Session, error) {
	raw, err := s.b.Get(ctx, sessionKey(key), seenKey(key))
	if err != nil {
		return nil, err
	}
	return decodeSession(key, raw[0], raw[1])
}

func decodeSession(key string, raw, seen []byte) (*session.Session, error) {
	sess, err := decode[session.Session](raw)
	if sess == nil || err != nil {
		return nil, err
	}
	sess.Key, sess.Stored, sess.LastSeen = key, raw, sess.CreatedAt
	if ms, err := strconv.ParseInt(string(seen), 10, 64); err == nil {
		sess.LastSeen = time.UnixMilli(ms).UTC()
	}
	return sess, nil
}

// PutSession stores a new session, lists it with its account, and changes its flow.
func (s *Sessions) PutSession(ctx context.Context, sess *session.Session, flow string, last []byte, edit func(*session.Flow) error) (*session.Flow, error) {
	raw, err := encode(sess)
	if err != nil {
		return nil, err
	}
	ttl := sess.ExpiresAt.Sub(s.now())
	// The session before the listing: whoever finds a key listed finds its
	// session, and may drop a key that leads nowhere.
	ops := []Op{Put(sessionKey(sess.Key), raw, ttl), s.seen(sess, sess.LastSeen, ttl), Add(sessionsKey(sess.AccountID), sess.Key, ttl)}
	if u := sess.Upstream; u != nil && u.Session != "" {
		ops = append(ops, Add(upstreamKey(u.Connection, u.Session), sess.AccountID, ttl))
	}
	return s.updateFlow(ctx, flow, last, edit, ops...)
}

func (s *Sessions) seen(sess *session.Session, at time.Time, ttl time.Duration) Op {
	return Put(seenKey(sess.Key), strconv.AppendInt(nil, at.UnixMilli(), 10), ttl)
}

// UpdateSession changes a stored session by edit, which does not get LastSeen
// to see. The session's remaining life stays as it is.
func (s *Sessions) UpdateSession(ctx context.Context, key string, last []byte, edit func(*session.Session)) (bool, error) {
	sess, _, err := update(ctx, s.b, sessionKey(key), last, func(sess *session.Session) error {
		sess.Key = key
		edit(sess)
		return nil
	})
	return sess != nil, err
}

// SeeSession notes when the session was last used, and lists it with its
// account again should the listing have been lost.
func (s *Sessions) SeeSession(ctx context.Context, sess *session.Session, now time.Time) error {
	ttl := sess.ExpiresAt.Sub(s.now())
	return s.b.Write(ctx, s.seen(sess, now, ttl), Add(sessionsKey(sess.AccountID), sess.Key, ttl))
}

// DeleteSession ends a session and returns it, as it was at its end, to exactly
// one of several callers; nil to the others.
func (s *Sessions) DeleteSession(ctx context.Context, sess *session.Session) (*session.Session, error) {
	raw, err := s.b.Take(ctx, sessionKey(sess.Key),
		Delete(seenKey(sess.Key)), Remove(sessionsKey(sess.AccountID), sess.Key))
	if err != nil {
		return nil, err
	}
	return decodeSession(sess.Key, raw, nil)
}

// SessionsOf returns the account's sessions, in two round trips; a third one
// tidies the listing where it names sessions that are gone.
func (s *Sessions) SessionsOf(ctx context.Context, accountID string) ([]*session.Session, error) {
	keys, err := s.b.Members(ctx, sessionsKey(accountID))
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	names := make([]string, 0, 2*len(keys))
	for _, key := range keys {
		names = append(names, sessionKey(key), seenKey(key))
	}
	raw, err := s.b.Get(ctx, names...)
	if err != nil {
		return nil, err
	}
	var (
		out  []*session.Session
		gone []Op
	)
	for i, key := range keys {
		sess, err := decodeSession(key, raw[2*i], raw[2*i+1])
		switch {
		case err != nil:
			return nil, err
		case sess == nil:
			gone = append(gone, Remove(sessionsKey(accountID), key))
		default:
			out = append(out, sess)
		}
	}
	if len(gone) > 0 {
		err = s.b.Write(ctx, gone...)
	}
	return out, err
}

// UpstreamAccounts returns the accounts that were signed in to by the provider's
// session of the name.
func (s *Sessions) UpstreamAccounts(ctx context.Context, connectionID, name string) ([]string, error) {
	return s.b.Members(ctx, upstreamKey(connectionID, name))
}
