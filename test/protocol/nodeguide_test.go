package protocol

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestNodeGuide runs the app of docs/guides/relying-app-node.md as it stands
// there: somebody signs in to it, and out of it.
func TestNodeGuide(t *testing.T) {
	t.Parallel()
	port, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	home := "http://localhost:" + port.Addr().String()[strings.LastIndex(port.Addr().String(), ":")+1:]
	const secret = "change-me-to-something-long"
	e := boot(t, testenv.Options{})
	e.Apply(`clients: [{id: notes, secret: ` + secret + `, trusted: true, ` +
		`redirect_uris: ["` + home + `/callback"], post_logout_redirect_uris: ["` + home + `/"]}]`)
	port.Close()
	startGuide(t, "ISSUER="+e.Issuer, "CLIENT_SECRET="+secret, "HOME_URL="+home)

	jar, _ := cookiejar.New(nil) // never fails
	app := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, address string) (location, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := app.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.Header.Get("Location"), string(text)
	}
	b := e.Browser()
	to, _ := ask(http.MethodGet, home+"/login")
	answer := b.Finish(b.Get(to), ada).Location
	if next, body := ask(http.MethodGet, answer); next != "/" {
		t.Fatalf("after the answer %s: to %q: %s", answer, next, body)
	}
	if _, body := ask(http.MethodGet, home+"/"); !strings.Contains(body, "Hello, Ada") {
		t.Errorf("signed in, the app shows %s", body)
	}
	out, _ := ask(http.MethodPost, home+"/logout")
	if p := b.Get(out); p.Location != home+"/" {
		t.Errorf("sign-out ends at %q", p.Location)
	}
	if _, body := ask(http.MethodGet, home+"/"); !strings.Contains(body, "Sign in") {
		t.Errorf("signed out, the app shows %s", body)
	}
}

// startGuide starts the guide's program and waits until it listens.
func startGuide(t *testing.T, env ...string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/guides/relying-app-node.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, found := strings.Cut(string(text), "```js\n")
	program, _, ended := strings.Cut(program, "\n```\n")
	modules, err := filepath.Abs("openidclient/node_modules")
	if err != nil || !found || !ended {
		t.Fatal("the guide has another form: ", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/app.mjs", []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, dir+"/node_modules"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "app.mjs")
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), env...), t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if _, err := io.ReadFull(out, make([]byte, len("open http"))); err != nil {
		t.Fatalf("the guide's program does not start: %v", err)
	}
}
