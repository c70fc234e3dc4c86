package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
)

// limit names what of this machine a scenario is measured against.
type limit string

const (
	limitBare  limit = "bare"   // a net/http handler that does nothing
	limitRS256 limit = "RS256"  // signatures per second of one core
	limitHash  limit = "argon2" // argon2id hashes per second of one core
)

// scenario is one thing that is measured. An operation is all that one person
// or app waits for, so a sign-in is one operation of several requests.
type scenario struct {
	name  string
	what  string
	of    limit
	least float64 // ratio to the limit that must be reached at 8 workers
	aim   float64 // ratio that is aimed at
	// prepare makes what the worker needs for its operations: a connection's
	// first requests, a token, a session.
	prepare func(*worker) error
	once    func(*worker) error
}

// The ratios for ES256 are the operations per second that are asked for on a
// machine whose bare handler answers 75,000 requests per second.
var scenarios = []scenario{
	{"discovery", "GET /.well-known/openid-configuration", limitBare, 0.6, 0.7, nil, document("/.well-known/openid-configuration")},
	{"jwks", "GET of the published keys", limitBare, 0.6, 0.7, nil, document("/keys")},
	{"client_credentials", "ES256 JWT access token", limitBare, 0.11, 0.16, nil, credentials(&appService)},
	{"client_credentials_opaque", "opaque access token", limitBare, 0.11, 0.16, nil, credentials(&appOpaque)},
	{"introspection", "of a JWT access token", limitBare, 0.12, 0.2, withToken(&appES256, "openid profile email"), introspect(&appES256)},
	{"introspection_opaque", "of an opaque access token", limitBare, 0.12, 0.2, withOwnToken(&appOpaque), introspect(&appOpaque)},
	{"userinfo", "claims of the scopes openid, profile and email", limitBare, 0.12, 0.2, withToken(&appES256, "openid profile email"), userinfo},
	{"refresh_es256", "rotated and committed, ES256 ID token", limitBare, 0.04, 0.053, withToken(&appES256, "openid offline_access"), refresh(&appES256)},
	{"refresh_rs256", "rotated and committed, RS256 ID token", limitRS256, 0.69, 0.8, withToken(&appRS256, "openid offline_access"), refresh(&appRS256)},
	{"silent_es256", "signed-in browser: authorize, code, ES256 tokens", limitBare, 0.033, 0.053, withSession, silent(&appES256)},
	{"silent_rs256", "signed-in browser: authorize, code, RS256 ID token", limitRS256, 0.69, 0.8, withSession, silent(&appRS256)},
	{"signin", "authorize, e-mail, password, code, RS256 ID token", limitHash, 0.84, 0.95, nil, fullSignIn},
}

// app is a client that signet apply makes for the run.
type app struct {
	id     string
	alg    string // of the ID token
	opaque bool   // form of the access token
	openid bool   // people sign in to it
}

const appSecret = "a-secret-of-the-bench-that-opens-nothing-else"

var (
	appES256   = app{id: "bench-es256", alg: "ES256", openid: true}
	appRS256   = app{id: "bench-rs256", alg: "RS256", openid: true}
	appService = app{id: "bench-service"}
	appOpaque  = app{id: "bench-opaque", opaque: true}
)

const jsonType = "Accept: application/json\r\n"

func (a *app) basic() string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(a.id+":"+appSecret)) + "\r\n"
}

// document asks for something that is the same for everybody, and compares
// each answer with the first, which is read.
func document(path string) func(*worker) error {
	return func(w *worker) error {
		a, err := w.conn.do(w.req.get(w.host, path))
		if err != nil {
			return err
		}
		return w.same(a)
	}
}

// same checks that the answer is JSON and the one that the worker got first.
func (w *worker) same(a *answer) error {
	if err := a.is(200, "application/json"); err != nil {
		return err
	}
	if w.expected == nil {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(a.body, &object); err != nil || len(object) == 0 {
			return fmt.Errorf("no JSON object: %s", clip(a.body))
		}
		w.expected = bytes.Clone(a.body)
	}
	if !bytes.Equal(w.expected, a.body) {
		return fmt.Errorf("another answer than before: %s", clip(a.body))
	}
	return nil
}

func credentials(c *app) func(*worker) error {
	auth := c.basic()
	return func(w *worker) error {
		_, err := w.clientToken(c, auth)
		return err
	}
}

func (w *worker) clientToken(c *app, auth string) (*tokenAnswer, error) {
	a, err := w.conn.do(w.req.post(w.host, "/token", "grant_type=client_credentials&scope=devices", auth, jsonType))
	if err != nil {
		return nil, err
	}
	return w.tokens(a, c, "")
}

// withOwnToken gets the client's own access token.
func withOwnToken(c *app) func(*worker) error {
	auth := c.basic()
	return func(w *worker) (err error) {
		w.token, err = w.clientToken(c, auth)
		return err
	}
}

// withToken signs a person in to the app and keeps the tokens.
func withToken(c *app, scope string) func(*worker) error {
	return func(w *worker) error {
		if err := withSession(w); err != nil {
			return err
		}
		t, err := w.silentOnce(c, scope)
		w.token = t
		return err
	}
}

func introspect(c *app) func(*worker) error {
	auth := c.basic()
	return func(w *worker) error {
		a, err := w.conn.do(w.req.post(w.host, "/introspect", "token="+w.token.AccessToken, auth, jsonType))
		if err != nil {
			return err
		}
		if w.expected == nil && !bytes.Contains(a.body, []byte(`"active":true`)) {
			return fmt.Errorf("the token is not active: %s", clip(a.body))
		}
		return w.same(a)
	}
}

func userinfo(w *worker) error {
	a, err := w.conn.do(w.req.get(w.host, "/userinfo", "Authorization: Bearer "+w.token.AccessToken+"\r\n"))
	if err != nil {
		return err
	}
	if w.expected == nil && !bytes.Contains(a.body, []byte(`"email":"`+w.person.email+`"`)) {
		return fmt.Errorf("not the claims of %s: %s", w.person.email, clip(a.body))
	}
	return w.same(a)
}

// refresh uses the worker's refresh token, which each answer replaces.
func refresh(c *app) func(*worker) error {
	auth := c.basic()
	return func(w *worker) error {
		old := w.token.RefreshToken
		if old == "" {
			return errors.New("there is no refresh token")
		}
		a, err := w.conn.do(w.req.post(w.host, "/token", "grant_type=refresh_token&refresh_token="+url.QueryEscape(old), auth, jsonType))
		if err != nil {
			return err
		}
		t, err := w.tokens(a, c, "")
		if err != nil {
			return err
		}
		if t.RefreshToken == "" || !w.seen.first(t.RefreshToken) {
			return errors.New("the refresh token is missing or not new")
		}
		w.token = t
		return nil
	}
}

func silent(c *app) func(*worker) error {
	return func(w *worker) error {
		_, err := w.silentOnce(c, "openid profile email")
		return err
	}
}
