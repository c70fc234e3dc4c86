package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// logoutEvent names what a logout token tells (Back-Channel Logout 1.0 §2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// maxLogoutRequest bounds what the provider may post, in bytes.
const maxLogoutRequest = 64 << 10

// errNoLogout is for a token that is not one that ends a session.
var errNoLogout = errors.New("not a logout token for this app")

// logoutToken is what a logout token says (Back-Channel Logout 1.0 §2.4).
type logoutToken struct {
	Issuer   string                     `json:"iss"`
	Subject  string                     `json:"sub"`
	Audience oidc.Audience              `json:"aud"`
	IssuedAt oidc.Time                  `json:"iat"`
	Expires  oidc.Time                  `json:"exp"`
	ID       string                     `json:"jti"`
	Events   map[string]json.RawMessage `json:"events"`
	SID      string                     `json:"sid"`
	Nonce    json.RawMessage            `json:"nonce"`
}

// backchannel ends the session that the provider names (§2.5, §2.8). It is the
// provider's server that calls, so there is no browser and no cookie.
func (rp *RP) backchannel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxLogoutRequest)
	err := rp.takeLogout(r.Context(), r.PostFormValue("logout_token"))
	switch {
	case err == nil:
		return // 200
	case errors.Is(err, errNoLogout):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_request","error_description":"this is not a logout token for this app"}`)) // the caller may be gone
	default:
		// The provider tries again.
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
	rp.config.Logger.LogAttrs(r.Context(), slog.LevelWarn, "a logout was not taken", slog.String("cause", describe(err)))
}

// takeLogout validates the token (§2.6) and ends what it names.
func (rp *RP) takeLogout(ctx context.Context, raw string) error {
	party, err := rp.provider.get(ctx)
	if err != nil {
		return err
	}
	t, err := verifyLogout(ctx, raw, party.IDTokenVerifier().KeySet)
	if err != nil {
		return err
	}
	if err := t.check(rp.config.Issuer, rp.config.ClientID, rp.now(), rp.config.ClockSkew); err != nil {
		return err
	}
	first, err := rp.config.SignOuts.First(ctx, "logout:"+t.ID, t.Expires.AsTime().Add(rp.config.ClockSkew))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errSignOuts, err)
	case !first:
		return fmt.Errorf("%w: it came before", errNoLogout)
	case t.SID != "":
		return rp.endSID(ctx, t.SID, t.IssuedAt.AsTime())
	}
	// All sessions of the person, but those that begin later.
	return rp.end(ctx, nameOfSubject(t.Subject), t.IssuedAt.AsTime())
}

// underWay is how long a sign-in may be under way at the time of a sign-out: the
// code of the session that ended is redeemed after it.
const underWay = time.Minute

// endSID ends the session of that name, and the sign-ins to it that are under way.
// A session that has the name long after was not ended: the provider said so and
// then could not do it.
func (rp *RP) endSID(ctx context.Context, sid string, at time.Time) error {
	return rp.end(ctx, nameOfSID(sid), at.Add(underWay))
}

// verifyLogout returns what the token says, if the provider signed it. A failure
// to get the provider's keys is no verdict on the token.
func verifyLogout(ctx context.Context, raw string, keys oidc.KeySet) (*logoutToken, error) {
	algs := make([]jose.SignatureAlgorithm, len(signingAlgorithms))
	for i, alg := range signingAlgorithms {
		algs[i] = jose.SignatureAlgorithm(alg)
	}
	jws, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		return nil, fmt.Errorf("%w: no signed token", errNoLogout)
	}
	// Providers from before the type had a name leave it out, or say JWT.
	typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	if !slices.Contains([]string{"logout+jwt", "application/logout+jwt", "JWT", ""}, typ) {
		return nil, fmt.Errorf("%w: another type", errNoLogout)
	}
	payload, err := keys.VerifySignature(ctx, jws)
	var unreachable *url.Error
	if errors.As(err, &unreachable) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: not signed by the provider", errNoLogout)
	}
	t := &logoutToken{}
	if err := json.Unmarshal(payload, t); err != nil {
		return nil, fmt.Errorf("%w: no claims", errNoLogout)
	}
	return t, nil
}

// check holds the claims to §2.6.
func (t *logoutToken) check(issuer, clientID string, now time.Time, skew time.Duration) error {
	event, told := t.Events[logoutEvent]
	var object map[string]json.RawMessage
	for _, c := range []struct {
		wrong  bool
		reason string
	}{
		{t.Issuer != issuer, "of another issuer"},
		{!slices.Contains(t.Audience, clientID), "for another app"},
		{t.IssuedAt == 0 || t.IssuedAt.AsTime().After(now.Add(skew)), "from the future"},
		{t.Expires == 0 || !now.Before(t.Expires.AsTime().Add(skew)), "expired"},
		{t.SID == "" && t.Subject == "", "of nobody"},
		{!told || json.Unmarshal(event, &object) != nil || object == nil, "of another event"},
		{t.Nonce != nil, "with a nonce"},
		{t.ID == "", "without a name"},
	} {
		if c.wrong {
			return fmt.Errorf("%w: %s", errNoLogout, c.reason)
		}
	}
	return nil
}

// frontchannel ends the session of the browser that loads it, in a frame of the
// provider's (Front-Channel Logout 1.0 §2). It does so only for the session that
// is named, which nobody but the provider and the app knows: no other page can
// sign people out. Under https a cookie that has this name alone comes along, though
// the page around is of another site. Browsers that send no cookie at all into such
// a frame tell nothing here; the back channel reaches those.
func (rp *RP) frontchannel(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+rp.issuerOrigin)
	h.Del("X-Frame-Options")
	q := r.URL.Query()
	if sid := q.Get("sid"); sid != "" && q.Get("iss") == rp.config.Issuer && sid == rp.named(r) {
		if err := rp.endSID(r.Context(), sid, rp.now()); err != nil {
			rp.config.Logger.LogAttrs(r.Context(), slog.LevelWarn, "a logout was not taken", slog.String("cause", describe(err)))
		}
		rp.endSession(w, r)
	}
	_, _ = w.Write([]byte("<!doctype html><title>Signed out</title>\n")) // the browser may be gone
}

// named is the provider's name of the browser's session; "" where there is none.
func (rp *RP) named(r *http.Request) string {
	if s, err := rp.openSession(r); err == nil {
		return s.claims.SessionID
	}
	sid, err := rp.jar.get(r, namedCookie)
	if err != nil {
		return ""
	}
	return string(sid)
}
