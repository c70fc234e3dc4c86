package client_test

import (
	"net/url"
	"regexp"
	"slices"
	"testing"

	"signet/internal/client"
)

// FuzzKeySet: a set that is read has one form, which reads as itself, and what
// it gives are public keys.
func FuzzKeySet(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"keys":[]}`, `{"keys":null}`, `{"keys":[{"kty":"oct","k":"AA"}]}`, `{"keys":[{"kty":"EC"},1,"x",null]}`, `{"keys":[]}x`,
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig","kid":"1"}],"more":1e999}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := client.ParseKeySet([]byte(text))
		if err != nil {
			return
		}
		if again, err := client.ParseKeySet([]byte(set)); err != nil || again != set {
			t.Errorf("%q reads %q, %v", set, again, err)
		}
		keys, err := set.Keys()
		if err != nil {
			return
		}
		for _, k := range keys {
			if !k.IsPublic() || !k.Valid() {
				t.Errorf("%q gives a key that is not public", text)
			}
		}
	})
}

// FuzzMayRedirect holds the matching of redirect URIs against a second opinion
// that knows only text: what is registered, and with a native app the loopback
// addresses that are registered, with any port (RFC 8252 §7.3).
func FuzzMayRedirect(f *testing.F) {
	registered := []string{"https://app.example/cb", "https://app.example/cb?x=1", "http://127.0.0.1/done", "http://[::1]:4000/done?a=b", "com.example.app:/done"}
	loopback := regexp.MustCompile(`^http://(127\.0\.0\.1(:[0-9]+)?/done|\[::1\](:[0-9]+)?/done\?a=b)$`)
	for _, seed := range append(registered,
		"http://127.0.0.1:49152/done", "HTTP://127.0.0.1/done", "http://127.0.0.1:1/done#", "http://127.0.0.1:/done", "http://127.0.0.1:99999/done",
		"http://127.0.0.1:80@evil.example/done", "http://[::1]/done?a=b", "http://[::1%25lo]/done?a=b", "http://127.0.0.1:1/%64one",
		"http://127.1/done", "https://app.example/cb/../cb", "https://app.example/cb#", "javascript:alert(1)", "http://127.0.0.1:1:2/done",
		"http://[127.0.0.1]/done", "http://127.0.0.1:+80/done", "http://127.0.0.1\\@evil.example/done", "",
	) {
		f.Add(seed)
	}
	native := &client.Client{ID: "native", Metadata: client.Metadata{ApplicationType: "native", RedirectURIs: registered}}
	web := &client.Client{ID: "web", Metadata: client.Metadata{ApplicationType: "web", RedirectURIs: registered}}
	f.Fuzz(func(t *testing.T, uri string) {
		exact := slices.Contains(registered, uri)
		if got := web.MayRedirect(uri); got != exact {
			t.Errorf("a web app may redirect to %q: %v, want %v", uri, got, exact)
		}
		got := native.MayRedirect(uri)
		if got && !exact && !loopback.MatchString(uri) {
			t.Errorf("a native app may redirect to %q", uri)
		}
		if !got || exact {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "http" || u.User != nil || (u.Hostname() != "127.0.0.1" && u.Hostname() != "::1") {
			t.Errorf("a browser may read %q as another address than the registered one", uri)
		}
	})
}
