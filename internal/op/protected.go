package op

// RFC 9728 (OAuth 2.0 Protected Resource Metadata): what the house says of itself as
// an API, so that a program that knows nothing but an address finds out which tokens
// are wanted there, and where they are had.

import (
	"errors"
	"net/url"
	"strings"

	"signet/internal/httpd"
	"signet/internal/keys"
	"signet/internal/resource"
)

// PathProtected is where the metadata of an API without a path are (§3).
const PathProtected = "/.well-known/oauth-protected-resource"

// protected is an API of the house: the house as a whole, for what is known of a
// person, or what is managed there.
type protected struct {
	id   string
	at   string // the address of its metadata
	path string // that address below the issuer
	doc  *httpd.Document
}

// protectedMetadata are what is said of one (§2).
type protectedMetadata struct {
	Resource    string   `json:"resource"`
	Servers     []string `json:"authorization_servers"`
	JWKSURI     string   `json:"jwks_uri,omitempty"` // with which its answers are verified
	Scopes      []string `json:"scopes_supported"`
	Methods     []string `json:"bearer_methods_supported"`
	SigningAlgs []string `json:"resource_signing_alg_values_supported,omitempty"`
	Name        string   `json:"resource_name"`
	PolicyURI   string   `json:"resource_policy_uri,omitempty"`
	TermsURI    string   `json:"resource_tos_uri,omitempty"`
	// Whether tokens may be bound to a certificate (RFC 8705), and to which keys
	// (RFC 9449).
	CertificateBound bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	DPoPAlgs         []string `json:"dpop_signing_alg_values_supported"`
}

// newProtected describes the API whose address goes on after the issuer with the
// path. The metadata are where §3.1 wants them: the well-known part stands between
// host and path.
func newProtected(cfg Config, path string, m protectedMetadata) (*protected, error) {
	m.Resource, m.Servers = cfg.Issuer+path, []string{cfg.Issuer}
	m.PolicyURI, m.TermsURI = cfg.PolicyURI, cfg.TermsURI
	m.CertificateBound, m.DPoPAlgs = cfg.MTLS.Asked, keys.Algorithms
	u, err := url.Parse(m.Resource)
	if err != nil {
		return nil, err
	}
	doc, err := newDocument(m)
	if err != nil {
		return nil, err
	}
	return &protected{id: m.Resource, at: u.Scheme + "://" + u.Host + PathProtected + strings.TrimSuffix(u.Path, "/"), path: PathProtected + path, doc: doc}, nil
}

// describeAPIs describes the house, and what is managed there.
func (p *Provider) describeAPIs() (err error) {
	p.house, err = newProtected(p.cfg, "", protectedMetadata{
		Name: "People", Scopes: resource.House, Methods: []string{"header", "body"},
		JWKSURI: p.cfg.Issuer + pathKeys, SigningAlgs: p.cfg.Algs,
	})
	if err != nil {
		return err
	}
	p.management, err = newProtected(p.cfg, p.cfg.APIPath, protectedMetadata{
		Name: "Management", Scopes: resource.OfAPI, Methods: []string{"header"},
	})
	return err
}

func (p *Provider) protectedRoutes() []httpd.Route {
	var out []httpd.Route
	for _, api := range []*protected{p.house, p.management} {
		out = append(out, httpd.Route{Method: "GET", Path: api.path, Kind: httpd.Public, Do: api.doc.Serve})
	}
	return out
}

// refuses adds to a refusal of the API where it says which tokens it wants (§5.1).
func (a *protected) refuses(err error) error {
	var o *oauthError
	if errors.As(err, &o) {
		o.metadata = a.at
	}
	return err
}
