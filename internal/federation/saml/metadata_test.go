package saml

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"signet/internal/fault"
)

// shaped puts a certificate into metadata in testdata, which has the shape that
// a product's has and is made by hand from its public documentation.
func shaped(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := range 3 {
		cert := base64.StdEncoding.EncodeToString(named(t, fmt.Sprint("cert", i)).cert.Raw)
		if strings.Contains(name, "okta") { // which breaks lines
			cert = cert[:76] + "\n" + cert[76:]
		}
		text = strings.ReplaceAll(text, fmt.Sprintf("CERT%d", i), cert)
	}
	return []byte(text)
}

// TestProductsMetadata reads the shapes that products publish.
func TestProductsMetadata(t *testing.T) {
	for name, want := range map[string]Provider{
		"okta.xml": {EntityID: "http://www.okta.com/exk1a2b3c4d5e6f7g8h9", SignIn: "https://contoso.okta.example/app/contoso_signet_1/exk1a2b3c4d5e6f7g8h9/sso/saml"},
		"entra.xml": {EntityID: "https://sts.windows.example/3f6a0e0c-0000-4000-8000-000000000001/", SignIn: "https://login.entra.example/3f6a0e0c-0000-4000-8000-000000000001/saml2",
			Logout: "https://login.entra.example/3f6a0e0c-0000-4000-8000-000000000001/saml2", LogoutAnswer: "https://login.entra.example/3f6a0e0c-0000-4000-8000-000000000001/saml2"},
		"ping.xml": {EntityID: "https://auth.pingone.example/0a1b", SignIn: "https://auth.pingone.example/0a1b/saml20/idp/sso",
			Logout: "https://auth.pingone.example/0a1b/saml20/idp/slo", LogoutAnswer: "https://auth.pingone.example/0a1b/saml20/idp/slo/done"},
		"aggregate.xml": {EntityID: "https://idp.university.example/shibboleth", SignIn: "https://idp.university.example/sso"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseMetadata(shaped(t, name), false)
			if err != nil {
				t.Fatal(err)
			}
			certificates := map[string]int{"entra.xml": 2}[name]
			if got.EntityID != want.EntityID || got.SignIn != want.SignIn || got.Logout != want.Logout || got.LogoutAnswer != want.LogoutAnswer || len(got.Certificates) != max(1, certificates) {
				t.Errorf("read %+v with %d certificates", got, len(got.Certificates))
			}
			// What is kept of it is read the same.
			doc, err := got.Document()
			if err != nil {
				t.Fatal(err)
			}
			again, err := ParseMetadata(doc, false)
			if err != nil {
				t.Fatalf("%v:\n%s", err, doc)
			}
			if again.EntityID != got.EntityID || again.SignIn != got.SignIn || again.Logout != got.Logout || again.LogoutAnswer != got.LogoutAnswer || len(again.Certificates) != len(got.Certificates) || !again.ValidUntil.Equal(got.ValidUntil) {
				t.Errorf("kept as %+v", again)
			}
		})
	}
}

func TestMetadataRefused(t *testing.T) {
	good := idpMetadata(named(t, "idp"))
	weak := newPair(t, "weak", 1024, moment, moment)
	many := make([]*pair, 17)
	for i := range many {
		many[i] = newPair(t, "idp", 2048, moment, moment.Add(time.Duration(i)*time.Hour))
	}
	for name, doc := range map[string]string{
		"nothing":                    "",
		"no XML":                     "{}",
		"a page":                     "<html><body>Sign in</body></html>",
		"a document type":            "<!DOCTYPE x>" + good,
		"that of a service":          strings.ReplaceAll(good, "IDPSSODescriptor", "SPSSODescriptor"),
		"no name":                    strings.Replace(good, `entityID="`+idpID+`"`, "", 1),
		"no certificate":             idpMetadata(),
		"a weak key":                 idpMetadata(weak),
		"a certificate that is none": strings.Replace(good, "<X509Certificate>", "<X509Certificate>AAAA", 1),
		"too many certificates":      idpMetadata(many...),
		"no redirect":                strings.ReplaceAll(good, "HTTP-Redirect", "SOAP"),
		"an address without TLS":     strings.ReplaceAll(good, "https://idp.example/sso", "http://idp.example/sso"),
		"an address that is code":    strings.ReplaceAll(good, "https://idp.example/sso", "javascript:alert(1)"),
		"an address with a password": strings.ReplaceAll(good, "https://idp.example/slo", "https://a:b@idp.example/slo"),
		"two providers":              `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + good + strings.Replace(good, idpID, "urn:two", 1) + `</EntitiesDescriptor>`,
		"more than anybody has":      strings.Replace(good, "<IDPSSO", strings.Repeat(" ", maxMetadata)+"<IDPSSO", 1),
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ParseMetadata([]byte(doc), false)
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("read %+v, %v", p, err)
			}
		})
	}
	if _, err := ParseMetadata([]byte(strings.ReplaceAll(good, "https://idp.example", "http://idp.example")), true); err != nil {
		t.Errorf("where private hosts are allowed, http is: %v", err)
	}
}

// TestOwnMetadata reads ours as a provider does.
func TestOwnMetadata(t *testing.T) {
	doc, err := service(t, Rules{}, named(t, "idp")).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`entityID="` + siteID + `"`, `Location="` + acs + `"`, `AuthnRequestsSigned="true"`, `WantAssertionsSigned="true"`,
		`bindings:HTTP-POST"`, `use="signing"`, base64.StdEncoding.EncodeToString(named(t, "signet").cert.Raw),
	} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("the metadata has no %s:\n%s", want, doc)
		}
	}
	if strings.Contains(string(doc), "Artifact") {
		t.Error("the metadata offers a binding that is not spoken")
	}
}

// TestCertificateIsOne: every node makes the same certificate of a key.
func TestCertificateIsOne(t *testing.T) {
	key := named(t, "signet").key
	a, err := Certificate(key, "signet.example", moment)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Certificate(key, "signet.example", moment.Add(3*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if !a.Equal(b) {
		t.Error("two certificates of one key")
	}
	if got := Fingerprint(a); len(got) != 95 || strings.Count(got, ":") != 31 {
		t.Errorf("the fingerprint is %s", got)
	}
}
