package protocol

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/testenv"
)

// site is an app's web site, with its metadata documents.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	docs  map[string]string // by path; "": a redirect
	asked atomic.Int32
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{docs: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.mu.Lock()
		text, ok := s.docs[r.URL.Path]
		s.mu.Unlock()
		switch {
		case !ok:
			http.NotFound(w, r)
		case text == "":
			http.Redirect(w, r, "/app", http.StatusFound)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "max-age=3600")
			w.Write([]byte(text))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// publish puts a document at the path and returns the app that it is of.
func (s *site) publish(t *testing.T, path string, more metadata) testenv.App {
	t.Helper()
	m := metadata{
		"client_id": s.URL + path, "client_name": "An app of " + path, "application_type": "native", "redirect_uris": []string{s.URL + "/cb"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid email offline_access",
	}
	for k, v := range more {
		m[k] = v
	}
	s.mu.Lock()
	s.docs[path] = asJSON(t, m)
	s.mu.Unlock()
	return testenv.App{ID: s.URL + path, Redirect: s.URL + "/cb", Scope: "openid email offline_access"}
}

var byDocument = map[string]string{"SIGNET_REGISTRATION_CLIENT_ID_METADATA": "on", "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}

// TestClientIDMetadata: an app that nobody registered signs people in by the
// address of its document alone, as a guest whose domain is shown; on two nodes
// and after the document changed.
func TestClientIDMetadata(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			nodes := 1
			if backend == testenv.Full {
				nodes = 2
			}
			e := boot(t, testenv.Options{Backend: backend, Env: byDocument, Nodes: nodes})
			s := newSite(t)
			host := strings.TrimPrefix(s.URL, "http://")
			app := e.App(t, s.publish(t, "/app", metadata{"client_uri": "https://bank.example/"}))
			b := signedIn(t, e, e.App(t, web), ada)
			r := app.Request("prompt", "none")
			wantAnswer(t, e, r, b.Get(r.Path()), "consent_required")
			r = app.Request()
			p := b.Get(r.Path())
			wantPage(t, p, http.StatusOK, "An app of /app", host)
			if p.Form("allow") == nil || strings.Contains(p.Body, "bank.example") {
				t.Fatalf("%s asks for no consent, or names a domain that is not the app's: %s", p.URL, p.Body)
			}
			got := app.Redeem(r, wantAnswer(t, e, r, b.Finish(p, ada), ""))
			if got.Status != http.StatusOK || got.Str("refresh_token") == "" {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			if info := app.Userinfo(got.Str("access_token")); info.Fields["email"] != ada.Email {
				t.Errorf("userinfo: %d %s", info.Status, info.Body)
			}
			refreshed := app.Refresh(got.Str("refresh_token"))
			if refreshed.Status != http.StatusOK {
				t.Errorf("refresh: %d %s", refreshed.Status, refreshed.Body)
			}
			app.IDToken(refreshed.Str("id_token"), "")
			// What was allowed is remembered under the address.
			r = app.Request("prompt", "none")
			wantAnswer(t, e, r, b.Get(r.Path()), "")
			// Another path is another app.
			other := e.App(t, s.publish(t, "/other", nil))
			r = other.Request("prompt", "none")
			wantAnswer(t, e, r, b.Get(r.Path()), "consent_required")
			if n := s.asked.Load(); n > 4 {
				t.Errorf("two documents were fetched %d times by %d nodes", n, nodes)
			}
			// An app that proves itself by its keys.
			key := keyFor(t, "ES256", "1")
			proves := s.publish(t, "/proves", metadata{"token_endpoint_auth_method": "private_key_jwt", "jwks": decoded(t, publicSet(t, key))})
			bare := e.App(t, proves)
			r = bare.Request()
			answer := b.SignIn(r, ada)
			wantError(t, "without its key", bare.Redeem(r, answer), http.StatusUnauthorized, "invalid_client")
			proves.Assert = func() string { return sign(t, key, "ES256", "JWT", assertion(e, proves.ID, nil)) }
			app = e.App(t, proves)
			if got := tokens(t, b, app, ada); got.Str("id_token") == "" {
				t.Errorf("%s", got.Body)
			}
			// The operator sees and removes it, and with it what it was allowed.
			if code, out, errs := e.Run("", "client", "show", app.ID); code != 0 || !strings.Contains(out, "An app of /proves") {
				t.Errorf("client show: %d %s%s", code, out, errs)
			}
			if code, _, errs := e.Run("", "client", "delete", app.ID, "--yes"); code != 0 {
				t.Errorf("client delete: %s", errs)
			}
		})
	}
}

// TestClientIDMetadataRefused: what is no good document is no client, and the
// developer is told why; the person is not sent anywhere.
func TestClientIDMetadataRefused(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: byDocument})
	s := newSite(t)
	evil := metadata{"redirect_uris": []string{"https://evil.example/cb"}}
	s.publish(t, "/foreign", evil)
	s.publish(t, "/secret", metadata{"client_secret": "x"})
	s.publish(t, "/basic", metadata{"token_endpoint_auth_method": "client_secret_basic"})
	s.publish(t, "/liar", metadata{"client_id": s.URL + "/app"})
	s.mu.Lock()
	s.docs["/away"], s.docs["/text"], s.docs["/large"] = "", "x", asJSON(t, metadata{"client_id": s.URL + "/large", "x": strings.Repeat("x", 20_000)})
	s.mu.Unlock()
	b := e.Browser().For(t)
	for path, word := range map[string]string{
		"/foreign": "origin", "/secret": "client_secret", "/basic": "private_key_jwt", "/liar": "client_id is not its address",
		"/away": "302", "/missing": "404", "/text": "JSON", "/large": "bytes",
	} {
		app := e.App(t, testenv.App{ID: s.URL + path, Redirect: s.URL + "/cb", Scope: "openid"})
		wantPage(t, b.Get(app.Request().Path()), http.StatusBadRequest, word)
		wantError(t, path, app.Call("/token", "grant_type", "authorization_code", "code", "x", "redirect_uri", app.Redirect), http.StatusUnauthorized, "invalid_client")
	}
	before := s.asked.Load()
	for _, id := range []string{s.URL, s.URL + "/a/../app", s.URL + "//app", "http://app.example/client", strings.Replace(s.URL, "http://", "http://user@", 1) + "/app", s.URL + "/app?x=1", s.URL + "/app#x"} {
		app := e.App(t, testenv.App{ID: id, Redirect: s.URL + "/cb", Scope: "openid"})
		wantPage(t, b.Get(app.Request().Path()), http.StatusBadRequest)
	}
	if s.asked.Load() != before {
		t.Error("an address was fetched that is no document's")
	}

	// Where it is off, or the host is not listed, nobody is asked.
	for name, env := range map[string]map[string]string{
		"off":        {"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"},
		"not listed": {"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true", "SIGNET_REGISTRATION_CLIENT_ID_METADATA": "on", "SIGNET_REGISTRATION_CLIENT_ID_METADATA_HOSTS": "app.example"},
		"private":    {"SIGNET_REGISTRATION_CLIENT_ID_METADATA": "on"},
	} {
		house := boot(t, testenv.Options{Env: env})
		app := house.App(t, s.publish(t, "/app", nil))
		before := s.asked.Load()
		wantPage(t, house.Browser().For(t).Get(app.Request().Path()), http.StatusBadRequest)
		if s.asked.Load() != before {
			t.Errorf("%s: the document was fetched", name)
		}
		doc := fetch(t, house.Issuer+"/.well-known/openid-configuration", nil)
		if advertised := doc.Fields["client_id_metadata_document_supported"] == true; advertised != (name != "off") {
			t.Errorf("%s: advertised is %v", name, advertised)
		}
	}

	// Made-up addresses do not have us ask somebody without end.
	few := boot(t, testenv.Options{Env: map[string]string{
		"SIGNET_REGISTRATION_CLIENT_ID_METADATA": "on", "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true", "SIGNET_LIMITS_DOCUMENT_HOST": "5/1h",
	}})
	before = s.asked.Load()
	for i := range 12 {
		app := few.App(t, testenv.App{ID: s.URL + "/made-up/" + string(rune('a'+i)), Redirect: s.URL + "/cb", Scope: "openid"})
		few.Browser().For(t).Get(app.Request().Path())
	}
	if n := s.asked.Load() - before; n != 5 {
		t.Errorf("12 made-up addresses of one host were fetched %d times, want 5", n)
	}
}

