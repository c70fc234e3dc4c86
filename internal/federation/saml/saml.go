// Package saml is SAML 2.0 as a service provider speaks it: what Signet asks
// somebody else's identity provider, and what it believes of the answer (SAML
// Core, Bindings, Profiles and Metadata, each as of 2005 with the errata).
//
// It is the one place that knows the library for SAML and XML signatures. The
// library verifies; what is stricter here is said at each rule. The package
// knows no route, no page and no store.
package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// Site is Signet as one identity provider knows it. Each connection has names of
// its own, so that what was said to one is not believed at another.
type Site struct {
	EntityID string // also where the metadata is
	ACS      string // where answers to sign-ins are posted (assertion consumer service)
	Logout   string // where messages about sign-outs go (single logout service)

	Key         *rsa.PrivateKey   // signs what we ask, and opens what is encrypted to us
	Certificate *x509.Certificate // of the key, which providers keep
}

// Rules say what of an identity provider's answers is believed.
type Rules struct {
	// OneSignature accepts an answer of which the response or the assertion is
	// signed, for providers that cannot sign both.
	OneSignature bool
}

// Service is Signet at one identity provider.
type Service struct {
	site  Site
	idp   *Provider
	rules Rules
	now   func() time.Time
}

// New returns the service at the provider, which may be nil where only our own
// metadata is asked for.
func New(site Site, idp *Provider, rules Rules, now func() time.Time) *Service {
	return &Service{site: site, idp: idp, rules: rules, now: now}
}

// library returns the library's service provider as of now.
func (s *Service) library() (*saml.ServiceProvider, error) {
	sp := &saml.ServiceProvider{
		EntityID: s.site.EntityID, Key: s.site.Key, Certificate: s.site.Certificate,
		SignatureMethod: dsig.RSASHA256SignatureMethod,
		// The provider's own settings say which name it gives (Core §3.4.1.1).
		AuthnNameIDFormat:                saml.UnspecifiedNameIDFormat,
		AssertionConsumerServiceBindings: []string{saml.HTTPPostBinding},
		MetadataOmitValidUntil:           true,
		RejectSHA1Signatures:             true,
		RejectExpiredIDPMetadata:         true,
		RequireSignedResponseForCBC:      true,
		RejectUnknownConditions:          true,                         // Core §2.5.1.1: what is not understood is not valid
		Clock:                            dsig.NewFakeClockAt(s.now()), // one moment for the whole of a message
	}
	for _, a := range []struct {
		address string
		to      *url.URL
	}{{s.site.EntityID, &sp.MetadataURL}, {s.site.ACS, &sp.AcsURL}, {s.site.Logout, &sp.SloURL}} {
		u, err := url.Parse(a.address)
		if err != nil {
			return nil, err
		}
		*a.to = *u
	}
	if s.site.Logout != "" {
		sp.LogoutBindings = []string{saml.HTTPRedirectBinding}
	}
	if s.idp != nil {
		sp.IDPMetadata = s.idp.entity
	}
	return sp, nil
}

// Metadata is our side of the connection as a document, for whoever sets up the
// other side (Metadata §2.4.4).
func (s *Service) Metadata() ([]byte, error) {
	sp, err := s.library()
	if err != nil {
		return nil, err
	}
	doc, err := xml.MarshalIndent(sp.Metadata(), "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(doc, '\n')...), nil
}

// Asked is a sign-in that the provider was asked for.
type Asked struct {
	ID      string     // which the answer must name
	Address string     // where the browser is sent
	Form    url.Values // is posted there; nil: the address is all
}

// maxRelay is the most that a relay state may have, in bytes (Bindings §3.4.3).
const maxRelay = 80

// Ask makes a signed request for a sign-in (Core §3.4.1), to be answered with the
// relay state. Where again is set, the provider is to ask the person, whether it
// knows them or not.
func (s *Service) Ask(relay string, again bool) (*Asked, error) {
	if len(relay) > maxRelay {
		return nil, fmt.Errorf("saml: a relay state has at most %d bytes", maxRelay)
	}
	sp, err := s.library()
	if err != nil {
		return nil, err
	}
	if again {
		sp.ForceAuthn = &again
	}
	req, err := sp.MakeAuthenticationRequest(s.idp.SignIn, s.idp.binding(), saml.HTTPPostBinding)
	if err != nil {
		return nil, err
	}
	if s.idp.Posted {
		doc := etree.NewDocument()
		doc.SetRoot(req.Element())
		raw, err := doc.WriteToBytes()
		if err != nil {
			return nil, err
		}
		form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {relay}}
		return &Asked{ID: req.ID, Address: s.idp.SignIn, Form: form}, nil
	}
	address, err := req.Redirect(relay, sp)
	if err != nil {
		return nil, err
	}
	return &Asked{ID: req.ID, Address: address.String()}, nil
}

