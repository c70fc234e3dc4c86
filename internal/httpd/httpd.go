// Package httpd is what every route has in common: the guards that come with
// its kind, the one log line per request, and what a request says about the
// browser that sent it (cookies, address, device).
//
// A handler parses, calls one method of the domain, answers, and returns an
// error; it cannot forget a guard, because the route's kind brings them. The
// package knows no protocol, no page and no store.
package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
)

// Handler answers a request, or returns an error before it wrote anything; the
// route's kind says how the error is told.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Kind is the sort of a route, and brings its guards.
type Kind int

// The kinds.
const (
	// Page is HTML that a person looks at: never stored, never framed.
	Page Kind = iota
	// Form is what a page posts: as Page, and refused when it comes from
	// another origin.
	Form
	// Protocol is called by apps, or by a browser on an app's behalf from
	// another origin: never stored, errors as OAuth JSON (RFC 6749 §5.2).
	Protocol
	// API is called by programs that present an access token: never stored, errors
	// as problem details (RFC 9457).
	API
	// Redirect is protocol that a browser visits: errors are pages.
	Redirect
	// Public is the same for everyone and may be cached: the handler says for
	// how long. No cookie is read.
	Public
)

// Route is one line of the program's table of contents.
type Route struct {
	Method string // "GET" answers HEAD, too; "": any that the path has no other route for
	Path   string // a pattern of http.ServeMux
	Kind   Kind
	Do     Handler
}

// Observer counts requests.
type Observer interface {
	// Route returns what is told of each request to the route. It is asked for
	// once, so that counting a request looks nothing up by name.
	Route(name string) func(status int, took time.Duration)
}

// Options are what the guards need.
type Options struct {
	Log       *slog.Logger
	Observer  Observer
	Addresses *Addresses
	Secure    bool // the issuer is https
	// PageError, OAuthError and ProblemError tell an error to a person, to an app,
	// and to a program that manages the house.
	PageError  func(w http.ResponseWriter, r *http.Request, err error)
	OAuthError func(w http.ResponseWriter, r *http.Request, err error)

	ProblemError func(w http.ResponseWriter, r *http.Request, err error)
}

// maxBody is the most that a request may carry, in bytes. Forms and token
// requests are far smaller; request objects are the largest.
const maxBody = 256 << 10

// Mount returns the routes, each behind the guards of its kind.
func Mount(o Options, routes []Route) *http.ServeMux {
	mux := http.NewServeMux()
	cross := http.NewCrossOriginProtection()
	allowed := map[string]*Route{} // path -> the answer to every other method
	own := map[string]bool{}       // paths that have one themselves
	for _, route := range routes {
		mux.Handle(strings.TrimPrefix(route.Method+" "+route.Path, " "), mount(o, cross, route.Path, route))
		if route.Method == "" {
			own[route.Path] = true
		}
		other := allowed[route.Path]
		if other == nil {
			other = &Route{Path: route.Path, Kind: route.Kind}
			allowed[route.Path] = other
		}
		other.Method += ", " + route.Method
	}
	for path, other := range allowed {
		if own[path] {
			continue
		}
		other.Do = notAllowed(strings.TrimPrefix(strings.Replace(other.Method, "GET", "GET, HEAD", 1), ", "))
		mux.Handle(path, mount(o, cross, path, *other))
	}
	mux.Handle("/", mount(o, cross, "none", Route{Kind: Page, Do: func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.NotFound, "There is no page at this address.")
	}}))
	return mux
}

func mount(o Options, cross *http.CrossOriginProtection, name string, route Route) http.Handler {
	return &mounted{Options: o, route: route, name: name, cross: cross, observe: o.Observer.Route(name)}
}

// notAllowed answers a method that the path does not know (RFC 9110 §15.5.6).
// Without it the mux would take the request to the page for unknown addresses.
func notAllowed(methods string) Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", methods)
		http.Error(w, "this address answers "+methods, http.StatusMethodNotAllowed)
		return nil
	}
}

type mounted struct {
	Options
	route   Route
	name    string
	cross   *http.CrossOriginProtection
	observe func(status int, took time.Duration)
}

