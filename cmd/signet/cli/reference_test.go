package cli_test

import (
	"bytes"
	"os"
	"testing"

	"signet/cmd/signet/cli/internal/reference"
)

// TestReferenceIsCurrent fails when a command was changed and the reference not.
func TestReferenceIsCurrent(t *testing.T) {
	want, err := reference.Markdown()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/cli.md differs from the commands' help; run: go generate ./cmd/signet/cli")
	}
}
