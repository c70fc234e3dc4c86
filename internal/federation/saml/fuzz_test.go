package saml

import (
	"crypto/x509"
	"encoding/base64"
	"reflect"
	"slices"
	"testing"
)

// FuzzRead gives the service what strangers post. Only what the provider signed
// is believed, and it is read as it was signed.
func FuzzRead(f *testing.F) {
	p := named(f, "idp")
	svc := service(f, Rules{}, p)
	alone := service(f, Rules{OneSignature: true}, p)
	text := func(s *statement) string {
		doc, err := s.document(f).WriteToString()
		if err != nil {
			f.Fatal(err)
		}
		return doc
	}
	want, err := svc.Read(good(p).posted(f), asked, everFirst)
	if err != nil {
		f.Fatal(err)
	}
	single := good(p)
	single.signResponse = nil
	f.Add(text(good(p)))
	f.Add(text(single))
	f.Add(billionLaughs(text(good(p))))
	for _, wrap := range wrappings {
		doc := good(p).document(f)
		wrap(f, p, doc)
		raw, err := doc.WriteToString()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		for _, s := range []*Service{svc, alone} {
			got, err := s.Read(base64.StdEncoding.EncodeToString([]byte(doc)), asked, everFirst)
			if (got == nil) == (err == nil) {
				t.Fatalf("read %+v, %v", got, err)
			}
			if err == nil && !reflect.DeepEqual(got, want) {
				t.Errorf("read %+v, which nobody signed", got)
			}
			if err != nil && ReasonOf(err) == "" {
				t.Errorf("refused without a reason: %v", err)
			}
		}
	})
}

// FuzzParseMetadata: what was read of a document is kept, and read again the same.
func FuzzParseMetadata(f *testing.F) {
	for _, name := range []string{"okta.xml", "entra.xml", "ping.xml", "aggregate.xml"} {
		f.Add(shaped(f, name))
	}
	f.Add([]byte(idpMetadata(named(f, "idp"), named(f, "next"))))
	f.Fuzz(func(t *testing.T, doc []byte) {
		p, err := ParseMetadata(doc, false)
		if err != nil {
			return
		}
		kept, err := p.Document()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseMetadata(kept, false)
		if err != nil {
			t.Fatalf("%v: %s", err, kept)
		}
		if again.EntityID != p.EntityID || again.SignIn != p.SignIn || again.Logout != p.Logout || again.LogoutAnswer != p.LogoutAnswer ||
			!slices.EqualFunc(again.Certificates, p.Certificates, (*x509.Certificate).Equal) {
			t.Errorf("%+v is kept as %+v", p, again)
		}
	})
}
