package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"signet/internal/testenv"
)

var grace = testenv.Person{Email: "grace@example.com", Password: "compiler-Moth-9"}

// houses are two organizations of which ada sees both, and bob one; grace has none.
const houses = `
users:
  - email: grace@example.com
    password: compiler-Moth-9
    verified: true
organizations:
  - slug: engines
    name: Analytical Engines
    owners: [ada@example.com]
  - slug: tables
    name: Tables & Sons
    owners: [bob@example.com]
    viewers: [ada@example.com]
`

// eachHouse runs the test on every backend, with the organizations.
func eachHouse(t *testing.T, test func(t *testing.T, e *testenv.Env)) {
	t.Helper()
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(houses)
		test(t, e)
	})
}

// about reads the one organization that the claims are about: its id, name and role.
func about(t *testing.T, claims map[string]any) (id, name, role string) {
	t.Helper()
	list, _ := claims["organizations"].([]any)
	if len(list) != 1 {
		t.Fatalf("organizations are %v, want the one that was asked for", claims["organizations"])
	}
	o := list[0].(map[string]any)
	id, _ = o["id"].(string)
	name, _ = o["name"].(string)
	role, _ = o["role"].(string)
	return id, name, role
}

// choice finds the button of the organization with the name, and presses it.
func choice(t *testing.T, b *testenv.Browser, p *testenv.Page, name string) *testenv.Page {
	t.Helper()
	before, _, found := strings.Cut(p.Body, name)
	form := p.Form("other")
	if !found || form == nil {
		t.Fatalf("%s offers no %s: %d\n%s", p.URL, name, p.Status, p.Body)
	}
	_, value, _ := cutLast(before, `name="organization" value="`)
	value, _, _ = strings.Cut(value, `"`)
	fields := url.Values{"organization": {value}}
	for k, v := range form.Fields {
		fields[k] = v
	}
	return b.Post(form.Action, fields)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// TestOrganizationParameter: who asks for one organization gets tokens that are
// about that one, and about no other.
func TestOrganizationParameter(t *testing.T) {
	const scope = "openid organizations offline_access"
	eachHouse(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)

		// By its slug, then by its id: no page, and the same in each token.
		got := tokens(t, b, app, ada, "scope", scope, "organization", "tables")
		claims := app.IDToken(got.Str("id_token"), "")
		id, name, role := about(t, claims)
		if claims["organization"] != id || len(id) != 36 || name != "Tables & Sons" || role != "viewer" {
			t.Errorf("the ID token: %v", claims)
		}
		access := got.Str("access_token")
		if at := claimsOf(t, access)["organization"]; at != id {
			t.Errorf("the access token is about %v, want %s", at, id)
		}
		if told, _, _ := about(t, app.Userinfo(access).Fields); told != id {
			t.Errorf("userinfo is about %s, want %s", told, id)
		}
		if seen := app.Call("/introspect", "token", access); seen.Str("organization") != id {
			t.Errorf("introspection: %s", seen.Body)
		}
		again := tokens(t, b, app, ada, "scope", scope, "organization", id, "prompt", "none", "id_token_hint", got.Str("id_token"))
		if same := app.IDToken(again.Str("id_token"), "")["organization"]; same != id {
			t.Errorf("asked by id: %v", same)
		}
		if all, _ := app.Userinfo(tokens(t, b, app, ada, "scope", scope).Str("access_token")).Fields["organizations"].([]any); len(all) != 2 {
			t.Errorf("without the parameter: %v, want both", all)
		}

		// A role that changes is told at the next refresh, without a page.
		e.Run("", "org", "member", "tables", ada.Email, "--role", "admin")
		next := app.Refresh(got.Str("refresh_token"))
		if _, _, role := about(t, app.IDToken(next.Str("id_token"), "")); role != "admin" {
			t.Errorf("after the change ada is %s", role)
		}

		// Who left is nobody there: neither by the tokens that there are, nor anew.
		e.Run("", "org", "remove", "tables", ada.Email)
		if list, ok := app.Userinfo(next.Str("access_token")).Fields["organizations"].([]any); !ok || len(list) != 0 {
			t.Errorf("after she left: %v, want none", list)
		}
		for _, kind := range []string{"access_token", "refresh_token"} {
			if seen := app.Call("/introspect", "token", next.Str(kind)); seen.Fields["active"] != false {
				t.Errorf("after she left, the %s is told to be good: %s", kind, seen.Body)
			}
		}
		wantError(t, "a refresh after she left", app.Refresh(next.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		if dead := app.Userinfo(next.Str("access_token")); dead.Status != http.StatusUnauthorized {
			t.Errorf("the grant lives on: %d %s", dead.Status, dead.Body)
		}
		r := app.Request("scope", scope, "organization", id)
		wantPage(t, b.Get(r.Path()), http.StatusOK, "do not belong", ada.Email)
	})
}

// TestOrganizationChoice: an app that asks for any has the person choose, where
// there is a choice.
func TestOrganizationChoice(t *testing.T) {
	const scope = "openid organizations"
	eachHouse(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		r := app.Request("scope", scope, "organization", "*")
		p := b.Get(r.Path())
		wantPage(t, p, http.StatusOK, "Analytical Engines", "Tables &amp; Sons", "Owner", "Viewer", ada.Email)
		back := b.Get(p.URL.String()) // looking at it changes nothing
		got := app.Redeem(r, r.Answer(choice(t, b, back, "Tables &amp; Sons")))
		if _, name, role := about(t, app.IDToken(got.Str("id_token"), "")); name != "Tables & Sons" || role != "viewer" {
			t.Errorf("ada chose Tables & Sons and got %s as %s", name, role)
		}
		// The next app asks again, and prompt=none forbids to.
		r = app.Request("scope", scope, "organization", "*", "prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "interaction_required")

		// One who has one is not asked.
		only := tokens(t, signedIn(t, e, app, bob), app, bob, "scope", scope, "organization", "*", "prompt", "none")
		if _, name, _ := about(t, app.IDToken(only.Str("id_token"), "")); name != "Tables & Sons" {
			t.Errorf("bob got %s", name)
		}

		// One who has none makes one on the way, once, in the same tab.
		g := signedIn(t, e, app, grace)
		r = app.Request("scope", scope, "organization", "*")
		p = g.Get(r.Path())
		wantPage(t, p, http.StatusOK, "belong to no organization")
		_, link, _ := strings.Cut(p.Body, `id="create" href="`)
		link, _, _ = strings.Cut(link, `"`)
		form := g.Get(strings.ReplaceAll(link, "&amp;", "&"))
		if bad := g.Submit(form.Form("name"), "submit", "name", " "); bad.Form("name") == nil {
			t.Errorf("without a name: %d %s", bad.Status, bad.URL)
		}
		got = app.Redeem(r, r.Answer(g.Submit(form.Form("name"), "submit", "name", "Compilers")))
		if _, name, role := about(t, app.IDToken(got.Str("id_token"), "")); name != "Compilers" || role != "owner" {
			t.Errorf("grace made Compilers and got %s as %s", name, role)
		}
		wantPage(t, g.Submit(form.Form("name"), "submit", "name", "Compilers"), http.StatusGone)
		if _, list, _ := e.Run("", "org", "list"); strings.Count(list, "Compilers") != 1 {
			t.Errorf("made once, there are:\n%s", list)
		}

		// An app that is not of the house asks for leave after the choice.
		e.Apply("clients:\n  - {id: stranger, secret: secret-of-stranger, redirect_uris: [\"https://stranger.example/cb\"], scopes: [openid, organizations]}\n")
		foreign := e.App(t, testenv.App{ID: "stranger", Secret: "secret-of-stranger", Redirect: "https://stranger.example/cb"})
		r = foreign.Request("scope", scope, "organization", "*")
		p = choice(t, b, b.Get(r.Path()), "Tables &amp; Sons")
		if p.Form("allow") == nil {
			t.Fatalf("not asked for leave: %d %s", p.Status, p.URL)
		}
		got = foreign.Redeem(r, r.Answer(b.Submit(p.Form("allow"), "allow")))
		if _, name, _ := about(t, foreign.IDToken(got.Str("id_token"), "")); name != "Tables & Sons" {
			t.Errorf("the stranger got %s", name)
		}

		// Another account is a way on, and so is the way back to the app.
		r = app.Request("scope", scope, "organization", "engines")
		p = g.Get(r.Path())
		wantPage(t, p, http.StatusOK, "do not belong")
		wantAnswer(t, e, r, g.Submit(p.Form("cancel"), "cancel"), "access_denied")
		p = g.Get(r.Path())
		p = g.Submit(p.Form("other"), "other")
		answer := r.Answer(g.Finish(p, ada))
		if name := app.IDToken(app.Redeem(r, answer).Str("id_token"), "")["organization"]; name == nil {
			t.Errorf("as ada: %v", answer)
		}
	})
}

// TestOrganizationRefusals: what is no name of an organization is refused; of
// what could be one, nobody learns more than a member.
func TestOrganizationRefusals(t *testing.T) {
	eachHouse(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, grace)
		for what, pairs := range map[string][]string{
			"a name that none has": {"organization", "Analytical Engines"}, "no slug": {"organization", "**"}, "a long one": {"organization", strings.Repeat("a", 41)},
			"without the scope": {"organization", "engines", "scope", "openid email"},
		} {
			r := app.Request(append([]string{"scope", "openid organizations"}, pairs...)...)
			t.Log(what)
			wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request")
		}
		// Not a member, no such organization, deleted: one answer, one page.
		e.Apply("organizations:\n  - slug: gone\n    name: Gone\n    owners: [grace@example.com]\n")
		e.Run("", "org", "delete", "gone")
		strip := func(p *testenv.Page) string { return strings.ReplaceAll(p.Body, p.URL.Query().Get("flow"), "FLOW") }
		page := ""
		for _, asked := range []string{"engines", "nobodys", "gone", "019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55"} {
			r := app.Request("scope", "openid organizations", "organization", asked, "prompt", "none")
			wantAnswer(t, e, r, b.Get(r.Path()), "interaction_required")
			r.Del("prompt")
			p := b.Get(r.Path())
			if page == "" {
				page = strip(p)
			}
			if p.Status != http.StatusOK || strip(p) != page {
				t.Errorf("%s: the page differs: %d %s", asked, p.Status, p.URL)
			}
		}
		// What another chose is not taken: the page's form names the account, and the
		// organization is looked up as the person's own.
		r := app.Request("scope", "openid organizations", "organization", "*")
		p := b.Get(r.Path())
		form := p.Form("other")
		_, list, _ := e.Run("", "org", "list")
		for id := range strings.FieldsSeq(list) {
			if len(id) != 36 {
				continue
			}
			fields := url.Values{"organization": {id}}
			for k, v := range form.Fields {
				fields[k] = v
			}
			if again := b.Post(form.Action, fields); again.Location != "" || r.Answer(again) != nil {
				t.Errorf("grace chose %s, of which she is no member: %s", id, again.Location)
			}
		}
	})
}

