package session

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"signet/internal/org"
)

// ResponseType is the set of what an authorization request asks for; the order
// of its words does not matter (OAuth 2.0 Multiple Response Types §5).
type ResponseType uint8

// The members of a response type.
const (
	TypeCode ResponseType = 1 << iota
	TypeIDToken
	TypeToken
	TypeNone
)

var responseTypeNames = []struct {
	bit  ResponseType
	name string
}{{TypeCode, "code"}, {TypeIDToken, "id_token"}, {TypeToken, "token"}, {TypeNone, "none"}}

// ParseResponseType reads the words of a response_type parameter. A word that
// is unknown or comes twice, and "none" beside another, is refused.
func ParseResponseType(s string) (ResponseType, bool) {
	var t ResponseType
words:
	for word := range strings.FieldsSeq(s) {
		for _, n := range responseTypeNames {
			if n.name == word && t&n.bit == 0 {
				t |= n.bit
				continue words
			}
		}
		return 0, false
	}
	if t == 0 || (t.Has(TypeNone) && t != TypeNone) {
		return 0, false
	}
	return t, true
}

// Has reports whether all of want is in the set.
func (t ResponseType) Has(want ResponseType) bool { return t&want == want }

// FrontChannel reports whether tokens pass through the browser, which puts
// every answer into the fragment unless another mode is asked for.
func (t ResponseType) FrontChannel() bool { return t&(TypeIDToken|TypeToken) != 0 }

// String gives the words in the canonical order: code, id_token, token, none.
func (t ResponseType) String() string {
	var words []string
	for _, n := range responseTypeNames {
		if t.Has(n.bit) {
			words = append(words, n.name)
		}
	}
	return strings.Join(words, " ")
}

// Response modes (OAuth 2.0 Multiple Response Types §2, Form Post Response Mode).
const (
	ModeQuery    = "query"
	ModeFragment = "fragment"
	ModeFormPost = "form_post"
)

// SignedMode ends the modes whose answer is one signed JWT, and is by itself the
// signed form of the response type's own mode (JARM §2.3).
const SignedMode = "jwt"

// ResponseModes are the modes that there are.
var ResponseModes = []string{
	ModeQuery, ModeFragment, ModeFormPost,
	SignedMode, ModeQuery + "." + SignedMode, ModeFragment + "." + SignedMode, ModeFormPost + "." + SignedMode,
}

// SplitMode takes a mode apart: the way in which the answer goes ("" for the
// response type's own), and whether it is signed.
func SplitMode(mode string) (way string, signed bool) {
	if mode == SignedMode {
		return "", true
	}
	return strings.CutSuffix(mode, "."+SignedMode)
}

// Prompts (OpenID Connect Core §3.1.2.1; create: Initiating User Registration
// 1.0 §4.1).
const (
	PromptNone    = "none"
	PromptLogin   = "login"
	PromptConsent = "consent"
	PromptSelect  = "select_account"
	PromptCreate  = "create"
)

// Request is an authorization request, read once and checked: nothing after
// the parser looks at raw parameters. It is kept in the flow.
type Request struct {
	ClientID      string          `json:"client_id"`
	RedirectURI   string          `json:"redirect_uri"`
	ResponseType  ResponseType    `json:"response_type"`
	ResponseMode  string          `json:"response_mode"`
	Scopes        []string        `json:"scopes"`
	State         string          `json:"state,omitempty"`
	Nonce         string          `json:"nonce,omitempty"`
	Prompt        []string        `json:"prompt,omitempty"`
	MaxAge        *int            `json:"max_age,omitempty"` // seconds
	LoginHint     string          `json:"login_hint,omitempty"`
	Connection    string          `json:"connection,omitempty"`   // by which the person is to sign in, if they must
	HintSubject   string          `json:"hint_subject,omitempty"` // of a verified id_token_hint
	UILocales     string          `json:"ui_locales,omitempty"`
	ClaimsLocales string          `json:"claims_locales,omitempty"`
	Display       string          `json:"display,omitempty"`
	ACRValues     []string        `json:"acr_values,omitempty"`
	CodeChallenge string          `json:"code_challenge,omitempty"`        // S256 (RFC 7636)
	DPoPKey       string          `json:"dpop_jkt,omitempty"`              // thumbprint of the key with which the code is redeemed (RFC 9449 §10)
	RequiredACR   []string        `json:"required_acr,omitempty"`          // one of these, or none (OpenID Connect Core §5.5.1.1)
	Claims        json.RawMessage `json:"claims,omitempty"`                // asked for by name (OpenID Connect Core §5.5)
	ClaimScopes   []string        `json:"claim_scopes,omitempty"`          // what else the person must allow: scopes of single claims, and APIs
	Resource      []string        `json:"resource,omitempty"`              // RFC 8707
	Organization  string          `json:"organization,omitempty"`          // asked for: an id, a slug, or org.Any
	Details       json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396, in the form that is compared
	Device        *Device         `json:"device,omitempty"`                // that asks and waits (RFC 8628); nil: an app in this browser
	Pushed        *Pushed         `json:"pushed,omitempty"`                // how it came (RFC 9126); nil: with the browser

	// Lead is the app that a flow of the house's own leads to; nil: to none.
	Lead *Lead `json:"lead,omitempty"`

	// Purpose SigningOut marks a request of RP-Initiated Logout: of the rest
	// only the client, the RedirectURI (or ""), the state and the languages
	// are set.
	Purpose Purpose `json:"purpose,omitempty"`
}

