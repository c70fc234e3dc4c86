package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	idpID  = "https://idp.example/metadata"
	siteID = "https://signet.example/federation/saml/c1/metadata"
	acs    = "https://signet.example/federation/saml/c1/acs"
	asked  = "id-00112233445566778899"
)

// moment is when everything in these tests happens.
var moment = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// pair is a key with its certificate, made once for all tests.
type pair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

func newPair(t testing.TB, name string, bits int, from, to time.Time) *pair {
	t.Helper()
	key := keyOf(t, name, bits)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &pair{key, cert}
}

// keyOf makes the same key of the same name each time: what one process of a fuzz
// test signs, the others verify. Such a key is good for nothing else.
func keyOf(t testing.TB, name string, bits int) *rsa.PrivateKey {
	t.Helper()
	random := mathrand.NewChaCha8(sha256.Sum256([]byte(name)))
	one, e := big.NewInt(1), big.NewInt(65537)
	prime := func() *big.Int {
		raw := make([]byte, bits/16)
		random.Read(raw)
		raw[0], raw[len(raw)-1] = raw[0]|0xc0, raw[len(raw)-1]|1
		p := new(big.Int).SetBytes(raw)
		for ; !p.ProbablyPrime(10) || new(big.Int).Mod(new(big.Int).Sub(p, one), e).Sign() == 0; p.Add(p, big.NewInt(2)) {
		}
		return p
	}
	p, q := prime(), prime()
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(e.Int64())}, D: new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q}}
	key.Precompute()
	if err := key.Validate(); err != nil {
		t.Fatal(err)
	}
	return key
}

var pairs sync.Map // name -> *pair

func named(t testing.TB, name string) *pair {
	t.Helper()
	if p, ok := pairs.Load(name); ok {
		return p.(*pair)
	}
	p := newPair(t, name, 2048, moment.Add(-time.Hour), moment.Add(time.Hour))
	pairs.Store(name, p)
	return p
}

// idpMetadata is metadata with the certificates of the pairs.
func idpMetadata(pairs ...*pair) string {
	var keys strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&keys, `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`,
			base64.StdEncoding.EncodeToString(p.cert.Raw))
	}
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + idpID + `">` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys.String() +
		`<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo"/>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/>` +
		`</IDPSSODescriptor></EntityDescriptor>`
}

// service is Signet at the provider of the pairs.
func service(t testing.TB, rules Rules, pairs ...*pair) *Service {
	t.Helper()
	idp, err := ParseMetadata([]byte(idpMetadata(pairs...)), false)
	if err != nil {
		t.Fatal(err)
	}
	own := named(t, "signet")
	return New(Site{EntityID: siteID, ACS: acs, Logout: "https://signet.example/federation/saml/c1/logout", Key: own.key, Certificate: own.cert},
		idp, rules, func() time.Time { return moment })
}

// statement is an answer, field by field, so that each can be wrong.
type statement struct {
	Destination, ResponseInResponseTo, ResponseIssuer, Status string
	AssertionID, Issuer, NameID, NameFormat                   string
	Recipient, InResponseTo, Audience                         string
	IssuedAt, NotBefore, NotAfter                             time.Time
	Conditions, Attributes, Before                            string // XML
	NoAuthn, NoAudience, NoConfirmation                       bool
	Until                                                     time.Time // SessionNotOnOrAfter

	signResponse, signAssertion *pair // nil: not signed
	hash                        crypto.Hash
	bare                        bool // without certificates in the signatures
}

