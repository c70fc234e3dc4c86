package federation

// OpenID Connect Back-Channel Logout 1.0 as a client: what an upstream provider
// posts when somebody is signed out there.

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/fault"
)

// PathBackchannel is where a provider posts its logout tokens: a connection's own,
// below its Base.
const PathBackchannel = "/backchannel"

const (
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	// maxLogoutToken bounds what is posted, in bytes.
	maxLogoutToken = 16 << 10
	// longestLogout bounds how long a token says that it is good: for so long it is
	// remembered. §2.4 wants two minutes at most; not every provider keeps to that.
	longestLogout = 24 * time.Hour
)

// logoutTypes are the types that a logout token may have (§2.4). Providers from
// before it had one of its own leave it out.
var logoutTypes = []string{"logout+jwt", "application/logout+jwt", "JWT", ""}

// SignedOut is who was signed out at a provider.
type SignedOut struct {
	Issuer  string // as in org.Arrival
	Subject string // the same; "": whoever has the Session
	Session string // the provider's name for it; "": all of the person's
}

// logoutToken is what a logout token says (§2.4).
type logoutToken struct {
	Issuer   string                     `json:"iss"`
	Subject  string                     `json:"sub"`
	Audience audience                   `json:"aud"`
	IssuedAt float64                    `json:"iat"`
	Expires  float64                    `json:"exp"`
	ID       string                     `json:"jti"`
	Events   map[string]json.RawMessage `json:"events"`
	SID      string                     `json:"sid"`
	Nonce    json.RawMessage            `json:"nonce"`
	Tenant   string                     `json:"tid"`
}

// audience is one name or several (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

// Memory remembers what may come once, and forgets what came to nothing.
type Memory interface {
	Once
	Forget(ctx context.Context, name string) error
}

// TakeLogout validates the logout token (§2.6) and has the sessions ended that it is
// about, once: a token that came before is refused, unless end failed then. What is
// wrong with a token is a fault of kind Invalid, of which the sender is told no more;
// one of kind Unavailable means that it may try again.
func (o *OpenID) TakeLogout(ctx context.Context, c Connection, once Memory, raw string, end func(*SignedOut) error) error {
	m, err := o.Metadata(ctx, &c.OIDC)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the provider's metadata cannot be had at the moment: try again")
	}
	t, err := o.verifiedLogout(ctx, m, raw)
	if err != nil {
		return err
	}
	if reason := t.problem(m, &c, o.now()); reason != "" {
		return noLogout(fault.New(fault.Invalid, "%s", reason))
	}
	name := "logout token\x00" + c.ID + "\x00" + t.ID
	first, err := once.First(ctx, name, instant(t.Expires).Add(skew).Sub(o.now()))
	switch {
	case err != nil:
		return err
	case !first:
		return noLogout(fault.New(fault.Invalid, "it came before (jti)"))
	}
	out := &SignedOut{Issuer: strings.TrimSuffix(t.Issuer, "/"), Subject: t.Subject, Session: t.SID}
	if m.shared() && t.Subject != "" {
		out.Subject = t.Tenant + "/" + t.Subject
	}
	if err := end(out); err != nil {
		if again := once.Forget(ctx, name); again != nil {
			return again
		}
		return err
	}
	return nil
}

// noLogout is the one answer about a token that is not believed (§2.8).
func noLogout(cause error) error {
	return fault.Wrap(fault.Invalid, cause, "this is not a logout token for this client").On("logout_token")
}

// verifiedLogout is what the token says, if the provider signed it.
func (o *OpenID) verifiedLogout(ctx context.Context, m *Metadata, raw string) (*logoutToken, error) {
	if len(raw) > maxLogoutToken {
		return nil, noLogout(fault.New(fault.Invalid, "it has more than %d bytes", maxLogoutToken))
	}
	algs := make([]jose.SignatureAlgorithm, len(m.Algs))
	for i, alg := range m.Algs {
		algs[i] = jose.SignatureAlgorithm(alg)
	}
	jws, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		return nil, noLogout(err)
	}
	if typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); !slices.Contains(logoutTypes, typ) {
		return nil, noLogout(fault.New(fault.Invalid, "its type is another"))
	}
	keys := &verifier{keys: o.keys, m: m}
	payload, err := keys.VerifySignature(ctx, raw)
	if errors.Is(err, errNoKeys) {
		return nil, fault.Wrap(fault.Unavailable, err, "the provider's keys cannot be had at the moment: try again")
	}
	if err != nil {
		return nil, noLogout(err)
	}
	t := &logoutToken{}
	if err := json.Unmarshal(payload, t); err != nil {
		return nil, noLogout(err)
	}
	if keys.by != "" && strings.Replace(keys.by, tenantID, t.Tenant, 1) != t.Issuer {
		return nil, noLogout(fault.New(fault.Invalid, "it is signed with the key of another issuer"))
	}
	return t, nil
}

// problem says what is wrong with the claims (§2.6); "": nothing.
func (t *logoutToken) problem(m *Metadata, c *Connection, now time.Time) string {
	var event map[string]json.RawMessage
	told := json.Unmarshal(t.Events[logoutEvent], &event) == nil && event != nil
	switch {
	case !issued(m, &c.OIDC, t.Issuer):
		return "its issuer is another (iss)"
	case m.shared() && t.Issuer != m.issuerOf(t.Tenant):
		return "it does not name its directory (tid)"
	case !slices.Contains(t.Audience, c.OIDC.ClientID):
		return "it is for another client (aud)"
	case t.IssuedAt <= 0 || instant(t.IssuedAt).After(now.Add(skew)):
		return "it is not from the past (iat): compare the clocks"
	case t.Expires <= 0 || !now.Before(instant(t.Expires).Add(skew)):
		return "its time is over, or it names none (exp)"
	case instant(t.Expires).After(now.Add(longestLogout)):
		return "it is good for too long (exp)"
	case t.ID == "" || len(t.ID) > 512:
		return "it has no name, or a long one (jti)"
	case t.Subject == "" && t.SID == "":
		return "it is about nobody (sub, sid)"
	case !told:
		return "it tells of another event (events)"
	case t.Nonce != nil:
		return "it has a nonce, as an ID token has"
	}
	return ""
}

// instant is a NumericDate (RFC 7519 §2), which is bounded so that no arithmetic
// with it can overflow.
func instant(seconds float64) time.Time {
	const most = 1 << 40
	return time.Unix(int64(min(seconds, most)), 0)
}
