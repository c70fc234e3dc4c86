package saml

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"

	"signet/internal/fault"
)

// MaxMetadata is the most that an identity provider's metadata may have, in bytes.
const MaxMetadata = maxMetadata

const (
	maxCertificates = 16
	maxName         = 1024 // bytes of an entity ID (Metadata §2.2.1) and of an address
	minRSA          = 2048 // bits
)

// Provider is an identity provider as its metadata describes it.
type Provider struct {
	EntityID     string
	SignIn       string // where the browser is sent to sign in
	Posted       bool   // by a form: the provider takes no request in the address
	Logout       string // and to sign out; "": the provider takes no such messages
	LogoutAnswer string // where answers about signing out go; "" with Logout
	// Certificates sign for the provider; while it changes them, the next one is
	// there beside the one in use.
	Certificates []*x509.Certificate
	ValidUntil   time.Time // zero: that is not said

	entity *saml.EntityDescriptor // no more than is used
}

// bad is a fault with the document, told to who brought it.
func bad(format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).On("metadata")
}

// ParseMetadata reads the metadata of one identity provider, with whatever else
// the document may say. Addresses are https, or http where insecure is set.
func ParseMetadata(doc []byte, insecure bool) (*Provider, error) {
	if len(doc) > maxMetadata {
		return nil, bad("the metadata has more than %d bytes", maxMetadata)
	}
	if err := scanMetadata(doc); err != nil {
		return nil, err
	}
	entity, err := samlsp.ParseMetadata(doc)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the document cannot be read as SAML metadata").On("metadata")
	}
	p := &Provider{EntityID: entity.EntityID, ValidUntil: entity.ValidUntil}
	if p.EntityID == "" || !printable(p.EntityID, maxName) {
		return nil, bad("the metadata's entityID is missing or longer than %d bytes", maxName)
	}
	switch len(entity.IDPSSODescriptors) {
	case 0:
		return nil, bad("the metadata has no IDPSSODescriptor: it is that of a service, not of an identity provider")
	case 1:
	default:
		return nil, bad("the metadata has more than one IDPSSODescriptor")
	}
	role := entity.IDPSSODescriptors[0]
	if err := p.addresses(&role, insecure); err != nil {
		return nil, err
	}
	if err := p.certificates(&role); err != nil {
		return nil, err
	}
	p.distill(&role)
	return p, nil
}

func scanMetadata(doc []byte) error {
	described := false
	err := scan(doc, maxMetadataElements, func(e *element) error {
		if e.depth() == 1 {
			n := e.name()
			described = n.Space == nsMetadata && (n.Local == "EntityDescriptor" || n.Local == "EntitiesDescriptor")
		}
		return nil
	})
	switch {
	case err != nil:
		return fault.Wrap(fault.Invalid, err, "the document cannot be read as SAML metadata: %v", err).On("metadata")
	case !described:
		return bad("the document is no SAML metadata: its root is no EntityDescriptor")
	}
	return nil
}

// addresses finds where the browser is sent: by a redirect, where the provider
// takes one.
func (p *Provider) addresses(role *saml.IDPSSODescriptor, insecure bool) error {
	p.SignIn = location(role.SingleSignOnServices, saml.HTTPRedirectBinding)
	if p.SignIn == "" {
		p.SignIn, p.Posted = location(role.SingleSignOnServices, saml.HTTPPostBinding), true
	}
	for _, s := range role.SingleLogoutServices {
		if s.Binding == saml.HTTPRedirectBinding && p.Logout == "" {
			p.Logout, p.LogoutAnswer = s.Location, s.ResponseLocation
		}
	}
	if p.LogoutAnswer == "" {
		p.LogoutAnswer = p.Logout
	}
	if p.SignIn == "" {
		return bad("the metadata has no SingleSignOnService with the HTTP-Redirect or the HTTP-POST binding")
	}
	for _, a := range []string{p.SignIn, p.Logout, p.LogoutAnswer} {
		if a != "" && !address(a, insecure) {
			return bad("the metadata names %.80q, which is no https address", a)
		}
	}
	return nil
}

func location(services []saml.Endpoint, binding string) string {
	for _, s := range services {
		if s.Binding == binding {
			return s.Location
		}
	}
	return ""
}

