package relyingparty

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	zitadel "github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

const (
	attemptCookie = "signin-"
	// maxAttempts bounds how many sign-ins may be under way in one browser:
	// one per tab, and few enough for the Cookie header.
	maxAttempts = 5
	// maxHint is longer than any address, in bytes.
	maxHint = 320
)

// prompts are the values of prompt that a link may ask for (OpenID Connect Core
// §3.1.2.1, Initiating User Registration §2).
var prompts = []string{"none", "login", "select_account", "consent", "create"}

var (
	errNoAttempt = errors.New("no sign-in of this browser has this state")
	errTooOld    = errors.New("the sign-in was begun too long ago")
)

// attempt is one sign-in under way: what the answer is checked against. It
// waits in a cookie of its own, so that tabs do not disturb each other.
type attempt struct {
	State        string    `json:"s"`
	Nonce        string    `json:"n"`
	Verifier     string    `json:"v"` // of PKCE
	ReturnTo     string    `json:"r"`
	Organization string    `json:"o,omitempty"` // asked for
	Silent       bool      `json:"q,omitempty"`
	Began        time.Time `json:"b"`
}

// login begins a sign-in.
func (rp *RP) login(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	prompt := q.Get("prompt")
	if !slices.Contains(prompts, prompt) {
		prompt = ""
	}
	returnTo := q.Get("return_to")
	if iss := q.Get("iss"); iss != "" {
		// Somebody else begins the sign-in (OpenID Connect Core §4), and says with
		// whom: an app of two providers must not be led to the wrong one.
		if iss != rp.config.Issuer {
			rp.fail(w, r, rp.fault(KindInvalid, "/", errIssuer))
			return
		}
		returnTo = rp.ownPath(q.Get("target_link_uri"))
	}
	var more []zitadel.AuthURLOpt
	if hint := q.Get("login_hint"); hint != "" && len(hint) <= maxHint {
		more = append(more, zitadel.AuthURLOpt(zitadel.WithURLParam("login_hint", hint)))
	}
	organization := q.Get("organization")
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		// Another site does not move people, without a page, to an organization that
		// it chose: what they enter next may be meant for theirs.
		organization = ""
	}
	rp.begin(w, r, returnTo, prompt, organization, more...)
}

// begin sends the browser to the provider. The state, nonce and PKCE verifier
// are new each time and known to this browser alone. The organization is the one
// to go on with, or "".
func (rp *RP) begin(w http.ResponseWriter, r *http.Request, returnTo, prompt, organization string, more ...zitadel.AuthURLOpt) {
	returnTo = rp.safeReturn(returnTo)
	party, err := rp.provider.get(r.Context())
	if err != nil {
		rp.fail(w, r, rp.unavailable(returnTo, err))
		return
	}
	a := attempt{
		State: handle(), Nonce: handle(), Verifier: oauth2.GenerateVerifier(),
		ReturnTo: returnTo, Organization: rp.asked(r, organization, prompt), Silent: prompt == "none", Began: rp.now(),
	}
	rp.pruneAttempts(w, r)
	if err := rp.keepAttempt(w, r, a); err != nil {
		rp.fail(w, r, rp.fault(KindInternal, returnTo, err))
		return
	}
	options := []zitadel.AuthURLOpt{
		zitadel.WithCodeChallenge(oidc.NewSHACodeChallenge(a.Verifier)),
		zitadel.AuthURLOpt(zitadel.WithURLParam("nonce", a.Nonce)),
	}
	if prompt != "" {
		options = append(options, zitadel.WithPrompt(prompt))
	}
	if a.Organization != "" {
		options = append(options, zitadel.AuthURLOpt(zitadel.WithURLParam("organization", a.Organization)))
	}
	for name, values := range rp.config.AuthorizeParams {
		for _, value := range values {
			options = append(options, zitadel.AuthURLOpt(zitadel.WithURLParam(name, value)))
		}
	}
	http.Redirect(w, r, zitadel.AuthURL(a.State, party, append(options, more...)...), http.StatusFound)
}

// attemptName is the cookie of a state. The name shows nothing of the state
// itself, which must stay hard to guess.
func attemptName(state string) string {
	sum := sha256.Sum256([]byte(state))
	return attemptCookie + encoding.EncodeToString(sum[:9])
}

func (rp *RP) keepAttempt(w http.ResponseWriter, r *http.Request, a attempt) error {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false) // would write each & of ReturnTo as six characters
	if err := e.Encode(a); err != nil {
		return err
	}
	return rp.jar.put(w, r, attemptName(a.State), plain.Bytes(), rp.config.SignInTimeout)
}

// takeAttempt returns the sign-in that state belongs to and removes it from the
// browser, so that an answer counts once.
func (rp *RP) takeAttempt(w http.ResponseWriter, r *http.Request, state string) (*attempt, error) {
	name := attemptName(state)
	plain, err := rp.jar.get(r, name)
	if err != nil {
		return nil, errNoAttempt
	}
	rp.jar.clear(w, r, name)
	a := &attempt{}
	if err := json.Unmarshal(plain, a); err != nil || a.State != state {
		return nil, errNoAttempt
	}
	if rp.now().Sub(a.Began) > rp.config.SignInTimeout {
		return a, errTooOld
	}
	return a, nil
}

// pruneAttempts makes room for one more: what cannot be read any more goes
// first, then the oldest.
func (rp *RP) pruneAttempts(w http.ResponseWriter, r *http.Request) {
	type waiting struct {
		name  string
		began time.Time
	}
	var all []waiting
	for _, c := range r.Cookies() {
		name, ours := strings.CutPrefix(c.Name, rp.jar.prefix)
		if !ours || !strings.HasPrefix(name, attemptCookie) || strings.Contains(name, ".") {
			continue // not one, or a further piece of one
		}
		a := attempt{}
		if plain, err := rp.jar.get(r, name); err == nil {
			_ = json.Unmarshal(plain, &a) // what cannot be read counts as oldest
		}
		all = append(all, waiting{name, a.Began})
	}
	slices.SortFunc(all, func(x, y waiting) int {
		return cmp.Or(x.began.Compare(y.began), strings.Compare(x.name, y.name))
	})
	for len(all) >= maxAttempts {
		rp.jar.clear(w, r, all[0].name)
		all = all[1:]
	}
}
