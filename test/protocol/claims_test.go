package protocol

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestClaimsParameter: each claim of a person can be asked for by its name, for
// userinfo or the ID token, and is told there and only there (OpenID Connect
// Core §5.5).
func TestClaimsParameter(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		all := tokens(t, b, app, ada, "scope", allScopes)
		whole := app.Userinfo(all.Str("access_token")).Fields
		protocolOwn := []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "c_hash", "s_hash", "jti"}
		for name, want := range whole {
			if name == "sub" {
				continue
			}
			for _, member := range []string{"userinfo", "id_token"} {
				for _, wish := range []string{"null", `{"essential":true}`, `{"essential":false,"value":"x","purpose":"to see"}`} {
					got := tokens(t, b, app, ada, "scope", "openid", "claims", `{"`+member+`":{"`+name+`":`+wish+`,"unknown":null},"other":1}`)
					info := app.Userinfo(got.Str("access_token")).Fields
					id := app.IDToken(got.Str("id_token"), "")
					for _, own := range protocolOwn {
						delete(id, own)
						delete(info, own)
					}
					told, empty := info, id
					if member == "id_token" {
						told, empty = id, info
					}
					if len(empty) != 0 || len(told) != 1 || !same(told[name], want) {
						t.Errorf("%s of %s: told %v, and elsewhere %v; want %v", name, member, told, empty, want)
					}
				}
			}
		}
		// With the scope's claims, and again after a refresh.
		got := tokens(t, b, app, ada, "scope", "openid profile offline_access", "claims", `{"userinfo":{"email":null},"id_token":{"gender":null}}`)
		// An ID token that tells of the person is one that can be shown again.
		tokens(t, b, app, ada, "scope", "openid", "prompt", "none", "id_token_hint", got.Str("id_token"))
		again := app.Refresh(got.Str("refresh_token"))
		for _, a := range []*testenv.Answer{got, again} {
			info := app.Userinfo(a.Str("access_token")).Fields
			if info["email"] != ada.Email || info["gender"] != "female" || info["phone_number"] != nil {
				t.Errorf("userinfo: %v", info)
			}
			if id := app.IDToken(a.Str("id_token"), ""); id["gender"] != "female" || id["email"] != nil {
				t.Errorf("ID token: %v", id)
			}
		}
		// From the front channel, too.
		app = e.App(t, hybrid)
		r := app.Request("response_type", "code id_token", "scope", "openid", "claims", `{"id_token":{"nickname":null}}`)
		if id := checkFront(t, app, r, r.Answer(b.Get(r.Path()))); id["nickname"] != "Enchantress" || id["email"] != nil {
			t.Errorf("ID token of the front channel: %v", id)
		}
	})
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// TestClaimsOfAScopeThatIsNotTheClients: claims are no way around the scopes
// that a client is registered for.
func TestClaimsOfAScopeThatIsNotTheClients(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, post) // openid and email
		got := tokens(t, e.Browser().For(t), app, ada, "scope", "openid", "claims",
			`{"userinfo":{"phone_number":{"essential":true},"email":null},"id_token":{"name":null}}`)
		info := app.Userinfo(got.Str("access_token")).Fields
		if names := slices.Sorted(maps.Keys(info)); !slices.Equal(names, []string{"email", "sub"}) {
			t.Errorf("userinfo tells %v", names)
		}
		if id := app.IDToken(got.Str("id_token"), ""); id["name"] != nil {
			t.Error("the ID token tells the name")
		}
	})
}

// TestClaimsNeedConsent: a guest's request for one claim asks the person for
// its scope, and is silent once that is allowed.
func TestClaimsNeedConsent(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, guest)
		b := e.Browser().For(t)
		tokens(t, b, app, ada, "scope", "openid")
		r := app.Request("scope", "openid", "prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "")
		claims := `{"userinfo":{"given_name":null}}`
		r = app.Request("scope", "openid", "claims", claims, "prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "consent_required")
		r = app.Request("scope", "openid", "claims", claims)
		p := b.Get(r.Path())
		if p.Form("allow") == nil {
			t.Fatalf("%s: no question for consent", p.URL)
		}
		got := app.Redeem(r, r.Answer(b.Submit(p.Form("allow"), "allow")))
		if got.Str("scope") != "openid" {
			t.Errorf("the scope is %q, want openid: a claim is not its scope", got.Str("scope"))
		}
		info := app.Userinfo(got.Str("access_token")).Fields
		if info["given_name"] != "Ada" || info["family_name"] != nil {
			t.Errorf("userinfo: %v", info)
		}
		r = app.Request("scope", "openid", "claims", claims, "prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "")
	})
}

