package protocol

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"os/exec"
	"testing"

	"signet/internal/testenv"
)

// nodeClient is npm's openid-client in a process of its own.
type nodeClient struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

// startNode starts the client for the app at the provider; the pairs are further
// settings of the client.
func startNode(t *testing.T, e *testenv.Env, app testenv.App, pairs ...string) *nodeClient {
	t.Helper()
	if _, err := os.Stat("openidclient/node_modules/openid-client"); err != nil {
		t.Fatal("run `make test` or scripts/npm-deps, which installs openid-client")
	}
	method := "client_secret_basic"
	switch {
	case app.Secret == "":
		method = "none"
	case app.Post:
		method = "client_secret_post"
	}
	all := map[string]string{"issuer": e.Issuer, "id": app.ID, "secret": app.Secret, "method": method, "redirect": app.Redirect}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	settings, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "node", "openidclient/client.mjs", string(settings))
	cmd.Stderr = t.Output()
	n := &nodeClient{t: t}
	if n.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.out = bufio.NewScanner(out)
	n.out.Buffer(nil, 1<<20)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.in.Close()
		if err := cmd.Wait(); err != nil && !t.Failed() {
			t.Errorf("node: %v", err)
		}
	})
	return n
}

// nodeAnswer is what the client made of a command.
type nodeAnswer struct {
	Error   string         `json:"error"`
	Message string         `json:"message"`
	URL     string         `json:"url"`
	Active  bool           `json:"active"`
	Claims  map[string]any `json:"claims"`
	Tokens  struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
		Scope   string `json:"scope"`
		Issued  string `json:"issued_token_type"`
		Type    string `json:"token_type"`
	} `json:"tokens"`
	Server map[string]any `json:"server"`
	Device map[string]any `json:"device"`
	Asked  struct {
		ID      string `json:"auth_req_id"`
		Expires int    `json:"expires_in"`
	} `json:"backchannel"`
}

// do sends the command with its pairs of names and values.
func (n *nodeClient) do(command string, pairs ...any) nodeAnswer {
	n.t.Helper()
	message := map[string]any{"command": command}
	for i := 0; i+1 < len(pairs); i += 2 {
		message[pairs[i].(string)] = pairs[i+1]
	}
	line, err := json.Marshal(message)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		n.t.Fatalf("%s: %v", command, err)
	}
	if !n.out.Scan() {
		n.t.Fatalf("%s: openid-client ended: %v", command, n.out.Err())
	}
	var answer nodeAnswer
	if err := json.Unmarshal(n.out.Bytes(), &answer); err != nil {
		n.t.Fatal(err)
	}
	return answer
}

// must is do for what must succeed.
func (n *nodeClient) must(command string, pairs ...any) nodeAnswer {
	n.t.Helper()
	answer := n.do(command, pairs...)
	if answer.Error != "" {
		n.t.Fatalf("openid-client, %s: %s: %s", command, answer.Error, answer.Message)
	}
	return answer
}

type parameters = map[string]string

// TestOpenIDClient runs npm's openid-client through all that it can do here.
// It checks state, nonce, iss (RFC 9207), the signatures and at_hash itself.
func TestOpenIDClient(t *testing.T) {
	web := web
	web.Redirect = "https://web.example/other" // it cannot do with a query in the address
	each(t, func(t *testing.T, e *testenv.Env) {
		for _, app := range []testenv.App{web, post, spa, es256, eddsa, opaque, guest} {
			t.Run(app.ID, func(t *testing.T) {
				n := startNode(t, e, app)
				b := e.Browser().For(t)
				scope := app.Scope
				if app.ID != es256.ID && app.ID != eddsa.ID && app.ID != post.ID {
					scope = "openid email offline_access"
				}
				begun := n.must("begin", "parameters", parameters{"scope": scope})
				p := b.Finish(b.Get(begun.URL), ada)
				done := n.must("callback", "url", p.Location)
				subject := done.Claims["sub"]
				if info := n.must("userinfo", "token", done.Tokens.Access, "subject", subject); scope != "openid" && info.Claims["email"] != ada.Email {
					t.Errorf("userinfo: %v", info.Claims)
				}
				if app.Secret != "" && !n.must("introspect", "token", done.Tokens.Access).Active {
					t.Error("the access token is not active")
				}
				if done.Tokens.Refresh == "" {
					return
				}
				refreshed := n.must("refresh", "token", done.Tokens.Refresh)
				if refreshed.Claims["sub"] != subject || refreshed.Tokens.Refresh == done.Tokens.Refresh {
					t.Errorf("refresh: %v", refreshed)
				}
				n.must("revoke", "token", refreshed.Tokens.Refresh)
				if again := n.do("refresh", "token", refreshed.Tokens.Refresh); again.Error != "invalid_grant" {
					t.Errorf("after revocation: %v", again)
				}
				if info := n.do("userinfo", "token", refreshed.Tokens.Access, "subject", subject); info.Error == "" {
					t.Error("userinfo after revocation")
				}
			})
		}
		t.Run("modes and logout", func(t *testing.T) {
			n := startNode(t, e, web)
			b := signedIn(t, e, e.App(t, web), ada)
			begun := n.must("begin", "parameters", parameters{"scope": "openid", "response_mode": "form_post", "prompt": "none"})
			p := b.Get(begun.URL)
			if len(p.Forms) != 1 {
				t.Fatalf("%d forms, want the one that posts to the app", len(p.Forms))
			}
			done := n.must("callback", "url", web.Redirect, "method", "POST", "body", p.Forms[0].Fields.Encode())

			begun = n.must("begin", "parameters", parameters{"scope": "openid", "prompt": "none", "max_age": "10000"})
			answer := b.Get(begun.URL).Location
			n.must("callback", "url", answer)

			begun = n.must("begin", "parameters", parameters{"scope": "openid"})
			stolen, err := url.Parse(b.Get(begun.URL).Location)
			if err != nil {
				t.Fatal(err)
			}
			q := stolen.Query()
			q.Set("iss", "https://evil.example")
			stolen.RawQuery = q.Encode()
			if mixed := n.do("callback", "url", stolen.String()); mixed.Error == "" {
				t.Error("the client took an answer of another issuer: is iss not advertised?")
			}
			out := n.must("endSession", "parameters", parameters{
				"id_token_hint": done.Tokens.ID, "post_logout_redirect_uri": "https://web.example/bye", "state": "s",
			})
			if p := b.Get(out.URL); p.Location != "https://web.example/bye?state=s" {
				t.Errorf("signed out to %q", p.Location)
			}
			begun = n.must("begin", "parameters", parameters{"scope": "openid", "prompt": "none"})
			if refused := n.do("callback", "url", b.Get(begun.URL).Location); refused.Error != "login_required" {
				t.Errorf("after sign-out: %+v, want login_required", refused)
			}
		})
		t.Run("client_credentials", func(t *testing.T) {
			if got := startNode(t, e, fleet).must("clientCredentials", "scope", "devices:read"); got.Tokens.Scope != "devices:read" {
				t.Errorf("%+v", got)
			}
		})
	})
}
