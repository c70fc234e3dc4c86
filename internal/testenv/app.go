package testenv

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"signet/internal/handle"
)

// App is an app as a test plays it: plain HTTP, so that it can send what no
// library would. What it gets is verified by a library that is not ours.
type App struct {
	ID     string
	Secret string        // "": a public client
	Post   bool          // the secret goes into the body (client_secret_post)
	Assert func() string // makes a client assertion for each call, in the place of a secret
	// Prove, if it is set, gives each call what proves that the app has its key;
	// token is the access token that goes along, or "".
	Prove func(req *http.Request, token string)
	// Certificate, if it is set, is the app's for TLS; it then calls the listener
	// that asks for one, where there is one.
	Certificate *tls.Certificate
	Redirect    string
	Scope       string

	env *Env
	t   testing.TB
}

// App returns the app, of which at least the ID is set, at this provider.
func (e *Env) App(t testing.TB, a App) *App {
	a.env, a.t = e, t
	return &a
}

// For returns the same app for a subtest.
func (a App) For(t testing.TB) *App { a.t = t; return &a }

// Issuer is the provider's.
func (a *App) Issuer() string { return a.env.Issuer }

// Request is an authorization request of the app, with secrets of its own.
type Request struct {
	url.Values
	Verifier string

	app *App
}

// Request returns a good request, changed by the pairs of names and values; a
// parameter without a value is left out.
func (a *App) Request(pairs ...string) *Request {
	r := &Request{app: a, Verifier: handle.New()}
	sum := sha256.Sum256([]byte(r.Verifier))
	r.Values = url.Values{
		"client_id": {a.ID}, "redirect_uri": {a.Redirect}, "response_type": {"code"}, "scope": {a.Scope},
		"state": {handle.Short()}, "nonce": {handle.Short()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			r.Del(pairs[i])
		}
	}
	return r
}

// App is the app whose request it is.
func (r *Request) App() *App { return r.app }

// Path is the request's address at the provider.
func (r *Request) Path() string { return r.app.env.Issuer + "/authorize?" + r.Encode() }

// Answer reads what the page tells the app, from its query, fragment or form;
// nil when it tells the app nothing.
func (r *Request) Answer(p *Page) url.Values {
	r.app.t.Helper()
	if p.Location == "" {
		for _, f := range p.Forms {
			if f.Action == r.Get("redirect_uri") {
				return f.Fields
			}
		}
		return nil
	}
	u, err := url.Parse(p.Location)
	if err != nil {
		r.app.t.Fatal(err)
	}
	if u.Fragment == "" {
		return u.Query()
	}
	values, err := url.ParseQuery(u.EscapedFragment())
	if err != nil {
		r.app.t.Fatal(err)
	}
	return values
}

// Person is somebody with an account.
type Person struct{ Email, Password string }

// SignIn sends the browser with the request, signs the person in and allows
// what is asked, as often as the pages want it, and returns the answer.
func (b *Browser) SignIn(r *Request, who Person) url.Values {
	b.t.Helper()
	return r.Answer(b.Finish(b.Get(r.Path()), who))
}

// Finish goes on from the page to the end of the flow.
func (b *Browser) Finish(p *Page, who Person) *Page {
	b.t.Helper()
	for range maxHops {
		switch {
		case p.Location != "" || p.Status != http.StatusOK:
			return p
		case p.Form("password") != nil:
			p = b.Submit(p.Form("password"), "submit", "password", who.Password)
		case p.Form("username") != nil:
			p = b.Submit(p.Form("username"), "submit", "username", who.Email)
		case p.Form("allow") != nil:
			p = b.Submit(p.Form("allow"), "allow")
		case p.Form("other") != nil:
			p = b.Submit(p.Form("other"), "submit")
		default:
			return p
		}
	}
	b.t.Fatalf("the sign-in does not end; the last page is %s", p.URL.Path)
	return nil
}

// Answer is an answer to an app's own call.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Fields map[string]any // of a JSON object, else nil
}

// Str returns the field if it is a string, else "".
func (a *Answer) Str(name string) string {
	s, _ := a.Fields[name].(string)
	return s
}

