package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
)

// callback is the apps' redirect URI. Nothing listens there: the generator
// reads the answer from the redirect.
const callback = "http://127.0.0.1:9/callback"

// person is who signs in, with the session of their browser.
type person struct {
	email  string
	cookie string // "Cookie: ...\r\n" of a signed-in browser
}

// withSession gives the worker a signed-in browser. Browsers are kept for the
// whole run: signing in costs a password hash each time.
func withSession(w *worker) error {
	if w.person != nil {
		return nil
	}
	for len(w.people) <= w.id {
		b := &browser{worker: w, email: w.someone()}
		if err := b.signIn(&appES256, "openid profile email"); err != nil {
			return fmt.Errorf("signing in: %w", err)
		}
		w.people = append(w.people, &person{email: b.email, cookie: b.cookies.header()})
	}
	w.person = w.people[w.id]
	return nil
}

// someone picks any of the accounts, so that no cache holds them all.
func (t *target) someone() string { return t.address(1 + rand.IntN(t.accounts)) }

// address is what signet seed calls the account of that number, from 1.
func (t *target) address(i int) string { return "user" + strconv.Itoa(i) + "@example.com" }

// fresh is the secrets of one authorization request.
type fresh struct {
	state, nonce, verifier, challenge string
}

func newFresh() fresh {
	var raw [64]byte
	for i := 0; i < len(raw); i += 8 {
		v := rand.Uint64()
		for j := range 8 {
			raw[i+j] = byte(v >> (8 * j))
		}
	}
	enc := base64.RawURLEncoding.EncodeToString
	f := fresh{state: enc(raw[:16]), nonce: enc(raw[16:32]), verifier: enc(raw[32:])}
	sum := sha256.Sum256([]byte(f.verifier))
	f.challenge = enc(sum[:])
	return f
}

// authorizePath is the authorization request (OpenID Connect Core §3.1.2.1)
// with PKCE (RFC 7636).
func (f *fresh) authorizePath(c *app, scope string) string {
	return "/authorize?response_type=code&client_id=" + c.id + "&redirect_uri=" + callbackQuery +
		"&scope=" + strings.ReplaceAll(scope, " ", "+") + "&state=" + f.state + "&nonce=" + f.nonce +
		"&code_challenge=" + f.challenge + "&code_challenge_method=S256"
}

var callbackQuery = url.QueryEscape(callback)

// silentOnce is the round trip of a signed-in browser and its app.
func (w *worker) silentOnce(c *app, scope string) (*tokenAnswer, error) {
	f := newFresh()
	a, err := w.conn.do(w.req.get(w.host, f.authorizePath(c, scope), w.person.cookie))
	if err != nil {
		return nil, err
	}
	code, err := w.code(a, &f)
	if err != nil {
		return nil, err
	}
	return w.exchange(c, code, &f)
}

// code reads the answer of the authorization endpoint: the redirect to the app.
func (w *worker) code(a *answer, f *fresh) (string, error) {
	query, ok := bytes.CutPrefix(a.location, []byte(callback+"?"))
	if a.status != 303 || !ok {
		return "", fmt.Errorf("status %d to %q, wanted a redirect to the app: %s", a.status, clip(a.location), clip(a.body))
	}
	q, err := url.ParseQuery(string(query))
	if err != nil {
		return "", err
	}
	code := q.Get("code")
	switch {
	case q.Get("state") != f.state || q.Get("iss") != w.issuer:
		return "", fmt.Errorf("state or iss is not ours: %s", query)
	case code == "" || q.Has("error"):
		return "", fmt.Errorf("no code: %s", query)
	case !w.seen.first(code):
		return "", errors.New("a code came twice")
	}
	return code, nil
}

// exchange is the app's side: tokens for the code.
func (w *worker) exchange(c *app, code string, f *fresh) (*tokenAnswer, error) {
	form := "grant_type=authorization_code&code=" + url.QueryEscape(code) + "&redirect_uri=" + callbackQuery + "&code_verifier=" + f.verifier
	a, err := w.conn.do(w.req.post(w.host, "/token", form, c.basic(), jsonType))
	if err != nil {
		return nil, err
	}
	return w.tokens(a, c, f.nonce)
}

// browser is one that nobody is signed in with yet.
type browser struct {
	*worker
	email   string
	cookies jar
}

// jar keeps cookies by name.
type jar map[string]string

func (j jar) take(pairs []string) {
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		j[name] = value
	}
}

func (j jar) header() string {
	if len(j) == 0 {
		return ""
	}
	var b strings.Builder
	for name, value := range j {
		b.WriteString("; " + name + "=" + value)
	}
	return "Cookie: " + b.String()[2:] + "\r\n"
}

func fullSignIn(w *worker) error {
	b := &browser{worker: w, email: w.someone()}
	return b.signIn(&appRS256, "openid profile email")
}

// signIn walks from the app's request to its tokens, page by page.
func (b *browser) signIn(c *app, scope string) error {
	b.cookies = jar{}
	f := newFresh()
	page, err := b.follow(b.req.get(b.host, f.authorizePath(c, scope)), "/signin?")
	if err != nil {
		return err
	}
	if page, err = b.fill(page, "/signin", "username", b.email, "/signin/password?"); err != nil {
		return fmt.Errorf("e-mail page: %w", err)
	}
	resume, err := b.fill(page, "/signin/password", "password", b.password, "/authorize/resume?")
	if err != nil {
		return fmt.Errorf("password page: %w", err)
	}
	a, err := b.conn.do(b.req.get(b.host, resume, b.cookies.header()))
	if err != nil {
		return err
	}
	code, err := b.code(a, &f)
	if err != nil {
		return err
	}
	_, err = b.exchange(c, code, &f)
	return err
}

// fill opens the page, types into its one field, sends the form, and returns
// where the answer leads.
func (b *browser) fill(page, action, field, value, next string) (string, error) {
	a, err := b.conn.do(b.req.get(b.host, page, b.cookies.header(), "Accept: text/html\r\n"))
	if err != nil {
		return "", err
	}
	if err := a.is(200, "text/html"); err != nil {
		return "", err
	}
	b.cookies.take(a.cookies)
	flow, err := hidden(a.body, "flow")
	if err != nil {
		return "", err
	}
	if !bytes.Contains(a.body, []byte(`name="`+field+`"`)) {
		return "", fmt.Errorf("the page has no field %s", field)
	}
	form := "flow=" + url.QueryEscape(flow) + "&" + field + "=" + url.QueryEscape(value)
	return b.follow(b.req.post(b.host, action, form, b.cookies.header(), "Origin: "+b.issuer+"\r\nSec-Fetch-Site: same-origin\r\n"), next)
}

// follow sends the request and returns the path that the answer redirects to.
func (b *browser) follow(request []byte, next string) (string, error) {
	a, err := b.conn.do(request)
	if err != nil {
		return "", err
	}
	b.cookies.take(a.cookies)
	path := strings.TrimPrefix(string(a.location), b.issuer)
	if a.status != 303 || !strings.HasPrefix(path, next) {
		return "", fmt.Errorf("status %d to %q, wanted a redirect to %s: %s", a.status, clip(a.location), next, clip(a.body))
	}
	return path, nil
}

// hidden returns the value of a form's hidden field.
func hidden(page []byte, name string) (string, error) {
	_, rest, ok := bytes.Cut(page, []byte(`name="`+name+`" value="`))
	value, _, closed := bytes.Cut(rest, []byte(`"`))
	if !ok || !closed || len(value) == 0 {
		return "", fmt.Errorf("the page has no hidden field %s: %s", name, clip(page))
	}
	return string(value), nil
}
