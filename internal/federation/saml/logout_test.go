package saml

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const slo = "https://signet.example/federation/saml/c1/logout"

// deflated is a message as it goes into a query.
func deflated(t testing.TB, doc string) string {
	t.Helper()
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes())
}

// signedQuery is the message in a query that the pair signed (Bindings §3.4.4.1).
func signedQuery(t testing.TB, p *pair, field, doc string) string {
	t.Helper()
	content := field + "=" + url.QueryEscape(deflated(t, doc)) + "&RelayState=relay&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	sum := sha256.Sum256([]byte(content))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return content + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

func logoutRequest(id, destination, issuer string, at time.Time, inside string) string {
	return fmt.Sprintf(`<samlp:LogoutRequest xmlns:samlp="%s" xmlns:saml="%s" ID="%s" Version="2.0" IssueInstant="%s" Destination="%s"><saml:Issuer>%s</saml:Issuer>%s</samlp:LogoutRequest>`,
		nsProtocol, nsAssertion, id, instant(at), destination, issuer, inside)
}

const adaLeaves = `<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">00u1ada</saml:NameID><samlp:SessionIndex>s-1</samlp:SessionIndex>`

func TestReadLogout(t *testing.T) {
	p, other := named(t, "idp"), named(t, "other")
	svc := service(t, Rules{}, p)
	good := logoutRequest("l-1", slo, idpID, moment, adaLeaves)
	l, err := svc.ReadLogout(signedQuery(t, p, "SAMLRequest", good), everFirst)
	if err != nil {
		t.Fatal(err)
	}
	name := "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent 00u1ada"
	if l.ID != "l-1" || l.Relay != "relay" || l.Name != name || !slices.Equal(l.Sessions, []string{"s-1"}) {
		t.Errorf("read %+v", l)
	}
	for _, c := range []struct {
		name, session string
		ends          bool
	}{{name, "s-1", true}, {"urn:other 00u1ada", "s-1", true}, {name, "s-2", false}, {"urn:other 00u1bob", "s-1", false}, {"", "s-1", false}} {
		if got := l.Ends(c.name, c.session); got != c.ends {
			t.Errorf("ends %q %q: %v", c.name, c.session, got)
		}
	}
	unsigned, _, _ := strings.Cut(signedQuery(t, p, "SAMLRequest", good), "&SigAlg")
	bomb := logoutRequest("l-1", slo, idpID, moment, adaLeaves+strings.Repeat(" ", 10<<20))
	for name, c := range map[string]struct {
		query  string
		reason Reason
	}{
		"by another key":           {signedQuery(t, other, "SAMLRequest", good), Malformed},
		"unsigned":                 {unsigned, Unsigned},
		"changed":                  {strings.Replace(signedQuery(t, p, "SAMLRequest", good), "RelayState=relay", "RelayState=other", 1), Malformed},
		"for another address":      {signedQuery(t, p, "SAMLRequest", logoutRequest("l-1", slo+"x", idpID, moment, adaLeaves)), Foreign},
		"of another issuer":        {signedQuery(t, p, "SAMLRequest", logoutRequest("l-1", slo, "https://evil.example", moment, adaLeaves)), Foreign},
		"of long ago":              {signedQuery(t, p, "SAMLRequest", logoutRequest("l-1", slo, idpID, moment.Add(-time.Hour), adaLeaves)), Stale},
		"of nobody":                {signedQuery(t, p, "SAMLRequest", logoutRequest("l-1", slo, idpID, moment, "")), Malformed},
		"a bomb":                   {signedQuery(t, p, "SAMLRequest", bomb), Malformed},
		"a comment":                {signedQuery(t, p, "SAMLRequest", strings.Replace(good, "00u1ada", "00u1<!-- -->ada", 1)), Malformed},
		"a document type":          {signedQuery(t, p, "SAMLRequest", "<!DOCTYPE x>"+good), Malformed},
		"an answer":                {signedQuery(t, p, "SAMLRequest", strings.ReplaceAll(good, "LogoutRequest", "LogoutResponse")), Malformed},
		"nothing":                  {"Signature=x", Malformed},
		"no base64":                {"Signature=x&SAMLRequest=%3C", Malformed},
		"not compressed":           {"Signature=x&SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(good))), Malformed},
		"more than a query holds":  {"Signature=x&SAMLRequest=" + strings.Repeat("A", maxQuery), Malformed},
		"a query that is no query": {"Signature=x&%", Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := svc.ReadLogout(c.query, everFirst)
			if l != nil || ReasonOf(err) == "" || c.reason != Malformed && ReasonOf(err) != c.reason {
				t.Errorf("read %+v, %v; want it refused as %s", l, err, c.reason)
			}
		})
	}
	if _, err := svc.ReadLogout(signedQuery(t, p, "SAMLRequest", good), func(string, time.Time) (bool, error) { return false, nil }); ReasonOf(err) != Replayed {
		t.Errorf("again: %v", err)
	}
}

func TestLogoutAsked(t *testing.T) {
	p := named(t, "idp")
	svc := service(t, Rules{}, p)
	asked, err := svc.AskLogout("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent 00u1ada", "s-1", "relay")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(asked.Address)
	if err != nil {
		t.Fatal(err)
	}
	signed, signature, _ := strings.Cut(u.RawQuery, "&Signature=")
	verifyQuery(t, svc.site.Certificate, signed, signature)
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(inflated(t, u.Query().Get("SAMLRequest"))); err != nil {
		t.Fatal(err)
	}
	if name := doc.FindElement("//NameID"); name.Text() != "00u1ada" || len(name.Attr) != 1 || doc.FindElement("//SessionIndex").Text() != "s-1" || u.Path != "/slo" {
		text, _ := doc.WriteToString()
		t.Errorf("asked at %s with %s", u.Path, text)
	}
	none := service(t, Rules{}, p)
	none.idp.Logout = ""
	if a, err := none.AskLogout("x y", "", ""); a != nil || err != nil {
		t.Errorf("a provider that takes none: %+v, %v", a, err)
	}
}

func TestLogoutAnswered(t *testing.T) {
	svc := service(t, Rules{}, named(t, "idp"))
	svc.idp.LogoutAnswer = "https://idp.example/slo/done"
	address, err := svc.AnswerLogout(&Logout{ID: "l-1", Relay: "relay"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	text := string(inflated(t, u.Query().Get("SAMLResponse")))
	if u.Path != "/slo/done" || !strings.Contains(text, `InResponseTo="l-1"`) || !strings.Contains(text, "status:Success") || u.Query().Get("RelayState") != "relay" || u.Query().Get("Signature") == "" {
		t.Errorf("answered at %s with %s", address, text)
	}
}

// FuzzReadLogout gives the service what strangers put into a query: only what the
// provider signed is believed.
func FuzzReadLogout(f *testing.F) {
	p := named(f, "idp")
	svc := service(f, Rules{}, p)
	f.Add(signedQuery(f, p, "SAMLRequest", logoutRequest("l-1", slo, idpID, moment, adaLeaves)))
	f.Add(signedQuery(f, named(f, "other"), "SAMLRequest", logoutRequest("l-1", slo, idpID, moment, adaLeaves)))
	f.Fuzz(func(t *testing.T, query string) {
		l, err := svc.ReadLogout(query, everFirst)
		if err == nil && (l.ID != "l-1" || !strings.HasSuffix(l.Name, " 00u1ada")) {
			t.Errorf("read %+v, which nobody signed", l)
		}
		if err != nil && ReasonOf(err) == "" {
			t.Errorf("refused without a reason: %v", err)
		}
	})
}