// Lead is an app that nobody came from, and that the page goes on to at which a
// flow of the house's own ends: it stands above the flow's pages.
type Lead struct {
	ClientID string `json:"client_id"`
	URL      string `json:"url"` // where the app begins a sign-in (OpenID Connect Core §4)
}

// Device is a device without a keyboard that waits for an answer. There is no
// address to go back to: its owner looks at it.
type Device struct {
	Key      string    `json:"key"`       // of the authorization that it waits for
	UserCode string    `json:"user_code"` // as it shows it
	Address  string    `json:"address"`   // from which it asked
	AskedAt  time.Time `json:"asked_at"`
}

// DeviceEnd is how the decision about a device ended.
type DeviceEnd string

// The ends.
const (
	DeviceApproved DeviceEnd = "approved"
	DeviceRefused  DeviceEnd = "refused"
	DeviceOver     DeviceEnd = "over" // it does not wait any more
)

// Wanted are the scopes that the person must allow: those that are granted, and
// those of which single claims are asked for.
func (r *Request) Wanted() []string {
	if len(r.ClaimScopes) == 0 {
		return r.Scopes
	}
	return append(slices.Clone(r.Scopes), r.ClaimScopes...)
}

// Purpose is what a flow is for: one for the one is not good for the other.
type Purpose string

// The purposes.
const (
	SigningIn  Purpose = ""
	SigningOut Purpose = "sign-out"
	SignedOut  Purpose = "signed-out" // the apps of the session that ended are being told
	Trying     Purpose = "trial"      // a sign-in connection is tried: nobody is signed in by it
)

// Prompts reports whether the request asks for the prompt.
func (r *Request) Prompts(p string) bool { return slices.Contains(r.Prompt, p) }

// Progress is what has been settled while a flow is under way. All but the
// address that was typed, and what follows from it without a sign-in, is one
// person's: when somebody else signs in meanwhile, in another tab, it counts for
// nothing.
type Progress struct {
	Email        string    `json:"email,omitempty"`        // typed on the first page
	Led          bool      `json:"led,omitempty"`          // the browser was sent to a provider, unasked
	Account      string    `json:"account,omitempty"`      // whose the rest is
	SignedInAt   time.Time `json:"signed_in_at,omitzero"`  // in this flow, not before
	Selected     bool      `json:"selected,omitempty"`     // the account was chosen
	Organization string    `json:"organization,omitempty"` // id of the one that was chosen
	Consented    []string  `json:"consented,omitempty"`    // scopes allowed in this flow
	Asked        bool      `json:"asked,omitempty"`        // the consent page was answered
	Denied       bool      `json:"denied,omitempty"`       // by the person

	SignUp   *SignUp   `json:"sign_up,omitempty"`  // an account that is being made
	Recovery *Recovery `json:"recovery,omitempty"` // nobody's but the browser's
	Closing  *Closing  `json:"closing,omitempty"`  // the same
	Arrived  *Arrived  `json:"arrived,omitempty"`  // the same: who came from a provider, and is not known here yet
	Trial    *Trial    `json:"trial,omitempty"`    // of a flow that is one

	Frames []string `json:"frames,omitempty"` // addresses that a browser loads that is signed out
	Away   *Away    `json:"away,omitempty"`   // where it is to sign out as well
}

// Away is a provider at which a browser that was signed out here signs out, too.
type Away struct {
	Connection string `json:"connection"`
	URL        string `json:"url"`
}

// Closing is a sign-in to an account that its owner closed, who may keep it.
type Closing struct {
	Account  string `json:"account"`
	Proof    string `json:"proof"` // handle.Sum of the hash of the password that was right
	Remember bool   `json:"remember,omitempty"`
}

