package relyingparty

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

// needsPerson are the errors by which a silent request is told that it cannot
// stay silent (OpenID Connect Core §3.1.2.6).
var needsPerson = []string{"login_required", "interaction_required", "consent_required", "account_selection_required"}

var (
	errRepeated = errors.New("a parameter of the answer is repeated")
	errIssuer   = errors.New("the answer's iss is not the provider")
	errNoIssuer = errors.New("the answer has no iss, which this provider always sends")
	errNoCode   = errors.New("the answer has neither code nor error")
)

// answerError is an error that the browser brought from the provider.
type answerError struct{ code, description string }

func (e *answerError) Error() string { return "the provider answered " + e.code }

// callback takes the provider's answer. What it says counts only after it was
// found to answer a request of this browser, and to come from the provider.
func (rp *RP) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if repeated(q) {
		rp.fail(w, r, rp.fault(KindInvalid, "/", errRepeated))
		return
	}
	a, err := rp.takeAttempt(w, r, q.Get("state"))
	if err != nil {
		stale := rp.fault(KindStale, "/", err)
		if a != nil {
			stale.Retry, stale.RetryText = rp.LoginURL(a.ReturnTo), "Sign in"
		}
		rp.fail(w, r, stale)
		return
	}
	if e := rp.checkIssuer(r, q, a); e != nil {
		rp.fail(w, r, e)
		return
	}
	if q.Get("error") != "" {
		rp.refused(w, r, a, errorCode(q.Get("error")), q.Get("error_description"))
		return
	}
	if q.Get("code") == "" {
		rp.fail(w, r, rp.fault(KindInvalid, a.ReturnTo, errNoCode))
		return
	}
	rp.finish(w, r, a, q.Get("code"))
}

// repeated tells whether a response parameter comes twice, which RFC 6749 §3.1
// forbids and which lets two readers see two answers.
func repeated(q url.Values) bool {
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(q[name]) > 1 {
			return true
		}
	}
	return false
}

// checkIssuer compares the answer's issuer, against mix-up attacks (RFC 9207
// §2.4): errors carry it too.
func (rp *RP) checkIssuer(r *http.Request, q url.Values, a *attempt) *Error {
	if q.Has("iss") {
		if q.Get("iss") != rp.config.Issuer {
			return rp.fault(KindInvalid, a.ReturnTo, errIssuer)
		}
		return nil
	}
	party, err := rp.provider.get(r.Context())
	if err != nil {
		return rp.unavailable(a.ReturnTo, err)
	}
	if party.alwaysIss {
		return rp.fault(KindInvalid, a.ReturnTo, errNoIssuer)
	}
	return nil
}

// refused handles an error answer. A silent request that needs the person means
// that the provider no longer knows a session, so this app's ends too; the page
// decides what a signed-out visitor sees. The description is not shown: see refusal.
func (rp *RP) refused(w http.ResponseWriter, r *http.Request, a *attempt, code, description string) {
	interaction := slices.Contains(needsPerson, code)
	if a.Silent && interaction {
		rp.endSession(w, r)
		http.Redirect(w, r, a.ReturnTo, http.StatusFound)
		return
	}
	kind := KindProvider
	switch {
	case interaction:
		kind = KindInteraction
	case code == "access_denied":
		kind = KindDenied
	case code == "temporarily_unavailable", code == "server_error":
		kind = KindUnavailable
	}
	e := rp.fault(kind, a.ReturnTo, &answerError{code, description})
	e.Code = code
	rp.fail(w, r, e)
}

// finish redeems the code and begins the session.
func (rp *RP) finish(w http.ResponseWriter, r *http.Request, a *attempt, code string) {
	g, err := rp.provider.exchange(r.Context(), code, a.Verifier, a.Nonce)
	if err != nil {
		rp.fail(w, r, rp.exchangeFault(a, err))
		return
	}
	if err := rp.takeOrganization(w, r, a, g.claims); err != nil {
		kind := KindInternal
		if errors.Is(err, errOrganization) {
			kind = KindInvalid
		}
		rp.fail(w, r, rp.fault(kind, a.ReturnTo, err))
		return
	}
	s := newSession(g, rp.config.Scopes, rp.now(), rp.config.SessionLifetime)
	if err := rp.stillOpen(r.Context(), s); err != nil {
		rp.fail(w, r, rp.endedFault(a, err))
		return
	}
	if err := rp.saveSession(w, r, s); err != nil {
		rp.fail(w, r, rp.fault(KindInternal, a.ReturnTo, err))
		return
	}
	http.Redirect(w, r, a.ReturnTo, http.StatusFound)
}

// endedFault is for a sign-in whose session the provider ended while it was under
// way. To begin again at once might lead here again, without end.
func (rp *RP) endedFault(a *attempt, err error) *Error {
	if !errors.Is(err, errEnded) {
		return rp.unavailable(a.ReturnTo, err)
	}
	stale := rp.fault(KindStale, a.ReturnTo, err)
	stale.Retry, stale.RetryText = rp.LoginURL(a.ReturnTo), "Sign in"
	return stale
}

// exchangeFault tells apart a provider that refuses, one that cannot be
// reached, and an answer that must not be trusted.
func (rp *RP) exchangeFault(a *attempt, err error) *Error {
	var retrieve *oauth2.RetrieveError
	var unreachable *url.Error
	var protocol *oidc.Error
	switch {
	case errors.As(err, &retrieve):
		if retrieve.Response != nil && retrieve.Response.StatusCode >= http.StatusInternalServerError {
			return rp.unavailable(a.ReturnTo, err)
		}
		e := rp.fault(KindProvider, a.ReturnTo, err)
		e.Code = errorCode(retrieve.ErrorCode)
		return e
	case errors.As(err, &unreachable):
		return rp.unavailable(a.ReturnTo, err)
	case errors.As(err, &protocol):
		return rp.fault(KindProvider, a.ReturnTo, err)
	}
	return rp.fault(KindInvalid, a.ReturnTo, fmt.Errorf("token response: %w", err))
}