func address(s string, insecure bool) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxName && u.Host != "" && u.User == nil && u.Fragment == "" &&
		(u.Scheme == "https" || insecure && u.Scheme == "http")
}

// certificates reads those that sign: marked so, or not marked (Metadata §2.4.1.1).
func (p *Provider) certificates(role *saml.IDPSSODescriptor) error {
	seen := map[string]bool{}
	for _, k := range role.KeyDescriptors {
		if k.Use != "" && k.Use != "signing" {
			continue
		}
		for _, c := range k.KeyInfo.X509Data.X509Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Data), ""))
			if err != nil {
				return bad("a certificate of the metadata is not base64")
			}
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return fault.Wrap(fault.Invalid, err, "a certificate of the metadata cannot be read").On("metadata")
			}
			if err := strong(cert); err != nil {
				return err
			}
			if !seen[string(cert.Raw)] {
				seen[string(cert.Raw)] = true
				p.Certificates = append(p.Certificates, cert)
			}
		}
	}
	switch {
	case len(p.Certificates) == 0:
		return bad("the metadata has no certificate that signs")
	case len(p.Certificates) > maxCertificates:
		return bad("the metadata has more than %d certificates that sign", maxCertificates)
	}
	return nil
}

func strong(c *x509.Certificate) error {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSA {
			return bad("the RSA key of a certificate has %d bits, and %d is the least", bits, minRSA)
		}
	case *ecdsa.PublicKey:
	default:
		return bad("the key of a certificate is neither RSA nor ECDSA")
	}
	return nil
}

func (p *Provider) binding() string {
	if p.Posted {
		return saml.HTTPPostBinding
	}
	return saml.HTTPRedirectBinding
}

// distill keeps of the document what the library is asked with.
func (p *Provider) distill(role *saml.IDPSSODescriptor) {
	keys := make([]saml.KeyDescriptor, len(p.Certificates))
	for i, c := range p.Certificates {
		keys[i] = saml.KeyDescriptor{Use: "signing", KeyInfo: saml.KeyInfo{X509Data: saml.X509Data{
			X509Certificates: []saml.X509Certificate{{Data: base64.StdEncoding.EncodeToString(c.Raw)}},
		}}}
	}
	kept := saml.IDPSSODescriptor{
		SSODescriptor: saml.SSODescriptor{RoleDescriptor: saml.RoleDescriptor{
			ProtocolSupportEnumeration: nsProtocol, KeyDescriptors: keys, ValidUntil: role.ValidUntil,
		}},
		SingleSignOnServices: []saml.Endpoint{{Binding: p.binding(), Location: p.SignIn}},
	}
	if p.Logout != "" {
		kept.SingleLogoutServices = []saml.Endpoint{{Binding: saml.HTTPRedirectBinding, Location: p.Logout, ResponseLocation: p.LogoutAnswer}}
	}
	p.entity = &saml.EntityDescriptor{EntityID: p.EntityID, ValidUntil: p.ValidUntil, IDPSSODescriptors: []saml.IDPSSODescriptor{kept}}
}

// Expired reports whether the metadata says that it is not to be relied on any
// more (Metadata §4.3.1).
func (p *Provider) Expired(now time.Time) bool {
	return !p.ValidUntil.IsZero() && !now.Before(p.ValidUntil)
}

// Kept returns the provider without an end: as who gave the metadata by hand wants
// it, until they give another.
func (p *Provider) Kept() *Provider {
	kept := *p
	entity := *p.entity
	entity.ValidUntil, kept.ValidUntil = time.Time{}, time.Time{}
	entity.IDPSSODescriptors = slices.Clone(entity.IDPSSODescriptors)
	for i := range entity.IDPSSODescriptors {
		entity.IDPSSODescriptors[i].ValidUntil = nil
	}
	kept.entity = &entity
	return &kept
}

// Document is the provider's metadata without what is not used, to be kept.
func (p *Provider) Document() ([]byte, error) { return xml.Marshal(p.entity) }

// Fingerprint is the SHA-256 of a certificate as people compare it: AB:CD:...
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	pairs := make([]string, 0, len(sum))
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, ":")
}