// TestClaimsSub: a sub with a value is about that person or fails (OpenID
// Connect Core §5.5.1).
func TestClaimsSub(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		mine := tokens(t, b, app, ada)
		sub, _ := app.IDToken(mine.Str("id_token"), "")["sub"].(string)
		bobs := tokens(t, signedIn(t, e, app, bob), app, bob)
		other, _ := app.IDToken(bobs.Str("id_token"), "")["sub"].(string)
		for _, member := range []string{"id_token", "userinfo"} {
			ask := func(sub string) string { return `{"` + member + `":{"sub":{"value":"` + sub + `"}}}` }
			r := app.Request("prompt", "none", "claims", ask(sub))
			wantAnswer(t, e, r, b.Get(r.Path()), "")
			r = app.Request("prompt", "none", "claims", ask(other))
			wantAnswer(t, e, r, b.Get(r.Path()), "login_required")
			r = app.Request("claims", ask(other))
			wantAnswer(t, e, r, b.Finish(b.Get(r.Path()), ada), "login_required")
			r = app.Request("claims", ask(sub), "id_token_hint", bobs.Str("id_token"))
			wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request")
		}
		r := app.Request("claims", `{"id_token":{"sub":{"value":"`+sub+`"}},"userinfo":{"sub":{"value":"`+other+`"}}}`)
		wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request")
		r = app.Request("claims", `{"id_token":{"sub":{"values":["`+sub+`","`+other+`"]}}}`)
		wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request")
	})
}

// TestClaimsACR: an essential acr is met or the request fails; any other is a
// wish (OpenID Connect Core §5.5.1.1).
func TestClaimsACR(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		for claims, code := range map[string]string{
			`{"id_token":{"acr":null}}`:                                                                  "",
			`{"id_token":{"acr":{"essential":true}}}`:                                                    "",
			`{"id_token":{"acr":{"value":"gold"}}}`:                                                      "",
			`{"id_token":{"acr":{"essential":true,"value":"gold"}}}`:                                     "unmet_authentication_requirements",
			`{"id_token":{"acr":{"essential":true,"values":["gold","silver"]}}}`:                         "unmet_authentication_requirements",
			`{"id_token":{"acr":{"essential":true,"values":["gold","urn:signet:acr:password"]}}}`:        "",
			`{"id_token":{"auth_time":{"essential":true},"acr":{"values":["urn:signet:acr:password"]}}}`: "",
		} {
			r := app.Request("claims", claims)
			got := wantAnswer(t, e, r, b.Get(r.Path()), code)
			if code != "" {
				continue
			}
			redeemed := app.Redeem(r, got)
			if redeemed.Status != http.StatusOK {
				t.Fatalf("%s: %s", claims, redeemed.Body)
			}
			if id := app.IDToken(redeemed.Str("id_token"), ""); id["acr"] == nil || id["auth_time"] == nil {
				t.Errorf("%s: acr %v, auth_time %v", claims, id["acr"], id["auth_time"])
			}
		}
		for _, bad := range []string{`{"id_token":1}`, `{"id_token":["acr"]}`, `{"userinfo":{"name":true}}`, `{"id_token":{"acr":{"essential":"yes"}}}`, `null`, `""`, `{}x`} {
			r := app.Request("claims", bad)
			wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request")
		}
	})
}

// TestLocalizedClaims: what is stored in several languages is told in those that
// claims_locales prefers, or that claims names (OpenID Connect Core §5.2).
func TestLocalizedClaims(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(`
users:
  - email: ada@example.com
    family_name#JA-kana-jp: ラブレース
    family_name#ja-Hani-JP: 愛情
    name#de: Ada Gräfin von Lovelace
`)
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		told := func(a *testenv.Answer) map[string]any { return app.Userinfo(a.Str("access_token")).Fields }
		for asked, want := range map[string]map[string]string{
			"":              {},
			"fr":            {},
			"ja":            {"family_name#ja-Kana-JP": "ラブレース", "family_name#ja-Hani-JP": "愛情"},
			"de-AT de":      {"name#de": "Ada Gräfin von Lovelace"},
			"d ??? ja-Kana": {"family_name#ja-Kana-JP": "ラブレース"},
		} {
			info := told(tokens(t, b, app, ada, "scope", "openid profile", "claims_locales", asked))
			if info["name"] != "Ada Lovelace" {
				t.Errorf("claims_locales=%q: the name is %v", asked, info["name"])
			}
			for name, value := range info {
				if strings.Contains(name, "#") && want[name] != value {
					t.Errorf("claims_locales=%q: %s is %v, want %q", asked, name, value, want[name])
				}
			}
			for name, value := range want {
				if info[name] != value {
					t.Errorf("claims_locales=%q: %s is %v, want %s", asked, name, info[name], value)
				}
			}
		}
		if info := told(tokens(t, b, app, ada, "scope", "openid", "claims_locales", "de")); info["name#de"] != nil {
			t.Error("a name in German was told without the scope of names")
		}
		got := tokens(t, b, app, ada, "scope", "openid", "claims", `{"userinfo":{"family_name#ja-Kana-JP":null},"id_token":{"name#de":null,"name#xx-nonsense-tag-x":null,"email#de":null}}`)
		if info := told(got); info["family_name#ja-Kana-JP"] != "ラブレース" || info["family_name"] != nil {
			t.Errorf("by name: %v", info)
		}
		if id := app.IDToken(got.Str("id_token"), ""); id["name#de"] != "Ada Gräfin von Lovelace" || id["name"] != nil || id["email"] != nil {
			t.Errorf("by name in the ID token: %v", id)
		}
	})
}
