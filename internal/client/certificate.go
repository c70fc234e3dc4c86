package client

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Thumbprint names a certificate: the SHA-256 of its DER form, in base64url
// (RFC 8705 §3.1).
func Thumbprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// UsesCertificate reports whether a client proves who it is by a certificate.
func UsesCertificate(method string) bool { return method == AuthTLS || method == AuthSelfSignedTLS }

// certificateName is one of the ways to say which certificate is the client's.
type certificateName struct{ field, value string }

// certificateNames are those of the client that are set (RFC 8705 §2.1.2).
func (c *Client) certificateNames() []certificateName {
	var set []certificateName
	for _, n := range []certificateName{
		{"tls_client_auth_subject_dn", c.TLSSubjectDN}, {"tls_client_auth_san_dns", c.TLSDNS}, {"tls_client_auth_san_uri", c.TLSURI},
		{"tls_client_auth_san_ip", c.TLSIP}, {"tls_client_auth_san_email", c.TLSEmail},
	} {
		if n.value != "" {
			set = append(set, n)
		}
	}
	return set
}

// Certificate is the name by which the client's certificate is known, with its
// kind; "" where it is known by none.
func (c *Client) Certificate() string {
	for _, n := range c.certificateNames() {
		return strings.TrimPrefix(n.field, "tls_client_auth_") + " " + n.value
	}
	return ""
}

// Names reports whether the certificate, which somebody must have verified, has
// the name that is registered for the client.
func (c *Client) Names(cert *x509.Certificate) bool {
	switch {
	case c.TLSSubjectDN != "":
		return sameDN(c.TLSSubjectDN, cert.RawSubject)
	case c.TLSDNS != "":
		return slices.ContainsFunc(cert.DNSNames, func(name string) bool { return strings.EqualFold(name, c.TLSDNS) })
	case c.TLSURI != "":
		return slices.ContainsFunc(cert.URIs, func(u *url.URL) bool { return u.String() == c.TLSURI })
	case c.TLSIP != "":
		want, err := netip.ParseAddr(c.TLSIP)
		return err == nil && slices.ContainsFunc(cert.IPAddresses, func(ip net.IP) bool {
			got, ok := netip.AddrFromSlice(ip)
			return ok && got.Unmap() == want.Unmap()
		})
	case c.TLSEmail != "":
		return slices.ContainsFunc(cert.EmailAddresses, func(address string) bool { return sameMailbox(address, c.TLSEmail) })
	}
	return false
}

// sameMailbox compares mail addresses: of the domain the case does not matter
// (RFC 5280 §7.5).
func sameMailbox(a, b string) bool {
	userA, hostA, okA := strings.Cut(a, "@")
	userB, hostB, okB := strings.Cut(b, "@")
	return okA && okB && userA == userB && strings.EqualFold(hostA, hostB)
}

// Holds reports whether the key of the client's key set is that of the
// certificate; where the set has the certificate itself, that one counts
// (RFC 8705 §2.2.2).
func Holds(key *jose.JSONWebKey, cert *x509.Certificate) bool {
	if len(key.Certificates) > 0 {
		return key.Certificates[0].Equal(cert)
	}
	public, ok := key.Key.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(cert.PublicKey)
}

// checkCertificate checks what the client says of its certificate, and that the
// house asks for one.
func (c *Client) checkCertificate(p *problems, r Rules) {
	names := c.certificateNames()
	uses := UsesCertificate(c.AuthMethod)
	switch {
	case uses && !r.Certificates:
		p.add("auth_method", "auth_method %s needs a provider that asks for client certificates: set mtls.listen, mtls.shared or mtls.header", c.AuthMethod)
	case c.AuthMethod == AuthTLS && !r.Authorities:
		p.add("auth_method", "auth_method tls_client_auth needs authorities that the provider trusts: set mtls.ca")
	case c.AuthMethod == AuthTLS && len(names) != 1:
		p.add("tls_client_auth_subject_dn", "auth_method tls_client_auth needs exactly one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip and _san_email (RFC 8705 §2.1.2)")
	case c.AuthMethod != AuthTLS && len(names) > 0:
		p.add(names[0].field, "%s is for auth_method tls_client_auth, not %s", names[0].field, c.AuthMethod)
	case c.AuthMethod == AuthSelfSignedTLS && c.JWKS == "" && c.JWKSURI == "":
		p.add("auth_method", "auth_method self_signed_tls_client_auth needs the client's certificate or its key, in jwks or at jwks_uri (RFC 8705 §2.2)")
	}
	if c.CertificateBound {
		p.when(!r.Certificates, "tls_client_certificate_bound_access_tokens",
			"tls_client_certificate_bound_access_tokens needs a provider that asks for client certificates: set mtls.listen, mtls.shared or mtls.header")
		p.when(c.DPoPBound, "dpop_bound_access_tokens",
			"dpop_bound_access_tokens and tls_client_certificate_bound_access_tokens exclude each other: a token is bound to one key")
	}
	for _, n := range names {
		p.when(len(n.value) > maxCertificateName || !goodName(n), n.field, "%s %q cannot be the name of a certificate: %s", n.field, n.value, nameHint[n.field])
	}
}

// maxCertificateName bounds a name, in bytes.
const maxCertificateName = 1000

var nameHint = map[string]string{
	"tls_client_auth_subject_dn": "write it as RFC 4514 does, the most particular part first, such as CN=console,O=Example,C=DE",
	"tls_client_auth_san_dns":    "write a host name, without wildcards",
	"tls_client_auth_san_uri":    "write an absolute URI",
	"tls_client_auth_san_ip":     "write an IPv4 or IPv6 address",
	"tls_client_auth_san_email":  "write a mail address",
}

func goodName(n certificateName) bool {
	switch n.field {
	case "tls_client_auth_subject_dn":
		_, ok := parseDN(n.value)
		return ok
	case "tls_client_auth_san_uri":
		u, err := url.Parse(n.value)
		return err == nil && u.IsAbs()
	case "tls_client_auth_san_ip":
		ip, err := netip.ParseAddr(n.value)
		return err == nil && ip.Zone() == ""
	case "tls_client_auth_san_email":
		return sameMailbox(n.value, n.value)
	}
	return !strings.ContainsAny(n.value, "*/: @")
}