// Do sends the request and reads the answer.
func (a *App) Do(req *http.Request) *Answer {
	a.t.Helper()
	through := transport
	if a.Certificate != nil {
		own, err := trusted(a.Certificate)
		if err != nil {
			a.t.Fatal(err)
		}
		through = &http.Transport{TLSClientConfig: own, DisableKeepAlives: true}
	}
	out, err := do(through, req)
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

// Base is where the app sends its calls.
func (a *App) Base() string {
	if a.Certificate != nil && a.env.MTLS != "" {
		return a.env.MTLS
	}
	return a.env.Issuer
}

// Do sends the request and reads the answer, following no redirect.
func Do(req *http.Request) (*Answer, error) { return do(transport, req) }

func do(through *http.Transport, req *http.Request) (*Answer, error) {
	resp, err := (&http.Client{
		Transport: through, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	out := &Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	d := json.NewDecoder(bytes.NewReader(body))
	if d.Decode(&out.Fields) != nil {
		out.Fields = nil
	}
	return out, nil
}

// NewRequest returns a request to the endpoint, such as "/token": a POST of
// the fields with the app's credentials.
func (a *App) NewRequest(endpoint string, fields url.Values) *http.Request {
	a.t.Helper()
	switch {
	case a.Assert != nil:
		fields.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		fields.Set("client_assertion", a.Assert())
	case a.Secret == "":
		fields.Set("client_id", a.ID)
	case a.Post:
		fields.Set("client_id", a.ID)
		fields.Set("client_secret", a.Secret)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.Base()+endpoint, strings.NewReader(fields.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.Assert == nil && a.Secret != "" && !a.Post {
		req.SetBasicAuth(url.QueryEscape(a.ID), url.QueryEscape(a.Secret))
	}
	if a.Prove != nil {
		a.Prove(req, "")
	}
	return req
}

// Call posts the pairs of names and values to the endpoint.
func (a *App) Call(endpoint string, pairs ...string) *Answer {
	a.t.Helper()
	fields := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fields.Set(pairs[i], pairs[i+1])
		}
	}
	return a.Do(a.NewRequest(endpoint, fields))
}

// Redeem exchanges the answer's code; the pairs change the token request.
func (a *App) Redeem(r *Request, answer url.Values, pairs ...string) *Answer {
	a.t.Helper()
	all := []string{
		"grant_type", "authorization_code", "code", answer.Get("code"), "redirect_uri", r.Get("redirect_uri"),
	}
	if r.Has("code_challenge") {
		all = append(all, "code_verifier", r.Verifier)
	}
	fields := url.Values{}
	for i, all := 0, append(all, pairs...); i+1 < len(all); i += 2 {
		fields.Set(all[i], all[i+1])
		if all[i+1] == "" {
			fields.Del(all[i])
		}
	}
	return a.Do(a.NewRequest("/token", fields))
}

// Refresh uses the refresh token.
func (a *App) Refresh(token string, pairs ...string) *Answer {
	a.t.Helper()
	return a.Call("/token", append([]string{"grant_type", "refresh_token", "refresh_token", token}, pairs...)...)
}

// Userinfo asks who the access token is about.
func (a *App) Userinfo(accessToken string) *Answer {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.Base()+"/userinfo", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	if a.Prove != nil {
		a.Prove(req, accessToken)
	}
	return a.Do(req)
}

// IDToken verifies an ID token for the app with coreos/go-oidc, its nonce
// included unless nonce is "", and returns its claims.
func (a *App) IDToken(raw, nonce string) map[string]any {
	a.t.Helper()
	keys := oidc.NewRemoteKeySet(a.t.Context(), a.env.Issuer+"/keys")
	token, err := oidc.NewVerifier(a.env.Issuer, keys, &oidc.Config{
		ClientID: a.ID, SupportedSigningAlgs: []string{
			oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
		},
	}).Verify(a.t.Context(), raw)
	if err != nil {
		a.t.Fatalf("the ID token: %v", err)
	}
	if nonce != "" && token.Nonce != nonce {
		a.t.Fatalf("the ID token's nonce is %q, want %q", token.Nonce, nonce)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		a.t.Fatal(err)
	}
	return claims
}