// Recovery is a password reset that is under way in a flow.
type Recovery struct {
	Ticket string `json:"ticket"`           // names the code that was asked for
	Email  string `json:"email"`            // whose password, as typed
	Proven bool   `json:"proven,omitempty"` // the code was given
	Done   bool   `json:"done,omitempty"`   // the password was set
}

// Arrived is somebody who signed in at a provider and has no account here that
// belongs to them there. It is linked to the account that the browser signs in to
// next in this flow, if the person says so.
type Arrived struct {
	Connection string      `json:"connection"`
	At         time.Time   `json:"at"`
	Arrival    org.Arrival `json:"arrival"`
}

// Of returns the progress, to be added to by the session's person; what
// somebody else had settled is gone.
func (p *Progress) Of(s *Session) *Progress {
	if p.Account != s.AccountID {
		*p = Progress{Email: p.Email, Led: p.Led, Recovery: p.Recovery, Arrived: p.Arrived, Account: s.AccountID}
	}
	return p
}

// Flow is a sign-in that is under way, with the app's request. It belongs to
// the browser that began it.
type Flow struct {
	ID        string    `json:"-"`       // the handle, as in the page's address
	Browser   string    `json:"browser"` // handle.Sum of the browser's cookie
	Request   Request   `json:"request"`
	Progress  Progress  `json:"progress"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Stored    []byte    `json:"-"` // what the store read, so that a change need not read it again
}

// Need is what a flow asks for next.
type Need string

// What a flow may need, in the order in which it is asked.
const (
	NeedNothing      Need = ""
	NeedSignUp       Need = "sign-up" // the app asks for it; who has an account may sign in
	NeedSignIn       Need = "sign-in"
	NeedLink         Need = "link"         // say whether who arrived from a provider is the same person
	NeedAccount      Need = "account"      // choose which
	NeedOrganization Need = "organization" // choose for which of theirs
	NeedDevice       Need = "device"       // compare the codes, and allow what the device asks for
	NeedConsent      Need = "consent"
	NeedRefusal      Need = "refusal" // the person said no: tell the app
)

// Next is the engine: it says what the request still needs, given what was
// settled in its flow, the browser's session (or nil), and whether the client
// is the house's own.
//
// The rules are those of OpenID Connect Core §3.1.2.3, asked in this order:
// who is it, is that recent enough, is it the right one, are they who arrived from
// a provider, for which of their organizations, may the app know. The
// owner of a device is always asked (RFC 8628 §5.4): somebody else may have sent
// the code.
func Next(r *Request, p *Progress, s *Session, trusted bool, now time.Time) Need {
	if s != nil && p.Account != s.AccountID {
		p = &Progress{}
	}
	switch {
	case p.Denied:
		return NeedRefusal
	case r.Prompts(PromptCreate) && p.SignedInAt.IsZero():
		return NeedSignUp
	case s == nil:
		return NeedSignIn
	case p.SignedInAt.IsZero() && mustSignInAgain(r, s, now):
		return NeedSignIn
	case r.stale(s, now):
		return NeedSignIn
	case r.HintSubject != "" && r.HintSubject != s.AccountID:
		return NeedSignIn
	case p.Arrived != nil && p.SignedInAt.After(p.Arrived.At):
		return NeedLink
	case r.Prompts(PromptSelect) && !p.Selected && p.SignedInAt.IsZero():
		return NeedAccount
	case r.Organization != "" && p.Organization == "":
		return NeedOrganization
	case r.Device != nil && !p.Asked:
		return NeedDevice
	case needsConsent(r, p, s, trusted):
		return NeedConsent
	}
	return NeedNothing
}

func mustSignInAgain(r *Request, s *Session, now time.Time) bool {
	if r.Prompts(PromptLogin) {
		return true
	}
	if r.MaxAge != nil && now.Sub(s.AuthTime) > time.Duration(*r.MaxAge)*time.Second {
		return true
	}
	return r.mustStepUp(s, now)
}

func needsConsent(r *Request, p *Progress, s *Session, trusted bool) bool {
	if r.Prompts(PromptConsent) && !p.Asked {
		return true
	}
	if len(r.Details) > 0 && !p.Asked {
		// Each time, at the house's own apps, too: to pay the same once more is another
		// decision (RFC 9396 §3).
		return true
	}
	if trusted {
		return false
	}
	for _, scope := range r.Wanted() {
		if !slices.Contains(s.Consents[r.ClientID], scope) && !slices.Contains(p.Consented, scope) {
			return true
		}
	}
	return false
}