// TestClientIDMetadataManyCallers: of many who come at once, one has the document
// fetched.
func TestClientIDMetadataManyCallers(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: byDocument})
	s := newSite(t)
	app := e.App(t, s.publish(t, "/app", nil))
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if got, err := http.PostForm(e.Issuer+"/token", map[string][]string{"client_id": {app.ID}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}}); err != nil {
				t.Error(err)
			} else {
				var out struct{ Error string }
				if err := json.NewDecoder(got.Body).Decode(&out); err != nil || out.Error != "invalid_grant" {
					t.Errorf("%d %q, %v", got.StatusCode, out.Error, err)
				}
				got.Body.Close()
			}
		})
	}
	all.Wait()
	if s.asked.Load() != 1 {
		t.Errorf("the document was fetched %d times", s.asked.Load())
	}
}

// TestRegisteredAddress: an address that an operator registers is a client like
// any other, whatever is to be found there, and whether such documents are on.
func TestRegisteredAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	e := boot(t, testenv.Options{Env: byDocument})
	app := e.App(t, s.publish(t, "/app", nil))
	b := signedIn(t, e, app, ada)
	before := s.asked.Load()
	e.Apply("clients:\n  - id: " + app.ID + "\n    name: Taken over\n    redirect_uris: [\"https://house.example/cb\"]\n    trusted: true\n")
	within(t, 20*time.Second, "the node sees what was declared", func() bool {
		return e.Browser().For(t).Get(app.Request().Path()).Status == http.StatusBadRequest
	})
	r := app.Request("redirect_uri", "https://house.example/cb", "prompt", "none", "scope", "openid")
	wantAnswer(t, e, r, b.Get(r.Path()), "")
	if s.asked.Load() != before {
		t.Error("the document of a registered address was fetched")
	}
}
