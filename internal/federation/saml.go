package federation

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"time"

	"signet/internal/federation/saml"
	"signet/internal/org"
	"signet/internal/session"
)

// Landings keep what was checked at one address until the browser comes to the
// other: *session.Service does.
type Landings interface {
	// Land keeps the landing and returns the handle that leads to it.
	Land(ctx context.Context, l *session.Landing) (string, error)
	// Landed returns the landing of the handle, once; nil when there is none.
	Landed(ctx context.Context, handle string) (*session.Landing, error)
}

// Once reports whether the name comes for the first time in life.
type Once interface {
	First(ctx context.Context, name string, life time.Duration) (bool, error)
}

// Names of the fields that come with a browser.
const (
	fieldResponse = "SAMLResponse"
	FieldRelay    = "RelayState" // SAML's name for the state
	FieldLanded   = "landed"     // leads to what was posted
)

// SAML speaks SAML 2.0 (package saml).
//
//	Begin ──> the provider ──POST──> Land ──GET──> Finish
//
// The answer is posted by a page of the provider: from another site, and so without
// the cookies that say whose browser it is. Land checks it and keeps what it says
// under a handle; the browser then comes by a GET of ours, cookies and all, and
// what was kept is believed if the browser is the one that was sent away.
type SAML struct {
	landings  Landings
	once      Once
	documents *Documents
	now       func() time.Time
}

// NewSAML returns the protocol.
func NewSAML(landings Landings, once Once, documents *Documents, now func() time.Time) *SAML {
	return &SAML{landings: landings, once: once, documents: documents, now: now}
}

// site is Signet as the connection's provider knows it.
func (p *SAML) site(c Connection) (saml.Site, error) {
	site := saml.Site{EntityID: c.Base + PathMetadata, ACS: c.Base + PathACS, Logout: c.Base + PathLogout}
	key, err := privateKey(c.Secrets.PrivateKey)
	if err != nil {
		return site, trouble(Settings, err, "the connection has no RSA key to sign with")
	}
	u, err := url.Parse(c.Base)
	if err != nil {
		return site, err
	}
	site.Key = key
	site.Certificate, err = saml.Certificate(key, u.Hostname(), c.CreatedAt)
	return site, err
}

func privateKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("the key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key is a %T", key)
	}
	return private, nil
}

// Own is our side of the connection: what its provider is to be told.
type Own struct {
	EntityID    string
	ACS         string
	Metadata    []byte
	Certificate []byte // PEM
	Fingerprint string // SHA-256 of the certificate
}

// Own returns our side of the connection, whether the provider's is known or not.
func (p *SAML) Own(c Connection) (*Own, error) {
	site, err := p.site(c)
	if err != nil {
		return nil, err
	}
	doc, err := saml.New(site, nil, saml.Rules{}, p.now).Metadata()
	if err != nil {
		return nil, err
	}
	return &Own{
		EntityID: site.EntityID, ACS: site.ACS, Metadata: doc, Fingerprint: saml.Fingerprint(site.Certificate),
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate.Raw}),
	}, nil
}

// service joins both sides.
func (p *SAML) service(ctx context.Context, c Connection) (*saml.Service, error) {
	site, err := p.site(c)
	if err != nil {
		return nil, err
	}
	idp, err := p.documents.provider(ctx, c)
	if err != nil {
		return nil, err
	}
	return saml.New(site, idp, saml.Rules{OneSignature: c.SAML.OneSignature}, p.now), nil
}

// Begin implements Provider.
func (p *SAML) Begin(ctx context.Context, c Connection, ask Ask) (*Going, error) {
	s, err := p.service(ctx, c)
	if err != nil {
		return nil, err
	}
	asked, err := s.Ask(ask.State, ask.Fresh)
	if err != nil {
		return nil, err
	}
	return &Going{URL: asked.Address, Form: asked.Form, Remembered: session.Remembered{Request: asked.ID}}, nil
}