// TestOrganizationByLibraries: libraries that are not ours ask for one, by each way
// in which a request is sent.
func TestOrganizationByLibraries(t *testing.T) {
	eachHouse(t, func(t *testing.T, e *testenv.Env) {
		provider, err := coreos.NewProvider(t.Context(), e.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		conf := oauth2.Config{
			ClientID: web.ID, ClientSecret: web.Secret, Endpoint: provider.Endpoint(), RedirectURL: web.Redirect, Scopes: []string{"openid", "organizations"},
		}
		b := e.Browser().For(t)
		verifier := oauth2.GenerateVerifier()
		p := b.Finish(b.Get(conf.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("organization", "engines"))), ada)
		back, err := url.Parse(p.Location)
		if err != nil {
			t.Fatal(err)
		}
		token, err := conf.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := token.Extra("id_token").(string)
		id, err := provider.Verifier(&coreos.Config{ClientID: web.ID}).Verify(t.Context(), raw)
		var claims map[string]any
		if err != nil || id.Claims(&claims) != nil {
			t.Fatal(err)
		}
		if _, name, role := about(t, claims); name != "Analytical Engines" || role != "owner" {
			t.Errorf("go-oidc: %v", claims)
		}

		key := keyFor(t, "PS256", "1")
		app := testenv.App{ID: "objects", Secret: "secret-of-objects", Redirect: "https://objects.example/cb"}
		e.Apply("clients:\n  - {id: objects, secret: secret-of-objects, redirect_uris: [\"https://objects.example/cb\"], trusted: true, scopes: [openid, organizations], jwks: " + publicSet(t, key) + "}\n")
		for _, settings := range [][]string{nil, {"par", "yes"}, {"jar", "yes", "sign", asJSON(t, key)}} {
			n := startNode(t, e, app, settings...)
			begun := n.must("begin", "parameters", parameters{"scope": "openid organizations", "organization": "tables"})
			done := n.must("callback", "url", b.Finish(b.Get(begun.URL), ada).Location)
			if _, name, role := about(t, done.Claims); name != "Tables & Sons" || role != "viewer" {
				t.Errorf("openid-client, %v: %v", settings, done.Claims)
			}
		}
	})
}

