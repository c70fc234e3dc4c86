package client

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
)

func subjectOf(t testing.TB, parts ...pkix.RelativeDistinguishedNameSET) []byte {
	t.Helper()
	der, err := asn1.Marshal(pkix.RDNSequence(parts))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func is(oid asn1.ObjectIdentifier, value any) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: oid, Value: value}
}

// TestSameDN: a subject is recognised in each way in which RFC 4514 lets one
// write it, and in no other.
func TestSameDN(t *testing.T) {
	cn, o, c, uid := asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.ObjectIdentifier{2, 5, 4, 10}, asn1.ObjectIdentifier{2, 5, 4, 6}, asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	plain := subjectOf(t, pkix.RelativeDistinguishedNameSET{is(c, "DE")}, pkix.RelativeDistinguishedNameSET{is(o, "Müller, Söhne + Co")}, pkix.RelativeDistinguishedNameSET{is(cn, "a  b")})
	several := subjectOf(t, pkix.RelativeDistinguishedNameSET{is(o, "x")}, pkix.RelativeDistinguishedNameSET{is(cn, "a"), is(uid, "7")})
	number := subjectOf(t, pkix.RelativeDistinguishedNameSET{is(asn1.ObjectIdentifier{1, 2, 3, 4}, 5)})
	for _, test := range []struct {
		subject []byte
		text    string
		same    bool
	}{
		{plain, `CN=a b,O=Müller\, Söhne \+ Co,C=DE`, true},
		{plain, `CN=a  b , O = MÜLLER\2c Söhne \2B Co , C=de`, true},
		{plain, `2.5.4.3=a b,2.5.4.10=M\c3\bcller\, Söhne \+ Co,2.5.4.6=DE`, true},
		{plain, `cn=A\ B,o=Müller\, Söhne \+ Co,c=#13024445`, true}, // PrintableString DE
		{plain, `CN=a b,O=Müller\, Söhne \+ Co,C=#0c024445`, false}, // a UTF8String, which it is not
		{plain, `C=DE,O=Müller\, Söhne \+ Co,CN=a b`, false},
		{plain, `CN=a b,O=Müller\, Söhne \+ Co`, false},
		{plain, `CN=a b+O=Müller\, Söhne \+ Co,C=DE`, false},
		{plain, `CN=ab,O=Müller\, Söhne \+ Co,C=DE`, false},
		{plain, `CN=a b,OU=Müller\, Söhne \+ Co,C=DE`, false},
		{several, "CN=a+UID=7,O=x", true},
		{several, "UID=7+CN=a,O=x", true},
		{several, "CN=a,UID=7,O=x", false},
		{several, "CN=a,O=x", false},
		{several, "CN=a+CN=a,O=x", false},
		{number, "1.2.3.4=#020105", true},
		{number, "1.2.3.4=5", false},
		{subjectOf(t), "", false},
		{nil, "CN=a", false},
	} {
		if got := sameDN(test.text, test.subject); got != test.same {
			t.Errorf("%s: %t, want %t", test.text, got, test.same)
		}
	}
	for _, bad := range []string{"", "a", "=a", "CN=", "CN= ", "CN=a,", "CN=a+", ",CN=a", "CN=a;O=b", `CN="a"`, "CN=a<", `CN=a\`, `CN=a\z`, `CN=\ff`, "XX=a", "1=a", "1.02=a", "CN=#", "CN=#0", "CN=#zz", "CN=a\x00"} {
		if _, ok := parseDN(bad); ok {
			t.Errorf("%q is a distinguished name", bad)
		}
	}
}

// FuzzDN: whatever is written, it is a name or not, and a name is its own.
func FuzzDN(f *testing.F) {
	for _, seed := range []string{"CN=a,O=b", `CN=a\,b+UID=7 , O = \c3\bc`, "1.2.3=#020105", "CN=\\", "", "=", strings.Repeat("CN=a,", 50)} {
		f.Add(seed, []byte{0x30, 0})
	}
	f.Fuzz(func(t *testing.T, text string, subject []byte) {
		parsed, ok := parseDN(text)
		if ok && len(parsed) == 0 {
			t.Errorf("%q is a name of nothing", text)
		}
		for _, part := range parsed {
			for _, a := range part {
				if !a.same(a) || !dotted.MatchString(a.kind) {
					t.Errorf("%q has the attribute %+v", text, a)
				}
			}
		}
		sameDN(text, subject) // must only not break
	})
}
