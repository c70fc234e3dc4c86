package protocol

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"signet/internal/testenv"
)

// TestAPIARequestThatComesAgain under the same key is done once, however many
// come at the same moment, and answered as it was the first time.
func TestAPIARequestThatComesAgain(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		hers, his := behalf(t, e, e.App(t, desk), ada), behalf(t, e, e.App(t, desk), bob)
		const key, list, body = "Idempotency-Key", "/organizations", `{"name":"Mills"}`
		first := hers.want(http.StatusCreated, "POST", list, body, key, "1")
		again := hers.want(http.StatusCreated, "POST", list, body, key, "1")
		if again.Body != first.Body || again.Header.Get("Idempotency-Replayed") != "true" || first.Header.Get("Idempotency-Replayed") != "" ||
			again.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
			t.Errorf("%v %s, then %v %s", first.Header, first.Body, again.Header, again.Body)
		}
		hers.refused(http.StatusUnprocessableEntity, "POST", list, `{"name":"Looms"}`, key, "1")
		hers.refused(http.StatusUnprocessableEntity, "POST", list, body, key, strings.Repeat("k", 201))
		if other := his.want(http.StatusCreated, "POST", list, body, key, "1"); other.Str("id") == first.Str("id") {
			t.Error("a key of somebody else's is taken for his")
		}
		// What was refused did nothing, and can be sent again once it would do.
		hers.refused(http.StatusUnprocessableEntity, "POST", list, `{"name":""}`, key, "2")
		hers.want(http.StatusCreated, "POST", list, `{"name":"Two"}`, key, "2")

		const callers = 20
		var wg sync.WaitGroup
		var mu sync.Mutex
		made := map[string]bool{}
		for range callers {
			wg.Go(func() {
				got := hers.call("POST", list, `{"name":"Race"}`, key, "race")
				mu.Lock()
				defer mu.Unlock()
				switch got.Status {
				case http.StatusCreated:
					made[got.Str("id")] = true
				case http.StatusConflict:
				default:
					t.Errorf("%d %s", got.Status, got.Body)
				}
			})
		}
		wg.Wait()
		if n := strings.Count(namesIn(hers.all(list, "50"), "name"), "Race"); len(made) != 1 || n != 1 {
			t.Errorf("%d were answered, %d made, want one", len(made), n)
		}
	})
}
