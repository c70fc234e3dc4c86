package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/testenv"
)

// push sends the request from the app's server, changed by the pairs.
func push(a *testenv.App, r *testenv.Request, pairs ...string) *testenv.Answer {
	fields := url.Values{}
	for name, values := range r.Values {
		if name != "client_id" || a.Secret == "" {
			fields[name] = values
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	return a.Do(a.NewRequest("/par", fields))
}

// bring is the address with which the browser brings a pushed request.
func bring(e *testenv.Env, clientID, requestURI string, pairs ...string) string {
	v := url.Values{"client_id": {clientID}, "request_uri": {requestURI}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return e.Issuer + "/authorize?" + v.Encode()
}

// TestPushed: a pushed request is what is asked for, by its client, once, and
// nothing that comes with the browser changes it (RFC 9126).
func TestPushed(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyFor(t, "ES256", "1")
		for _, c := range []testenv.App{web, post, spa, asserting(t, e, "asserts", key)} {
			app := e.App(t, c)
			b := e.Browser().For(t)
			r := app.Request()
			got := push(app, r)
			uri := got.Str("request_uri")
			if got.Status != http.StatusCreated || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || got.Fields["expires_in"] != float64(60) ||
				got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Content-Type") != "application/json" {
				t.Fatalf("%s: %d %s", c.ID, got.Status, got.Body)
			}
			outside := []string{"redirect_uri", "https://evil.example/", "scope", "openid phone", "state", "outer", "prompt", "none"}
			answer := wantAnswer(t, e, r, b.Finish(b.Get(bring(e, app.ID, uri, outside...)), ada), "")
			redeemed := app.Redeem(r, answer)
			app.IDToken(redeemed.Str("id_token"), r.Get("nonce"))
			if redeemed.Str("scope") != app.Scope {
				t.Errorf("%s: scope %q, want %q", c.ID, redeemed.Str("scope"), app.Scope)
			}
			wantPage(t, b.Get(bring(e, app.ID, uri)), http.StatusBadRequest, "invalid_request_uri")
			// Told to the app where the browser brings its address along.
			wantAnswer(t, e, r, b.Get(bring(e, app.ID, uri, "redirect_uri", r.Get("redirect_uri"), "state", r.Get("state"))), "invalid_request_uri")
		}
		app, b := e.App(t, web), e.Browser().For(t)
		r := app.Request()
		uri := push(app, r).Str("request_uri")
		wantPage(t, b.Get(bring(e, post.ID, uri)), http.StatusBadRequest, "invalid_request_uri")
		wantPage(t, b.Get(bring(e, app.ID, uri)), http.StatusBadRequest, "invalid_request_uri") // the other one used it up
		wantPage(t, b.Get(bring(e, app.ID, "urn:ietf:params:oauth:request_uri:x")), http.StatusBadRequest, "invalid_request_uri")
		wantPage(t, b.Get(e.Issuer+"/authorize?request_uri="+url.QueryEscape(push(app, r).Str("request_uri"))), http.StatusBadRequest, "client_id is missing")

		for name, c := range map[string]struct {
			pairs  []string
			status int
			code   string
		}{
			"another redirect_uri":       {[]string{"redirect_uri", "https://evil.example/"}, 400, "invalid_request"},
			"a bad request":              {[]string{"prompt", "none login"}, 400, "invalid_request"},
			"another response_type":      {[]string{"response_type", "code id_token"}, 400, "unauthorized_client"},
			"no scope that is the app's": {[]string{"scope", "unknown"}, 400, "invalid_scope"},
			"a request_uri":              {[]string{"request_uri", uri}, 400, "invalid_request"},
			"a bad request object":       {[]string{"request", "x"}, 400, "invalid_request_object"},
			"another client":             {[]string{"client_id", post.ID}, 400, "invalid_request"},
			"too long":                   {[]string{"state", strings.Repeat("s", 5000)}, 400, "invalid_request"},
		} {
			wantError(t, name, push(app, r, c.pairs...), c.status, c.code)
		}
		wrong := *app
		wrong.Secret = "wrong"
		wantError(t, "a wrong secret", push(&wrong, r), http.StatusUnauthorized, "invalid_client")
		twice := app.NewRequest("/par", r.Values)
		twice.Body = http.NoBody
		twice.ContentLength = 0
		wantError(t, "nothing", app.Do(twice), http.StatusBadRequest, "invalid_request")
		if got, err := testenv.Do(getRequest(t, e.Issuer+"/par")); err != nil || got.Status != http.StatusMethodNotAllowed {
			t.Errorf("by GET: %+v, %v", got, err)
		}
	})
}

