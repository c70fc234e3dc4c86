package client_test

import (
	"testing"

	"signet/internal/client"
)

// TestWhoseAClientIs: what people are shown as the app's domain, and with whom it
// shares who they are, is nothing that an app can make up which registered itself.
func TestWhoseAClientIs(t *testing.T) {
	const app, more, bank = "https://app.example/cb", "https://app.example:444/cb", "https://bank.example/cb"
	code, device, backchannel := client.GrantCode, client.GrantDevice, client.GrantCIBA
	for _, test := range []struct {
		what           string
		guest, native  bool
		home           string
		grant          string
		uris           []string
		domain, sector string // sector "": its own
	}{
		{"declared", false, false, "", code, []string{app}, "app.example", "app.example"},
		{"declared, with a home page", false, false, "https://www.app.example/", code, []string{app, bank}, "www.app.example", "app.example"},
		{"declared, by a scheme and an address", false, true, "", code, []string{"com.example.app:/cb", app}, "app.example", "app.example"},
		{"declared, asks elsewhere", false, false, "", backchannel, []string{app}, "app.example", "app.example"},
		{"guest", true, false, "https://bank.example/", code, []string{app}, "app.example", "app.example"},
		{"guest, with several addresses", true, false, "", code, []string{app, app + "/2"}, "app.example", "app.example"},
		{"guest, with several ports", true, false, "", code, []string{app, more}, "", "app.example"},
		{"guest, with somebody else's address first", true, false, "", code, []string{bank, app}, "", "bank.example"},
		{"guest, somebody else's host behind its own scheme", true, true, "", code, []string{"com.evil.app://bank.example/cb"}, "", ""},
		{"guest, with a device", true, false, "", device, []string{bank}, "", ""},
		{"guest, asks elsewhere", true, false, "", backchannel, []string{bank}, "", ""},
		{"guest, on the person's machine", true, true, "", code, []string{"http://127.0.0.1/cb"}, "127.0.0.1", ""},
	} {
		c := client.Client{ID: "id", Metadata: client.Metadata{
			ClientURI: test.home, RedirectURIs: test.uris, GrantTypes: []string{test.grant}, SubjectType: client.SubjectPairwise,
		}}
		if test.guest {
			c.RegistrationHash = "hash"
		}
		if test.native {
			c.ApplicationType = "native"
		}
		want := test.sector
		if want == "" {
			want = c.ID
		}
		if got := c.Domain(); got != test.domain {
			t.Errorf("%s: the domain is %q, want %q", test.what, got, test.domain)
		}
		if got := c.Sector(); got != want {
			t.Errorf("%s: the sector is %q, want %q", test.what, got, want)
		}
	}
}
