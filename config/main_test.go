package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// noEnv is an empty environment.
func noEnv(string) string { return "" }

// env makes an environment of NAME=value lines.
func env(entries ...string) func(string) string {
	return func(name string) string {
		for _, entry := range entries {
			if value, found := strings.CutPrefix(entry, name+"="); found {
				return value
			}
		}
		return ""
	}
}

// write makes a file of this test and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