// good is an answer that is believed.
func good(p *pair) *statement {
	return &statement{
		Destination: acs, ResponseInResponseTo: asked, ResponseIssuer: idpID, Status: "urn:oasis:names:tc:SAML:2.0:status:Success",
		AssertionID: "a-1", Issuer: idpID, NameID: "00u1ada", NameFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
		Recipient: acs, InResponseTo: asked, Audience: siteID,
		IssuedAt: moment.Add(-2 * time.Second), NotBefore: moment.Add(-time.Minute), NotAfter: moment.Add(5 * time.Minute),
		Attributes: `<saml:Attribute Name="email" FriendlyName="mail"><saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">ada@contoso.example</saml:AttributeValue></saml:Attribute>` +
			`<saml:Attribute Name="groups"><saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>admins</saml:AttributeValue></saml:Attribute>`,
		signResponse: p, signAssertion: p, hash: crypto.SHA256,
	}
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (s *statement) assertion() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="%s" IssueInstant="%s" Version="2.0"><saml:Issuer>%s</saml:Issuer>`,
		s.AssertionID, instant(s.IssuedAt), s.Issuer)
	fmt.Fprintf(&b, `<saml:Subject><saml:NameID Format="%s">%s</saml:NameID>`, s.NameFormat, s.NameID)
	if !s.NoConfirmation {
		inResponseTo := ""
		if s.InResponseTo != "" {
			inResponseTo = ` InResponseTo="` + s.InResponseTo + `"`
		}
		fmt.Fprintf(&b, `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData%s NotOnOrAfter="%s" Recipient="%s"/></saml:SubjectConfirmation>`,
			inResponseTo, instant(s.NotAfter), s.Recipient)
	}
	fmt.Fprintf(&b, `</saml:Subject><saml:Conditions NotBefore="%s" NotOnOrAfter="%s">`, instant(s.NotBefore), instant(s.NotAfter))
	if !s.NoAudience {
		fmt.Fprintf(&b, `<saml:AudienceRestriction><saml:Audience>%s</saml:Audience></saml:AudienceRestriction>`, s.Audience)
	}
	b.WriteString(s.Conditions + `</saml:Conditions>`)
	if !s.NoAuthn {
		until := ""
		if !s.Until.IsZero() {
			until = ` SessionNotOnOrAfter="` + instant(s.Until) + `"`
		}
		fmt.Fprintf(&b, `<saml:AuthnStatement AuthnInstant="%s" SessionIndex="s-1"%s><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`, instant(s.IssuedAt), until)
	}
	b.WriteString(`<saml:AttributeStatement>` + s.Attributes + `</saml:AttributeStatement></saml:Assertion>`)
	return b.String()
}

// document is the answer as XML, signed as it says.
func (s *statement) document(t testing.TB) *etree.Document {
	t.Helper()
	assertion := parsed(t, s.assertion())
	if s.signAssertion != nil {
		assertion = s.sign(t, assertion, s.signAssertion)
	}
	inResponseTo := ""
	if s.ResponseInResponseTo != "" {
		inResponseTo = ` InResponseTo="` + s.ResponseInResponseTo + `"`
	}
	response := parsed(t, fmt.Sprintf(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="r-1" Version="2.0" IssueInstant="%s" Destination="%s"%s><saml:Issuer>%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="%s"/></samlp:Status></samlp:Response>`,
		instant(s.IssuedAt), s.Destination, inResponseTo, s.ResponseIssuer, s.Status))
	response.AddChild(assertion)
	if s.signResponse != nil {
		response = s.sign(t, response, s.signResponse)
	}
	doc := etree.NewDocument()
	doc.SetRoot(response)
	text, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	doc = etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil { // as the browser's comes, with every parent known
		t.Fatal(err)
	}
	return doc
}

func (s *statement) sign(t testing.TB, e *etree.Element, p *pair) *etree.Element {
	t.Helper()
	var chain [][]byte
	if !s.bare {
		chain = [][]byte{p.cert.Raw}
	}
	ctx, err := dsig.NewSigningContext(p.key, chain)
	if err != nil {
		t.Fatal(err)
	}
	ctx.Hash, ctx.Canonicalizer = s.hash, dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signed, err := ctx.SignEnveloped(e)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func parsed(t testing.TB, s string) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(s); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// posted is the document as a browser posts it.
func posted(t testing.TB, doc *etree.Document) string {
	t.Helper()
	raw, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (s *statement) posted(t testing.TB) string {
	t.Helper()
	return posted(t, s.document(t))
}

// everFirst remembers nothing.
func everFirst(string, time.Time) (bool, error) { return true, nil }
