package op

// To what a token is bound, and whether who uses it has that (RFC 9700 §2.2.1):
// asked once of each token request, before any grant is looked at, and once of
// each use of an access token.

import (
	"net/http"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
)

// Schemes of an access token in the Authorization header, and token types
// (RFC 6750 §2.1, RFC 9449 §5, §7.1).
const (
	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
)

// tokenType is the token_type of what is bound so. A token that is bound to a
// certificate is presented as one that is not (RFC 8705 §3).
func tokenType(cnf grant.Confirmation) string {
	if cnf.JKT != "" {
		return schemeDPoP
	}
	return schemeBearer
}

// boundTo is to what the tokens of the request will be bound. A client that may
// do without is taken at its word: it binds them by sending a proof, or by being
// registered for its certificate.
func (p *Provider) boundTo(w http.ResponseWriter, r *http.Request, c *client.Client) (grant.Confirmation, *oauthError) {
	if c.CertificateBound {
		return p.boundToCertificate(r)
	}
	key, oerr := p.proofKey(w, r, c)
	switch {
	case oerr != nil:
		return grant.Confirmation{}, oerr
	case key == "" && c.RequiresBinding():
		return grant.Confirmation{}, ruleProofMissing.broken(
			"the client is registered for tokens that are bound to a key (dpop_bound_access_tokens): send a DPoP proof in the header DPoP (RFC 9449, section 5)")
	}
	return grant.Confirmation{JKT: key}, nil
}

// boundToCertificate takes the certificate of the connection (RFC 8705 §3). A
// token is bound to one thing, so that there is one answer to how it is used.
func (p *Provider) boundToCertificate(r *http.Request) (grant.Confirmation, *oauthError) {
	if len(r.Header.Values(headerProof)) > 0 {
		return grant.Confirmation{}, ruleOneBond.broken("the client is registered for tokens that are bound to its certificate (tls_client_certificate_bound_access_tokens): leave the DPoP proof out")
	}
	certificate, err := p.thumbprint(r)
	switch {
	case err != nil:
		return grant.Confirmation{}, ruleCertificate.broken("%s", fault.Public(err)).because(err)
	case certificate == "":
		return grant.Confirmation{}, ruleCertificate.broken("the client is registered for tokens that are bound to its certificate (tls_client_certificate_bound_access_tokens), and the connection has none (RFC 8705, section 3)")
	}
	return grant.Confirmation{Certificate: certificate}, nil
}

// keptTo is to what the refresh tokens are bound: those of a public client,
// which nothing else protects (RFC 9449 §5, RFC 8705 §4). Others are bound to the
// client, which proves each time who it is, and may so change its keys.
func (r *tokenRequest) keptTo() grant.Confirmation {
	if r.client.Public() {
		return r.bound
	}
	return grant.Confirmation{}
}

// holds checks that who presents the token has the key to which it is bound, and
// says so in the way of its type: a bound token is no bearer token
// (RFC 9449 §7.2, RFC 8705 §3).
func (p *Provider) holds(w http.ResponseWriter, r *http.Request, s shown, t *checked) *oauthError {
	cnf := t.claims.Confirmation
	switch {
	case s.scheme == schemeDPoP && cnf.JKT == "":
		return s.refused("the access token is not bound to a DPoP key: send it as Bearer")
	case s.scheme == schemeBearer && cnf.JKT != "":
		s.scheme = schemeDPoP
		return s.refused("the access token is bound to a DPoP key: send it as DPoP, with a proof")
	case s.scheme == schemeDPoP:
		return p.checkUse(w, r, s, t)
	case cnf.Certificate == "":
		return nil
	}
	certificate, err := p.thumbprint(r)
	switch {
	case err != nil:
		return s.refused(fault.Public(err)).because(err)
	case certificate != cnf.Certificate:
		return s.refused("the access token is bound to the client certificate with which it was asked for, and the connection has another, or none")
	}
	return nil
}
