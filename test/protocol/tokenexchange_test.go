package protocol

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"signet/internal/testenv"
)

const (
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	typeAccess    = "urn:ietf:params:oauth:token-type:access_token"
	typeJWT       = "urn:ietf:params:oauth:token-type:jwt"

	frontAPI, stockAPI = "https://front.example", "https://stock.example/v1"
)

// exchanges is an app whose token reaches an API, which calls another in turn.
const exchanges = `
  - id: till
    secret: secret-of-till
    redirect_uris: ["https://till.example/cb"]
    grant_types: [authorization_code, refresh_token, client_credentials]
    scopes: [openid, offline_access, "stock:read", "stock:write", "till:use"]
    resources: ["https://front.example"]
    trusted: true
  - id: front
    secret: secret-of-front
    grant_types: [client_credentials, "` + grantExchange + `"]
    scopes: ["stock:read", "stock:write", "own"]
    resources: ["https://stock.example/v1"]
    token_exchange: [delegation]
    token_exchange_from: [till, front]
  - id: batch
    secret: secret-of-batch
    grant_types: ["` + grantExchange + `"]
    scopes: ["stock:read"]
    resources: ["https://stock.example/v1", "https://front.example"]
    token_exchange: [impersonation, delegation]
    token_exchange_from: [till, front]
    access_token_format: opaque
resources:
  - {id: "https://front.example", scopes: ["stock:read", "stock:write", "till:use"], clients: [front, batch]}
  - {id: "https://stock.example/v1", scopes: ["stock:read", "stock:write"], clients: [front, batch]}
`

// exchanging is a house with such apps.
type exchanging struct {
	*testenv.Env
	till, front, batch *testenv.App
	browser            *testenv.Browser
}

func exchangeHouse(t *testing.T, b testenv.Backend) *exchanging {
	t.Helper()
	nodes := 1
	if b == testenv.Full {
		nodes = 2
	}
	e := testenv.Start(t, testenv.Options{Backend: b, Nodes: nodes, Env: exempt, Declare: strings.Replace(declared, "\nusers:", exchanges+"\nusers:", 1)})
	app := func(id string) *testenv.App {
		return e.App(t, testenv.App{ID: id, Secret: "secret-of-" + id, Redirect: "https://till.example/cb", Scope: "openid offline_access stock:read stock:write till:use"})
	}
	return &exchanging{e, app("till"), app("front"), app("batch"), e.Browser().For(t)}
}

// tokens are those of a person at the till, for the front API; token is the
// access token.
func (x *exchanging) tokens(t *testing.T, pairs ...string) *testenv.Answer {
	t.Helper()
	return tokens(t, x.browser, x.till, ada, append([]string{"resource", frontAPI}, pairs...)...)
}

func (x *exchanging) token(t *testing.T) string { t.Helper(); return x.tokens(t).Str("access_token") }

// exchange has the app exchange the token.
func exchange(app *testenv.App, subject string, pairs ...string) *testenv.Answer {
	return app.Call("/token", append([]string{"grant_type", grantExchange, "subject_token", subject, "subject_token_type", typeAccess}, pairs...)...)
}

// own is a token of the app's own.
func own(app *testenv.App) string {
	return app.Call("/token", "grant_type", "client_credentials").Str("access_token")
}

// delegate exchanges the token at the front API, which acts for the person.
func (x *exchanging) delegate(subject string, pairs ...string) *testenv.Answer {
	return exchange(x.front, subject, append([]string{"actor_token", own(x.front), "actor_token_type", typeAccess, "resource", stockAPI}, pairs...)...)
}

func eachExchange(t *testing.T, test func(t *testing.T, x *exchanging)) {
	t.Parallel()
	for _, b := range testenv.Backends {
		t.Run(string(b), func(t *testing.T) { test(t, exchangeHouse(t, b)) })
	}
}

// inactive checks that the token is good no more.
func inactive(t *testing.T, app *testenv.App, what, token string) {
	t.Helper()
	if got := app.Call("/introspect", "token", token); got.Fields["active"] != false {
		t.Errorf("%s: %s, want that it is not active", what, got.Body)
	}
}