// TestOrganizationElsewhere: devices, and apps that ask a person away from the
// browser, ask for one as well; of these only what has a name.
func TestOrganizationElsewhere(t *testing.T) {
	scanner := testenv.App{ID: "scanner", Secret: "secret-of-scanner", Scope: "openid organizations"}
	eachHouse(t, func(t *testing.T, e *testenv.Env) {
		e.Apply("clients:\n  - id: scanner\n    name: Scanner\n    secret: secret-of-scanner\n    grant_types: [" + grantDevice + ", " + grantCIBA + "]\n    scopes: [openid, organizations]\n    trusted: true\n")
		app := e.App(t, scanner)
		b := signedIn(t, e, e.App(t, web), ada)

		device := ask(t, app, "organization", "*")
		p := b.Get("/device")
		p = b.Submit(p.Form("user_code"), "submit", "user_code", device.Str("user_code"))
		p = choice(t, b, p, "Tables &amp; Sons")
		if p.Form("allow") == nil {
			t.Fatalf("the device is not asked about: %d %s", p.Status, p.URL)
		}
		b.Submit(p.Form("allow"), "allow")
		if _, name, _ := about(t, app.IDToken(device.poll().Str("id_token"), "")); name != "Tables & Sons" {
			t.Errorf("the device is for %s", name)
		}
		wantError(t, "a device's", app.Call("/device_authorization", "scope", app.Scope, "organization", "no such"), http.StatusBadRequest, "invalid_request")

		r := askFor(t, app, ada, "organization", "engines")
		page := approval(t, e, b, ada)
		b.Submit(page.Form("allow"), "allow")
		if _, name, role := about(t, app.IDToken(r.poll().Str("id_token"), "")); name != "Analytical Engines" || role != "owner" {
			t.Errorf("away from the browser: %s as %s", name, role)
		}
		for what, pairs := range map[string][]string{
			"any": {"organization", "*", "login_hint", ada.Email}, "no name": {"organization", "no such", "login_hint", ada.Email},
		} {
			t.Log(what)
			wantError(t, what, app.Call("/bc-authorize", append([]string{"scope", app.Scope}, pairs...)...), http.StatusBadRequest, "invalid_request")
		}
		for _, asked := range []string{"engines", "nobodys"} { // grace is in neither, and eve is nobody
			for _, who := range []string{grace.Email, "eve@example.com"} {
				got := app.Call("/bc-authorize", "scope", app.Scope, "organization", asked, "login_hint", who)
				wantError(t, asked+" "+who, got, http.StatusBadRequest, "unknown_user_id")
			}
		}
	})
}

