package grant

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
	"signet/internal/handle"
)

// A code is the grant's id and 256 random bits. The id is no secret; it is
// there so that a second use names the grant that must die, although the code
// itself is gone by then.
const (
	codeIDLen  = 16
	codeRawLen = codeIDLen + 32
)

func newCode() (code, grantID string) {
	id := uuid.Must(uuid.NewV7())
	raw := make([]byte, codeRawLen)
	copy(raw, id[:])
	rand.Read(raw[codeIDLen:])
	return base64.RawURLEncoding.EncodeToString(raw), id.String()
}

func grantOfCode(code string) (string, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil || len(raw) != codeRawLen {
		return "", false
	}
	return uuid.UUID(raw[:codeIDLen]).String(), true
}

// refreshTokens makes and reads refresh tokens. A token is
//
//	generation (8 bytes) | root (32 random bytes) | tag (16 bytes)
//	generation | root | bond (16 bytes) | tag
//
// The root is the handle of the family, of which only the SHA-256 is stored.
// The tag authenticates all before it under a secret of the nodes, so that
// nobody who has seen one token can make the next, an old token is told from a
// forged one, and the answer to a retried request can be made again without
// having been stored.
//
// The bond is that of a token that is bound to a key of the client: it
// authenticates the key, for this family. A token that was stolen is so refused
// before anything is read or changed.
type refreshTokens struct{ secret []byte }

const (
	rootLen       = 32
	bondLen       = 16
	tagLen        = 16
	refreshRawLen = 8 + rootLen + tagLen
)

func (t refreshTokens) encode(root []byte, generation int64, kept Confirmation) string {
	raw := make([]byte, 0, refreshRawLen+bondLen)
	raw = binary.BigEndian.AppendUint64(raw, uint64(generation))
	raw = append(raw, root...)
	raw = append(raw, t.bond(root, kept)...)
	raw = append(raw, t.mac(tagLen, raw)...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// decode returns what is in a genuine token; the bond is empty where the token
// is bound to nothing.
func (t refreshTokens) decode(token string) (root []byte, generation int64, bond []byte, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != refreshRawLen && len(raw) != refreshRawLen+bondLen {
		return nil, 0, nil, false
	}
	body, tag := raw[:len(raw)-tagLen], raw[len(raw)-tagLen:]
	if !hmac.Equal(tag, t.mac(tagLen, body)) {
		return nil, 0, nil, false
	}
	return body[8 : 8+rootLen], int64(binary.BigEndian.Uint64(body)), body[8+rootLen:], true
}

// bond ties the family of the root to the key; it is empty for none.
func (t refreshTokens) bond(root []byte, kept Confirmation) []byte {
	if kept.IsZero() {
		return nil
	}
	return t.mac(bondLen, []byte("bond"), root, []byte(kept.JKT), []byte("|"), []byte(kept.Certificate))
}

func (t refreshTokens) mac(length int, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, t.secret)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)[:length]
}

func rootKey(root []byte) string { return handle.Sum(string(root)) }

// ErrReuse is in the chain of the fault that Refresh returns when a token came
// back that had been replaced before: somebody has a copy, and the family is
// dead.
var ErrReuse = errors.New("refresh token reuse")

// ErrBond is in the chain of the fault that Refresh returns when the request did
// not prove to have the key to which the token is bound.
var ErrBond = errors.New("refresh token of another key")

// StartFamily begins the family of the grant and returns its first token, bound
// to what kept names. For a grant that was revoked meanwhile the token is dead
// from the start.
func (s *Service) StartFamily(ctx context.Context, g Grant, kept Confirmation) (string, error) {
	root := make([]byte, rootLen)
	rand.Read(root)
	now := s.now()
	end := now.Add(s.life.RefreshAbsolute)
	_, err := s.families.CreateFamily(ctx, &Family{
		Grant: g, RootKey: rootKey(root), RotatedAt: now, CreatedAt: now,
		IdleUntil: earlier(now.Add(s.life.RefreshIdle), end), ExpiresAt: end,
	})
	if err != nil {
		return "", err
	}
	return s.refresh.encode(root, 0, kept), nil
}

