package client_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/store/storetest"
)

const documentID = "https://app.example/oauth/client.json"

// shelf is where a test's documents are.
type shelf struct {
	mu    sync.Mutex
	body  string
	age   time.Duration
	err   error
	asked atomic.Int32
	gated atomic.Int32
}

func (s *shelf) put(body string, age time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body, s.age, s.err = body, age, err
}

func (s *shelf) rules() client.DocumentRules {
	return client.DocumentRules{
		On: true, Scopes: []string{"openid", "email", "offline_access"}, Rules: client.Rules{Algs: []string{"RS256"}},
		Fetch: func(_ context.Context, address string, limit int64) ([]byte, time.Duration, error) {
			s.asked.Add(1)
			s.mu.Lock()
			defer s.mu.Unlock()
			return []byte(s.body), s.age, s.err
		},
		Gate: func(context.Context, string) error { s.gated.Add(1); return nil },
	}
}

// documentWith is a good document with the members changed.
func documentWith(edit map[string]any) string {
	m := map[string]any{"client_id": documentID, "client_name": "App", "redirect_uris": []string{"https://app.example/cb"}}
	for k, v := range edit {
		m[k] = v
	}
	text, _ := json.Marshal(m) // strings and lists
	return string(text)
}

func TestDocumentIsKeptAsLongAsItSays(t *testing.T) {
	clock := storetest.NewClock()
	s := &shelf{}
	d := client.NewDocuments(s.rules(), clock.Now)
	want := func(what string, asked int32, name string) {
		t.Helper()
		c, err := d.Get(t.Context(), documentID)
		if name == "" {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v, %v; want not found", what, c, err)
			}
		} else if err != nil || c.Name != name || !c.Document || c.Trusted || c.AuthMethod != client.AuthNone {
			t.Errorf("%s: %+v, %v", what, c, err)
		}
		if got := s.asked.Load(); got != asked {
			t.Errorf("%s: its address was asked %d times, want %d", what, got, asked)
		}
	}
	s.put("", 0, fault.New(fault.Invalid, "no answer"))
	want("no document", 1, "")
	s.put(documentWith(nil), time.Hour, nil)
	want("just asked", 1, "")
	clock.Pass(5 * time.Second)
	want("a document", 2, "App")
	s.put(documentWith(map[string]any{"client_name": "Next"}), time.Hour, nil)
	clock.Pass(time.Hour - time.Second)
	want("still fresh", 2, "App")
	clock.Pass(time.Second)
	want("changed", 3, "Next")
	s.put("", 0, fault.New(fault.Invalid, "no answer"))
	clock.Pass(time.Hour)
	want("its address does not answer", 4, "Next")
	want("just asked again", 4, "Next")
	clock.Pass(59 * time.Minute)
	want("for long", 5, "Next")
	clock.Pass(time.Minute)
	want("for too long", 6, "")
	if s.gated.Load() != 2 {
		t.Errorf("%d fetches were counted for the host, want those of what was not known to be good", s.gated.Load())
	}
	for age, fresh := range map[time.Duration]time.Duration{0: time.Minute, -1: 10 * time.Minute, 48 * time.Hour: 24 * time.Hour} {
		d, before := client.NewDocuments(s.rules(), clock.Now), s.asked.Load()
		s.put(documentWith(nil), age, nil)
		for _, pass := range []time.Duration{0, fresh - time.Second, time.Second} {
			clock.Pass(pass)
			if _, err := d.Get(t.Context(), documentID); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.asked.Load() - before; got != 2 {
			t.Errorf("with age %s it was asked for %d times, want once, and once more after %s", age, got, fresh)
		}
	}
}

func TestDocumentIsFetchedOnceForMany(t *testing.T) {
	s := &shelf{}
	rules, waiting := s.rules(), make(chan struct{})
	fetch := rules.Fetch
	rules.Fetch = func(ctx context.Context, address string, limit int64) ([]byte, time.Duration, error) {
		<-waiting
		return fetch(ctx, address, limit)
	}
	s.put(documentWith(nil), time.Hour, nil)
	d := client.NewDocuments(rules, time.Now)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := d.Get(t.Context(), documentID); err != nil {
				t.Error(err)
			}
		})
	}
	close(waiting)
	all.Wait()
	if s.asked.Load() != 1 {
		t.Errorf("fetched %d times", s.asked.Load())
	}
}