// TestTokenExchange: an API gets a token for another API, which says for whom and
// who acts, has no more than the first one and ends with it (RFC 8693).
func TestTokenExchange(t *testing.T) {
	eachExchange(t, func(t *testing.T, x *exchanging) {
		first := x.tokens(t)
		subject := claimsOf(t, first.Str("access_token"))
		got := x.delegate(first.Str("access_token"))
		if got.Status != http.StatusOK || got.Str("issued_token_type") != typeAccess || got.Str("token_type") != "Bearer" || got.Str("scope") != "stock:read stock:write" ||
			got.Str("refresh_token")+got.Str("id_token") != "" || got.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		claims := claimsOf(t, got.Str("access_token"))
		if claims["sub"] != subject["sub"] || claims["aud"] != stockAPI || claims["client_id"] != "front" || claims["exp"].(float64) > subject["exp"].(float64) ||
			!reflect.DeepEqual(claims["act"], map[string]any{"sub": "front"}) {
			t.Errorf("delegated: %v, of %v", claims, subject)
		}
		about := x.front.Call("/introspect", "token", got.Str("access_token"))
		if about.Fields["active"] != true || !reflect.DeepEqual(about.Fields["act"], map[string]any{"sub": "front"}) {
			t.Errorf("introspection: %s", about.Body)
		}

		// Impersonation of what was delegated keeps who acts; opaque tokens, too.
		second := exchange(x.batch, got.Str("access_token"), "resource", stockAPI, "scope", "stock:read")
		if about := x.batch.Call("/introspect", "token", second.Str("access_token")); about.Fields["active"] != true || about.Str("scope") != "stock:read" ||
			about.Str("sub") != subject["sub"] || about.Str("client_id") != "batch" || !reflect.DeepEqual(about.Fields["act"], map[string]any{"sub": "front"}) {
			t.Errorf("impersonated: %s, %s", second.Body, about.Body)
		}
		plain := exchange(x.batch, first.Str("access_token"), "audience", stockAPI, "requested_token_type", typeJWT)
		if claims := claimsOf(t, plain.Str("access_token")); plain.Str("issued_token_type") != typeJWT || claims["act"] != nil || claims["sub"] != subject["sub"] {
			t.Errorf("impersonated as a JWT: %s, %v", plain.Body, claims)
		}

		// Ending what was exchanged ends no more than that; ending the first ends all.
		x.batch.Call("/revoke", "token", plain.Str("access_token"))
		inactive(t, x.batch, "revoked", plain.Str("access_token"))
		if about := x.front.Call("/introspect", "token", got.Str("access_token")); about.Fields["active"] != true {
			t.Errorf("a sibling: %s", about.Body)
		}
		x.till.Call("/revoke", "token", first.Str("refresh_token"))
		inactive(t, x.front, "delegated", got.Str("access_token"))
		inactive(t, x.batch, "impersonated", second.Str("access_token"))
		wantError(t, "of what has ended", x.delegate(first.Str("access_token")), http.StatusBadRequest, "invalid_request")
		wantError(t, "of what came of it", x.delegate(got.Str("access_token")), http.StatusBadRequest, "invalid_request")

		// Chains say who acted before, and end somewhere.
		token, depth := x.token(t), 0
		for ; depth < 10; depth++ {
			next := x.delegate(token)
			if next.Status != http.StatusOK {
				wantError(t, "a long chain", next, http.StatusBadRequest, "invalid_request")
				break
			}
			token = next.Str("access_token")
		}
		act, err := json.Marshal(claimsOf(t, token)["act"])
		if err != nil || strings.Count(string(act), `"sub":"front"`) != depth || depth != 5 {
			t.Errorf("after %d: %s, %v", depth, act, err)
		}
	})
}

// TestOpaqueExchange: what can be exchanged may be a handle as well: the same is
// made of it, and ends with it.
func TestOpaqueExchange(t *testing.T) {
	eachExchange(t, func(t *testing.T, x *exchanging) {
		till := exchanges[:strings.Index(exchanges, "  - id: front")]
		x.Apply("clients:" + strings.Replace(till, "    trusted: true\n", "    trusted: true\n    access_token_format: opaque\n", 1))
		first := x.tokens(t)
		subject := x.till.Call("/introspect", "token", first.Str("access_token"))
		if strings.Contains(first.Str("access_token"), ".") || subject.Fields["active"] != true {
			t.Fatalf("%s, %s", first.Body, subject.Body)
		}
		got := x.delegate(first.Str("access_token"))
		if got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		claims := claimsOf(t, got.Str("access_token"))
		if claims["sub"] != subject.Fields["sub"] || claims["aud"] != stockAPI || claims["exp"].(float64) > subject.Fields["exp"].(float64) ||
			!reflect.DeepEqual(claims["act"], map[string]any{"sub": "front"}) {
			t.Errorf("delegated: %v, of %s", claims, subject.Body)
		}
		// As an actor, and one of what came of another.
		second := exchange(x.batch, first.Str("access_token"), "resource", stockAPI)
		again := x.delegate(second.Str("access_token"))
		wantError(t, "of a client that is not named", again, http.StatusBadRequest, "unauthorized_client")
		if about := x.batch.Call("/introspect", "token", second.Str("access_token")); about.Fields["active"] != true || about.Fields["sub"] != subject.Fields["sub"] || about.Fields["act"] != nil {
			t.Errorf("impersonated: %s", about.Body)
		}
		wantError(t, "more than it has", exchange(x.batch, first.Str("access_token"), "resource", stockAPI, "scope", "stock:write"), http.StatusBadRequest, "invalid_scope")
		wantError(t, "the wrong way round", x.delegate(first.Str("refresh_token")), http.StatusBadRequest, "invalid_request")
		x.till.Call("/revoke", "token", first.Str("access_token"))
		inactive(t, x.front, "delegated", got.Str("access_token"))
		inactive(t, x.batch, "impersonated", second.Str("access_token"))
		wantError(t, "of what has ended", x.delegate(first.Str("access_token")), http.StatusBadRequest, "invalid_request")
	})
}

