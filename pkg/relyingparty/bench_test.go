package relyingparty

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"signet/pkg/relyingparty/rptest"
)

// BenchmarkRequire is what a protected page costs on top of its own work: a
// session of usual size, opened and shown as a User.
func BenchmarkRequire(b *testing.B) {
	rp, err := New(b.Context(), goodConfig())
	if err != nil {
		b.Fatal(err)
	}
	idToken := rptest.New(b, rptest.Client{ID: "web"}).Signed(map[string]any{"sub": "ada", "iss": "https://id.example", "aud": "web", "exp": time.Now().Add(time.Hour).Unix()})
	claims, err := readClaims(idToken)
	if err != nil {
		b.Fatal(err)
	}
	g := &grant{idToken: idToken, claims: claims, accessToken: idToken, refreshToken: handle(), life: time.Hour, userInfo: []byte(`{"sub":"ada","name":"Ada Lovelace"}`)}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
	if err := rp.saveSession(w, r, newSession(g, []string{oidc.ScopeOpenID}, time.Now(), time.Hour)); err != nil {
		b.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	page := rp.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "openid")
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatalf("status %d", w.Code)
		}
	}
}