func TestDocumentRules(t *testing.T) {
	s := &shelf{}
	rules := s.rules()
	for name, c := range map[string]struct{ body, word string }{
		"no JSON":             {"x", "JSON"},
		"a list":              {"[]", "JSON"},
		"of another address":  {documentWith(map[string]any{"client_id": documentID + "/"}), "address"},
		"without its id":      {`{"redirect_uris":["https://app.example/cb"]}`, "address"},
		"a secret":            {documentWith(map[string]any{"client_secret": "x"}), "client_secret"},
		"a secret's end":      {documentWith(map[string]any{"client_secret_expires_at": 0}), "client_secret"},
		"basic":               {documentWith(map[string]any{"token_endpoint_auth_method": "client_secret_basic"}), "secret"},
		"post":                {documentWith(map[string]any{"token_endpoint_auth_method": "client_secret_post"}), "secret"},
		"a signing secret":    {documentWith(map[string]any{"token_endpoint_auth_method": "client_secret_jwt"}), "secret"},
		"no addresses":        {documentWith(map[string]any{"redirect_uris": []string{}}), "redirect_uris"},
		"another's address":   {documentWith(map[string]any{"redirect_uris": []string{"https://other.example/cb"}}), "origin"},
		"another port":        {documentWith(map[string]any{"redirect_uris": []string{"https://app.example:8443/cb"}}), "origin"},
		"a subdomain":         {documentWith(map[string]any{"redirect_uris": []string{"https://evil.app.example/cb"}}), "origin"},
		"a wildcard":          {documentWith(map[string]any{"redirect_uris": []string{"https://app.example/*"}}), "exact"},
		"another's scheme":    {documentWith(map[string]any{"application_type": "native", "redirect_uris": []string{"example.other:/cb"}}), "origin"},
		"loopback of a web":   {documentWith(map[string]any{"redirect_uris": []string{"http://127.0.0.1/cb"}}), "https"},
		"client_credentials":  {documentWith(map[string]any{"grant_types": []string{"client_credentials"}}), "grant type"},
		"no scope of ours":    {documentWith(map[string]any{"scope": "admin"}), "scopes"},
		"a sector":            {documentWith(map[string]any{"sector_identifier_uri": "https://app.example/sector"}), "sector"},
		"a private key":       {documentWith(map[string]any{"jwks": map[string]any{"keys": []any{map[string]any{"kty": "EC", "d": "x"}}}}), "private"},
		"a long name":         {documentWith(map[string]any{"client_name": strings.Repeat("n", 300)}), "name"},
		"a signature of none": {documentWith(map[string]any{"id_token_signed_response_alg": "none"}), "alg"},
	} {
		at, _ := url.Parse(documentID)
		_, err := rules.Read(at, documentID, []byte(c.body))
		if !fault.Is(err, fault.Invalid) && client.Reasons(err) == "" || err == nil || !strings.Contains(client.Reasons(err), c.word) {
			t.Errorf("%s: %v, want a refusal with %q", name, err, c.word)
		}
	}
	at, _ := url.Parse(documentID)
	c, err := rules.Read(at, documentID, []byte(documentWith(map[string]any{
		"application_type": "native", "scope": "openid admin", "trusted": true, "registration_access_token_hash": "x", "access_token_format": "opaque",
		"redirect_uris": []string{"http://127.0.0.1/cb", "example.app:/cb", "example.app.beta:/cb", "https://app.example/cb"},
	})))
	if err != nil || c.Trusted || c.RegistrationHash != "" || c.AccessTokenFormat != "" || len(c.Scopes) != 1 || c.Domain() != "app.example" || !c.RegisteredItself() {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestDocumentAddresses(t *testing.T) {
	s := &shelf{}
	s.put(documentWith(nil), time.Hour, nil)
	ids := []string{
		"http://app.example/client", "https://app.example", "https:///client", "https://app.example/a/../client", "https://app.example/./client",
		"https://app.example//client", "https://App.example/client", "https://user@app.example/client", "https://app.example/client#x", "https://app.example/client?x",
		"http://127.0.0.1/client", "https:app.example/client",
	}
	d := client.NewDocuments(s.rules(), time.Now)
	for _, id := range ids {
		if _, err := d.Get(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	listed := s.rules()
	listed.Hosts = []string{"other.example"}
	off := s.rules()
	off.On = false
	for _, rules := range []client.DocumentRules{listed, off} {
		if _, err := client.NewDocuments(rules, time.Now).Get(t.Context(), documentID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%+v: %v", rules.Hosts, err)
		}
	}
	if s.asked.Load() != 0 {
		t.Errorf("%d were fetched", s.asked.Load())
	}
}

// FuzzDocument: whatever is at an address, a client of it is a guest of that
// address, and is sent answers nowhere but to its origin or to this device.
func FuzzDocument(f *testing.F) {
	f.Add(documentID, documentWith(nil))
	f.Add(documentID, documentWith(map[string]any{"application_type": "native", "redirect_uris": []string{"http://127.0.0.1/cb", "example.app:/x"}}))
	f.Add("https://a.b/..", `{"client_id":"https://a.b/..","redirect_uris":["https://a.b@c.d/"]}`)
	s := &shelf{}
	rules := s.rules()
	f.Fuzz(func(t *testing.T, id, body string) {
		if !client.ValidID(id) {
			return
		}
		s.put(body, 0, nil)
		c, err := client.NewDocuments(rules, time.Now).Get(t.Context(), id)
		if err != nil {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%v", err)
			}
			return
		}
		at, _ := url.Parse(id)
		if c.ID != id || c.Trusted || client.UsesSecret(c.AuthMethod) || !c.Document || at.Scheme != "https" || c.Domain() != at.Host {
			t.Errorf("%+v", c)
		}
		for _, uri := range c.RedirectURIs {
			if u, err := url.Parse(uri); err != nil || u.Scheme == "https" && u.Host != at.Host || u.Scheme == "http" && !client.IsLoopback(u.Hostname()) {
				t.Errorf("answers go to %s", uri)
			}
		}
	})
}
