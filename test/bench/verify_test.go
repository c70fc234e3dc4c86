package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// signed returns a compact JWS of the claims under a new key that the target
// publishes.
func signed(t *testing.T, to *target, claims map[string]any) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	to.keys = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256"}}}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func good() map[string]any {
	return map[string]any{"iss": "http://op", "sub": "ada", "aud": appES256.id, "client_id": appES256.id, "nonce": "n", "exp": time.Now().Add(time.Minute).Unix()}
}

// answerOf is a token answer with the token in both places.
func answerOf(token string) *answer {
	body, _ := json.Marshal(map[string]any{"access_token": token, "id_token": token, "token_type": "Bearer", "expires_in": 600})
	return &answer{status: 200, kind: []byte("application/json"), body: body}
}

func newWorker() *worker { return &worker{target: &target{issuer: "http://op", seen: newSeen()}} }

func TestTokensAreChecked(t *testing.T) {
	w := newWorker()
	a := answerOf(signed(t, w.target, good()))
	if _, err := w.tokens(a, &appES256, "n"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tokens(a, &appES256, "n"); err == nil {
		t.Error("the same access token twice is taken")
	}
	for name, change := range map[string]func(map[string]any){
		"issuer":   func(c map[string]any) { c["iss"] = "http://other" },
		"audience": func(c map[string]any) { c["aud"] = "another" },
		"nonce":    func(c map[string]any) { c["nonce"] = "old" },
		"client":   func(c map[string]any) { c["client_id"] = "another" },
		"subject":  func(c map[string]any) { delete(c, "sub") },
		"expired":  func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() },
	} {
		w, c := newWorker(), good()
		change(c)
		if _, err := w.tokens(answerOf(signed(t, w.target, c)), &appES256, "n"); err == nil {
			t.Errorf("%s: a wrong one is taken", name)
		}
	}
	w = newWorker()
	if _, err := w.tokens(answerOf(signed(t, w.target, good())), &appRS256, "n"); err == nil {
		t.Error("another algorithm than the client's is taken")
	}
}

func TestSignaturesAreSpotChecked(t *testing.T) {
	caught := 0
	w := newWorker()
	for range 2 * spotEvery {
		token := signed(t, w.target, good())
		broken := token[:len(token)-10] + strings.Repeat("A", 10)
		if _, err := w.tokens(answerOf(broken), &appES256, "n"); err != nil {
			caught++
		}
	}
	if caught != 2 {
		t.Errorf("of %d wrong signatures %d were caught, want one in %d", 2*spotEvery, caught, spotEvery)
	}
}

func TestTokensRefusesErrors(t *testing.T) {
	w := newWorker()
	for _, a := range []*answer{
		{status: 400, kind: []byte("application/json"), body: []byte(`{"error":"invalid_grant"}`)},
		{status: 200, kind: []byte("text/html"), body: []byte(`{}`)},
		{status: 200, kind: []byte("application/json"), body: []byte(`{"access_token":"x"}`)},
		{status: 200, kind: []byte("application/json"), body: []byte(`not json`)},
	} {
		if _, err := w.tokens(a, &appOpaque, ""); err == nil {
			t.Errorf("taken: %d %s %s", a.status, a.kind, a.body)
		}
	}
}

func TestCodeIsChecked(t *testing.T) {
	f := &fresh{state: "s"}
	to := func(query string) *answer { return &answer{status: 303, location: []byte(callback + "?" + query)} }
	w := newWorker()
	ok := to("code=c1&state=s&iss=http%3A%2F%2Fop")
	if code, err := w.code(ok, f); err != nil || code != "c1" {
		t.Fatalf("%q, %v", code, err)
	}
	if _, err := w.code(ok, f); err == nil {
		t.Error("the same code twice is taken")
	}
	for _, a := range []*answer{
		to("code=c2&state=other&iss=http%3A%2F%2Fop"), to("code=c3&state=s"), to("state=s&iss=http%3A%2F%2Fop"),
		to("error=access_denied&code=c4&state=s&iss=http%3A%2F%2Fop"),
		{status: 303, location: []byte("/signin?flow=1")}, {status: 200, location: ok.location},
	} {
		if code, err := w.code(a, f); err == nil {
			t.Errorf("taken: %d %s as %q", a.status, a.location, code)
		}
	}
}

func TestHidden(t *testing.T) {
	page := []byte(`<form><input type="hidden" name="flow" value="abc"><input name="username"></form>`)
	if v, err := hidden(page, "flow"); err != nil || v != "abc" {
		t.Errorf("%q, %v", v, err)
	}
	for _, bad := range []string{``, `name="flow" value=""`, `name="flow" value="abc`, `name="other" value="abc"`} {
		if v, err := hidden([]byte(bad), "flow"); err == nil {
			t.Errorf("%s: %q", bad, v)
		}
	}
}

func TestSameNoticesAnotherAnswer(t *testing.T) {
	w := &worker{}
	ask := func(body string) error {
		return w.same(&answer{status: 200, kind: []byte("application/json"), body: []byte(body)})
	}
	if ask(`[]`) == nil || ask(`{}`) == nil {
		t.Error("what is no document is taken")
	}
	if err := ask(`{"a":1}`); err != nil {
		t.Error(err)
	}
	if ask(`{"a":2}`) == nil {
		t.Error("another answer is taken")
	}
}
