package op

// RFC 6749 §2.3 and OpenID Connect Core §9: how a client proves who it is. The
// method that was registered is the only one that is accepted.

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"

	"signet/internal/client"
	"signet/internal/fault"
)

// credentials are what a request brought along, and by which method.
type credentials struct {
	method   string
	clientID string
	secret   string
	address  string // of who sent it

	assertion string
	endpoint  string // the path that was called

	chain []*x509.Certificate // of the connection, the client's first
}

// authMethods is the table of client authentication: what each method checks.
var authMethods = map[string]func(*Provider, context.Context, *client.Client, credentials) (bool, error){
	client.AuthBasic:         (*Provider).checkSecret,
	client.AuthPost:          (*Provider).checkSecret,
	client.AuthPrivateKeyJWT: (*Provider).checkAssertion,
	client.AuthSecretJWT:     (*Provider).checkAssertion,
	client.AuthTLS:           (*Provider).checkCertificate,
	client.AuthSelfSignedTLS: (*Provider).checkCertificate,
	client.AuthNone:          func(*Provider, context.Context, *client.Client, credentials) (bool, error) { return true, nil },
}

// SecretGuard bounds how often the secret of a client is guessed. What is right
// costs no round trip: secrets are long, so that it is enough when somebody who
// guesses is stopped soon, and not at the very guess.
type SecretGuard interface {
	// Allow returns a fault of kind Limited when the address sent too many wrong
	// secrets of the client.
	Allow(clientID, address string) error
	// Wrong counts a wrong secret.
	Wrong(ctx context.Context, clientID, address string) error
}

func (p *Provider) checkSecret(ctx context.Context, c *client.Client, cr credentials) (bool, error) {
	if err := p.Secrets.Allow(c.ID, cr.address); err != nil {
		return false, err
	}
	if !p.Clients.Verify(c, cr.secret) {
		return false, p.Secrets.Wrong(ctx, c.ID, cr.address)
	}
	return true, nil
}

// fromClient reads the parameters of a request that a client sends itself, and
// returns the client.
func (p *Provider) fromClient(r *http.Request) (params, *client.Client, *oauthError) {
	ps, oerr := formParams(r)
	if oerr != nil {
		return nil, nil, oerr
	}
	c, oerr := p.authenticate(r, ps)
	return ps, c, oerr
}

// authenticate returns the client that sent the request. All failures read the
// same, so that nobody learns which clients exist; the log has the reason.
func (p *Provider) authenticate(r *http.Request, ps params) (*client.Client, *oauthError) {
	cr, oerr := readCredentials(r, ps)
	if oerr != nil {
		return nil, oerr
	}
	c, err := p.Clients.Get(r.Context(), cr.clientID)
	if fault.Is(err, fault.NotFound) {
		return nil, invalidClient(err)
	}
	if err != nil {
		return nil, asOAuth(err)
	}
	info := infoOf(r)
	info.ClientID, cr.address = c.ID, info.Address
	if cr.assertion != "" && c.AuthMethod == client.AuthSecretJWT {
		cr.method = client.AuthSecretJWT // which of the two it is, the assertion does not say
	}
	if cr.method == client.AuthNone && client.UsesCertificate(c.AuthMethod) {
		cr.method = c.AuthMethod // the request has the client_id alone (RFC 8705 §2)
		if cr.chain, err = p.cfg.MTLS.Certificates.Of(r); err != nil {
			return nil, invalidClient(err)
		}
	}
	if cr.method != c.AuthMethod {
		return nil, invalidClient(fault.New(fault.Unauthenticated, "the client used %s and is registered for %s", cr.method, c.AuthMethod))
	}
	ok, err := authMethods[cr.method](p, r.Context(), c, cr)
	if fault.Is(err, fault.Unauthenticated) {
		return nil, invalidClient(err)
	}
	if err != nil {
		return nil, asOAuth(err)
	}
	if !ok {
		return nil, invalidClient(fault.New(fault.Unauthenticated, "the secret is wrong"))
	}
	return c, nil
}

func invalidClient(cause error) *oauthError {
	return ruleClientAuth.broken(
		"client authentication failed: check client_id, the secret, the assertion or the certificate, and that the registered token_endpoint_auth_method is the one used").because(cause)
}

// readCredentials finds the one method that the request uses.
func readCredentials(r *http.Request, ps params) (credentials, *oauthError) {
	id, secret := ps.get("client_id"), ps.get("client_secret")
	header := r.Header.Get("Authorization")
	if header == "" {
		switch {
		case ps.has("client_assertion") || ps.has("client_assertion_type"):
			return readAssertion(ps, r.URL.Path)
		case id == "":
			return credentials{}, invalidClient(fault.New(fault.Unauthenticated, "no credentials"))
		case secret == "":
			return credentials{method: client.AuthNone, clientID: id}, nil
		}
		return credentials{method: client.AuthPost, clientID: id, secret: secret}, nil
	}
	basicID, basicSecret, ok := basicAuth(r)
	switch {
	case !ok:
		return credentials{}, invalidClient(fault.New(fault.Unauthenticated, "the Authorization header is not Basic with an encoded id and secret"))
	case secret != "" || ps.has("client_assertion"):
		return credentials{}, ruleCredentials.broken("the client authenticates in two ways at once; use one")
	case id != "" && id != basicID:
		return credentials{}, ruleCredentials.broken("client_id names another client than the Authorization header")
	}
	return credentials{method: client.AuthBasic, clientID: basicID, secret: basicSecret}, nil
}

// basicAuth reads the header as RFC 6749 §2.3.1 writes it: both parts are
// form-encoded before they are joined.
func basicAuth(r *http.Request) (id, secret string, ok bool) {
	rawID, rawSecret, ok := r.BasicAuth()
	if !ok || strings.ContainsRune(rawID, 0) {
		return "", "", false
	}
	id, err := url.QueryUnescape(rawID)
	if err != nil {
		return "", "", false
	}
	secret, err = url.QueryUnescape(rawSecret)
	return id, secret, err == nil
}
