package relyingparty

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

const sessionCookie = "session"

// namedCookie has the provider's name of the session (sid) and nothing else, for
// the provider's frame: the session's own cookie does not come along into a page of
// another site.
const namedCookie = "named"

// earlyRefresh is how long before its end an access token is replaced, so that
// one handed to a handler lives long enough to be used. Short-lived tokens are
// replaced in the last fifth of their life instead.
const earlyRefresh = 30 * time.Second

// session is what one sign-in left with this app, sealed into cookies. The ID
// token is kept as it came: it holds the claims, and sign-out needs it.
type session struct {
	ID         string          `json:"i"` // random, one per sign-in
	Generation int             `json:"g"` // counts refreshes
	IDToken    string          `json:"t"`
	UserInfo   json.RawMessage `json:"u,omitempty"`
	Access     string          `json:"a"`
	Refresh    string          `json:"r,omitempty"`
	Scopes     []string        `json:"s"`
	SignedIn   time.Time       `json:"n"`
	Renew      time.Time       `json:"w,omitzero"` // when to replace the access token
	AccessEnd  time.Time       `json:"x,omitzero"` // zero: not told, lasts with the session
	End        time.Time       `json:"e"`

	claims *oidc.IDTokenClaims // of IDToken
}

// newSession begins the session of a fresh sign-in. Scopes that the provider
// did not name are those asked for (RFC 6749 §5.1).
func newSession(g *grant, asked []string, now time.Time, lifetime time.Duration) *session {
	s := &session{ID: handle(), SignedIn: now, End: now.Add(lifetime), Scopes: asked}
	s.take(g, now)
	return s
}

// refreshed returns the session as it is after a refresh; s itself stays, since
// other requests may read it.
func (s *session) refreshed(g *grant, now time.Time) *session {
	next := *s
	next.Generation++
	next.take(g, now)
	return &next
}

func (s *session) take(g *grant, now time.Time) {
	if g.idToken != "" {
		s.IDToken, s.claims = g.idToken, g.claims
	}
	if g.refreshToken != "" {
		s.Refresh = g.refreshToken
	}
	if g.userInfo != nil {
		s.UserInfo = g.userInfo
	}
	if g.scopes != nil {
		s.Scopes = g.scopes
	}
	s.Access = g.accessToken
	s.Renew, s.AccessEnd = time.Time{}, time.Time{}
	if g.life > 0 {
		s.AccessEnd = now.Add(g.life)
		s.Renew = s.AccessEnd.Add(-min(earlyRefresh, g.life/5))
	}
}

// due tells whether the access token should be replaced now.
func (s *session) due(now time.Time) bool {
	return !s.Renew.IsZero() && !now.Before(s.Renew)
}

// openSession returns the session that the request's cookies hold, as it was
// when they were written. It is the one way in: whatever may end a session
// before its time has to be asked here.
func (rp *RP) openSession(r *http.Request) (*session, error) {
	plain, err := rp.jar.get(r, sessionCookie)
	if err != nil {
		return nil, err
	}
	s := &session{}
	if err := json.Unmarshal(plain, s); err != nil {
		return nil, errSealed
	}
	if s.claims, err = readClaims(s.IDToken); err != nil {
		return nil, errSealed
	}
	if !rp.now().Before(s.End) || !rp.fits(s.claims) {
		return nil, errEnded
	}
	over, err := rp.over(r.Context(), s)
	if err != nil {
		return nil, err
	}
	if over {
		return nil, errEnded
	}
	return s, nil
}

func (rp *RP) saveSession(w http.ResponseWriter, r *http.Request, s *session) error {
	plain, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	if sid := []byte(s.claims.SessionID); rp.jar.secure && len(sid) > 0 {
		if named, err := rp.jar.get(r, namedCookie); err != nil || !bytes.Equal(named, sid) {
			rp.jar.putAbroad(w, namedCookie, sid)
		}
	}
	// No Max-Age: the cookie goes when the browser is closed. End bounds it
	// where browsers restore what they had open.
	return rp.jar.put(w, r, sessionCookie, plain, 0)
}

// dropSession removes what saveSession has left in the browser.
func (rp *RP) dropSession(w http.ResponseWriter, r *http.Request) {
	rp.jar.clear(w, r, sessionCookie)
	rp.jar.clear(w, r, namedCookie)
}

// readClaims decodes an ID token that was verified before it was sealed.
func readClaims(idToken string) (*oidc.IDTokenClaims, error) {
	claims := &oidc.IDTokenClaims{}
	if _, err := oidc.ParseToken(idToken, claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// payload returns the claims of a verified ID token as JSON.
func payload(idToken string) json.RawMessage {
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, err := encoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	return raw
}