// TestTokenExchangeRefusals: nobody exchanges what the operator did not allow.
func TestTokenExchangeRefusals(t *testing.T) {
	eachExchange(t, func(t *testing.T, x *exchanging) {
		first := x.tokens(t)
		token, actor := first.Str("access_token"), own(x.front)
		hers := tokens(t, x.browser, x.App(t, web), ada, "scope", "openid")
		acting := []string{"actor_token", actor, "actor_token_type", typeAccess, "resource", stockAPI}
		with := func(pairs ...string) []string { return slices.Concat(acting, pairs) }
		for name, c := range map[string]struct {
			app     *testenv.App
			subject string
			pairs   []string
			code    string
		}{
			"a client that may not":         {x.till, token, nil, "unauthorized_client"},
			"impersonation":                 {x.front, token, []string{"resource", stockAPI}, "unauthorized_client"},
			"another client's token":        {x.front, hers.Str("access_token"), acting, "unauthorized_client"},
			"an API that is not its":        {x.front, token, with("resource", frontAPI), "invalid_target"},
			"an audience that is none":      {x.front, token, with("audience", "web"), "invalid_target"},
			"no API of several":             {x.batch, token, nil, "invalid_target"},
			"more than the token has":       {x.front, token, with("scope", "stock:read openid"), "invalid_scope"},
			"more than is registered":       {x.batch, token, []string{"resource", stockAPI, "scope", "stock:write"}, "invalid_scope"},
			"an ID token":                   {x.front, first.Str("id_token"), acting, "invalid_request"},
			"an ID token by its type":       {x.front, first.Str("id_token"), with("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"), "invalid_request"},
			"a refresh token":               {x.front, first.Str("refresh_token"), with("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"},
			"a client's own token":          {x.front, actor, acting, "invalid_request"},
			"another client's actor":        {x.front, token, with("actor_token", own(x.till)), "invalid_request"},
			"a refresh token to be made":    {x.front, token, with("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"},
			"an ID token to be made":        {x.front, token, with("requested_token_type", "urn:ietf:params:oauth:token-type:id_token"), "invalid_request"},
			"an actor without a type":       {x.front, token, []string{"actor_token", actor, "resource", stockAPI}, "invalid_request"},
			"a type without an actor":       {x.front, token, []string{"actor_token_type", typeAccess, "resource", stockAPI}, "invalid_request"},
			"nonsense":                      {x.front, "x", acting, "invalid_request"},
			"the till's own, for the front": {x.front, own(x.till), acting, "invalid_request"},
		} {
			wantError(t, name, exchange(c.app, c.subject, c.pairs...), http.StatusBadRequest, c.code)
		}
		wantError(t, "no subject", x.front.Call("/token", "grant_type", grantExchange), http.StatusBadRequest, "invalid_request")

		// A token that is bound needs its proof, and stays bound.
		p := newProver(t, "ES256")
		r := x.till.Request("resource", frontAPI)
		bound := proving(*x.till, p).Redeem(r, x.browser.SignIn(r, ada)).Str("access_token")
		wantError(t, "without its proof", exchange(x.batch, bound, "resource", stockAPI), http.StatusBadRequest, "invalid_grant")
		wantError(t, "with another's", exchange(proving(*x.batch, newProver(t, "ES256")), bound, "resource", stockAPI), http.StatusBadRequest, "invalid_grant")
		got := exchange(proving(*x.batch, p), bound, "resource", stockAPI)
		if about := x.batch.Call("/introspect", "token", got.Str("access_token")); got.Str("token_type") != "DPoP" || cnf(about.Fields)["jkt"] != p.thumbprint() {
			t.Errorf("with its proof: %s, %s", got.Body, about.Body)
		}
	})
}

// TestOpenIDClientExchange: openid-client exchanges a token.
func TestOpenIDClientExchange(t *testing.T) {
	t.Parallel()
	x := exchangeHouse(t, testenv.Embedded)
	n := startNode(t, x.Env, *x.front)
	got := n.must("grant", "type", grantExchange, "parameters", parameters{
		"subject_token": x.token(t), "subject_token_type": typeAccess, "actor_token": own(x.front), "actor_token_type": typeAccess, "resource": stockAPI,
	})
	if got.Tokens.Issued != typeAccess || got.Tokens.Access == "" || got.Tokens.Scope != "stock:read stock:write" {
		t.Errorf("%+v", got.Tokens)
	}
}
