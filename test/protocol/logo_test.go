package protocol

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"signet/internal/testenv"
)

// pictureOf is a picture of the size, in the format.
func pictureOf(t *testing.T, format string, side int) []byte {
	t.Helper()
	var out bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.Black, color.White})
	var err error
	switch format {
	case "image/png":
		err = png.Encode(&out, m)
	case "image/jpeg":
		err = jpeg.Encode(&out, m, nil)
	case "image/gif":
		err = gif.Encode(&out, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// webp is a picture of one pixel.
const webp = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

var logoSource = regexp.MustCompile(`<img src="(/logo[^"]*)"`)

// TestLogo: people see an app's logo from here and never from the app's host,
// which learns nothing of them; and only what is a picture.
func TestLogo(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_REGISTRATION_MODE": "open", "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}})
	type file struct {
		kind string
		body []byte
	}
	files := map[string]file{
		"/png": {"image/png", pictureOf(t, "image/png", 44)}, "/jpeg": {"image/jpeg", pictureOf(t, "image/jpeg", 44)},
		"/gif": {"image/gif", pictureOf(t, "image/gif", 44)}, "/webp": {"image/webp", []byte(webp)}, "/other": {"image/gif", pictureOf(t, "image/png", 44)},
		"/svg": {"image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)}, "/liar": {"image/png", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		"/page": {"text/html", []byte("<script>alert(1)</script>")}, "/script": {"image/png", []byte("<script>alert(1)</script>")},
		"/wide": {"image/png", pictureOf(t, "image/png", 3000)}, "/heavy": {"image/png", append(pictureOf(t, "image/png", 44), make([]byte, 200_000)...)},
		"/broken": {"image/png", pictureOf(t, "image/png", 44)[:12]}, "/empty": {"image/png", nil},
	}
	var asked atomic.Int32
	var seen sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		seen.Store(r.UserAgent()+r.Referer()+r.Header.Get("Cookie"), true)
		f, ok := files[r.URL.Path]
		if !ok {
			http.Redirect(w, r, "/png", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", f.kind)
		w.Write(f.body)
	}))
	t.Cleanup(server.Close)
	for path, kind := range map[string]string{
		"/png": "image/png", "/jpeg": "image/jpeg", "/gif": "image/gif", "/webp": "image/webp", "/other": "image/png",
		"/svg": "", "/liar": "", "/page": "", "/script": "", "/wide": "", "/heavy": "", "/broken": "", "/empty": "", "/away": "",
	} {
		t.Run(path, func(t *testing.T) {
			app := registered(t, call(t, "POST", e.Issuer+"/register", "", metadata{"redirect_uris": []string{"https://logo.example/cb"}, "logo_uri": server.URL + path}))
			b := e.Browser().For(t)
			p := b.Get(e.App(t, app).Request().Path())
			wantPage(t, p, http.StatusOK)
			csp := p.Header.Get("Content-Security-Policy")
			found := logoSource.FindStringSubmatch(p.Body)
			if found == nil || strings.Contains(p.Body, server.URL) || !strings.Contains(csp, "img-src 'self'") || strings.Contains(csp, "https:;") {
				t.Fatalf("the page has the logo from elsewhere, or may: %q, %s", found, csp)
			}
			address := e.Issuer + strings.ReplaceAll(found[1], "&amp;", "&")
			before := asked.Load()
			for range 3 {
				got := fetch(t, address, nil)
				if kind == "" {
					if got.Status != http.StatusNotFound || got.Body != "" {
						t.Errorf("%d %s: %q", got.Status, got.Header.Get("Content-Type"), got.Body)
					}
					continue
				}
				h := got.Header
				if got.Status != http.StatusOK || h.Get("Content-Type") != kind || got.Body != string(files[path].body) ||
					h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || h.Get("Set-Cookie") != "" {
					t.Errorf("%d %v", got.Status, h)
				}
			}
			if n := asked.Load() - before; n != 1 {
				t.Errorf("its host was asked %d times for three looks", n)
			}
		})
	}
	seen.Range(func(who, _ any) bool {
		if who != "Signet" {
			t.Errorf("the app's host learns %q", who)
		}
		return true
	})
	for _, bad := range []string{"/logo", "/logo?client=nobody&of=x", "/logo?client=web", "/logo?client=web&of=", "/logo?client=http://127.0.0.1/x&of=y"} {
		if got := fetch(t, e.Issuer+bad, nil); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", bad, got.Status)
		}
	}
}

