package testenv

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"html/template"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"signet/internal/handle"
)

// IDP is a SAML identity provider that is not ours, over TLS and on another site
// than the house, with pages that a browser can go through. It says of people what
// an app at Okta does that was set up by docs/guides/okta-saml.md.
type IDP struct {
	URL string
	// Change, if it is set, changes each assertion before it is signed.
	Change func(*saml.Assertion)
	// Now, if it is set, is the provider's clock.
	Now func() time.Time

	t        testing.TB
	mu       sync.Mutex
	own      saml.IdentityProvider
	services map[string]*saml.EntityDescriptor // by entity ID
	people   map[string]IDPPerson              // by user
	sessions map[string]*saml.Session          // by cookie
}

// IDPPerson is somebody whom the provider knows.
type IDPPerson struct {
	User, Password       string
	Subject              string // the NameID
	Format               string // of it; "": persistent
	Email, Given, Family string
	Groups               []string
}

// loginPage is the provider's, with names by which tests find its fields.
var loginPage = template.Must(template.New("login").Parse(`<!DOCTYPE html><html lang="en"><head><title>Contoso sign-in</title></head><body>
<h1>Contoso</h1>
<form method="post" action="/login"><input type="hidden" name="next" value="{{.}}">
<label for="user">User</label><input id="user" type="text" name="user">
<label for="password">Password</label><input id="password" type="password" name="password">
<button id="login">Log in</button></form></body></html>`))

// postPage posts the answer, by a script where there are any.
var postPage = template.Must(template.New("post").Parse(`<!DOCTYPE html><html lang="en"><head><title>Contoso</title></head><body>
<form id="answer" method="post" action="{{.URL}}"><input type="hidden" name="SAMLResponse" value="{{.SAMLResponse}}"><input type="hidden" name="RelayState" value="{{.RelayState}}">
<button id="go">Continue</button></form><script>document.getElementById('answer').submit()</script></body></html>`))

// NewIDP starts a provider that knows the people; it ends with the test.
func NewIDP(t testing.TB, people ...IDPPerson) *IDP {
	t.Helper()
	i := &IDP{t: t, services: map[string]*saml.EntityDescriptor{}, people: map[string]IDPPerson{}, sessions: map[string]*saml.Session{}}
	i.serve()
	own, err := url.Parse(i.URL)
	if err != nil {
		t.Fatal(err)
	}
	key, cert := samlPair(t)
	i.own = saml.IdentityProvider{
		Key: key, Certificate: cert, Logger: log.New(t.Output(), "provider: ", 0),
		MetadataURL: *own.JoinPath("metadata"), SSOURL: *own.JoinPath("sso"), LogoutURL: *own.JoinPath("slo"),
		LogoutBindings: []string{saml.HTTPRedirectBinding}, NameIDFormats: []saml.NameIDFormat{saml.PersistentNameIDFormat},
		ServiceProviderProvider: i, SessionProvider: i, AssertionMaker: i, ResponseFormTemplate: postPage,
	}
	for _, p := range people {
		i.Add(p)
	}
	return i
}

