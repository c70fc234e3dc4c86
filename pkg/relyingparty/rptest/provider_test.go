package rptest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// A provider that accepts everything would let every app pass. This one holds
// the app to what it registered and to what it began.
func TestProviderRefuses(t *testing.T) {
	const redirect = "http://localhost/callback"
	p := New(t, Client{ID: "web", Secret: "secret", RedirectURIs: []string{redirect}})
	verifier := oauth2.GenerateVerifier()
	begin := url.Values{
		"client_id": {"web"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid offline_access"},
		"state": {"s"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
	with := func(name, value string) url.Values {
		v := url.Values{}
		for k := range begin {
			v[k] = begin[k]
		}
		v.Set(name, value)
		return v
	}
	if got := authorize(t, p, with("redirect_uri", "http://evil.example/")); got != nil {
		t.Errorf("redirected to %v", got)
	}
	if got := authorize(t, p, with("client_id", "other")); got != nil {
		t.Errorf("redirected to %v", got)
	}
	if got := authorize(t, p, with("code_challenge_method", "plain")); got.Get("error") != "invalid_request" {
		t.Errorf("plain PKCE: %v", got)
	}
	code := func() string { return authorize(t, p, begin).Get("code") }
	exchange := func(code, verifier, secret string) (int, map[string]any) {
		return post(t, p, secret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}})
	}
	if status, _ := exchange(code(), verifier, "wrong"); status != http.StatusUnauthorized {
		t.Errorf("wrong secret: %d", status)
	}
	if status, _ := exchange(code(), "wrong", "secret"); status != http.StatusBadRequest {
		t.Errorf("wrong verifier: %d", status)
	}
	once := code()
	status, first := exchange(once, verifier, "secret")
	if status != http.StatusOK {
		t.Fatalf("an honest exchange: %d", status)
	}
	if status, _ := exchange(once, verifier, "secret"); status != http.StatusBadRequest {
		t.Errorf("a code twice: %d", status)
	}
	again := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first["refresh_token"].(string)}}
	if status, _ := post(t, p, "secret", again); status != http.StatusOK {
		t.Errorf("an honest refresh: %d", status)
	}
	if status, _ := post(t, p, "secret", again); status != http.StatusBadRequest || p.Seen().Reuses != 1 {
		t.Errorf("a refresh token twice: %d", status)
	}
}

// authorize returns the parameters of the answer, or nil where there is none.
func authorize(t *testing.T, p *Provider, q url.Values) url.Values {
	t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Issuer+"/authorize?"+q.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		return nil
	}
	return to.Query()
}

func post(t *testing.T, p *Provider, secret string, form url.Values) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("web", secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}
