package op

// RFC 9126: pushed authorization requests. The app sends its request from server
// to server, proves who it is, and gets a handle that the browser brings along.

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"signet/internal/fault"
	"signet/internal/session"
)

// pushedPrefix begins the request_uri of a pushed request (§2.2).
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// credentialNames are the parameters with which a client proves who it is; they
// are no part of its request (§2.1).
var credentialNames = []string{"client_secret", "client_assertion", "client_assertion_type"}

// pushed is the answer to a pushed request (§2.2).
type pushed struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
}

// push reads and checks a request exactly as /authorize does, and keeps it.
func (p *Provider) push(w http.ResponseWriter, r *http.Request) error {
	ps, c, oerr := p.fromClient(r)
	if oerr != nil {
		return oerr
	}
	for _, name := range credentialNames {
		delete(ps, name)
	}
	ps["client_id"] = []string{c.ID} // as it is proven: it may be in the header alone
	if ps.has("request_uri") {
		return rulePushedURI.broken("a pushed request cannot hold a request_uri (RFC 9126, section 2.1)")
	}
	d := &draft{params: ps, client: c, req: &session.Request{ClientID: c.ID}, pushing: true}
	checks := append([]check{resolveRequest, checkRedirectURI}, requestChecks...)
	for _, check := range checks {
		if oerr := check(p, r.Context(), d); oerr != nil {
			return pushError(oerr)
		}
	}
	if d.refused != nil {
		return pushError(d.refused)
	}
	if oerr := p.bindPushed(w, r, d); oerr != nil {
		return oerr
	}
	id, life, err := p.Sessions.Push(r.Context(), infoOf(r).Address, d.req)
	if err != nil {
		return err
	}
	body, err := json.Marshal(pushed{pushedPrefix + id, int64(life / time.Second)})
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(http.StatusCreated)
	w.Write(body)
	return nil
}

// pushError answers what is wrong with the request with 400 (§2.3): the client
// has proven who it is.
func pushError(o *oauthError) *oauthError {
	if o.Kind == fault.Unauthenticated || o.Kind == fault.Forbidden {
		o.Kind = fault.Invalid
	}
	return o
}

// takePushed makes the pushed request the one that is asked for. It is the
// client's own, and good for one answer (§4, §7.3).
func (p *Provider) takePushed(ctx context.Context, d *draft, uri string) *oauthError {
	req, err := p.Sessions.TakePushed(ctx, strings.TrimPrefix(uri, pushedPrefix))
	if err != nil {
		return pushedGone(err)
	}
	if req.ClientID != d.client.ID || !d.client.MayRedirect(req.RedirectURI) {
		return rulePushed.broken("the pushed request is of another client")
	}
	d.req, d.pushed = req, true
	return nil
}

// pushedGone is the error of a pushed request that was answered before, or is over.
func pushedGone(err error) *oauthError {
	if fault.Is(err, fault.Expired) {
		return rulePushed.broken("%s", fault.Public(err)).because(err)
	}
	return asOAuth(err)
}