// serve listens. Its host is another site than localhost, where the house is.
func (i *IDP) serve() {
	i.t.Helper()
	a, err := house()
	if err != nil {
		i.t.Fatal(err)
	}
	c := a.Issue(i.t, x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata", func(w http.ResponseWriter, r *http.Request) { i.own.ServeMetadata(w, r) })
	mux.HandleFunc("GET /sso", func(w http.ResponseWriter, r *http.Request) { i.own.ServeSSO(w, r) })
	mux.HandleFunc("GET /slo", func(w http.ResponseWriter, r *http.Request) { i.own.ServeSLO(w, r) })
	mux.HandleFunc("GET /open", func(w http.ResponseWriter, r *http.Request) {
		i.own.ServeIDPInitiated(w, r, r.URL.Query().Get("service"), "")
	})
	mux.HandleFunc("POST /login", i.login)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.own.Clock = dsig.NewFakeClockAt(i.now())
		mux.ServeHTTP(w, r)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // browsers that leave
	s.StartTLS()
	i.t.Cleanup(s.Close)
	i.URL = s.URL
}

func (i *IDP) now() time.Time {
	if i.Now != nil {
		return i.Now().UTC()
	}
	return time.Now().UTC()
}

const idpCookie = "contoso"

// login signs somebody in and goes on where they were.
func (i *IDP) login(w http.ResponseWriter, r *http.Request) {
	p, ok := i.people[r.PostFormValue("user")]
	if !ok || p.Password != r.PostFormValue("password") {
		http.Error(w, "Contoso does not know you.", http.StatusForbidden)
		return
	}
	id, now := handle.New(), i.now()
	i.sessions[id] = &saml.Session{ID: id, Index: handle.Short(), UserName: p.User, NameID: p.Subject, CreateTime: now, ExpireTime: now.Add(time.Hour)}
	http.SetCookie(w, &http.Cookie{Name: idpCookie, Value: id, Path: "/", HttpOnly: true, Secure: true})
	http.Redirect(w, r, r.PostFormValue("next"), http.StatusSeeOther)
}

// GetSession implements saml.SessionProvider.
func (i *IDP) GetSession(w http.ResponseWriter, r *http.Request, req *saml.IdpAuthnRequest) *saml.Session {
	if c, err := r.Cookie(idpCookie); err == nil {
		s := i.sessions[c.Value]
		again := req.Request.ForceAuthn != nil && *req.Request.ForceAuthn
		if s != nil && !(again && s.CreateTime.Before(req.Request.IssueInstant)) {
			return s
		}
	}
	if err := loginPage.Execute(w, r.URL.RequestURI()); err != nil {
		i.t.Error(err)
	}
	return nil
}

// InvalidateSession implements saml.SessionInvalidator.
func (i *IDP) InvalidateSession(_ http.ResponseWriter, _ *http.Request, req *saml.IdpLogoutRequest) error {
	for id, s := range i.sessions {
		if req.MatchesSession(s) {
			delete(i.sessions, id)
		}
	}
	return nil
}

// SignedIn is how many people are.
func (i *IDP) SignedIn() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.sessions)
}

// GetServiceProvider implements saml.ServiceProviderProvider.
func (i *IDP) GetServiceProvider(_ *http.Request, id string) (*saml.EntityDescriptor, error) {
	if s := i.services[id]; s != nil {
		return s, nil
	}
	return nil, os.ErrNotExist
}

func samlPair(t testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

// Add makes the provider know the person, as it is now.
func (i *IDP) Add(p IDPPerson) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.people[p.User] = p
}

// Remove makes the provider forget the person.
func (i *IDP) Remove(user string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.people, user)
	for id, s := range i.sessions {
		if s.UserName == user {
			delete(i.sessions, id)
		}
	}
}

// MetadataURL is where the provider's metadata is.
func (i *IDP) MetadataURL() string { return i.URL + "/metadata" }

// Metadata is what is there.
func (i *IDP) Metadata() string {
	i.t.Helper()
	return i.get(i.MetadataURL())
}

func (i *IDP) get(address string) string {
	i.t.Helper()
	resp, err := (&http.Client{Transport: transport}).Get(address)
	if err != nil {
		i.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		i.t.Fatalf("%s: status %d, %v: %s", address, resp.StatusCode, err, body)
	}
	return string(body)
}

// Register tells the provider of a service by the metadata that is at the address.
func (i *IDP) Register(metadataURL string) {
	i.t.Helper()
	i.RegisterDocument(i.get(metadataURL))
}

// RegisterDocument is Register with the metadata as an administrator hands it over.
func (i *IDP) RegisterDocument(doc string) {
	i.t.Helper()
	service := &saml.EntityDescriptor{}
	if err := xml.Unmarshal([]byte(doc), service); err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.services[service.EntityID] = service
}

// Tile is where the provider sends people from, to the service, who did not come
// from there.
func (i *IDP) Tile(entityID string) string {
	return i.URL + "/open?" + url.Values{"service": {entityID}}.Encode()
}