// TestPushRequired: a client that is registered to push its requests cannot do
// without; request objects go along with it.
func TestPushRequired(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyFor(t, "PS256", "1")
		pushes := asserting(t, e, "pushes", key, "require_pushed_authorization_requests: true", "require_signed_request_object: true", "request_object_signing_alg: PS256")
		app, b := e.App(t, pushes), e.Browser().For(t)
		r := app.Request()
		wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request")
		object := sign(t, key, "PS256", "oauth-authz-req+jwt", objectOf(e, r, nil))
		wantAnswer(t, e, r, b.Get(withObject(e, r, object, "redirect_uri", r.Get("redirect_uri"), "state", r.Get("state"))), "invalid_request")
		wantError(t, "without an object", push(app, r), http.StatusBadRequest, "invalid_request")
		fields := url.Values{"request": {object}}
		got := app.Do(app.NewRequest("/par", fields))
		if got.Status != http.StatusCreated {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		wantAnswer(t, e, r, b.Finish(b.Get(bring(e, app.ID, got.Str("request_uri"))), ada), "")

		n := startNode(t, e, pushes, "method", "private_key_jwt", "sign", asJSON(t, key), "par", "yes", "jar", "yes")
		n.must("callback", "url", b.Get(n.must("begin", "parameters", parameters{"scope": "openid"}).URL).Location)
		n = startNode(t, e, post, "par", "yes")
		b = signedIn(t, e, e.App(t, post), ada)
		n.must("callback", "url", b.Get(n.must("begin", "parameters", parameters{"scope": "openid"}).URL).Location)
	})
}

// TestPushedExpires: the handle's time is the one that is told.
func TestPushedExpires(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_LIFETIMES_PUSHED_REQUEST": "5s"}})
	app, b := e.App(t, web), e.Browser().For(t)
	r := app.Request()
	early, late := push(app, r), push(app, r)
	if early.Fields["expires_in"] != float64(5) {
		t.Errorf("expires_in is %v", early.Fields["expires_in"])
	}
	wantAnswer(t, e, r, b.Finish(b.Get(bring(e, app.ID, early.Str("request_uri"))), ada), "")
	time.Sleep(5100 * time.Millisecond)
	wantPage(t, b.Get(bring(e, app.ID, late.Str("request_uri"))), http.StatusBadRequest, "invalid_request_uri")
}

// TestPushedPageIsLoadedAgain: until the app has its answer a person may come again
// with the same address, and begin anew; after it nobody may, and of the flows that
// began with it one is answered (FAPI 2.0 Security Profile §5.3.2.2, note 3).
func TestPushedPageIsLoadedAgain(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app, b := e.App(t, web), e.Browser().For(t)
		r := app.Request()
		address := bring(e, app.ID, push(app, r).Str("request_uri"))
		first := b.Get(address)
		wantPage(t, first, http.StatusOK)
		elsewhere := e.Browser().For(t)
		elsewhere.Finish(elsewhere.Get(e.Issuer+"/account"), bob)
		answer := wantAnswer(t, e, r, b.Finish(b.Get(address), ada), "")
		app.IDToken(app.Redeem(r, answer).Str("id_token"), r.Get("nonce"))
		wantAnswer(t, e, r, b.Finish(first, ada), "invalid_request_uri")
		for _, late := range []*testenv.Browser{b, elsewhere} {
			wantPage(t, late.Get(address), http.StatusBadRequest, "invalid_request_uri")
		}
		// Who is signed in is answered at once, whoever was asked before.
		address = bring(e, app.ID, push(app, r).Str("request_uri"))
		asked := e.Browser().For(t)
		page := asked.Get(address)
		wantAnswer(t, e, r, b.Get(address), "")
		wantAnswer(t, e, r, asked.Finish(page, ada), "invalid_request_uri")
	})
}

// TestOnePushedRequestManyCallers: of many browsers, at two nodes, one is
// answered.
func TestOnePushedRequestManyCallers(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		var browsers []*testenv.Browser
		for range 8 {
			browsers = append(browsers, signedIn(t, e, app, ada))
		}
		for range 10 {
			r := app.Request()
			address := bring(e, app.ID, push(app, r).Str("request_uri"))
			var codes atomic.Int32
			var all sync.WaitGroup
			for _, b := range browsers {
				all.Go(func() {
					if answer := r.Answer(b.Get(address)); answer.Get("code") != "" {
						codes.Add(1)
					}
				})
			}
			all.Wait()
			if codes.Load() != 1 {
				t.Fatalf("%d codes for one pushed request", codes.Load())
			}
		}
	})
}
