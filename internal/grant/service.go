package grant

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
	"signet/internal/handle"
)

// Lifetimes are how long the things of a grant live.
type Lifetimes struct {
	Code            time.Duration
	AccessToken     time.Duration // the longest of any client
	RefreshIdle     time.Duration
	RefreshAbsolute time.Duration
	RefreshGrace    time.Duration // how long the token before the current one is answered again
}

// Service grants, redeems, refreshes and revokes.
type Service struct {
	codes    Codes
	families Families
	consents Consents
	refresh  refreshTokens
	life     Lifetimes
	now      func() time.Time
}

// NewService returns the service on the stores. secret is 32 bytes that all
// nodes share: it authenticates refresh tokens.
func NewService(codes Codes, families Families, consents Consents, secret []byte, life Lifetimes, now func() time.Time) *Service {
	return &Service{codes: codes, families: families, consents: consents, refresh: refreshTokens{secret}, life: life, now: now}
}

// NewID returns the id of a new grant: a UUIDv7.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// IssueCode stores c under a new authorization code, and its grant as living,
// and returns the code, which lives for most at most (0: as long as any). It
// sets c.Grant.ID.
func (s *Service) IssueCode(ctx context.Context, c *Code, most time.Duration) (string, error) {
	code, id := newCode()
	c.Grant.ID = id
	life := s.life.Code
	if most > 0 {
		life = min(life, most)
	}
	return code, s.codes.PutCode(ctx, handle.Sum(code), c, life, s.lasting())
}

// lasting is how long what comes of a grant at one moment can be good: an access
// token that is fetched at its code's last. For so long the grant is known to live,
// to have ended, or its code to be used.
func (s *Service) lasting() time.Duration { return s.life.Code + s.life.AccessToken }

// Redeem uses up the code. Of any number of callers one gets what it stands
// for; each other one ends the grant, because a code that is seen twice was
// stolen (RFC 6749 §4.1.2), and gets a fault of kind Expired. So does everybody once
// the grant was ended: who signs out everywhere leaves no sign-in half done.
func (s *Service) Redeem(ctx context.Context, code string) (*Code, error) {
	id, ok := grantOfCode(code)
	if !ok {
		return nil, fault.New(fault.Expired, "the code was never given out")
	}
	c, used, err := s.codes.UseCode(ctx, handle.Sum(code), id, s.lasting())
	switch {
	case err != nil:
		return nil, err
	case used:
		if err := s.Revoke(ctx, id); err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Expired, "the code was used before, so all that came from it was revoked")
	case c == nil:
		return nil, fault.New(fault.Expired, "the code has expired, was never given out, or what it stands for was ended")
	}
	return c, nil
}

// Begin makes a new grant live for the life of its access token, and stores the
// opaque token where there is one.
func (s *Service) Begin(ctx context.Context, g *Grant, life time.Duration, token string, opaque *Opaque) error {
	return s.codes.NewGrant(ctx, g, life, keyOf(token, opaque), opaque)
}

func keyOf(token string, opaque *Opaque) string {
	if opaque == nil {
		return ""
	}
	return handle.Sum(token)
}

// Live makes the grant live for one more access token, of whichever life, and
// stores the opaque token where there is one. A grant that was revoked meanwhile is
// a fault of kind Expired.
func (s *Service) Live(ctx context.Context, g *Grant, token string, opaque *Opaque) error {
	// Not for the life of this token alone: others of the grant may live longer, and
	// its code may be good for another one.
	alive, err := s.codes.PutGrant(ctx, g, s.lasting(), keyOf(token, opaque), opaque)
	if err == nil && !alive {
		err = fault.New(fault.Expired, "the grant was revoked")
	}
	return err
}

// Grant returns the living grant with the id, or nil.
//
// A grant is made to live (IssueCode, Begin, Live) only where there is no other
// record of it. A refresh leaves the family's row, and a client's own signed
// token the token itself, which known is made of (nil: it is no such token).
// Those are looked up when somebody first asks about them: one that was not
// revoked lives from then on as any other does. The order of Revoke, first the
// row and then the mark, leaves no moment in which this revives one.
func (s *Service) Grant(ctx context.Context, id string, known *Grant) (*Grant, error) {
	g, err := s.recorded(ctx, id, known)
	return s.withParents(ctx, g, err)
}

// withParents returns the grant if all that it came from live, too.
func (s *Service) withParents(ctx context.Context, g *Grant, err error) (*Grant, error) {
	if err != nil || g == nil {
		return nil, err
	}
	for _, id := range g.Parents {
		if parent, err := s.recorded(ctx, id, nil); err != nil || parent == nil {
			return nil, err
		}
	}
	return g, nil
}