// Refresh uses the client's refresh token and returns its family and the token
// that replaces it. The token before the current one gets the same answer
// again for a short grace, because answers get lost; an older one revokes the
// family (RFC 9700 §4.14.2). Every refusal is a fault of kind Expired.
//
// kept is what the client proved to have, of a client whose tokens are to be
// bound to it: the next token is, and a token that is bound is good with the
// same alone.
func (s *Service) Refresh(ctx context.Context, token, clientID string, kept Confirmation) (*Family, string, error) {
	root, generation, err := s.opened(token, kept)
	if err != nil {
		return nil, "", err
	}
	now := s.now()
	f, err := s.families.RotateFamily(ctx, rootKey(root), clientID, generation, now.Add(s.life.RefreshIdle), now)
	if err != nil {
		return nil, "", err
	}
	if f == nil {
		if f, err = s.retried(ctx, root, generation, clientID, now); err != nil {
			return nil, "", err
		}
	}
	return f, s.refresh.encode(root, f.Generation, kept), nil
}

// Reuse uses the client's refresh token and returns its family; the token stays
// the same. It is for confidential clients whose profile says so (FAPI 2.0
// Security Profile §5.3.2.1): an answer that is lost then locks nobody out, and
// who steals the token cannot use it without the client's key. An older token of
// a family that was rotated before is refused, and revokes the family, as ever.
// kept is as for Refresh.
func (s *Service) Reuse(ctx context.Context, token, clientID string, kept Confirmation) (*Family, error) {
	root, generation, err := s.opened(token, kept)
	if err != nil {
		return nil, err
	}
	now := s.now()
	f, err := s.families.KeepFamily(ctx, rootKey(root), clientID, generation, now.Add(s.life.RefreshIdle), now)
	if err == nil && f == nil {
		f, err = s.retried(ctx, root, generation, clientID, now)
	}
	return f, err
}

// opened returns what is in a genuine token that is bound to nothing, or to what
// kept names.
func (s *Service) opened(token string, kept Confirmation) (root []byte, generation int64, err error) {
	root, generation, bond, ok := s.refresh.decode(token)
	switch {
	case !ok:
		return nil, 0, fault.New(fault.Expired, "the refresh token was never given out")
	case len(bond) > 0 && !hmac.Equal(bond, s.refresh.bond(root, kept)):
		return nil, 0, fault.Wrap(fault.Expired, ErrBond, "the refresh token is bound to a key, and the request does not prove to have it")
	}
	return root, generation, nil
}

// retried answers for a token that is not its family's current one.
func (s *Service) retried(ctx context.Context, root []byte, generation int64, clientID string, now time.Time) (*Family, error) {
	f, err := s.families.FamilyByRoot(ctx, rootKey(root))
	switch {
	case err != nil:
		return nil, err
	case f == nil || f.Grant.ClientID != clientID:
		return nil, fault.New(fault.Expired, "the refresh token is not one of this client")
	case f.RevokedAt != nil:
		return nil, fault.New(fault.Expired, "the refresh token was revoked")
	case !now.Before(f.IdleUntil) || !now.Before(f.ExpiresAt):
		return nil, fault.New(fault.Expired, "the refresh token has expired")
	case generation == f.Generation:
		// It is current, and yet was not rotated.
		return nil, fault.New(fault.Expired, "the account may not be used at the moment")
	case generation == f.Generation-1 && now.Sub(f.RotatedAt) < s.life.RefreshGrace:
		return f, nil
	}
	if err := s.Revoke(ctx, f.Grant.ID); err != nil {
		return nil, err
	}
	return nil, fault.Wrap(fault.Expired, ErrReuse, "the refresh token was used before, so its whole family was revoked")
}

// FamilyOf returns the family of a genuine refresh token, and whether the
// token is its current and living one (RFC 7662 asks); nil when it is none of
// ours.
func (s *Service) FamilyOf(ctx context.Context, token string) (f *Family, active bool, err error) {
	root, generation, _, ok := s.refresh.decode(token)
	if !ok {
		return nil, false, nil
	}
	f, err = s.families.FamilyByRoot(ctx, rootKey(root))
	if err != nil || f == nil {
		return nil, false, err
	}
	now := s.now()
	return f, f.RevokedAt == nil && generation == f.Generation && now.Before(f.IdleUntil) && now.Before(f.ExpiresAt), nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
