package saml

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
)

func verifyQuery(t testing.TB, cert *x509.Certificate, signed, signature string) {
	t.Helper()
	text, err := url.QueryUnescape(signature)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], raw); err != nil {
		t.Error("the query's signature is not of our key")
	}
}

func inflated(t testing.TB, message string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(message)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// evil is an assertion that nobody signed.
func evil(t testing.TB, p *pair) *etree.Element {
	t.Helper()
	s := good(p)
	s.NameID, s.AssertionID = "00u1boss", "evil"
	return parsed(t, s.assertion())
}

// wrappings are the ways of signature wrapping that have been found in the wild
// (Somorovsky and others, "On Breaking SAML: Be Whoever You Want to Be", 2012):
// the signed parts stay somewhere, and what is read is something else. Each gets
// a good document.
var wrappings = map[string]func(t testing.TB, p *pair, doc *etree.Document){
	"the signed response inside a new one": func(t testing.TB, p *pair, doc *etree.Document) {
		signed := doc.Root()
		forged := signed.Copy()
		forged.RemoveChild(forged.FindElement("./Assertion"))
		forged.CreateAttr("ID", "evil-r")
		forged.AddChild(evil(t, p))
		doc.SetRoot(forged)
		forged.FindElement("./Signature").AddChild(signed)
	},
	"the signed response in an object of the signature": func(t testing.TB, p *pair, doc *etree.Document) {
		signed := doc.Root()
		forged := signed.Copy()
		forged.RemoveChild(forged.FindElement("./Assertion"))
		forged.AddChild(evil(t, p))
		original := signed.Copy()
		original.RemoveChild(original.FindElement("./Signature"))
		forged.FindElement("./Signature").CreateElement("ds:Object").AddChild(original)
		doc.SetRoot(forged)
	},
	"another assertion before the signed one": func(t testing.TB, p *pair, doc *etree.Document) {
		doc.Root().InsertChildAt(0, evil(t, p))
	},
	"another assertion after the signed one": func(t testing.TB, p *pair, doc *etree.Document) {
		doc.Root().AddChild(evil(t, p))
	},
	"another assertion with the same ID": func(t testing.TB, p *pair, doc *etree.Document) {
		e := evil(t, p)
		e.CreateAttr("ID", "a-1")
		doc.Root().InsertChildAt(0, e)
	},
	"the signed assertion in the forged one": func(t testing.TB, p *pair, doc *etree.Document) {
		signed := doc.Root().FindElement("./Assertion")
		e := evil(t, p)
		doc.Root().RemoveChild(signed)
		e.AddChild(signed)
		doc.Root().AddChild(e)
	},
	"the signed assertion in the signature that the forged one took over": func(t testing.TB, p *pair, doc *etree.Document) {
		signed := doc.Root().FindElement("./Assertion")
		e := evil(t, p)
		signature := signed.FindElement("./Signature").Copy()
		original := signed.Copy()
		original.RemoveChild(original.FindElement("./Signature"))
		signature.CreateElement("ds:Object").AddChild(original)
		e.AddChild(signature)
		doc.Root().RemoveChild(signed)
		doc.Root().AddChild(e)
	},
	"the signed assertion in an extension": func(t testing.TB, p *pair, doc *etree.Document) {
		signed := doc.Root().FindElement("./Assertion")
		doc.Root().RemoveChild(signed)
		doc.Root().CreateElement("samlp:Extensions").AddChild(signed)
		doc.Root().AddChild(evil(t, p))
	},
	"the signed assertion in an advice": func(t testing.TB, p *pair, doc *etree.Document) {
		signed := doc.Root().FindElement("./Assertion")
		e := evil(t, p)
		doc.Root().RemoveChild(signed)
		e.CreateElement("saml:Advice").AddChild(signed)
		doc.Root().AddChild(e)
	},
	"an assertion of another namespace": func(t testing.TB, p *pair, doc *etree.Document) {
		e := doc.Root().FindElement("./Assertion").Copy()
		e.CreateAttr("xmlns:saml", "urn:evil")
		e.FindElement("./Subject/NameID").SetText("00u1boss")
		doc.Root().AddChild(e)
	},
	"the name changed": func(_ testing.TB, _ *pair, doc *etree.Document) {
		doc.FindElement("//NameID").SetText("00u1boss")
	},
	"a second name": func(_ testing.TB, _ *pair, doc *etree.Document) {
		subject := doc.FindElement("//Subject")
		subject.InsertChildAt(0, parsedName("00u1boss"))
	},
	"a namespace that is named as an attribute": func(_ testing.TB, _ *pair, doc *etree.Document) {
		doc.FindElement("//NameID").CreateAttr("xmlns:NameQualifier", "https://evil.example")
	},
	"signatures gone": func(_ testing.TB, _ *pair, doc *etree.Document) {
		for _, e := range doc.FindElements("//Signature") {
			e.Parent().RemoveChild(e)
		}
		doc.FindElement("//NameID").SetText("00u1boss")
	},
	"empty signatures": func(_ testing.TB, _ *pair, doc *etree.Document) {
		for _, e := range doc.FindElements("//Signature") {
			for _, c := range e.ChildElements() {
				e.RemoveChild(c)
			}
		}
		doc.FindElement("//NameID").SetText("00u1boss")
	},
	"signatures that point at nothing": func(_ testing.TB, _ *pair, doc *etree.Document) {
		for _, e := range doc.FindElements("//Reference") {
			e.CreateAttr("URI", "#nothing")
		}
	},
	"signatures of everything": func(_ testing.TB, _ *pair, doc *etree.Document) {
		for _, e := range doc.FindElements("//Reference") {
			e.CreateAttr("URI", "")
		}
	},
	"a second reference": func(_ testing.TB, _ *pair, doc *etree.Document) {
		for _, e := range doc.FindElements("//SignedInfo") {
			e.AddChild(e.FindElement("./Reference").Copy())
		}
	},
	"another transform": func(_ testing.TB, _ *pair, doc *etree.Document) {
		for _, e := range doc.FindElements("//Transforms") {
			e.CreateElement("ds:Transform").CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
		}
	},
	"an HMAC with the public key": func(_ testing.TB, _ *pair, doc *etree.Document) {
		for _, e := range doc.FindElements("//SignatureMethod") {
			e.CreateAttr("Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1")
		}
	},
}

func parsedName(name string) *etree.Element {
	e := etree.NewElement("saml:NameID")
	e.SetText(name)
	return e
}

// TestSignatureWrapping: of no document that was put together from a good one is
// another person read.
func TestSignatureWrapping(t *testing.T) {
	p := named(t, "idp")
	for name, wrap := range wrappings {
		for which, rules := range map[string]Rules{"both": {}, "assertion": {OneSignature: true}} {
			t.Run(name+"/"+which, func(t *testing.T) {
				s := good(p)
				if rules.OneSignature {
					s.signResponse = nil
				}
				doc := s.document(t)
				if s.signResponse == nil && strings.Contains(name, "signed response") {
					return // it is not
				}
				wrap(t, p, doc)
				a, err := service(t, rules, p).Read(posted(t, doc), asked, everFirst)
				// Exclusive canonical form leaves a namespace out that nothing is in, so
				// it can be added to what was signed; it must not be read as more.
				if harmless := strings.HasPrefix(name, "a namespace") && a != nil && a.Subject == "00u1ada"; ReasonOf(err) == "" && !harmless {
					t.Errorf("read %+v, %v", a, err)
				}
			})
		}
	}
}

// TestTextTricks: what a second reader would read otherwise is not read at all.
func TestTextTricks(t *testing.T) {
	p := named(t, "idp")
	raw := func(s *statement) string {
		doc := s.document(t)
		text, err := doc.WriteToString()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	plain := raw(good(p))
	within := good(p)
	within.NameID = "boss@contoso.example.evil.example" // signed so, and canonical form has no comments
	cases := map[string]string{
		"a comment in the name, signed":    strings.Replace(raw(within), "contoso.example.evil", "contoso.example<!-- -->.evil", 1),
		"a comment put into the name":      strings.Replace(plain, "00u1ada<", "00u1<!-- -->ada<", 1),
		"a comment before the root":        "<!-- -->" + plain,
		"an instruction in the name":       strings.Replace(plain, "00u1ada<", "00u1<?x y?>ada<", 1),
		"a document type":                  "<!DOCTYPE x>" + plain,
		"an entity":                        `<!DOCTYPE x [<!ENTITY boss "00u1boss">]>` + strings.Replace(plain, "00u1ada<", "&boss;<", 1),
		"an entity of a file":              `<!DOCTYPE x [<!ENTITY boss SYSTEM "file:///etc/passwd">]>` + strings.Replace(plain, "00u1ada<", "&boss;<", 1),
		"entities that double":             billionLaughs(plain),
		"an entity that nobody declared":   strings.Replace(plain, "00u1ada<", "&boss;<", 1),
		"another encoding":                 `<?xml version="1.0" encoding="UTF-7"?>` + plain,
		"bytes that are no text":           strings.Replace(plain, "00u1ada<", "00u1\xff<", 1),
		"a character that no XML has":      strings.Replace(plain, "00u1ada<", "00u1\x00<", 1),
		"a prefix with a colon in it":      strings.Replace(plain, "<samlp:Status>", `<samlp:Status xmlns::x="urn:x">`, 1),
		"two documents":                    plain + plain,
		"text after the root":              plain + "x",
		"a root that is an assertion":      good(p).assertion(),
		"a root of another namespace":      strings.Replace(plain, nsProtocol, "urn:evil", 1),
		"a root that is a logout":          strings.ReplaceAll(plain, "samlp:Response", "samlp:LogoutResponse"),
		"nothing":                          "",
		"no XML":                           "hello",
		"deeper than anybody goes":         nested(plain, 5000),
		"more elements than anybody has":   strings.Replace(plain, "<samlp:Status>", strings.Repeat("<x/>", 30_000)+"<samlp:Status>", 1),
		"more namespaces than there are":   strings.Replace(plain, "<samlp:Status>", namespaces(500), 1),
		"a name of half of the document":   strings.Replace(plain, "00u1ada<", strings.Repeat("x", 100_000)+"<", 1),
		"an ID twice, in another spelling": strings.Replace(plain, `<saml:NameID `, `<saml:NameID id="a-1" `, 1),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			a, err := service(t, Rules{}, p).Read(base64.StdEncoding.EncodeToString([]byte(text)), asked, everFirst)
			if ReasonOf(err) == "" {
				t.Errorf("read %+v, %v", a, err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s to refuse", took)
			}
		})
	}
	for name, text := range map[string]string{"no base64": "<xml>", "more than a form holds": strings.Repeat("A", maxPosted+4)} {
		if _, err := service(t, Rules{}, p).Read(text, asked, everFirst); ReasonOf(err) != Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func billionLaughs(plain string) string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE x [<!ENTITY a0 "ha">`)
	for i := 1; i < 10; i++ {
		n := string(rune('0' + i))
		b.WriteString(`<!ENTITY a` + n + ` "` + strings.Repeat("&a"+string(rune('0'+i-1))+";", 10) + `">`)
	}
	b.WriteString(`]>`)
	return b.String() + strings.Replace(plain, "00u1ada<", "&a9;<", 1)
}

func nested(plain string, n int) string {
	return strings.Replace(plain, "<samlp:Status>", strings.Repeat("<x>", n)+strings.Repeat("</x>", n)+"<samlp:Status>", 1)
}

func namespaces(n int) string {
	var b strings.Builder
	b.WriteString("<samlp:Status")
	for i := range n {
		b.WriteString(` xmlns:n` + strings.Repeat("x", i+1) + `="urn:x"`)
	}
	return b.String() + ">"
}
