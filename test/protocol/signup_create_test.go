package protocol

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestPromptCreate: prompt=create begins with the wizard, whoever is signed in,
// and its end is the answer (Initiating User Registration 1.0 §4).
func TestPromptCreate(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	b := signedIn(t, h.env, h.app, ada)
	r := h.app.Request("prompt", "create", "login_hint", eve.Email)
	p := b.Get(r.Path())
	if p.URL.Path != "/signup" || p.Form("username").Fields.Get("username") != eve.Email {
		t.Fatalf("prompt=create: %s %v", p.URL.Path, p.Form("username"))
	}
	p = fillIn(t, b, p, eve)
	answer := r.Answer(b.Submit(p.Form("code"), "submit", "code", read(t, h.mail.Wait(1)[0]).code))
	claims := h.app.IDToken(h.app.Redeem(r, answer).Str("id_token"), r.Get("nonce"))
	if claims["email"] != nil && claims["email"] != eve.Email {
		t.Errorf("who signed in: %v", claims)
	}
	// Who has an account may sign in instead.
	other := h.env.Browser().For(t)
	r = h.app.Request("prompt", "create")
	first := other.Get(r.Path())
	signIn := other.Get(strings.ReplaceAll(between(t, first.Body, `href="/signin?`, `"`), "&amp;", "&"))
	if got := r.Answer(other.Finish(signIn, ada)); got.Get("code") == "" {
		t.Errorf("signing in instead: %v", got)
	}
	// With none it cannot be met.
	r = h.app.Request("prompt", "create none")
	wantAnswer(t, h.env, r, h.env.Browser().For(t).Get(r.Path()), "invalid_request")
}

func between(t *testing.T, s, before, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, before)
	text, _, ended := strings.Cut(rest, after)
	if !ok || !ended {
		t.Fatalf("no %q in %s", before, s)
	}
	return strings.Trim(before[strings.Index(before, "/"):], `"`) + text
}

// TestSignUpClosed: where nobody can sign up, no page offers it, no metadata
// tells of it, and who asks is told.
func TestSignUpClosed(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	if !slices.Contains(prompts(t, h.env), "create") {
		t.Error("open, and the metadata does not tell it")
	}
	noMail := boot(t, testenv.Options{})
	closed := newcomersAt(t, testenv.Options{Env: map[string]string{"SIGNET_SIGN_UP_WHO": "invited"}})
	for name, e := range map[string]*testenv.Env{"no mail server": noMail, "not open": closed.env} {
		app := e.App(t, web)
		if slices.Contains(prompts(t, e), "create") {
			t.Errorf("%s: the metadata tells of prompt=create", name)
		}
		b := e.Browser().For(t)
		if p := b.Get(app.Request().Path()); strings.Contains(p.Body, "/signup") {
			t.Errorf("%s: the sign-in page offers it", name)
		}
		for _, path := range []string{"/signup", app.Request("prompt", "create").Path()} {
			if p := b.Get(path); p.Status != http.StatusOK || !strings.Contains(p.Body, "No new accounts") || !strings.Contains(p.Body, `id="signin"`) {
				t.Errorf("%s: %s: %d %s", name, path, p.Status, p.Body)
			}
		}
	}
}

func prompts(t *testing.T, e *testenv.Env) []string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.Issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := testenv.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range got.Fields["prompt_values_supported"].([]any) {
		out = append(out, v.(string))
	}
	return out
}