// Answer is what an identity provider said about a person, and is believed.
type Answer struct {
	ID         string // of the assertion
	Issuer     string // the provider's entity ID
	Subject    string // the person's name at the provider
	Format     string // of that name
	Session    string // the provider's name for the session, or ""
	SignedInAt time.Time
	Until      time.Time           // when the sign-in is over; zero: not said
	Attributes map[string][]string // by name
	Friendly   map[string]string   // names of attributes by their friendly names

	name string // as it was said
}

// Transient reports whether the subject is another one at each sign-in (Core
// §8.3.8), and so says nothing about who came.
func (a *Answer) Transient() bool { return a.Format == string(saml.TransientNameIDFormat) }

// EmailSubject reports whether the subject is an e-mail address.
func (a *Answer) EmailSubject() bool { return a.Format == string(saml.EmailAddressNameIDFormat) }

// Once remembers the name of what may come once, until the time; false: it came before.
type Once func(name string, until time.Time) (bool, error)

// Read believes the answer that a browser posted, or says why not. asked is the
// ID of the request that it must answer; "": it must answer none, because the
// provider sent the person unasked (Profiles §4.1.5).
func (s *Service) Read(posted, asked string, once Once) (*Answer, error) {
	raw, err := decode(posted)
	if err != nil {
		return nil, refuse(Malformed, err)
	}
	shape, err := scanResponse(raw)
	if err != nil {
		return nil, refuse(Malformed, err)
	}
	sp, err := s.library()
	if err != nil {
		return nil, err
	}
	if !shape.signed && shape.assertions > 0 && (!s.rules.OneSignature || shape.encrypted || shape.inner == 0) {
		// One that is encrypted is not opened for who cannot sign: what opening
		// tells is of use to who tries (Core errata E93).
		return nil, refuse(Unsigned, errors.New("the response is not signed"))
	}
	var possible []string
	if asked != "" {
		possible = []string{asked}
	}
	sp.AllowIDPInitiated = asked == ""
	seen := &replays{once: once}
	sp.ReplayCache = seen
	a, err := sp.ParseXMLResponse(raw, possible, sp.AcsURL)
	switch {
	case seen.failed != nil:
		return nil, seen.failed
	case err != nil:
		return nil, refusal(err)
	case !signed(a) && !(s.rules.OneSignature && shape.signed):
		return nil, refuse(Unsigned, errors.New("the assertion is not signed"))
	}
	return answer(s.idp, a, s.now())
}

// signed reports whether the assertion has a signature of its own, which the
// library has verified then.
func signed(a *saml.Assertion) bool {
	return a.Signature != nil && a.Signature.NamespaceURI() == dsig.Namespace
}

// decode reads base64, with or without line breaks.
func decode(posted string) ([]byte, error) {
	if posted == "" || len(posted) > maxPosted {
		return nil, fmt.Errorf("a response has 1 to %d characters, and this one has %d", maxPosted, len(posted))
	}
	return base64.StdEncoding.DecodeString(posted)
}

// replays is the library's view of Once.
type replays struct {
	once   Once
	failed error // the memory could not be asked
}

// Consume implements saml.AssertionReplayCache.
func (r *replays) Consume(id string, until time.Time) error {
	first, err := r.once(id, until)
	if err != nil {
		r.failed = err
		return err
	}
	if !first {
		return saml.ErrAssertionReplayed
	}
	return nil
}
