package api

// What is asked of addresses below /api/ that is no operation: a program is told in
// its own terms, not by a page for people.

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"signet/internal/fault"
	"signet/internal/httpd"
)

// root is the path below which all is for programs, whatever version of the API
// there will be.
const root = "/api"

// Apps in the browser call for a person whose token they have. They are those of
// the house's own clients; a token is sent by the app and never by the browser
// itself, so that nothing is opened by being visited.
const (
	sentByPages = "Authorization, Content-Type, DPoP, " + headerKey
	readByPages = "WWW-Authenticate, DPoP-Nonce, Retry-After, " + headerRepeated
)

func newCross(knows func(context.Context, string) (bool, error)) *httpd.Cross {
	return &httpd.Cross{Knows: knows, Sent: sentByPages, Read: readByPages}
}

// elsewhere adds, to the routes that there are, those that answer the rest.
func (a *API) elsewhere() {
	methods := map[string][]string{}
	for _, r := range a.routes {
		methods[r.Path] = append(methods[r.Path], strings.Replace(r.Method, "GET", "GET, HEAD", 1))
	}
	for path, of := range methods {
		slices.Sort(of)
		allow := strings.Join(append(of, http.MethodOptions), ", ")
		a.routes = append(a.routes, httpd.Route{Path: path, Kind: httpd.API, Do: a.others(allow)})
	}
	for _, path := range []string{root, root + "/"} {
		a.routes = append(a.routes, httpd.Route{Path: path, Kind: httpd.API, Do: a.cross.Allow(a.nowhere)})
	}
}

// others answers the methods that an address has no operation for (RFC 9110
// §9.3.7, §15.5.6).
func (a *API) others(allow string) httpd.Handler {
	preflight := a.cross.Preflight(allow)
	refuse := a.cross.Allow(func(w http.ResponseWriter, r *http.Request) error {
		writeProblem(w, problem(http.StatusMethodNotAllowed, r, "this address answers "+allow+"; "+a.Issuer+PathDocument+" says what each does"))
		return nil
	})
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allow)
		if r.Method == http.MethodOptions {
			return preflight(w, r)
		}
		return refuse(w, r)
	}
}

// nowhere answers where there is no operation at all.
func (a *API) nowhere(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "there is nothing at this address: %s lists all operations", a.Issuer+PathDocument)
}
