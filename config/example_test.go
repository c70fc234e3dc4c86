package config

import (
	"os"
	"regexp"
	"testing"
)

// TestExampleLoads: whoever copies the example has a configuration that is valid.
func TestExampleLoads(t *testing.T) {
	c, err := Load("signet.example.yaml", noEnv, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Issuer != "https://id.example.com" {
		t.Errorf("issuer = %q", c.Issuer)
	}
}

// TestExampleIsComplete: every setting is in the example, and where it has a
// default, a line that is commented out shows it.
func TestExampleIsComplete(t *testing.T) {
	text, err := os.ReadFile("signet.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^( *)#([a-z0-9_]+:)`).ReplaceAll(text, []byte("$1$2"))
	l := &loader{config: Default(), report: report{from: map[string]string{}}}
	l.file("example", text)
	if err := l.err(); err != nil {
		t.Fatal(err)
	}
	for _, s := range settings() {
		if l.from[s.Path] == "" {
			t.Errorf("%s is missing", s.Path)
		}
		if got, want := s.Text(l.config), s.Text(Default()); s.Default != "" && got != want {
			t.Errorf("%s: the example shows %s, the default is %s", s.Path, got, want)
		}
	}
}
