package federation

// OpenID Connect Discovery 1.0 §3, §4: what an upstream provider says of itself.

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"signet/internal/fault"
	"signet/internal/org"
)

// tenantID is what stands for the directory in the issuer of a provider that is
// one for many of them (Entra ID).
const tenantID = "{tenantid}"

// wellKnown ends the address of a discovery document (OpenID Connect Discovery
// 1.0 §4.1).
const wellKnown = "/.well-known/openid-configuration"

// Metadata is the part of a discovery document that is used here.
type Metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Keys          string   `json:"jwks_uri"`
	Userinfo      string   `json:"userinfo_endpoint"`
	EndSession    string   `json:"end_session_endpoint"`
	Algs          []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	NamesIssuer   bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
}

// signatures are what an ID token may be signed with. One that is made with the
// client secret proves less than it seems to, and "none" nothing.
var signatures = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// ParseMetadata reads a discovery document and says what is wrong with it.
func ParseMetadata(raw []byte) (*Metadata, error) {
	var m Metadata
	if len(raw) > org.MaxMetadata {
		return nil, fault.New(fault.Invalid, "the document has more than %d bytes", org.MaxMetadata)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "this is not the metadata of an OpenID Connect provider (a JSON document with issuer, authorization_endpoint, token_endpoint and jwks_uri)")
	}
	for _, e := range []struct {
		name, address string
		needed        bool
	}{
		{"issuer", m.Issuer, true}, {"authorization_endpoint", m.Authorization, true}, {"token_endpoint", m.Token, true}, {"jwks_uri", m.Keys, true},
		{"userinfo_endpoint", m.Userinfo, false}, {"end_session_endpoint", m.EndSession, false},
	} {
		if e.address == "" && !e.needed {
			continue
		}
		u, err := url.Parse(strings.Replace(e.address, tenantID, "tenant", 1))
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" || len(e.address) > 2048 {
			return nil, fault.New(fault.Invalid, "the metadata's %s is no address", e.name)
		}
		if e.name != "issuer" && strings.Contains(e.address, tenantID) {
			return nil, fault.New(fault.Invalid, "the metadata's %s has a placeholder", e.name)
		}
	}
	// All providers must know RS256 (§3), and some say nothing.
	if len(m.Algs) == 0 {
		m.Algs = []string{"RS256"}
	}
	m.Algs = slices.DeleteFunc(m.Algs, func(alg string) bool { return !slices.Contains(signatures, alg) })
	if len(m.Algs) == 0 {
		return nil, fault.New(fault.Invalid, "the provider signs ID tokens in no way that is accepted here (%s)", strings.Join(signatures, ", "))
	}
	return &m, nil
}

// shared reports whether the issuer is one for many directories.
func (m *Metadata) shared() bool { return strings.Contains(m.Issuer, tenantID) }

// issuerOf is the issuer of the directory.
func (m *Metadata) issuerOf(tenant string) string {
	return strings.Replace(m.Issuer, tenantID, tenant, 1)
}

// checkOrigin says whether a document that was fetched is that of the issuer that
// it names (Discovery §4.3). An issuer with a placeholder names none: its host has
// to be the one that was asked, and which directories may sign in is the
// connection's own list.
func (m *Metadata) checkOrigin(address string) error {
	if strings.TrimSuffix(m.Issuer, "/")+wellKnown == address {
		return nil
	}
	from, err := url.Parse(address)
	if err != nil {
		return err
	}
	if issuer, err := url.Parse(m.issuerOf("tenant")); err == nil && m.shared() && issuer.Host == from.Host && strings.HasSuffix(from.Path, wellKnown) {
		return nil
	}
	return fault.New(fault.Invalid, "the document at this address is about the issuer %q, which publishes its own at %s: enter that address", clipped(m.Issuer), clipped(strings.TrimSuffix(m.Issuer, "/")+wellKnown))
}

func fetchMetadata(ctx context.Context, out Outbound, address string) (*Metadata, error) {
	r, err := out.Fetch(ctx, address, org.MaxMetadata, "application/json", "application/*+json")
	if err != nil {
		return nil, err
	}
	m, err := ParseMetadata(r.Body)
	if err != nil {
		return nil, err
	}
	return m, m.checkOrigin(address)
}

// clipped bounds what a provider says before it is repeated, and takes out what
// does not print.
func clipped(s string) string {
	const most = 200
	s = strings.ToValidUTF8(s, "")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
