package session_test

import (
	"testing"
	"time"

	"signet/internal/session"
)

func TestResponseTypeIsASet(t *testing.T) {
	same := [][2]string{
		{"code", "code"}, {"id_token code", "code id_token"}, {"token id_token", "id_token token"},
		{"token code id_token", "code id_token token"}, {" code  id_token ", "code id_token"}, {"none", "none"},
	}
	for _, c := range same {
		got, ok := session.ParseResponseType(c[0])
		if !ok || got.String() != c[1] {
			t.Errorf("ParseResponseType(%q) = %q, %v; want %q", c[0], got, ok, c[1])
		}
	}
	for _, bad := range []string{"", " ", "code code", "none code", "Code", "code,token", "token none", "code x"} {
		if got, ok := session.ParseResponseType(bad); ok {
			t.Errorf("ParseResponseType(%q) = %q, want a refusal", bad, got)
		}
	}
}

// TestNext is the engine's table: each row is one rule of OpenID Connect Core
// §3.1.2.3.
func TestNext(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	age := func(seconds int) *int { return &seconds }
	request := func(edit func(*session.Request)) session.Request {
		r := session.Request{ClientID: "web", Scopes: []string{"openid", "email"}}
		if edit != nil {
			edit(&r)
		}
		return r
	}
	hourOld := &session.Session{AccountID: "ada", AuthTime: now.Add(-time.Hour)}
	consented := &session.Session{AccountID: "ada", AuthTime: now.Add(-time.Hour), Consents: map[string][]string{"web": {"openid", "email"}}}
	partly := &session.Session{AccountID: "ada", AuthTime: now, Consents: map[string][]string{"web": {"openid"}}}
	elsewhere := &session.Session{AccountID: "ada", AuthTime: now, Consents: map[string][]string{"other": {"openid", "email"}}}
	prompt := func(p ...string) func(*session.Request) { return func(r *session.Request) { r.Prompt = p } }
	organization := func(r *session.Request) { r.Organization = "*" }

	cases := []struct {
		name     string
		request  session.Request
		progress session.Progress
		session  *session.Session
		trusted  bool
		want     session.Need
	}{
		{"nobody is signed in", request(nil), session.Progress{}, nil, true, session.NeedSignIn},
		{"signed in, house's own app", request(nil), session.Progress{}, hourOld, true, session.NeedNothing},
		{"signed in, foreign app", request(nil), session.Progress{}, hourOld, false, session.NeedConsent},
		{"allowed before", request(nil), session.Progress{}, consented, false, session.NeedNothing},
		{"allowed less before", request(nil), session.Progress{}, partly, false, session.NeedConsent},
		{"allowed another app", request(nil), session.Progress{}, elsewhere, false, session.NeedConsent},
		{"allowed in this flow", request(nil), session.Progress{Asked: true, Consented: []string{"openid", "email"}}, hourOld, false, session.NeedNothing},
		{"prompt=consent asks again", request(prompt("consent")), session.Progress{}, consented, false, session.NeedConsent},
		{"prompt=consent asks the house's apps too", request(prompt("consent")), session.Progress{}, consented, true, session.NeedConsent},
		{"prompt=consent asks once", request(prompt("consent")), session.Progress{Asked: true}, consented, false, session.NeedNothing},
		{"somebody else allowed it", request(nil), session.Progress{Account: "bob", Asked: true, Consented: []string{"openid", "email"}}, hourOld, false, session.NeedConsent},
		{"somebody else refused", request(nil), session.Progress{Account: "bob", Denied: true}, hourOld, true, session.NeedNothing},
		{"somebody else signed in again", request(prompt("login")), session.Progress{Account: "bob", SignedInAt: now}, hourOld, true, session.NeedSignIn},
		{"refused", request(nil), session.Progress{Denied: true}, consented, false, session.NeedRefusal},
		{"prompt=login", request(prompt("login")), session.Progress{}, consented, true, session.NeedSignIn},
		{"prompt=login, done in this flow", request(prompt("login")), session.Progress{SignedInAt: now}, consented, true, session.NeedNothing},
		{"max_age passed", request(func(r *session.Request) { r.MaxAge = age(60) }), session.Progress{}, hourOld, true, session.NeedSignIn},
		{"max_age not passed", request(func(r *session.Request) { r.MaxAge = age(7200) }), session.Progress{}, hourOld, true, session.NeedNothing},
		{"max_age=0", request(func(r *session.Request) { r.MaxAge = age(0) }), session.Progress{}, hourOld, true, session.NeedSignIn},
		{"max_age passed while consent was read", request(func(r *session.Request) { r.MaxAge = age(1) }), session.Progress{SignedInAt: now.Add(-time.Minute)}, hourOld, true, session.NeedNothing},
		{"the hint names another", request(func(r *session.Request) { r.HintSubject = "bob" }), session.Progress{}, hourOld, true, session.NeedSignIn},
		{"the hint names the person", request(func(r *session.Request) { r.HintSubject = "ada" }), session.Progress{}, hourOld, true, session.NeedNothing},
		{"select_account", request(prompt("select_account")), session.Progress{}, hourOld, true, session.NeedAccount},
		{"select_account, chosen", request(prompt("select_account")), session.Progress{Selected: true}, hourOld, true, session.NeedNothing},
		{"an organization", request(organization), session.Progress{}, consented, true, session.NeedOrganization},
		{"an organization, before it is allowed", request(organization), session.Progress{}, hourOld, false, session.NeedOrganization},
		{"an organization, once it is known who it is", request(organization), session.Progress{}, nil, true, session.NeedSignIn},
		{"an organization, chosen", request(organization), session.Progress{Organization: "o"}, hourOld, true, session.NeedNothing},
		{"an organization, chosen, to be allowed", request(organization), session.Progress{Organization: "o"}, hourOld, false, session.NeedConsent},
		{"an organization that somebody else chose", request(organization), session.Progress{Account: "bob", Organization: "o"}, hourOld, true, session.NeedOrganization},
		{"select_account, signed in as somebody else", request(prompt("select_account")), session.Progress{SignedInAt: now}, hourOld, true, session.NeedNothing},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.session != nil && c.progress.Account == "" {
				c.progress.Account = c.session.AccountID
			}
			if got := session.Next(&c.request, &c.progress, c.session, c.trusted, now); got != c.want {
				t.Errorf("Next = %q, want %q", got, c.want)
			}
		})
	}
}