func (s *Service) recorded(ctx context.Context, id string, known *Grant) (*Grant, error) {
	g, ended, err := s.codes.Grant(ctx, id)
	if err != nil || g != nil || ended {
		return g, err
	}
	g, revoked, err := s.families.GrantRecord(ctx, id)
	if g == nil {
		g = known
	}
	if err != nil || revoked || g == nil {
		return nil, err
	}
	alive, err := s.codes.PutGrant(ctx, g, s.lasting(), "", nil)
	if err != nil || !alive {
		return nil, err
	}
	return g, nil
}

// Opaque returns what the opaque access token stands for, with its living
// grant; nil when either is gone.
func (s *Service) Opaque(ctx context.Context, token string) (*Opaque, *Grant, error) {
	if !handle.Valid(token) {
		return nil, nil, nil
	}
	o, err := s.codes.Opaque(ctx, handle.Sum(token))
	if err != nil || o == nil || !s.now().Before(o.ExpiresAt) {
		return nil, nil, err
	}
	g, _, err := s.codes.Grant(ctx, o.GrantID)
	if g, err = s.withParents(ctx, g, err); err != nil || g == nil {
		return nil, nil, err
	}
	return o, g, nil
}

// Revoke ends the grant: its refresh tokens and its access tokens. Revoking one
// access token does the same (RFC 7009 §2.1 allows it): a token that is checked
// by its grant alone cannot die while its siblings live.
func (s *Service) Revoke(ctx context.Context, id string) error {
	// First what lasts: a refresh that succeeds after this line is impossible,
	// and the access token of one that succeeded before dies by the next.
	if err := s.families.RevokeFamily(ctx, id, s.now()); err != nil {
		return err
	}
	return s.codes.EndGrants(ctx, s.lasting(), id)
}

// RevokeAll ends what the account granted: all of it, or (clientID not "") to
// the client.
func (s *Service) RevokeAll(ctx context.Context, accountID, clientID string) error {
	ids, err := s.families.RevokeFamiliesOf(ctx, accountID, clientID, s.now())
	if err != nil {
		return err
	}
	// Grants without refresh tokens, and codes that are not redeemed yet: a
	// family that one of them begins later is dead from the start.
	lately, err := s.codes.GrantsOf(ctx, accountID, clientID)
	if err != nil {
		return err
	}
	for _, id := range lately {
		if slices.Contains(ids, id) {
			continue
		}
		if err := s.families.RevokeFamily(ctx, id, s.now()); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	return s.codes.EndGrants(ctx, s.lasting(), ids...)
}

// Consent returns the scopes that the person allowed the client so far.
func (s *Service) Consent(ctx context.Context, accountID, clientID string) ([]string, error) {
	c, err := s.consents.Consent(ctx, accountID, clientID)
	if err != nil || c == nil {
		return nil, err
	}
	return c.Scopes, nil
}

// Allow records that the person allows the client the scopes as well, and
// returns all that it is allowed now.
func (s *Service) Allow(ctx context.Context, accountID, clientID string, scopes []string) ([]string, error) {
	return s.consents.AddConsent(ctx, accountID, clientID, scopes, s.now())
}

// Consents returns what the account allows which clients, newest first.
func (s *Service) Consents(ctx context.Context, accountID string) ([]*Consent, error) {
	return s.consents.ConsentsOf(ctx, accountID)
}

// Withdraw takes back what the person allowed the client, if it was anything, and
// ends what came from it. forget takes out the copies that sessions have, by which
// more may be granted until then (session.Service.ForgetConsent): it is called once
// there is nothing left to copy, and before what was granted is looked for.
func (s *Service) Withdraw(ctx context.Context, accountID, clientID string, forget func(ctx context.Context, accountID, clientID string, was bool) error) error {
	was, err := s.consents.WithdrawConsent(ctx, accountID, clientID)
	if err != nil {
		return err
	}
	if err := forget(ctx, accountID, clientID, was); err != nil {
		return err
	}
	return s.RevokeAll(ctx, accountID, clientID)
}

// Narrow returns the scopes of asked that are in granted; all of granted when
// none are asked for. ok is false when more is asked for than was granted
// (RFC 6749 §6).
func Narrow(granted, asked []string) (scopes []string, ok bool) {
	if len(asked) == 0 {
		return granted, true
	}
	for _, a := range asked {
		if !slices.Contains(granted, a) {
			return nil, false
		}
	}
	return asked, true
}
