package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/resource"
)

// operation is what is said of an operation besides what it takes and gives.
type operation struct {
	id      string // its name in the description
	method  string
	path    string // below Prefix
	scope   string // without which a token does not open it
	tag     string // the group that it is shown in
	summary string
	about   string
	status  int // of success; 0: 200
}

// call is one request for an operation.
type call struct {
	*grant.Access
	request *http.Request
	answer  http.ResponseWriter
	failed  error // how it ended, for the log
	secret  bool  // the answer shows one
}

// actor is who asks for a change: the person, or for the client itself the operator.
func (c *call) actor() org.Actor {
	if c.AccountID == "" {
		return org.Operator
	}
	return org.Actor{AccountID: c.AccountID}
}

// operator reports whether an app of the house calls by itself.
func (c *call) operator() bool { return c.AccountID == "" }

type callKey struct{}

// declare adds an operation that do carries out.
func declare[I, O any](a *API, o operation, do func(ctx context.Context, c *call, in *I) (*O, error)) {
	var more []*huma.Param
	if o.method == http.MethodPost {
		more = append(more, keyParameter())
	}
	huma.Register(a.huma, huma.Operation{
		OperationID: o.id, Method: o.method, Path: Prefix + o.path, DefaultStatus: o.status, MaxBodyBytes: maxBody, Parameters: more,
		Summary: o.summary, Description: o.about, Tags: []string{o.tag},
		Security: []map[string][]string{{securityScheme: {o.scope}}},
		Errors:   []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *I) (*O, error) {
		c := ctx.Value(callKey{}).(*call)
		out, err := do(ctx, c, in)
		if err != nil {
			c.failed = err
			return nil, problemOf(err, c.request)
		}
		return out, nil
	})
}

// adapter makes routes of operations. What an operation says of its scope to
// readers of the description is what is asked of tokens here.
type adapter struct{ api *API }

// Handle implements huma.Adapter.
func (a adapter) Handle(o *huma.Operation, handler func(huma.Context)) {
	scope := o.Security[0][securityScheme][0]
	a.api.routes = append(a.api.routes, httpd.Route{Method: o.Method, Path: o.Path, Kind: httpd.API, Do: a.api.cross.Allow(func(w http.ResponseWriter, r *http.Request) error {
		access, err := a.api.admit(w, r, scope)
		if err != nil {
			return err
		}
		c := &call{Access: access, request: r, answer: w}
		serve := func(w http.ResponseWriter, r *http.Request) error {
			handler(humago.NewContext(o, r.WithContext(context.WithValue(r.Context(), callKey{}, c)), w))
			return c.failed
		}
		if o.Method == http.MethodPost && r.Header.Get(headerKey) != "" {
			return a.api.once(w, r, c, serve)
		}
		return serve(w, r)
	})})
}

// ServeHTTP implements huma.Adapter, which nobody asks for: routes are mounted
// with those of the rest of the house.
func (adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// admit returns who calls, if the token is good and opens the scope, and calls
// are not too many.
func (a *API) admit(w http.ResponseWriter, r *http.Request, scope string) (*grant.Access, error) {
	access, err := a.Tokens.Access(w, r)
	if err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(access.Scopes, scope):
		// RFC 6750 §3.1; a scope has no character that a quoted string has not.
		w.Header().Set("WWW-Authenticate", access.Scheme+` error="insufficient_scope", scope="`+scope+`"`)
		return nil, fault.New(fault.Forbidden, "the access token was not granted the scope %s: ask for one with it", scope)
	case access.AccountID != "" && slices.Contains(resource.Operating, scope):
		return nil, fault.New(fault.Forbidden, "this is the operator's: an app of the house does it by itself, with a token of its own (client_credentials)")
	case access.AccountID == "" && !access.Trusted:
		return nil, fault.New(fault.Forbidden, "an app acts as the operator only if it is the house's (trusted: true); others manage what the person may who signed in")
	}
	wait, err := a.Gate(r.Context(), access, httpd.InfoOf(r).Address)
	if fault.Is(err, fault.Limited) {
		httpd.RetryAfter(w, wait)
	}
	return access, err
}
