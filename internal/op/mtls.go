package op

// RFC 8705: mutual TLS. Clients that prove who they are by the certificate of
// their connection, and tokens that are bound to it. TLS itself has proven that
// they have its key; what the certificate is worth is decided here.

import (
	"context"
	"crypto/x509"
	"net/http"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/httpd"
)

// MTLS is what the operator says about certificates of clients.
type MTLS struct {
	Asked        bool                // they are asked for
	Certificates *httpd.Certificates // finds that of a request
	Roots        *x509.CertPool      // the authorities that sign them; nil: none is trusted
	Base         string              // where apps that have one send their requests; "": where all do
}

// aliased are the endpoints at which a client's certificate matters (§5).
var aliased = map[string]string{
	"token_endpoint": pathToken, "revocation_endpoint": pathRevoke, "introspection_endpoint": pathIntrospect,
	"pushed_authorization_request_endpoint": pathPAR,
	"backchannel_authentication_endpoint":   pathAskPerson, "device_authorization_endpoint": pathDevice, "userinfo_endpoint": pathUserinfo,
}

// aliases are the addresses of these endpoints where certificates are asked for;
// nil where that is everywhere, or nowhere.
func (p *Provider) aliases() map[string]string {
	if p.cfg.MTLS.Base == "" {
		return nil
	}
	out := map[string]string{}
	for name, path := range aliased {
		out[name] = p.cfg.MTLS.Base + path
	}
	return out
}

// methods are the ways in which clients can prove who they are here.
func (p *Provider) methods() []string {
	var out []string
	for _, m := range client.AuthMethods {
		switch {
		case m == client.AuthTLS && p.cfg.MTLS.Roots == nil:
		case client.UsesCertificate(m) && !p.cfg.MTLS.Asked:
		default:
			out = append(out, m)
		}
	}
	return out
}

// checkCertificate reports whether the connection's certificate is the client's:
// by its name, where an authority that we trust has signed it (§2.1), or because
// the client registered it (§2.2).
func (p *Provider) checkCertificate(ctx context.Context, c *client.Client, cr credentials) (bool, error) {
	if len(cr.chain) == 0 {
		return false, uncertified("the connection has no client certificate")
	}
	leaf := cr.chain[0]
	if c.AuthMethod == client.AuthSelfSignedTLS {
		// Who made the certificate, and until when, says nothing: it is the key that
		// the client registered (§2.2.2).
		known, err := p.keyring.has(ctx, c, func(k *jose.JSONWebKey) bool { return client.Holds(k, leaf) })
		if err == nil && !known {
			err = uncertified("no key in the client's key set is that of the certificate")
		}
		return known, err
	}
	if p.cfg.MTLS.Roots == nil {
		return false, uncertified("no authority is trusted: set mtls.ca")
	}
	o := x509.VerifyOptions{
		Roots: p.cfg.MTLS.Roots, Intermediates: x509.NewCertPool(), CurrentTime: p.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, cert := range cr.chain[1:] {
		o.Intermediates.AddCert(cert)
	}
	if _, err := leaf.Verify(o); err != nil {
		return false, fault.Wrap(fault.Unauthenticated, err, "no authority of mtls.ca vouches for the certificate of %s", leaf.Subject)
	}
	if !c.Names(leaf) {
		return false, uncertified("the certificate of " + leaf.Subject.String() + " has not the name that is registered for the client")
	}
	return true, nil
}

func uncertified(why string) error { return fault.New(fault.Unauthenticated, "mutual TLS: %s", why) }

// thumbprint names the certificate of the request's connection; "" where it has
// none.
func (p *Provider) thumbprint(r *http.Request) (string, error) {
	chain, err := p.cfg.MTLS.Certificates.Of(r)
	if err != nil || len(chain) == 0 {
		return "", err
	}
	return client.Thumbprint(chain[0]), nil
}
