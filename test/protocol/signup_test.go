package protocol

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// newcomers boots a house in which people can make accounts, with its mail
// server.
func newcomers(t *testing.T, o testenv.Options) (*testenv.Env, *mailtest.Server) {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{})
	env := map[string]string{
		"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>", "SIGNET_SIGN_UP_RESEND_AFTER": "0s",
	}
	for k, v := range o.Env {
		env[k] = v
	}
	o.Env = env
	return boot(t, o), server
}

// eve is who makes an account.
var eve = testenv.Person{Email: "eve@example.com", Password: "Wander-berg-31"}

// fillIn walks through the wizard, from its first page to the page that waits
// for the code.
func fillIn(t *testing.T, b *testenv.Browser, p *testenv.Page, who testenv.Person) *testenv.Page {
	t.Helper()
	for _, step := range []struct {
		field string
		pairs []string
	}{
		{"username", []string{"username", who.Email}},
		{"confirmation", []string{"password", who.Password, "confirmation", who.Password}},
		{"given_name", []string{"given_name", "Eve", "family_name", "Adams", "birthdate", "1990-12-09"}},
	} {
		form := p.Form(step.field)
		if form == nil {
			t.Fatalf("%s %d has no field %s:\n%s", p.URL.Path, p.Status, step.field, p.Body)
		}
		p = b.Submit(form, "submit", step.pairs...)
	}
	if p.Form("code") == nil {
		t.Fatalf("the wizard ends at %s %d:\n%s", p.URL.Path, p.Status, p.Body)
	}
	return p
}

// letter is a mail as its reader has it.
type letter struct{ to, subject, code, link string }

var (
	sixDigits   = regexp.MustCompile(`\b[0-9]{6}\b`)
	confirmLink = regexp.MustCompile(`http://\S+/signup/confirm\?link=[\w-]+`)
)

func read(t *testing.T, m mailtest.Mail) letter {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatal(err)
	}
	l := letter{to: m.To}
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	text := plain(t, msg)
	l.code, l.link = sixDigits.FindString(l.subject), confirmLink.FindString(text)
	if !strings.Contains(text, l.code) {
		t.Errorf("the code is not in the text:\n%s", text)
	}
	return l
}

// plain is the part of the mail that is plain text.
func plain(t *testing.T, m *mail.Message) string {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart() // decodes quoted-printable
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSignUp: from an app through the wizard and the code back to the app.
func TestSignUp(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			e, server := newcomers(t, testenv.Options{Backend: backend, Nodes: 2})
			app := e.App(t, web)
			b := e.Browser().For(t)
			r := app.Request()
			p := b.Get(r.Path())
			create := regexp.MustCompile(`href="(/signup\?[^"]+)"`).FindStringSubmatch(p.Body)
			if create == nil {
				t.Fatalf("the sign-in page has no link to make an account:\n%s", p.Body)
			}
			p = fillIn(t, b, b.Get(strings.ReplaceAll(create[1], "&amp;", "&")), eve)
			got := read(t, server.Wait(1)[0])
			if got.to != eve.Email || got.code == "" || got.link == "" {
				t.Fatalf("the letter: %+v", got)
			}
			wrong := b.Submit(p.Form("code"), "submit", "code", "000000")
			if wrong.Status != http.StatusOK || wrong.Form("code") == nil {
				t.Fatalf("a wrong code: %d %s", wrong.Status, wrong.Body)
			}
			answer := r.Answer(b.Submit(wrong.Form("code"), "submit", "code", " "+got.code[:3]+" "+got.code[3:]))
			if answer.Get("code") == "" {
				t.Fatalf("no code for the app: %v", answer)
			}
			tokens := app.Redeem(r, answer)
			claims := app.IDToken(tokens.Str("id_token"), r.Get("nonce"))
			info := app.Userinfo(tokens.Str("access_token"))
			if claims["sub"] != info.Str("sub") || info.Str("email") != eve.Email || info.Fields["email_verified"] != true ||
				info.Str("given_name") != "Eve" || info.Str("birthdate") != "1990-12-09" {
				t.Errorf("the app learns %v", info.Fields)
			}
			// The password is good for the next sign-in, elsewhere.
			if answer := e.Browser().For(t).SignIn(app.Request(), eve); answer.Get("code") == "" {
				t.Errorf("the next sign-in: %v", answer)
			}
		})
	}
}

// values makes a form of pairs.
func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}
