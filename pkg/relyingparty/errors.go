package relyingparty

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

// Kind says what went wrong, as far as an app may want to answer differently.
type Kind string

const (
	// KindDenied: the person, or the provider's policy, said no (access_denied).
	KindDenied Kind = "denied"
	// KindInteraction: a silent sign-in needs the person after all
	// (login_required and its kin), and there was no page to return to.
	KindInteraction Kind = "interaction_required"
	// KindProvider: the provider answered with another error.
	KindProvider Kind = "provider_error"
	// KindStale: the answer belongs to no sign-in that this browser began
	// here: it is too old, was used already, or came from somewhere else.
	KindStale Kind = "stale"
	// KindInvalid: the answer is not what the provider may send. Somebody may
	// be interfering, or something is misconfigured; the log tells what.
	KindInvalid Kind = "invalid"
	// KindUnavailable: the provider cannot be reached just now.
	KindUnavailable Kind = "unavailable"
	// KindUnauthenticated: the request needs a session, and cannot be sent to
	// the sign-in because it is not a page being opened.
	KindUnauthenticated Kind = "unauthenticated"
	// KindScope: the session lacks a scope that the handler requires.
	KindScope Kind = "insufficient_scope"
	// KindRole: the person's role in the organization does not let them do that.
	KindRole Kind = "insufficient_role"
	// KindCrossOrigin: another site made the browser post here.
	KindCrossOrigin Kind = "cross_origin"
	// KindInternal: the app itself failed, for example on a session too large.
	KindInternal Kind = "internal"
)

// Error is what an ErrorHandler receives. Message, Status, Kind, Code and Retry
// may be shown; the cause is for the log.
type Error struct {
	Kind Kind
	// Status is the HTTP status to answer with.
	Status int
	// Code is the provider's error code (RFC 6749 §4.1.2.1), if it sent one.
	// It holds registered characters only; its description is never shown,
	// because whoever makes a link can write it.
	Code string
	// Message is a sentence for the person.
	Message string
	// Retry is the path of a link that goes on from here, and RetryText what
	// it says.
	Retry, RetryText string

	cause error
}

// Error gives the kind and the cause, for logs.
func (e *Error) Error() string {
	text := string(e.Kind)
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.cause != nil {
		text += ": " + describe(e.cause)
	}
	return text
}

// Unwrap gives the cause. It may quote the provider's answers: do not show it.
func (e *Error) Unwrap() error { return e.cause }

// outcome is what each kind says by default.
var outcome = map[Kind]struct {
	status  int
	message string
}{
	KindDenied:          {http.StatusForbidden, "You were not signed in, because the request was refused."},
	KindInteraction:     {http.StatusUnauthorized, "You need to sign in to go on."},
	KindProvider:        {http.StatusBadGateway, "The sign-in service could not complete the request."},
	KindStale:           {http.StatusBadRequest, "This sign-in has expired or was already used."},
	KindInvalid:         {http.StatusBadRequest, "The answer of the sign-in service could not be trusted, so you were not signed in."},
	KindUnavailable:     {http.StatusServiceUnavailable, "The sign-in service cannot be reached just now. Please try again in a moment."},
	KindUnauthenticated: {http.StatusUnauthorized, "You need to sign in to go on."},
	KindScope:           {http.StatusForbidden, "Your sign-in does not allow this app to do that."},
	KindRole:            {http.StatusForbidden, "Your role in this organization does not allow that."},
	KindCrossOrigin:     {http.StatusForbidden, "This request came from another site and was not carried out."},
	KindInternal:        {http.StatusInternalServerError, "Something went wrong in this app."},
}

// fault makes an Error of a kind, with a way back to the page where it began.
func (rp *RP) fault(kind Kind, returnTo string, cause error) *Error {
	e := &Error{Kind: kind, Status: outcome[kind].status, Message: outcome[kind].message, cause: cause}
	switch kind {
	case KindScope, KindRole, KindCrossOrigin, KindInternal:
		e.Retry, e.RetryText = "/", "Go to the start page"
	case KindStale:
		e.Retry, e.RetryText = "/", "Go on"
	default:
		e.Retry, e.RetryText = rp.LoginURL(returnTo), "Try again"
	}
	return e
}

