package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// The program starts without its provider, serves, and stops when told.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	bound, ended := make(chan net.Addr, 1), make(chan error, 1)
	var stdout bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0"}, env("CONSOLE_FLAVOR", "frames"), &stdout, io.Discard, func(a net.Addr) { bound <- a })
	}()
	var at string
	select {
	case a := <-bound:
		at = "http://" + a.String()
	case err := <-ended:
		t.Fatalf("did not start: %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(body), "The family wall") {
		t.Errorf("%v: %s", err, body)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopped with %v", err)
	}
	if !strings.Contains(stdout.String(), "frames at http://localhost:8081 signs in at http://localhost:8080") {
		t.Errorf("said %q", stdout.String())
	}
}

func TestRunPortTaken(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = run(t.Context(), []string{"-listen", taken.Addr().String()}, env(), io.Discard, io.Discard, nil)
	var usage usageError
	if err == nil || !strings.Contains(err.Error(), "-listen") || errors.As(err, &usage) {
		t.Errorf("%v", err)
	}
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	s, err := parse([]string{"-issuer", "https://flag.example"},
		env("CONSOLE_ISSUER", "https://env.example", "CONSOLE_CLIENT_ID", "web", "CONSOLE_CLIENT_SECRET_FILE", file, "CONSOLE_COOKIE_KEY", key), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if s.app.Issuer != "https://flag.example" || s.app.ClientID != "web" || s.app.ClientSecret != "from-file" || len(s.app.CookieKey) != 32 || s.app.CookieKey[0] != 0 {
		t.Errorf("%+v", s.app)
	}
	s, err = parse(nil, env("CONSOLE_FLAVOR", "frames", "CONSOLE_SCOPES", "openid offline_access"), io.Discard)
	if err != nil || s.app.ClientID != "frames" || len(s.app.Scopes) != 2 || len(s.app.CookieKey) != 32 {
		t.Errorf("%+v %v", s.app, err)
	}
}

func TestUsageErrors(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		env  func(string) string
		want string
	}{
		"unknown flag":  {[]string{"-colour", "red"}, env(), "-colour"},
		"argument":      {[]string{"now"}, env(), `"now"`},
		"short key":     {nil, env("CONSOLE_COOKIE_KEY", "c2hvcnQ="), "CONSOLE_COOKIE_KEY"},
		"missing file":  {nil, env("CONSOLE_CLIENT_SECRET_FILE", "/does/not/exist"), "CONSOLE_CLIENT_SECRET_FILE"},
		"flavor":        {[]string{"-flavor", "shop"}, env(), `"shop"`},
		"http provider": {[]string{"-issuer", "http://id.example"}, env(), "https://"},
		"two mistakes":  {[]string{"-issuer", "http://id.example", "-base-url", "app"}, env(), "; "},
	} {
		err := run(t.Context(), c.args, c.env, io.Discard, io.Discard, nil)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-help"}, env(), &out, io.Discard, nil); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"usage: console", "-base-url", "CONSOLE_CLIENT_SECRET_FILE", "CONSOLE_COOKIE_KEY"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help does not say %q:\n%s", want, out.String())
		}
	}
}
