package federation_test

import (
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"

	"signet/internal/fault"
	"signet/internal/federation"
	"signet/internal/handle"
	"signet/internal/keys"
	"signet/internal/org"
	"signet/internal/outbound"
	"signet/internal/session"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
	"signet/internal/testenv"
)

const issuer = "https://signet.example"

var adaThere = testenv.IDPPerson{
	User: "ada", Password: "there-It-is-9", Subject: "00u1ada", Email: "ada@contoso.example", Given: "Ada", Family: "Lovelace", Groups: []string{"staff", "admins"},
}

// meeting is a house with a connection to a provider, without pages.
type meeting struct {
	t           *testing.T
	idp         *testenv.IDP
	connections *org.Connections
	sessions    *session.Service
	saml        *federation.SAML
	service     *federation.Service
	documents   *federation.Documents
	id, entity  string
	clock       *storetest.Clock
}

func meet(t *testing.T, change func(*org.Connection)) *meeting {
	t.Helper()
	m := &meeting{t: t, idp: testenv.NewIDP(t, adaThere), clock: storetest.NewClock()}
	m.clock.At, m.idp.Now = time.Now(), m.clock.Now // which stands still
	db, backend := storetest.Embedded(t, m.clock.Now)
	master, err := keys.ParseMaster("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	m.ok(err)
	m.connections = org.NewConnections(org.NewDomains(org.NewService(db, org.Rules{}, m.clock.Now), db, nil, org.DomainRules{}, m.clock.Now), db, master.Sealer("connections"), m.clock.Now)
	m.sessions = session.NewService(kv.NewSessions(backend, m.clock.Now), nil, nil, session.Lifetimes{Flow: time.Hour}, m.clock.Now)
	pem, err := os.ReadFile(testenv.HouseAuthority(t))
	m.ok(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	fetcher := outbound.New(outbound.Options{Roots: roots, AllowPrivate: true})
	once := kv.NewOnce(backend)
	m.documents = federation.NewDocuments(fetcher, m.connections, once, true, slog.New(slog.NewTextHandler(io.Discard, nil)), m.clock.Now)
	m.saml = federation.NewSAML(m.sessions, once, m.documents, m.clock.Now)
	m.service = federation.NewService(issuer, m.connections, map[org.Protocol]federation.Provider{org.SAML: m.saml})
	c := &org.Connection{Name: "Contoso", Protocol: org.SAML, SAML: org.SAMLSettings{MetadataURL: m.idp.MetadataURL()}}
	if change != nil {
		change(c)
	}
	m.ok(m.connections.Create(t.Context(), c, org.Secrets{}))
	m.id = c.ID
	m.change(nil)
	own, err := m.saml.Own(m.open())
	m.ok(err)
	m.idp.RegisterDocument(string(own.Metadata))
	m.entity = own.EntityID
	return m
}

// change changes the settings of the connection, which is on.
func (m *meeting) change(edit func(*org.Connection)) {
	m.t.Helper()
	_, err := m.connections.Change(m.t.Context(), m.id, org.ConnectionChange{By: org.Operator, To: org.PolicyOn, Untried: true, Edit: func(c *org.Connection, _ *org.Secrets) error {
		if edit != nil {
			edit(c)
		}
		return nil
	}})
	m.ok(err)
}

func (m *meeting) ok(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *meeting) open() federation.Connection {
	m.t.Helper()
	c, err := m.connections.Get(m.t.Context(), m.id)
	m.ok(err)
	conn, err := m.service.Open(c)
	m.ok(err)
	return conn
}

// depart begins a sign-in, and returns the departure and the form that the
// provider answers it with.
func (m *meeting) depart(fresh bool) (*session.Departure, *testenv.Form) {
	m.t.Helper()
	ctx, browser := m.t.Context(), handle.New()
	f, err := m.sessions.StartFlow(ctx, "", browser, session.Request{RedirectURI: "/account"}, session.Progress{})
	m.ok(err)
	state := session.NewState()
	c := m.open()
	going, err := m.service.Begin(ctx, c.Connection, federation.Ask{State: state, Fresh: fresh})
	m.ok(err)
	m.ok(m.sessions.Depart(ctx, f, state, session.Departure{Connection: m.id, Fresh: fresh, Remembered: going.Remembered}))
	form := m.idp.SignIn(m.idp.Visitor(), going.URL, adaThere)
	if form == nil || form.Fields.Get(federation.FieldRelay) != state {
		m.t.Fatalf("the provider answers with %+v", form)
	}
	d, err := m.sessions.Departed(ctx, m.id, state)
	m.ok(err)
	return d, form
}

// arrive lands the form and finishes.
func (m *meeting) arrive(d *session.Departure, form url.Values) (*org.Arrival, error) {
	m.t.Helper()
	c := m.open()
	landed, err := m.saml.Land(m.t.Context(), c, d, form)
	if err != nil {
		return nil, err
	}
	return m.service.Finish(m.t.Context(), c.Connection, d, url.Values{federation.FieldLanded: {landed}})
}

// why is what went wrong with the provider.
func why(err error) federation.Why {
	var t *federation.Trouble
	errors.As(err, &t)
	if t == nil {
		return ""
	}
	return t.Why
}

// TestSAMLArrival goes the whole way with a provider that is not ours: it takes
// our metadata, verifies our request, and encrypts what it answers.
func TestSAMLArrival(t *testing.T) {
	m := meet(t, nil)
	d, form := m.depart(true)
	a, err := m.arrive(d, form.Fields)
	m.ok(err)
	if a.Subject != "00u1ada" || a.Email != "ada@contoso.example" || a.GivenName != "Ada" || a.FamilyName != "Lovelace" || !slices.Equal(a.Groups, adaThere.Groups) || a.Session == "" || a.AuthTime.IsZero() {
		t.Errorf("arrived: %+v", a)
	}
	// Once more: by the same form, which was used.
	if a, err := m.arrive(d, form.Fields); why(err) != federation.Nonsense {
		t.Errorf("the same answer again: %+v, %v", a, err)
	}
	kept, err := m.connections.Get(t.Context(), m.id)
	m.ok(err)
	if !strings.Contains(kept.SAML.Metadata, m.idp.URL) || kept.SAML.FetchedAt.IsZero() {
		t.Errorf("what was fetched is not kept: %+v", kept.SAML)
	}
}

// TestSAMLForeign: an answer is for the departure, the connection and the landing
// that it was made for, and for no other.
func TestSAMLForeign(t *testing.T) {
	m := meet(t, nil)
	mine, _ := m.depart(false)
	_, theirs := m.depart(false)
	if a, err := m.arrive(mine, theirs.Fields); why(err) != federation.Nonsense {
		t.Errorf("another's answer: %+v, %v", a, err)
	}
	_, form := m.depart(false)
	if a, err := m.arrive(nil, form.Fields); why(err) != federation.Nonsense {
		t.Errorf("an answer to no question: %+v, %v", a, err)
	}
	d, form := m.depart(false)
	landed, err := m.saml.Land(t.Context(), m.open(), d, form.Fields)
	m.ok(err)
	came := url.Values{federation.FieldLanded: {landed}}
	if a, err := m.service.Finish(t.Context(), m.open().Connection, mine, came); why(err) != federation.Nonsense {
		t.Errorf("another's landing: %+v, %v", a, err)
	}
	if a, err := m.service.Finish(t.Context(), m.open().Connection, d, came); why(err) != federation.Nonsense {
		t.Errorf("a landing that was used: %+v, %v", a, err)
	}
	for _, h := range []string{"", "x", handle.New()} {
		if a, err := m.service.Finish(t.Context(), m.open().Connection, d, url.Values{federation.FieldLanded: {h}}); why(err) != federation.Nonsense {
			t.Errorf("the landing %q: %+v, %v", h, a, err)
		}
	}
}

// TestSAMLNames: who a person is there follows from a lasting name, by whichever
// way it comes.
func TestSAMLNames(t *testing.T) {
	for name, c := range map[string]struct {
		format, value, attribute string
		subject                  string
		why                      federation.Why
	}{
		"transient":                          {format: string(crewjam.TransientNameIDFormat), value: "_1", why: federation.Settings},
		"transient, and an attribute":        {format: string(crewjam.TransientNameIDFormat), value: "_1", attribute: "email", subject: "ada@contoso.example"},
		"an attribute that does not come":    {format: string(crewjam.PersistentNameIDFormat), value: "p", attribute: "uid", why: federation.Settings},
		"an attribute of several values":     {format: string(crewjam.PersistentNameIDFormat), value: "p", attribute: "groups", why: federation.Settings},
		"an address":                         {format: string(crewjam.EmailAddressNameIDFormat), value: "a@contoso.example", subject: "a@contoso.example"},
		"a name that says not what it is":    {format: string(crewjam.UnspecifiedNameIDFormat), value: "ada", subject: "ada"},
		"more than one line, by the subject": {format: string(crewjam.PersistentNameIDFormat), value: "x y", subject: "x y"},
	} {
		t.Run(name, func(t *testing.T) {
			m := meet(t, func(conn *org.Connection) { conn.SAML.Subject = c.attribute })
			m.idp.Remove("ada")
			other := adaThere
			other.Format, other.Subject = c.format, c.value
			m.idp.Add(other)
			d, form := m.depart(false)
			a, err := m.arrive(d, form.Fields)
			if why(err) != c.why || err == nil && a.Subject != c.subject {
				t.Errorf("arrived: %+v, %v", a, err)
			}
		})
	}
}

// TestSAMLMapping: the names of a mapping go before those that are known.
func TestSAMLMapping(t *testing.T) {
	m := meet(t, func(c *org.Connection) {
		c.Mapping = org.Mapping{Email: "upn", GivenName: "lastName", Groups: "nothing"}
	})
	d, form := m.depart(false)
	a, err := m.arrive(d, form.Fields)
	m.ok(err)
	if a.Email != "" || a.GivenName != "Lovelace" || a.FamilyName != "Lovelace" || len(a.Groups) > 0 {
		t.Errorf("arrived: %+v", a)
	}
}

// TestSAMLRollOver: a certificate that the provider announces is believed at once,
// one that it begins to use unannounced is found at its address, and one that it
// dropped is not believed any more.
func TestSAMLRollOver(t *testing.T) {
	m := meet(t, nil)
	d, old := m.depart(false)
	_, err := m.arrive(d, old.Fields)
	m.ok(err)
	use := m.idp.Announce()
	m.ok(m.connections.Refresh(t.Context(), m.id, func(c *org.Connection) error {
		c.SAML.FetchedAt = m.clock.Now().Add(-7 * time.Hour)
		return nil
	}))
	m.ok(m.documents.Renew(t.Context()))
	before := m.open().SAML.Metadata
	use()
	d, form := m.depart(false)
	_, err = m.arrive(d, form.Fields)
	m.ok(err)
	if m.open().SAML.Metadata != before {
		t.Error("an announced certificate was looked for again")
	}
	d, late := m.depart(false)
	m.idp.Announce()() // and none of it was announced
	if a, err := m.arrive(d, late.Fields); err != nil {
		t.Errorf("signed before the change: %+v, %v", a, err)
	}
	d, form = m.depart(false)
	if a, err := m.arrive(d, form.Fields); why(err) != federation.Nonsense {
		t.Errorf("a moment after it was last looked for: %+v, %v", a, err)
	}
	m.clock.Pass(61 * time.Second)
	d, form = m.depart(false)
	if a, err := m.arrive(d, form.Fields); err != nil {
		t.Errorf("with a key that was not announced: %+v, %v", a, err)
	}
	if strings.Contains(before, "X509Certificate") && m.open().SAML.Metadata == before {
		t.Error("what was found is not kept")
	}
}

// TestSAMLMetadataMoves: what is at the address is the same provider's, or it does
// not count; and what fails leaves the last document in place.
func TestSAMLMetadataMoves(t *testing.T) {
	m := meet(t, nil)
	d, form := m.depart(false)
	_, err := m.arrive(d, form.Fields)
	m.ok(err)
	other := testenv.NewIDP(t)
	m.change(func(c *org.Connection) { c.SAML.MetadataURL, c.SAML.FetchedAt = other.MetadataURL(), time.Time{} })
	m.ok(m.documents.Renew(t.Context()))
	if got := m.open().SAML.Metadata; strings.Contains(got, other.URL) {
		t.Error("another provider took the connection over")
	}
}

func TestSAMLIDPInitiated(t *testing.T) {
	m := meet(t, nil)
	unasked := func() *testenv.Form {
		form := m.idp.SignIn(m.idp.Visitor(), m.idp.Tile(m.entity), adaThere)
		if form == nil {
			t.Fatal("the provider sends nobody")
		}
		return form
	}
	if h, err := m.saml.Land(t.Context(), m.open(), nil, unasked().Fields); why(err) != federation.Nonsense {
		t.Errorf("unasked: %q, %v", h, err)
	}
	m.change(func(c *org.Connection) { c.SAML.IDPInitiated = true })
	form := unasked()
	if h, err := m.saml.Land(t.Context(), m.open(), nil, form.Fields); err != nil || h != "" {
		t.Errorf("unasked, and allowed: %q, %v", h, err)
	}
	if h, err := m.saml.Land(t.Context(), m.open(), nil, form.Fields); why(err) != federation.Nonsense {
		t.Errorf("unasked, again: %q, %v", h, err)
	}
	d, form := m.depart(false)
	if h, err := m.saml.Land(t.Context(), m.open(), nil, form.Fields); why(err) != federation.Nonsense {
		t.Errorf("an answer as one to no question: %q, %v", h, err)
	}
	if h, err := m.saml.Land(t.Context(), m.open(), d, unasked().Fields); err != nil || h == "" {
		t.Errorf("what is wrong is told at the end: %q, %v", h, err)
	}
	if a, err := m.arrive(d, unasked().Fields); why(err) != federation.Nonsense {
		t.Errorf("one to no question as an answer: %+v, %v", a, err)
	}
}

// TestSAMLFresh: who was to sign in anew did, and the provider says when.
func TestSAMLFresh(t *testing.T) {
	m := meet(t, nil)
	long := func(a *crewjam.Assertion) {
		a.AuthnStatements[0].AuthnInstant = a.AuthnStatements[0].AuthnInstant.Add(-time.Hour)
	}
	end := m.clock.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	m.idp.Change = func(a *crewjam.Assertion) { a.AuthnStatements[0].SessionNotOnOrAfter = &end }
	d, form := m.depart(false)
	if a, err := m.arrive(d, form.Fields); err != nil || !a.Until.Equal(end) {
		t.Errorf("arrived until %s: %+v, %v", end, a, err)
	}
	for _, c := range []struct {
		change func(*crewjam.Assertion)
		fresh  bool
		why    federation.Why
	}{{nil, true, ""}, {long, false, ""}, {long, true, federation.Nonsense}} {
		m.idp.Change = c.change
		d, form := m.depart(c.fresh)
		if a, err := m.arrive(d, form.Fields); why(err) != c.why || (err == nil) != (c.why == "") {
			t.Errorf("fresh %v: %+v, %v; want %q", c.fresh, a, err, c.why)
		}
	}
}

func TestCheckSAML(t *testing.T) {
	m := meet(t, nil)
	check := func(doc string) error {
		return federation.Checker{Insecure: true, Now: m.clock.Now}.Check(&org.Connection{Protocol: org.SAML, SAML: org.SAMLSettings{Metadata: doc}}, org.Secrets{})
	}
	old := m.idp.Metadata()
	if err := check(old); err != nil {
		t.Errorf("good metadata: %v", err)
	}
	m.clock.Pass(100 * 24 * time.Hour)
	for name, doc := range map[string]string{"old": old, "none": "<html/>"} {
		if err := check(doc); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