// TestOrganizationHoldsTheAPI: with a token that is about one organization, the
// management API knows no other.
func TestOrganizationHoldsTheAPI(t *testing.T) {
	eachHouse(t, func(t *testing.T, e *testenv.Env) {
		e.Apply("clients:\n  - {id: desk, secret: secret-of-desk, redirect_uris: [\"https://desk.example/cb\"], trusted: true, scopes: [openid, organizations, \"organizations:read\", \"organizations:write\"]}\n")
		app := e.App(t, desk)
		const scope = "openid organizations organizations:read organizations:write"
		both := behalf(t, e, app, ada, "scope", scope)
		ids := map[string]string{}
		for _, o := range both.all("/organizations", "1") {
			ids[o["slug"].(string)] = o["id"].(string)
		}
		if len(ids) != 2 {
			t.Fatalf("without the parameter ada sees %v", ids)
		}
		one := behalf(t, e, app, ada, "scope", scope, "organization", "tables")
		if list := one.all("/organizations", "1"); len(list) != 1 || list[0]["id"] != ids["tables"] {
			t.Errorf("the list: %v", list)
		}
		one.want(http.StatusOK, "GET", "/organizations/tables/members", "")
		for _, other := range []string{"engines", ids["engines"]} { // of which she is the owner
			one.refused(http.StatusNotFound, "GET", "/organizations/"+other, "")
			one.refused(http.StatusNotFound, "GET", "/organizations/"+other+"/members", "")
			one.refused(http.StatusNotFound, "PATCH", "/organizations/"+other, `{"name":"Mine"}`)
			one.refused(http.StatusNotFound, "DELETE", "/organizations/"+other, "")
		}
		one.refused(http.StatusForbidden, "POST", "/organizations", `{"name":"Another"}`)
		if got := both.want(http.StatusOK, "GET", "/organizations/engines", ""); got.Str("name") != "Analytical Engines" {
			t.Errorf("engines is now %s", got.Body)
		}
	})
}
