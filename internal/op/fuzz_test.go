package op

import (
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"signet/internal/client"
	"signet/internal/keys"
	"signet/internal/org"
	"signet/internal/resource"
	"signet/internal/session"
	"signet/internal/store/storetest"
)

const fuzzIssuer = "https://signet.example"

// fuzzProvider knows a public and a confidential client.
func fuzzProvider(f *testing.F) *Provider {
	f.Helper()
	db := storetest.OpenSQL(f, storetest.SQLiteURL(f))
	clients := client.NewRegistry(db, client.NewSecrets(make([]byte, 32)), client.Rules{Algs: []string{"RS256"}}, time.Now)
	for id, secret := range map[string]string{"app": "secret", "spa": "", "all": "secret"} {
		c := &client.Client{ID: id, Scopes: []string{"openid", "email", "organizations"}, Resources: []string{"https://api.example"}, Metadata: client.Metadata{RedirectURIs: []string{"https://" + id + ".example/cb", "https://" + id + ".example/cb?a=b"}}}
		if id == "all" {
			c.ResponseTypes = client.ResponseTypesAll()
		}
		if err := clients.Put(f.Context(), c, secret); err != nil {
			f.Fatal(err)
		}
	}
	apis := resource.NewRegistry(db, time.Now)
	if err := apis.PutServer(f.Context(), &resource.Server{ID: "https://api.example"}); err != nil {
		f.Fatal(err)
	}
	if err := apis.PutType(f.Context(), &resource.Type{ID: "payment", Fields: []string{"amount"}}); err != nil {
		f.Fatal(err)
	}
	master, err := keys.LoadMaster(filepath.Join(f.TempDir(), "master.key"))
	if err != nil {
		f.Fatal(err)
	}
	none := keys.NewManager(db, master, keys.Config{}, time.Now) // nothing was signed here yet
	p, err := New(Config{Issuer: fuzzIssuer, Algs: []string{"RS256"}}, Services{Clients: clients, Resources: apis, Keys: none, Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	return p
}

// FuzzAuthorizeQuery: whatever is asked, an answer goes to a registered address
// or nowhere, brings the state back unchanged, and says nothing that is not
// allowed in an error (RFC 6749 §4.1.2.1).
func FuzzAuthorizeQuery(f *testing.F) {
	p := fuzzProvider(f)
	const good = "client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&scope=openid"
	for _, seed := range []string{
		"", good, good + "&state=a%20b%26c%3D%C3%BC", good + "&client_id=spa", good + "&state=1&state=2", good + "&prompt=none+login",
		good + "&max_age=-1", good + "&claims=%7B%7D", good + "&response_mode=fragment", good + "&request=x.y.z", good + "&id_token_hint=x",
		good + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256", good + "&code_challenge_method=plain",
		"client_id=spa&redirect_uri=https%3A%2F%2Fspa.example%2Fcb%3Fa%3Db&response_type=id_token+code&scope=email%22%5C", "client_id=%00&%zz", "a=b;c=d",
		strings.ReplaceAll(good, "app", "all") + "&response_type=code+id_token&nonce=n", "client_id=all&redirect_uri=https%3A%2F%2Fall.example%2Fcb&response_type=id_token&scope=openid&nonce=n&response_mode=form_post",
		"client_id=all&redirect_uri=https%3A%2F%2Fall.example%2Fcb&response_type=token+code&scope=openid&response_mode=query",
		good + "+organizations&organization=engines", good + "+organizations&organization=*", good + "&organization=engines", good + "+organizations&organization=%00",
		good + "+organizations&organization=019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55",
		good + "&resource=https%3A%2F%2Fapi.example&resource=x", good + "&scope=%22%5C%01", good + "&response_type=%F0%9F%98%80",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		d := &draft{req: &session.Request{}}
		var refused *oauthError
		d.params, refused = parseParams(query)
		for _, check := range addressChecks {
			if oerr := check(p, t.Context(), d); oerr != nil {
				if d.req.RedirectURI != "" {
					t.Fatalf("refused without a redirect, yet the address %q is set", d.req.RedirectURI)
				}
				return
			}
		}
		if refused == nil {
			refused = d.refused
		}
		for _, check := range requestChecks {
			if refused == nil {
				refused = check(p, t.Context(), d)
			}
		}
		if !slices.Contains(d.client.RedirectURIs, d.req.RedirectURI) {
			t.Fatalf("the address %q is not registered", d.req.RedirectURI)
		}
		if refused == nil {
			checkAccepted(t, d)
		}
		checkAnswer(t, d.req, refused)
	})
}

func checkAccepted(t *testing.T, d *draft) {
	r := d.req
	if !slices.Contains(d.client.ResponseTypes, r.ResponseType.String()) || len(r.Scopes) == 0 || r.ClientID != d.client.ID {
		t.Errorf("accepted: %+v", r)
	}
	if r.ResponseType.FrontChannel() && r.ResponseMode == session.ModeQuery {
		t.Error("tokens would go into an address")
	}
	if r.ResponseType.Has(session.TypeIDToken) && (r.Nonce == "" || !slices.Contains(r.Scopes, "openid")) {
		t.Errorf("an ID token without nonce or openid: %+v", r)
	}
	if o := r.Organization; o != "" && !(org.Askable(o) && slices.Contains(r.Scopes, "organizations")) {
		t.Errorf("the organization %q is asked for", o)
	}
	for _, s := range r.Scopes {
		if !slices.Contains(d.client.Scopes, s) {
			t.Errorf("the scope %q is not registered", s)
		}
	}
	if d.client.Public() && len(r.CodeChallenge) != 43 {
		t.Errorf("a public client without PKCE: %q", r.CodeChallenge)
	}
	if r.Prompts(session.PromptNone) && len(r.Prompt) > 1 {
		t.Errorf("prompts %q", r.Prompt)
	}
}

// checkAnswer reads the answer as the app would.
func checkAnswer(t *testing.T, r *session.Request, refused *oauthError) {
	fields := []Field{{"code", "x"}}
	if refused != nil {
		fields = []Field{{"error", refused.code}, {"error_description", refused.Message}}
		for _, c := range refused.Message {
			if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
				t.Errorf("error_description has %q", c)
			}
		}
	}
	p := &Provider{cfg: Config{Issuer: fuzzIssuer}}
	w := httptest.NewRecorder()
	r.ResponseMode = session.ModeQuery
	if err := p.answer(w, httptest.NewRequest("GET", "/authorize", nil), r, fields...); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatalf("the answer goes to no address: %v", err)
	}
	registered, err := url.Parse(r.RedirectURI)
	if err != nil {
		t.Fatal(err)
	}
	got := to.Query()
	if to.Host != registered.Host || to.Path != registered.Path || to.Fragment != "" || got.Get("a") != registered.Query().Get("a") {
		t.Errorf("the answer goes to %s, want %s", to, registered)
	}
	if got.Get("state") != r.State || got.Get("iss") != fuzzIssuer || len(got["state"]) > 1 {
		t.Errorf("state %q came back as %q", r.State, got["state"])
	}
}

