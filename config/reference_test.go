package config_test

import (
	"bytes"
	"os"
	"testing"

	"signet/config/internal/reference"
)

// TestReferenceIsCurrent fails when a setting was changed and the reference not.
func TestReferenceIsCurrent(t *testing.T) {
	want, err := reference.Markdown(".")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/settings.md differs from the comments in package config; run: go generate ./config")
	}
}