// TestTextsInLanguages: people see an app's name, logo and links in their
// language where it has them so, on the page on which they sign in and on that on
// which they allow (RFC 7591 §2.2).
func TestTextsInLanguages(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		m := metadata{
			"redirect_uris": []string{"https://texts.example/cb"}, "client_name": "Plain", "client_name#ja": "日本語の名", "client_name#de-CH": "Schweizer",
			"client_name#pt": "Portuguesa", "policy_uri": "https://texts.example/policy", "policy_uri#ja": "https://texts.example/ja/policy",
			"tos_uri": "https://texts.example/terms", "client_uri": "https://texts.example/", "client_uri#ja": "https://bank.example/",
			"scope#ja": "x", "redirect_uris#ja": "https://evil.example/", "client_name#fr": 7,
		}
		got := call(t, "POST", e.Issuer+"/register", "", m)
		app := e.App(t, registered(t, got))
		if got.Str("client_name#ja") != "日本語の名" || got.Fields["scope#ja"] != nil || got.Fields["redirect_uris#ja"] != nil || got.Fields["localized"] != nil {
			t.Errorf("told: %s", got.Body)
		}
		read := call(t, "GET", got.Str("registration_client_uri"), got.Str("registration_access_token"), nil)
		if read.Str("policy_uri#ja") != m["policy_uri#ja"] || read.Str("client_name#de-CH") != "Schweizer" {
			t.Errorf("read: %s", read.Body)
		}
		for lang, want := range map[string][]string{
			"en": {"Plain", "https://texts.example/policy", "https://texts.example/terms", "https://texts.example/\""},
			"ja": {"日本語の名", "https://texts.example/ja/policy", "https://texts.example/terms"},
			"fr": {"Plain"}, "pt-BR": {"Portuguesa"},
		} {
			b := e.Browser().For(t)
			p := b.Get(app.Request("ui_locales", lang, "prompt", "consent").Path())
			wantPage(t, p, http.StatusOK, want...)
			p = b.Submit(p.Form("username"), "submit", "username", ada.Email)
			wantPage(t, p, http.StatusOK, want...)
			p = b.Submit(p.Form("password"), "submit", "password", ada.Password)
			wantPage(t, p, http.StatusOK, append(want, "texts.example")...)
			if p.Form("allow") == nil || strings.Contains(p.Body, "bank.example") {
				t.Errorf("%s: %s", lang, p.URL)
			}
		}
		for name, bad := range map[string]string{
			"client_name#ja": "a\u202eb", "client_name#no tag": "x", "tos_uri#ja": "javascript:alert(1)", "logo_uri#ja": "http://texts.example/x",
		} {
			got := call(t, "POST", e.Issuer+"/register", "", metadata{"redirect_uris": m["redirect_uris"], name: bad})
			wantError(t, name, got, http.StatusBadRequest, "invalid_client_metadata")
		}
		// The same by the hands of the operator.
		e.Apply("clients:\n  - id: spoken\n    name: Plain\n    name#ja: 日本語の名\n    redirect_uris: [\"https://texts.example/cb\"]\n")
		spoken := e.App(t, testenv.App{ID: "spoken", Redirect: "https://texts.example/cb", Scope: "openid"})
		wantPage(t, e.Browser().For(t).Get(spoken.Request("ui_locales", "ja").Path()), http.StatusOK, "日本語の名")
		if code, out, _ := e.Run("clients:\n  - id: spoken\n    name: Plain\n    name#ja: 新しい名\n    redirect_uris: [\"https://texts.example/cb\"]\n", "apply", "-f", "-", "--dry-run"); code != 0 || !strings.Contains(out, "client_name#ja") {
			t.Errorf("the difference: %s", out)
		}
	})
}

// TestWhoseAnAppIs: an app that registered itself is shown to people as of where
// this answer goes, and of nowhere when nothing goes there: not as of whatever
// address it named first, or behind a scheme of its own.
func TestWhoseAnAppIs(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		enroll := func(more metadata, uris ...string) testenv.App {
			t.Helper()
			m := metadata{"client_name": "Bank", "client_uri": "https://bank.example/", "redirect_uris": uris, "application_type": "native"}
			maps.Copy(m, more)
			return registered(t, call(t, "POST", e.Issuer+"/register", "", m))
		}
		browser := e.Browser().For(t)
		browser.Finish(browser.Get(e.Issuer+"/account"), ada)
		for _, test := range []struct{ first, goes, want string }{
			{"https://bank.example/cb", "https://evil.example/cb", "evil.example"},
			{"https://bank.example/cb", "com.evil.app://bank.example/cb", ""},
			{"https://bank.example/cb", "http://127.0.0.1:4711/cb", "127.0.0.1:4711"},
		} {
			app := enroll(nil, test.first, test.goes)
			app.Redirect = test.goes
			p := browser.Get(e.App(t, app).Request().Path())
			wantPage(t, p, http.StatusOK, test.want)
			if p.Form("allow") == nil || strings.Contains(p.Body, "bank.example") {
				t.Errorf("to %s: %s speaks of bank.example", test.goes, p.URL)
			}
		}
		app := e.App(t, enroll(metadata{"grant_types": []string{grantCIBA}, "response_types": []string{}}, "https://bank.example/cb"))
		askFor(t, app, ada)
		if home := browser.Get(e.Issuer + "/account"); strings.Contains(home.Body, "bank.example") {
			t.Error("the account's home speaks of bank.example")
		}
		if p := approval(t, e, browser, ada); p.Form("allow") == nil || strings.Contains(p.Body, "bank.example") {
			t.Errorf("%s speaks of bank.example", p.URL)
		}
	})
}