// FuzzTokenForm: a body that is read means the same when it is written again,
// and no parameter that counts comes twice.
func FuzzTokenForm(f *testing.F) {
	for _, seed := range []string{"", "grant_type=authorization_code&code=x", "a=1&a=2", "resource=a&resource=b", "%zz", "a;b=c", "=", "&&&", "code=%00%ff", "a=b=c&d"} {
		f.Add("application/x-www-form-urlencoded", seed)
	}
	f.Add("application/json", "{}")
	f.Add("application/x-www-form-urlencoded; charset=utf-8", "a=b")
	f.Add("application/x-www-form-urlencoded; charset", "a=b")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest("POST", "/token?client_secret=of+the+query", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		ps, oerr := formParams(r)
		if oerr != nil {
			return
		}
		if ps.get("client_secret") == "of the query" && !strings.Contains(body, "query") {
			t.Error("a parameter of the address was read")
		}
		for name, values := range ps {
			if len(values) != 1 && !repeatable[name] {
				t.Errorf("%q comes %d times", name, len(values))
			}
		}
		again, oerr := parseParams(url.Values(ps).Encode())
		if oerr != nil || len(ps) > 0 && !reflect.DeepEqual(ps, again) {
			t.Errorf("written again, %q reads %v, was %v", body, again, ps)
		}
	})
}

// FuzzBasicAuth: what is read from the header is what writes it
// (RFC 6749 §2.3.1).
func FuzzBasicAuth(f *testing.F) {
	for _, seed := range []string{"", "Basic YTpi", "basic YTpi", "Basic ", "Basic %%%", "Basic YQ==", "Bearer x", "Basic YSUzQWI6Yytk", "Basic JXp6OmE=", "Basic AAA6AAA="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("POST", "/token", nil)
		r.Header["Authorization"] = []string{header}
		id, secret, ok := basicAuth(r)
		if !ok {
			return
		}
		again := httptest.NewRequest("POST", "/token", nil)
		again.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		if id2, secret2, ok := basicAuth(again); !ok || id2 != id || secret2 != secret {
			t.Errorf("%q: %q %q written again reads %q %q %v", header, id, secret, id2, secret2, ok)
		}
	})
}
