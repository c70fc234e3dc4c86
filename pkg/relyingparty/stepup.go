package relyingparty

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	zitadel "github.com/zitadel/oidc/v3/pkg/client/rp"
)

// StepUp is how somebody must have signed in for something that matters more
// than the rest (RFC 9470). The zero value asks for nothing.
type StepUp struct {
	// ACR are the classes of sign-in that will do, the most wanted first; none:
	// any. acr_values_supported of the provider's metadata has them.
	ACR []string
	// MaxAge is how long ago the person may have signed in, in whole seconds; 0:
	// however long.
	MaxAge time.Duration
}

// stepUpGrace is how soon after a sign-in it is not asked for once more: a
// provider that does not do what was asked must not be asked for ever.
const stepUpGrace = 10 * time.Second

var errNotStepped = errors.New("the provider signed the person in, and not as it was asked")

// Met tells whether the user signed in so. It is false for a nil user.
func (s StepUp) Met(u *User, now time.Time) bool {
	switch {
	case u == nil:
		return false
	case len(s.ACR) > 0 && !slices.Contains(s.ACR, u.ACR):
		return false
	}
	return s.MaxAge == 0 || !u.AuthTime.IsZero() && now.Sub(u.AuthTime) <= s.MaxAge
}

// RequireStepUp lets only people through to next who signed in as s says. Anybody
// else who opens a page is sent to sign in again and comes back to it; any other
// request is answered with status 401 and the challenge of [StepUp.Challenge].
func (rp *RP) RequireStepUp(next http.Handler, s StepUp) http.Handler {
	return rp.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, now := UserFrom(r.Context()), rp.now()
		switch {
		case s.Met(u, now):
			next.ServeHTTP(w, r)
		case !opensPage(r):
			s.Challenge(w)
		case now.Sub(u.SignedIn) < stepUpGrace:
			rp.fail(w, r, rp.fault(KindProvider, "/", errNotStepped))
		default:
			rp.StepUp(w, r, s)
		}
	}))
}

// StepUp sends the browser to sign in as s says, and back to the page of the
// request.
func (rp *RP) StepUp(w http.ResponseWriter, r *http.Request, s StepUp) {
	var organization string
	if u := UserFrom(r.Context()); u != nil {
		organization = u.Organization.ID
	}
	rp.begin(w, r, r.URL.RequestURI(), "", organization, s.options()...)
}

// options ask for the class as for something that the app cannot do without
// (OpenID Connect Core §5.5.1.1).
func (s StepUp) options() []zitadel.AuthURLOpt {
	params := url.Values{}
	if len(s.ACR) > 0 {
		params.Set("acr_values", strings.Join(s.ACR, " "))
		claims, _ := json.Marshal(map[string]any{"id_token": map[string]any{ // texts always marshal
			"acr": map[string]any{"essential": true, "values": s.ACR},
		}})
		params.Set("claims", string(claims))
	}
	if s.MaxAge > 0 {
		params.Set("max_age", s.seconds())
	}
	var options []zitadel.AuthURLOpt
	for name := range params {
		options = append(options, zitadel.AuthURLOpt(zitadel.WithURLParam(name, params.Get(name))))
	}
	return options
}

func (s StepUp) seconds() string { return strconv.FormatInt(int64(s.MaxAge/time.Second), 10) }

// Challenge answers a call of an API with what its caller's person must do first
// (RFC 9470 §3).
func (s StepUp) Challenge(w http.ResponseWriter) {
	challenge := `Bearer error="insufficient_user_authentication", error_description="sign in again, as acr_values and max_age say"`
	if len(s.ACR) > 0 {
		challenge += `, acr_values="` + strings.Join(s.ACR, " ") + `"`
	}
	if s.MaxAge > 0 {
		challenge += `, max_age="` + s.seconds() + `"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "sign in again", http.StatusUnauthorized)
}

// maxChallenge bounds what is read of an API's answer, in bytes.
const maxChallenge = 2 << 10

// StepUpWanted returns what an API that was called with the user's access token
// wants the user to do first, to be handed to [RP.StepUp]; false when it wants
// no such thing.
func StepUpWanted(resp *http.Response) (StepUp, bool) {
	if resp.StatusCode != http.StatusUnauthorized {
		return StepUp{}, false
	}
	for _, challenge := range resp.Header.Values("WWW-Authenticate") {
		scheme, rest, _ := strings.Cut(challenge, " ")
		if len(challenge) > maxChallenge || !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "DPoP") {
			continue
		}
		params := challengeParams(rest)
		if params["error"] != "insufficient_user_authentication" {
			continue
		}
		s := StepUp{ACR: strings.Fields(params["acr_values"])}
		if seconds, err := strconv.Atoi(params["max_age"]); err == nil && seconds > 0 && seconds < 1<<31 {
			s.MaxAge = time.Duration(seconds) * time.Second
		}
		return s, true
	}
	return StepUp{}, false
}

// challengeParams reads the parameters of one challenge (RFC 9110 §11.2).
func challengeParams(text string) map[string]string {
	params := map[string]string{}
	for text != "" {
		name, rest, found := strings.Cut(text, "=")
		if !found {
			break
		}
		var value strings.Builder
		if quoted, ok := strings.CutPrefix(strings.TrimLeft(rest, " "), `"`); ok {
			rest = quoted
			for rest != "" && rest[0] != '"' {
				if rest[0] == '\\' && len(rest) > 1 {
					rest = rest[1:]
				}
				value.WriteByte(rest[0])
				rest = rest[1:]
			}
			_, text, _ = strings.Cut(rest, ",")
		} else {
			var bare string
			bare, text, _ = strings.Cut(rest, ",")
			value.WriteString(strings.TrimSpace(bare))
		}
		params[strings.ToLower(strings.Trim(name, " ,"))] = value.String()
	}
	return params
}
