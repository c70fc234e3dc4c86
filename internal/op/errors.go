package op

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"signet/internal/fault"
	"signet/internal/httpd"
)

// oauthError is an error that the protocol defines: a code that programs read
// and a description for the developer. It is a fault, too, so that the log and
// the guards know its kind.
type oauthError struct {
	*failure
	code   string // RFC 6749 §5.2 and others
	rule   *Rule  // that was broken; nil: none of the protocol's
	scheme string // for WWW-Authenticate on 401: "Basic", "Bearer" or "DPoP"

	metadata string // of the API that wants another token (RFC 9728 §5.1); "": of none
}

// failure is fault.Error under a name that leaves Error to the method.
type failure = fault.Error

// Unwrap makes the fault visible to errors.As.
func (e *oauthError) Unwrap() error { return e.failure }

func oauth(kind fault.Kind, code, format string, args ...any) *oauthError {
	return &oauthError{failure: fault.New(kind, format, args...), code: code}
}

func (e *oauthError) because(cause error) *oauthError {
	e.Cause = cause
	return e
}

// The error codes: the library's where it has a name for one.
const (
	codeInvalidRequest     = string(oidc.InvalidRequest)
	codeInvalidClient      = string(oidc.InvalidClient)
	codeInvalidGrant       = string(oidc.InvalidGrant)
	codeInvalidScope       = string(oidc.InvalidScope)
	codeInvalidTarget      = string(oidc.InvalidTarget) // RFC 8707 §2
	codeUnauthorizedClient = string(oidc.UnauthorizedClient)
	codeUnsupportedGrant   = string(oidc.UnsupportedGrantType)
	codeServerError        = string(oidc.ServerError)
	codeLoginRequired      = string(oidc.LoginRequired)
	codeAccessDenied       = string(oidc.AccessDenied)
	codeNoRequestObject    = string(oidc.RequestNotSupported)

	codeAuthorizationPending = string(oidc.AuthorizationPending) // RFC 8628 §3.5, CIBA Core 1.0 §11
	codeSlowDown             = string(oidc.SlowDown)             // likewise
	codeExpiredToken         = string(oidc.ExpiredToken)         // likewise

	codeConsentRequired     = "consent_required"
	codeInteraction         = "interaction_required"
	codeAccountSelection    = "account_selection_required"
	codeUnsupportedResponse = "unsupported_response_type"
	// OpenID Connect Core Error Code unmet_authentication_requirements 1.0
	codeUnmetAuthentication = "unmet_authentication_requirements"
	codeUnavailable         = "temporarily_unavailable"
	codeInvalidRequestURI   = "invalid_request_uri"           // OpenID Connect Core §3.1.2.6
	codeInvalidMetadata     = "invalid_client_metadata"       // RFC 7591 §3.2.2
	codeInvalidStatement    = "invalid_software_statement"    // likewise
	codeUnapprovedStatement = "unapproved_software_statement" // likewise
	codeInvalidRedirectURI  = "invalid_redirect_uri"          // likewise
	codeInvalidObject       = "invalid_request_object"        // likewise
	codeInvalidToken        = "invalid_token"                 // RFC 6750 §3.1
	codeInvalidDetails      = "invalid_authorization_details" // RFC 9396 §5
	codeInsufficientScope   = "insufficient_scope"
	codeInvalidProof        = "invalid_dpop_proof"      // RFC 9449 §5
	codeUseNonce            = "use_dpop_nonce"          // RFC 9449 §8
	codeUnknownPerson       = "unknown_user_id"         // CIBA Core 1.0 §13
	codeInvalidMessage      = "invalid_binding_message" // likewise
)

func invalidRequest(format string, args ...any) *oauthError {
	return ruleRequest.broken(format, args...)
}

// asOAuth translates any error: one that is not the protocol's own tells no
// more than that it is our side's.
func asOAuth(err error) *oauthError {
	var o *oauthError
	if errors.As(err, &o) {
		return o
	}
	switch kind := fault.KindOf(err); kind {
	case fault.Unavailable:
		return oauth(kind, codeUnavailable, "%s", fault.Public(err)).because(err)
	case fault.Limited:
		return ruleLimit.broken("%s", fault.Public(err)).because(err)
	case fault.NotFound:
		return invalidRequest("%s", fault.Public(err)).because(err)
	default:
		return oauth(fault.Internal, codeServerError, "%s", fault.Public(err)).because(err)
	}
}

// WriteError answers with an error as OAuth JSON (RFC 6749 §5.2), and with
// WWW-Authenticate where the status is 401 (RFC 9110 §11.6.1).
func (p *Provider) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	o := asOAuth(err)
	description := p.explained(r, o, nil)
	status := httpd.Status(o.Kind)
	h := w.Header()
	switch {
	case o.scheme != "":
		challenge(h, o, description)
	case status == http.StatusUnauthorized:
		// Some libraries show a 401's challenge and not its body. What is unknown
		// in a challenge is ignored (RFC 7617 §2).
		h.Set("WWW-Authenticate", `Basic realm="signet", charset="UTF-8", error="`+o.code+`", error_description="`+headerSafe(description)+`"`)
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		httpd.RetryAfter(w, time.Second)
	}
	h["Content-Type"] = jsonType
	body, _ := json.Marshal(struct { // two strings always marshal
		Error       string `json:"error,omitempty"`
		Description string `json:"error_description,omitempty"`
	}{o.code, description})
	w.WriteHeader(status)
	w.Write(body)
}

// challenge says how a resource is asked for, and what was wrong with the token
// or the proof (RFC 6750 §3, RFC 9449 §7.1). Who sent none learns of both ways.
func challenge(h http.Header, o *oauthError, description string) {
	where := ""
	if o.metadata != "" {
		where = `, resource_metadata="` + o.metadata + `"`
	}
	if o.code == "" {
		h["Www-Authenticate"] = []string{schemeBearer + strings.TrimPrefix(where, ","), schemeDPoP + " " + proofAlgs + where}
		return
	}
	c := o.scheme + ` error="` + o.code + `", error_description="` + headerSafe(description) + `"`
	if o.scheme == schemeDPoP {
		c += ", " + proofAlgs
	}
	h.Set("WWW-Authenticate", c+where)
}

// headerSafe leaves of a description what a quoted string may hold
// (RFC 6750 §3).
func headerSafe(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if c := s[i]; c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			out = append(out, c)
		}
	}
	return string(out)
}