// fail logs e and answers with it. Every refusal of this package ends here.
func (rp *RP) fail(w http.ResponseWriter, r *http.Request, e *Error) {
	level := slog.LevelInfo
	switch e.Kind {
	case KindInvalid, KindProvider, KindUnavailable, KindInternal:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("kind", string(e.Kind)), slog.Int("status", e.Status), slog.String("path", r.URL.Path)}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code))
	}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", describe(e.cause)))
	}
	if rule, request, ok := refusal(e.cause); ok {
		attrs = append(attrs, slog.String("rule", rule), slog.String("request", request))
	}
	rp.config.Logger.LogAttrs(r.Context(), level, "sign-in refused", attrs...)
	w.Header().Set("Cache-Control", "no-store")
	rp.config.ErrorHandler(w, r, e)
}

// named finds, at the end of an error_description of Signet, the rule that was
// broken and the request that "signet explain" tells more of.
var named = regexp.MustCompile(`\(([a-z0-9-]{1,64}), request ([A-Za-z0-9_-]{22})\)$`)

// refusal gives these two. Nothing else of a description is logged, because
// providers quote in it what they were sent.
func refusal(err error) (rule, request string, ok bool) {
	var retrieve *oauth2.RetrieveError
	var protocol *oidc.Error
	var answer *answerError
	var description string
	switch {
	case errors.As(err, &retrieve):
		description = retrieve.ErrorDescription
	case errors.As(err, &protocol):
		description = protocol.Description
	case errors.As(err, &answer):
		description = answer.description
	}
	if m := named.FindStringSubmatch(description); m != nil {
		return m[1], m[2], true
	}
	return "", "", false
}

// errorCode keeps a provider's error code if it has the characters of RFC 6749
// §4.1.2.1 and a plausible length.
func errorCode(code string) string {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
	}
	if len(code) > 64 || strings.ContainsFunc(code, bad) {
		return "unknown"
	}
	return code
}

// The default page brings its own few lines of style and allows nothing else,
// whatever policy the app has.
const errorStyle = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:0;display:grid;place-content:center;min-height:100vh}` +
	`main{max-width:26rem;padding:1.5rem}h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}p{margin:0 0 1rem}`

var errorPolicy = func() string {
	sum := sha256.Sum256([]byte(errorStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
}()

var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title><style>` + errorStyle + `</style></head>
<body><main><h1>{{.Title}}</h1><p>{{.Message}}</p>{{if .Retry}}<p><a href="{{.Retry}}">{{.RetryText}}</a></p>{{end}}
{{if .Code}}<p><small>For this app's developer: <code>{{.Code}}</code></small></p>{{end}}</main></body></html>
`))

// writeError is the default ErrorHandler.
func writeError(w http.ResponseWriter, r *http.Request, e *Error) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if !wantsPage(r) {
		h.Set("Content-Type", "application/json")
		w.WriteHeader(e.Status)
		// The client may be gone; there is nobody to tell.
		_ = json.NewEncoder(w).Encode(map[string]string{"error": string(e.Kind), "message": e.Message})
		return
	}
	title := "You are not signed in"
	switch e.Kind {
	case KindScope, KindRole, KindCrossOrigin:
		title = "That is not allowed"
	case KindInternal:
		title = "Something went wrong"
	}
	var page bytes.Buffer
	data := struct {
		*Error
		Title string
	}{e, title}
	if err := errorPage.Execute(&page, data); err != nil {
		http.Error(w, fmt.Sprintf("%s\n%s", title, e.Message), e.Status)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", errorPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(e.Status)
	_, _ = page.WriteTo(w) // the client may be gone
}
