package saml

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

func TestReadAnswer(t *testing.T) {
	p := named(t, "idp")
	a, err := service(t, Rules{}, p).Read(good(p).posted(t), asked, everFirst)
	if err != nil {
		t.Fatal(err)
	}
	if a.Subject != "00u1ada" || a.Session != "s-1" || a.ID != "a-1" || !a.SignedInAt.Equal(moment.Add(-2*time.Second)) {
		t.Errorf("read %+v", a)
	}
	if got := a.Values("groups"); !slices.Equal(got, []string{"staff", "admins"}) {
		t.Errorf("groups: %q", got)
	}
	for _, name := range []string{"email", "mail"} {
		if got := a.Values(name); !slices.Equal(got, []string{"ada@contoso.example"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
	s := good(p)
	s.Until = moment.Add(time.Hour)
	if a, err = service(t, Rules{}, p).Read(s.posted(t), asked, everFirst); err != nil || !a.Until.Equal(s.Until) {
		t.Errorf("read %+v, %v", a, err)
	}
	if got := a.Values("nobody"); got != nil {
		t.Errorf("an attribute that is not there has the values %q", got)
	}
}

// TestReadRefuses changes one thing of a good answer at a time.
func TestReadRefuses(t *testing.T) {
	p, other := named(t, "idp"), named(t, "other")
	expired := newPair(t, "expired", 2048, moment.Add(-48*time.Hour), moment.Add(-24*time.Hour))
	cases := map[string]struct {
		change func(*statement)
		reason Reason
	}{
		"signed by another key":              {func(s *statement) { s.signResponse, s.signAssertion = other, other }, Signature},
		"assertion signed by another key":    {func(s *statement) { s.signAssertion = other }, Signature},
		"response signed by another key":     {func(s *statement) { s.signResponse = other }, Signature},
		"bare signatures of another key":     {func(s *statement) { s.signResponse, s.signAssertion, s.bare = other, other, true }, Signature},
		"signed with an expired certificate": {func(s *statement) { s.signResponse, s.signAssertion = expired, expired }, Signature},
		"SHA-1":                              {func(s *statement) { s.hash = crypto.SHA1 }, Signature},
		"nothing signed":                     {func(s *statement) { s.signResponse, s.signAssertion = nil, nil }, Unsigned},
		"assertion not signed":               {func(s *statement) { s.signAssertion = nil }, Unsigned},
		"response not signed":                {func(s *statement) { s.signResponse = nil }, Unsigned},
		"another audience":                   {func(s *statement) { s.Audience = "https://signet.example/federation/saml/c2/metadata" }, Foreign},
		"no audience":                        {func(s *statement) { s.NoAudience = true }, Foreign},
		"another recipient":                  {func(s *statement) { s.Recipient = "https://signet.example/federation/saml/c2/acs" }, Foreign},
		"no recipient":                       {func(s *statement) { s.Recipient = "" }, Foreign},
		"another destination":                {func(s *statement) { s.Destination = "https://signet.example/federation/saml/c2/acs" }, Foreign},
		"no destination":                     {func(s *statement) { s.Destination = "" }, Foreign},
		"another issuer":                     {func(s *statement) { s.Issuer, s.ResponseIssuer = "https://evil.example", "https://evil.example" }, Foreign},
		"another issuer of the assertion":    {func(s *statement) { s.Issuer = "https://evil.example" }, Foreign},
		"another request":                    {func(s *statement) { s.InResponseTo, s.ResponseInResponseTo = "id-other", "id-other" }, Unasked},
		"another request in the assertion":   {func(s *statement) { s.InResponseTo = "id-other" }, Unasked},
		"no request":                         {func(s *statement) { s.InResponseTo, s.ResponseInResponseTo = "", "" }, Unasked},
		"no request in the assertion":        {func(s *statement) { s.InResponseTo = "" }, Unasked},
		"issued long ago":                    {func(s *statement) { s.IssuedAt = moment.Add(-10 * time.Minute) }, Stale},
		"over":                               {func(s *statement) { s.NotAfter = moment.Add(-5 * time.Minute) }, Stale},
		"not yet":                            {func(s *statement) { s.NotBefore = moment.Add(10 * time.Minute) }, Stale},
		"issued in the future":               {func(s *statement) { s.IssuedAt = moment.Add(10 * time.Minute) }, Stale},
		"a sign-in that is over":             {func(s *statement) { s.Until = moment }, Stale},
		"no authentication":                  {func(s *statement) { s.NoAuthn = true }, Malformed},
		"no confirmation":                    {func(s *statement) { s.NoConfirmation = true }, Malformed},
		"no name":                            {func(s *statement) { s.NameID = " " }, Malformed},
		"a name that fills a page":           {func(s *statement) { s.NameID = strings.Repeat("x", 600) }, Malformed},
		"a name that runs backwards":         {func(s *statement) { s.NameID = "ada\u202e" }, Malformed},
		"a condition that nobody knows":      {func(s *statement) { s.Conditions = `<saml:Condition xmlns:x="urn:x"/>` }, Malformed},
		"the provider declines":              {func(s *statement) { s.Status = "urn:oasis:names:tc:SAML:2.0:status:Responder" }, Declined},
		"too many values":                    {func(s *statement) { s.Attributes = values(3000) }, Malformed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := good(p)
			c.change(s)
			a, err := service(t, Rules{}, p, expired).Read(s.posted(t), asked, everFirst)
			if err == nil || ReasonOf(err) != c.reason {
				t.Errorf("read %+v, %v; want it refused as %s", a, err, c.reason)
			}
		})
	}
}

func values(n int) string {
	return `<saml:Attribute Name="groups">` + strings.Repeat(`<saml:AttributeValue>x</saml:AttributeValue>`, n) + `</saml:Attribute>`
}

// TestOneSignature: only where the connection says so, an answer may have one
// signature; and it has one.
func TestOneSignature(t *testing.T) {
	p, other := named(t, "idp"), named(t, "other")
	for _, c := range []struct {
		response, assertion *pair
		reason              Reason
	}{{p, nil, ""}, {nil, p, ""}, {p, p, ""}, {nil, nil, Unsigned}, {other, nil, Signature}, {nil, other, Signature}, {other, p, Signature}, {p, other, Signature}} {
		s := good(p)
		s.signResponse, s.signAssertion = c.response, c.assertion
		if _, err := service(t, Rules{OneSignature: true}, p).Read(s.posted(t), asked, everFirst); ReasonOf(err) != c.reason {
			t.Errorf("response %v, assertion %v: %v; want %q", c.response != nil, c.assertion != nil, err, c.reason)
		}
	}
}

// TestUnsolicited: an answer to no question is one only where none was asked, and
// one to a question is none where none was.
func TestUnsolicited(t *testing.T) {
	p := named(t, "idp")
	s := good(p)
	s.InResponseTo, s.ResponseInResponseTo = "", ""
	if _, err := service(t, Rules{}, p).Read(s.posted(t), "", everFirst); err != nil {
		t.Errorf("unasked, and expected so: %v", err)
	}
	if _, err := service(t, Rules{}, p).Read(good(p).posted(t), "", everFirst); ReasonOf(err) != Unasked {
		t.Errorf("an answer to a question as one to none: %v", err)
	}
}

func TestReplay(t *testing.T) {
	p := named(t, "idp")
	seen := map[string]time.Time{}
	once := func(name string, until time.Time) (bool, error) {
		_, was := seen[name]
		seen[name] = until
		return !was, nil
	}
	s, svc := good(p).posted(t), service(t, Rules{}, p)
	if _, err := svc.Read(s, asked, once); err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Read(s, asked, once); ReasonOf(err) != Replayed {
		t.Errorf("the same answer again: %v", err)
	}
	// It is remembered for as long as it would be believed.
	late := New(svc.site, svc.idp, svc.rules, func() time.Time { return seen["a-1"].Add(time.Second) })
	if _, err := late.Read(s, asked, everFirst); ReasonOf(err) != Stale {
		t.Errorf("after it was forgotten: %v", err)
	}
}

// TestRollOver: while a provider changes its certificate, both are believed.
func TestRollOver(t *testing.T) {
	old, next := named(t, "idp"), named(t, "next")
	for _, p := range []*pair{old, next} {
		for _, bare := range []bool{false, true} {
			s := good(p)
			s.bare = bare
			if _, err := service(t, Rules{}, old, next).Read(s.posted(t), asked, everFirst); err != nil {
				t.Errorf("%s, bare %v: %v", p.cert.Subject, bare, err)
			}
		}
	}
	if _, err := service(t, Rules{}, next).Read(good(old).posted(t), asked, everFirst); ReasonOf(err) != Signature {
		t.Error("a certificate that the metadata does not name any more is believed")
	}
}

// TestAskSigns verifies the request by the query's own signature (Bindings §3.4.4.1).
func TestAskSigns(t *testing.T) {
	svc := service(t, Rules{}, named(t, "idp"))
	a, err := svc.Ask("relay", true)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.Address)
	if err != nil {
		t.Fatal(err)
	}
	if u.Host != "idp.example" || u.Path != "/sso" || u.Query().Get("RelayState") != "relay" {
		t.Errorf("asked at %s", a.Address)
	}
	signed, signature, ok := strings.Cut(u.RawQuery, "&Signature=")
	if !ok || u.Query().Get("SigAlg") != dsig.RSASHA256SignatureMethod {
		t.Fatalf("the request is not signed: %s", u.RawQuery)
	}
	verifyQuery(t, svc.site.Certificate, signed, signature)
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(inflated(t, u.Query().Get("SAMLRequest"))); err != nil {
		t.Fatal(err)
	}
	req := doc.Root()
	for name, want := range map[string]string{
		"ID": a.ID, "Destination": "https://idp.example/sso", "AssertionConsumerServiceURL": acs, "ForceAuthn": "true", "Version": "2.0",
	} {
		if got := req.SelectAttrValue(name, ""); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := req.FindElement("./Issuer").Text(); got != siteID {
		t.Errorf("the issuer is %q", got)
	}
	if other, err := svc.Ask("relay", false); err != nil || other.ID == a.ID || len(other.ID) < 35 {
		t.Errorf("the next request is %+v, %v", other, err)
	}
	if _, err := svc.Ask(strings.Repeat("x", 81), false); err == nil {
		t.Error("a relay state of 81 bytes is sent (Bindings §3.4.3)")
	}
}

// TestAskPosts: a provider that takes no request in the address gets it by a form,
// with a signature inside (Bindings §3.5).
func TestAskPosts(t *testing.T) {
	p := named(t, "idp")
	idp, err := ParseMetadata([]byte(strings.Replace(idpMetadata(p), "HTTP-Redirect\" Location=\"https://idp.example/sso\"", "HTTP-POST\" Location=\"https://idp.example/sso\"", 1)), false)
	if err != nil {
		t.Fatal(err)
	}
	svc := service(t, Rules{}, p)
	svc.idp = idp
	a, err := svc.Ask("relay", false)
	if err != nil {
		t.Fatal(err)
	}
	if a.Address != "https://idp.example/sso" || a.Form.Get("RelayState") != "relay" {
		t.Errorf("asked with %+v", a)
	}
	raw, err := base64.StdEncoding.DecodeString(a.Form.Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	verifier := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{svc.site.Certificate}})
	verifier.Clock = dsig.NewFakeClockAt(moment)
	signed, err := verifier.Validate(doc.Root())
	if err != nil || signed.SelectAttrValue("ID", "") != a.ID {
		t.Errorf("the request is not signed: %v", err)
	}
	kept, err := idp.Document()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseMetadata(kept, false); err != nil || !again.Posted || again.SignIn != idp.SignIn {
		t.Errorf("kept as %+v, %v", again, err)
	}
}
