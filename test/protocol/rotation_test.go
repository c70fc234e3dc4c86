package protocol

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"signet/internal/testenv"
)

// keysAt fetches the key set of one node.
func keysAt(t *testing.T, node string) *jose.JSONWebKeySet {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, node+"/keys", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := testenv.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(got.Body), &set); err != nil {
		t.Fatal(err)
	}
	return &set
}

func verifies(token string, set *jose.JSONWebKeySet) bool {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA})
	return err == nil && parsed.Claims(set, &map[string]any{}) == nil
}

// TestKeyRotationUnderLoad: while people sign in on two nodes the keys are
// rotated at once, again and again. Every token verifies against the keys that
// any node serves when it arrives, tokens of before still do, and two seconds
// after the command no node signs with the old key.
func TestKeyRotationUnderLoad(t *testing.T) {
	t.Parallel()
	for _, backend := range []testenv.Backend{testenv.Full, testenv.Postgres} {
		t.Run(string(backend), func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: backend, Nodes: 2})
			app := e.App(t, web)
			old := silentTrip(t, signedIn(t, e, app, ada), app)
			oldHint := old.Str("id_token")

			stop := make(chan struct{})
			var group sync.WaitGroup
			for range 4 {
				b := signedIn(t, e, app, ada)
				group.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						got := silentTrip(t, b, app)
						for _, token := range []string{got.Str("id_token"), got.Str("access_token")} {
							for _, node := range e.Nodes {
								if !verifies(token, keysAt(t, node)) {
									t.Errorf("kid %v is not among the keys of %s", header(t, token)["kid"], node)
								}
							}
						}
						if info := app.Userinfo(got.Str("access_token")); info.Status != http.StatusOK {
							t.Errorf("userinfo: %d %s", info.Status, info.Body)
						}
					}
				})
			}
			kid := header(t, oldHint)["kid"]
			for range 3 {
				time.Sleep(500 * time.Millisecond)
				if code, _, errs := e.Run("", "keys", "rotate", "--now"); code != 0 {
					t.Errorf("signet keys rotate: %s", errs)
				}
				rotated := time.Now()
				b := signedIn(t, e, app, bob)
				within(t, 30*time.Second, "each node signs with the new key", func() bool {
					fresh := 0
					for range 4 { // both nodes, more than once
						if header(t, silentTrip(t, b, app).Str("id_token"))["kid"] != kid {
							fresh++
						}
					}
					return fresh == 4
				})
				t.Logf("each node signs with the new key %v after the rotation", time.Since(rotated))
				kid = header(t, silentTrip(t, b, app).Str("id_token"))["kid"]
			}
			close(stop)
			group.Wait()
			for _, node := range e.Nodes {
				set := keysAt(t, node)
				if !verifies(oldHint, set) || !verifies(old.Str("access_token"), set) {
					t.Errorf("%s: a token of before the rotations does not verify any more", node)
				}
			}
			if app.Userinfo(old.Str("access_token")).Status != http.StatusOK {
				t.Error("an access token of before the rotations is refused")
			}
			b := signedIn(t, e, app, ada)
			r := app.Request("prompt", "none", "id_token_hint", oldHint)
			wantAnswer(t, e, r, b.Get(r.Path()), "")
		})
	}
}