// Land checks what was posted to the connection's address and returns the handle
// with which the browser is to come to Finish. d is the departure that it says it
// answers; what is wrong with the answer is told at the end, to who was sent away.
//
// Where d is nil the answer says that it answers none. Connections may allow that;
// it is checked as any other, and then not believed: anybody could have brought it
// here with somebody else's browser. The handle is "", and the browser is to begin
// a sign-in by the connection, whose answer will be its own.
func (p *SAML) Land(ctx context.Context, c Connection, d *session.Departure, form url.Values) (string, error) {
	l := &session.Landing{Connection: c.ID}
	asked := ""
	switch {
	case d != nil:
		l.Request, asked = d.Remembered.Request, d.Remembered.Request
		if asked == "" {
			return "", trouble(Nonsense, nil, "it answers what was asked in another protocol")
		}
	case !c.SAML.IDPInitiated:
		return "", trouble(Nonsense, nil, "the provider sent somebody who did not begin here, and the connection does not allow that")
	}
	answer, err := p.read(ctx, c, form.Get(fieldResponse), asked)
	if err == nil {
		l.Arrival, err = arrival(c, answer)
	}
	var t *Trouble
	switch {
	case errors.As(err, &t) && d != nil:
		l.Why, l.Detail = string(t.Why), t.Detail
	case err != nil || d == nil:
		return "", err
	}
	return p.landings.Land(ctx, l)
}

// read believes the answer or says why not. Where the signature is of a key that is
// not known, the provider may have changed it: its metadata is asked once more.
func (p *SAML) read(ctx context.Context, c Connection, posted, asked string) (*saml.Answer, error) {
	once := func(name string, until time.Time) (bool, error) {
		return p.once.First(ctx, "saml assertion\x00"+c.ID+"\x00"+name, until.Sub(p.now()))
	}
	for again := false; ; again = true {
		s, err := p.service(ctx, c)
		if err != nil {
			return nil, err
		}
		answer, err := s.Read(posted, asked, once)
		if saml.ReasonOf(err) == saml.Signature && !again {
			if next := p.documents.renewed(ctx, c); next != nil {
				c.Connection = next
				continue
			}
		}
		return answer, troubleOf(err)
	}
}

// whys say what each reason means to who was sent away, and the sentence for who
// set up the connection.
var whys = map[saml.Reason]struct {
	why    Why
	detail string
}{
	saml.Malformed: {Nonsense, "The answer is not what SAML asks for"},
	saml.Unsigned:  {Nonsense, "Not all of the answer is signed: have the provider sign both the response and the assertion"},
	saml.Signature: {Nonsense, "The signature is wrong, or of a key that the provider's metadata does not name: give its metadata anew"},
	saml.Stale:     {Nonsense, "The answer's time is over or has not come: compare the clocks"},
	saml.Foreign:   {Nonsense, "The answer is for another service, or of another provider: compare the addresses and names that it was given"},
	saml.Unasked:   {Nonsense, "The answer is not the one to our question"},
	saml.Replayed:  {Nonsense, "The answer was used before"},
	saml.Declined:  {Refused, "The provider turned the person away"},
}

const longestDetail = 300 // characters

func troubleOf(err error) error {
	why, ok := whys[saml.ReasonOf(err)]
	if !ok {
		return err
	}
	var refusal *saml.Refusal
	errors.As(err, &refusal)
	return trouble(why.why, err, "%s (%.*q)", why.detail, longestDetail, refusal.Cause.Error())
}

// Finish implements Provider: what came is the handle that Land returned.
func (p *SAML) Finish(ctx context.Context, c Connection, d *session.Departure, came url.Values) (*org.Arrival, error) {
	l, err := p.landings.Landed(ctx, came.Get(FieldLanded))
	switch {
	case err != nil:
		return nil, err
	case l == nil || l.Connection != c.ID || d == nil || l.Request != d.Remembered.Request:
		return nil, trouble(Nonsense, nil, "what the provider posted is gone, or was posted for another sign-in")
	case l.Arrival == nil:
		return nil, trouble(Why(l.Why), nil, "%s", l.Detail)
	case d.Fresh && l.Arrival.AuthTime.Before(d.At.Add(-clockSkew)):
		return nil, trouble(Nonsense, nil, "the person was to sign in anew, and the provider did not ask")
	}
	return l.Arrival, nil
}

// clockSkew is by how much a provider's clock may differ from ours.
const clockSkew = 3 * time.Minute

var _ Provider = (*SAML)(nil)