// Announce publishes the certificate of a next key beside the one in use, and
// returns what makes the provider sign with it alone.
func (i *IDP) Announce() (use func()) {
	i.t.Helper()
	key, cert := samlPair(i.t)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.own.ExtraCertificates = []*x509.Certificate{cert}
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.own.Key, i.own.Certificate, i.own.ExtraCertificates = key, cert, nil
	}
}

// MakeAssertion implements saml.AssertionMaker.
func (i *IDP) MakeAssertion(req *saml.IdpAuthnRequest, session *saml.Session) error {
	if err := (saml.DefaultAssertionMaker{}).MakeAssertion(req, session); err != nil {
		return err
	}
	p := i.people[session.UserName]
	name := req.Assertion.Subject.NameID
	name.Format, name.Value = p.Format, p.Subject
	if p.Format == "" {
		name.Format = string(saml.PersistentNameIDFormat)
	}
	name.NameQualifier, name.SPNameQualifier = "", ""
	req.Assertion.AttributeStatements = []saml.AttributeStatement{{Attributes: []saml.Attribute{
		attribute("email", p.Email), attribute("firstName", p.Given), attribute("lastName", p.Family), attribute("groups", p.Groups...),
	}}}
	if i.Change != nil {
		i.Change(req.Assertion)
	}
	return nil
}

func attribute(name string, values ...string) saml.Attribute {
	a := saml.Attribute{Name: name, NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}
	for _, v := range values {
		a.Values = append(a.Values, saml.AttributeValue{Type: "xs:string", Value: v})
	}
	return a
}

// Visitor returns a new browser that is on the provider's pages.
func (i *IDP) Visitor() *Browser { return newBrowser(i.t, i.URL) }

// Browser returns the browser as it is on the provider's pages.
func (i *IDP) Browser(b *Browser) *Browser {
	i.t.Helper()
	u, err := url.Parse(i.URL)
	if err != nil {
		i.t.Fatal(err)
	}
	other := *b
	other.issuer = u
	return &other
}

// SignIn goes to the provider's address, signs in there if it asks, and returns
// the form with the provider's answer, which the browser is to post to the house;
// nil when the provider does not let the person in.
func (i *IDP) SignIn(b *Browser, address string, p IDPPerson) *Form {
	i.t.Helper()
	at := i.Browser(b)
	page := at.Get(address)
	if login := page.Form("login"); login != nil {
		page = at.Submit(login, "login", "user", p.User, "password", p.Password)
	}
	return page.Form("go")
}

// Across posts the form as a page of another site does: without the cookies of
// the house that browsers keep back then (SameSite). What follows is the browser's
// own.
func (b *Browser) Across(f *Form) *Page {
	b.t.Helper()
	bare := *b
	bare.client = &http.Client{Transport: transport, Timeout: time.Minute, CheckRedirect: b.client.CheckRedirect}
	bare.Header = b.Header.Clone()
	bare.Header.Set("Origin", "null")
	bare.Header.Set("Sec-Fetch-Site", "cross-site")
	page := &Page{}
	location := bare.request(page, f.Method, f.Action, f.Fields)
	if location == nil {
		page.Forms = forms(page)
		return page
	}
	if location.Host != b.issuer.Host {
		page.Location = location.String()
		return page
	}
	return b.Get(location.String())
}

// SignOut is where the provider sends a browser to have the service end the
// person's sessions: a signed message in the query (Bindings §3.4.4.1).
func (i *IDP) SignOut(service, user string) string {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.people[user]
	req := saml.LogoutRequest{
		ID: "id-" + handle.Short(), Version: "2.0", IssueInstant: time.Now().UTC(), Destination: service,
		Issuer: &saml.Issuer{Value: i.own.MetadataURL.String()},
		NameID: &saml.NameID{Format: string(saml.PersistentNameIDFormat), Value: p.Subject},
	}
	doc := etree.NewDocument()
	doc.SetRoot(req.Element())
	var message bytes.Buffer
	w, err := flate.NewWriter(&message, flate.BestCompression)
	if err != nil {
		i.t.Fatal(err)
	}
	if _, err := doc.WriteTo(w); err != nil {
		i.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		i.t.Fatal(err)
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(message.Bytes())) + "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	sum := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.own.Key.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		i.t.Fatal(err)
	}
	return service + "?" + query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}
