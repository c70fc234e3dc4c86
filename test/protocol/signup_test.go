package protocol

import (
	"bytes"
	"html"
	"mime"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// newHouse is a house in which people can make accounts, an app, and who
// carries the mail.
type newHouse struct {
	env  *testenv.Env
	app  *testenv.App
	mail *mailtest.Server
}

// newcomersAt boots such a house. Letters go out as often as they are asked for.
func newcomersAt(t *testing.T, o testenv.Options) *newHouse {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{})
	env := map[string]string{
		"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>",
		"SIGNET_SIGN_UP_RESEND_AFTER": "0s", "SIGNET_LIMITS_SIGN_UP_MAILS": "10000/1d",
	}
	for k, v := range o.Env {
		env[k] = v
	}
	o.Env = env
	e := boot(t, o)
	return &newHouse{env: e, app: e.App(t, web), mail: server}
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

// createPage is the first page of the wizard, by the link on the sign-in page.
func createPage(t *testing.T, b *testenv.Browser, signIn *testenv.Page) *testenv.Page {
	t.Helper()
	link := regexp.MustCompile(`href="(/signup\?[^"]+)"`).FindStringSubmatch(signIn.Body)
	if link == nil {
		t.Fatalf("%s has no link to make an account:\n%s", signIn.URL.Path, signIn.Body)
	}
	return b.Get(html.UnescapeString(link[1]))
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
	text := m.Text()
	l.code, l.link = sixDigits.FindString(l.subject), confirmLink.FindString(text)
	if !strings.Contains(text, l.code) {
		t.Errorf("the code is not in the text:\n%s", text)
	}
	return l
}

// TestSignUp: from an app through the wizard and the code back to the app.
func TestSignUp(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			h := newcomersAt(t, testenv.Options{Backend: backend, Nodes: 2})
			e, app := h.env, h.app
			b := e.Browser().For(t)
			r := app.Request()
			p := fillIn(t, b, createPage(t, b, b.Get(r.Path())), eve)
			got := read(t, h.mail.Wait(1)[0])
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
