package protocol

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"signet/internal/refusal"
	"signet/internal/testenv"
)

var requestName = regexp.MustCompile(`\(([a-z-]+), request ([A-Za-z0-9_-]+)\)$`)

// explained returns what signet explain says of the refusal with the
// description, which names the rule and the request.
func explained(t *testing.T, e *testenv.Env, description, rule string) *refusal.Record {
	t.Helper()
	m := requestName.FindStringSubmatch(description)
	if m == nil || m[1] != rule {
		t.Fatalf("%q does not name the rule %s and the request", description, rule)
	}
	return explain(t, e, m[2])
}

func explain(t *testing.T, e *testenv.Env, request string) *refusal.Record {
	t.Helper()
	code, out, errs := e.Run("", "explain", request, "-o", "json")
	if code != 0 {
		t.Fatalf("signet explain: %s", errs)
	}
	var r refusal.Record
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Request != request || r.Clause == "" || r.Remedy == "" || r.Problem == "" || r.At.IsZero() {
		t.Errorf("explain leaves something out: %s", out)
	}
	return &r
}

func value(r *refusal.Record, name string) (string, bool) {
	for _, p := range r.Arrived {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// TestExplain: each refusal can be explained by another process than the one that
// refused, on each backend, and holds none of what was secret.
func TestExplain(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b, app := e.Browser().For(t), e.App(t, web)
		t.Run("the app is told", func(t *testing.T) {
			req := app.Request("code_challenge_method", "plain", "login_hint", "ada@example.com", "redirect_url", "x", "hunter2", "y")
			got := wantAnswer(t, e, req, b.For(t).Get(req.Path()), "invalid_request")
			r := explained(t, e, got.Get("error_description"), "pkce")
			if r.Path != "/authorize" || r.ClientID != app.ID || r.Code != "invalid_request" || r.Unknown != 1 {
				t.Errorf("explained as %+v", r)
			}
			if v, ok := value(r, "code_challenge_method"); !ok || v != "plain" {
				t.Errorf("arrived: %+v", r.Arrived)
			}
			if v, ok := value(r, "login_hint"); !ok || v != "" {
				t.Errorf("what was typed is kept: %+v", r.Arrived)
			}
			for _, p := range r.Arrived {
				if p.Name == "redirect_url" && p.Meant != "redirect_uri" {
					t.Errorf("a misspelling is not found: %+v", p)
				}
			}
		})
		t.Run("the person is told", func(t *testing.T) {
			page := b.For(t).Get(app.Request("redirect_uri", "https://web.example/wrong").Path())
			m := regexp.MustCompile(`<code[^>]*>([A-Za-z0-9_-]{20,})</code>`).FindStringSubmatch(page.Body)
			if m == nil {
				t.Fatalf("the page names no request: %s", page.Body)
			}
			r := explain(t, e, m[1])
			if v, _ := value(r, "redirect_uri"); r.Rule != "redirect-uri" || v != "https://web.example/wrong" {
				t.Errorf("explained as %+v", r)
			}
		})
		t.Run("nobody is signed in", func(t *testing.T) {
			req := app.Request("prompt", "none")
			got := wantAnswer(t, e, req, b.For(t).Get(req.Path()), "login_required")
			if r := explained(t, e, got.Get("error_description"), "sign-in-required"); r.Code != "login_required" {
				t.Errorf("explained as %+v", r)
			}
		})
		t.Run("endpoints", func(t *testing.T) { explainEndpoints(t, e) })
	})
}

func explainEndpoints(t *testing.T, e *testenv.Env) {
	const secret, code, verifier = "a-wrong-secret-1234", "a-code-5678", "a-verifier-9012"
	for _, c := range []struct {
		path, rule, cause string
		form              url.Values
	}{
		{"/token", "client-authentication", "the secret is wrong", url.Values{
			"client_id": {post.ID}, "client_secret": {secret}, "grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}}},
		{"/token", "client-authentication", "registered for client_secret_basic", url.Values{"client_id": {web.ID}, "client_secret": {secret}}},
		{"/token", "code", "", url.Values{
			"client_id": {post.ID}, "client_secret": {post.Secret}, "grant_type": {"authorization_code"}, "code": {code}}},
		{"/par", "redirect-uri", "", url.Values{"client_id": {post.ID}, "client_secret": {post.Secret}, "redirect_uri": {"https://evil.example"}}},
		{"/introspect", "parameter-missing", "", url.Values{"client_id": {post.ID}, "client_secret": {post.Secret}}},
		{"/userinfo", "access-token", "", url.Values{"access_token": {code}}},
	} {
		resp, err := http.PostForm(e.Issuer+c.path, c.form)
		if err != nil {
			t.Fatal(err)
		}
		var told struct {
			Description string `json:"error_description"`
		}
		err = json.NewDecoder(resp.Body).Decode(&told)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		r := explained(t, e, told.Description, c.rule)
		if r.Path != c.path || !strings.Contains(r.Cause, c.cause) {
			t.Errorf("%s %s: explained as %+v", c.path, c.rule, r)
		}
		_, text, _ := e.Run("", "explain", r.Request)
		for _, s := range []string{secret, code, verifier, post.Secret} {
			if strings.Contains(text, s) {
				t.Errorf("%s %s: %q is in the explanation:\n%s", c.path, c.rule, s, text)
			}
		}
		for name := range c.form {
			if !strings.Contains(text, name) {
				t.Errorf("%s %s: the parameter %s is not in the explanation:\n%s", c.path, c.rule, name, text)
			}
		}
	}
}

// TestExplainKeepsSoMuch: strangers cannot make us keep without end, and what is
// not kept is refused all the same.
func TestExplainKeepsSoMuch(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_LIMITS_REFUSALS_NETWORK": "3/1h", "SIGNET_LIMITS_EXEMPT": ""}})
	b, kept := e.Browser().For(t), 0
	for range 6 {
		req := e.App(t, web).Request("prompt", "none")
		got := wantAnswer(t, e, req, b.Get(req.Path()), "login_required")
		m := requestName.FindStringSubmatch(got.Get("error_description"))
		if m == nil {
			t.Fatalf("%v", got)
		}
		if code, _, _ := e.Run("", "explain", m[2]); code == 0 {
			kept++
		}
	}
	if kept != 3 {
		t.Errorf("%d refusals are kept, want 3", kept)
	}
	if code, _, errs := e.Run("", "explain", "never"); code != 1 || !strings.Contains(errs, "lifetimes.refusal") {
		t.Errorf("a refusal that is not kept: %d %s", code, errs)
	}
}
