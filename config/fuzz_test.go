package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// FuzzLoad feeds a YAML file and an environment, one variable a line. Either
// there is an error, all of whose faults are one line and say something; or the
// configuration is valid, and written out as variables and read again it is the
// same.
func FuzzLoad(f *testing.F) {
	example, err := os.ReadFile("signet.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example, "")
	f.Add([]byte("keys: {algorithms: [RS256], rotate_every: 30d}\ntokens: {access_token_signing_alg: RS256}\n"), "SIGNET_ISSUER=https://a.example")
	f.Add([]byte("limits:\n  exempt:\n    - 10.0.0.0/8\n    - ::1\n"), "SIGNET_LIMITS_SIGN_IN_ACCOUNT=3/1h30m\nSIGNET_LOG_LEVEL=WARN")
	f.Add([]byte("database:\n  url: |\n    postgres://u:p@a,b/x\n"), "SIGNET_REDIS_URL=redis://a:1,b:2/?cluster=true\nSIGNET_METRICS_LISTEN=off")
	f.Add([]byte("? a\n: &x b\n--- !!str\n*x"), "SIGNET_\nSIGNET_A=\nB")
	f.Add([]byte("hashing: {memory: 1GiB}\nlog:\ntelemetry: {sample_ratio: .5}"), "SIGNET_LISTEN=[::1]:0")
	file := filepath.Join(f.TempDir(), "signet.yaml")
	f.Fuzz(func(t *testing.T, text []byte, variables string) {
		if len(text)+len(variables) > 8<<10 {
			return
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		environ := strings.Split(variables, "\n")
		c, err := Load(file, env(environ...), environ)
		if err != nil {
			checkFaults(t, err)
			return
		}
		var again []string
		for _, s := range settings() {
			value := s.Text(c)
			if s.Secret() {
				value = s.pointer(c).(*Secret).Reveal()
			}
			again = append(again, s.Env+"="+value)
		}
		second, err := Load("", env(again...), again)
		if err != nil {
			t.Fatalf("a valid configuration, written out, is refused: %v", err)
		}
		for _, s := range settings() {
			if got, want := s.Text(second), s.Text(c); got != want && want != "" {
				t.Errorf("%s = %q, was %q", s.Path, got, want)
			}
		}
		if err := c.Complete(); err != nil {
			t.Errorf("checked a second time: %v", err)
		}
	})
}

func checkFaults(t *testing.T, err error) {
	t.Helper()
	var faults *Faults
	if !errors.As(err, &faults) || len(faults.List) == 0 {
		t.Fatalf("error without a fault: %#v", err)
	}
	for _, fault := range faults.List {
		if fault.Problem == "" || reflect.ValueOf(fault).IsZero() || strings.ContainsAny(fault.String(), "\n\r") {
			t.Errorf("not one line that says something: %q", fault)
		}
	}
}