// ServeHTTP brings the guards, the log line and the translation of errors.
func (m *mounted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	info := &Info{Address: m.Addresses.Of(r)}
	r = r.WithContext(context.WithValue(r.Context(), infoKey{}, info))
	rec := &recorder{ResponseWriter: w}
	m.guard(rec.Header())
	if r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(rec, r.Body, maxBody)
	}
	err := m.run(rec, r)
	if err != nil {
		info.Kind, info.Cause = fault.KindOf(err), err
		if !rec.wrote {
			m.tell(rec, r, err)
		}
	}
	took := time.Since(start)
	m.observe(rec.status(), took)
	m.log(r, rec.status(), took, info)
}

func (m *mounted) run(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err = fault.New(fault.Internal, "panic: %v\n%s", p, debug.Stack())
		}
	}()
	if m.route.Kind == Form {
		if err := m.cross.Check(r); err != nil {
			return fault.Wrap(fault.Forbidden, err, "This form was sent from another site. Go back and try again.")
		}
	}
	return m.route.Do(w, r)
}

func (m *mounted) tell(w http.ResponseWriter, r *http.Request, err error) {
	switch m.route.Kind {
	case Protocol, Public:
		m.OAuthError(w, r, err)
	case API:
		m.ProblemError(w, r, err)
	default:
		m.PageError(w, r, err)
	}
}

func (m *mounted) guard(h http.Header) {
	h["X-Content-Type-Options"] = nosniff
	if m.Secure {
		h["Strict-Transport-Security"] = hsts
	}
	if m.route.Kind == Public {
		return
	}
	h["Cache-Control"] = noStore
	h["Referrer-Policy"] = noReferrer
	h["X-Frame-Options"] = deny
}

// Header values that never change, shared to save their allocation.
var (
	nosniff    = []string{"nosniff"}
	hsts       = []string{"max-age=31536000"}
	noStore    = []string{"no-store"}
	noReferrer = []string{"no-referrer"}
	deny       = []string{"DENY"}
)

// log writes the request's one line. What is public and went well is not worth
// a line by default.
func (m *mounted) log(r *http.Request, status int, took time.Duration, info *Info) {
	level := slog.LevelInfo
	switch {
	case status >= 500:
		level = slog.LevelError
	case m.route.Kind == Public && status < 400:
		level = slog.LevelDebug
	}
	if !m.Log.Enabled(r.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs, slog.String("route", m.name), slog.String("method", r.Method), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("request", info.RequestID()))
	if info.ClientID != "" {
		attrs = append(attrs, slog.String("client", info.ClientID))
	}
	if info.AccountID != "" {
		attrs = append(attrs, slog.String("account", info.AccountID))
	}
	if info.Rule != "" {
		attrs = append(attrs, slog.String("rule", info.Rule))
	}
	if info.Cause != nil {
		attrs = append(attrs, slog.String("kind", string(info.Kind)), slog.String("cause", cut(info.Cause.Error())))
	}
	m.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// cut keeps a stranger's words from filling the log.
func cut(s string) string {
	const most = 4 << 10 // bytes; the stack of a panic is about that long
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// Info is what is known about a request while it is answered; it ends in the
// log. Handlers set ClientID and AccountID as soon as they know them.
type Info struct {
	Address   string // of the browser or app
	ClientID  string
	AccountID string
	Kind      fault.Kind
	Cause     error
	Rule      string              // that the request broke, by its name in docs/errors.md
	Asked     map[string][]string // what was asked with, once it is read; never in the log

	id string
}

// RequestID is the name by which the request is found in the log. It is made
// when it is first asked for: most requests are never spoken of. It begins with
// no dash, so that a command can be given it.
func (i *Info) RequestID() string {
	for i.id == "" || i.id[0] == '-' {
		i.id = handle.Short()
	}
	return i.id
}

type infoKey struct{}

// InfoOf returns the request's Info.
func InfoOf(r *http.Request) *Info {
	if info, ok := r.Context().Value(infoKey{}).(*Info); ok {
		return info
	}
	return &Info{}
}

// Status returns the HTTP status that says what the kind means.
func Status(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Expired:
		return http.StatusGone
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// recorder notes the status, and whether anything was written.
type recorder struct {
	http.ResponseWriter
	code  int
	wrote bool
}

func (r *recorder) WriteHeader(code int) {
	if !r.wrote {
		r.code, r.wrote = code, true
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	if !r.wrote {
		r.code, r.wrote = http.StatusOK, true
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}

// RetryAfter sets the header of a Limited or Unavailable answer.
func RetryAfter(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(d.Round(time.Second)/time.Second))))
}
