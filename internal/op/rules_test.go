package op_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"signet/internal/op"
	"signet/internal/op/internal/reference"
)

// TestRulesAreComplete: each rule has a name that can be a link, the clause where
// it is written, and a sentence that says what to change.
func TestRulesAreComplete(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, r := range op.Rules() {
		if !name.MatchString(r.Name) {
			t.Errorf("%q is no name of a rule", r.Name)
		}
		if !strings.Contains(r.Clause, "§") {
			t.Errorf("%s: the clause %q names no section", r.Name, r.Clause)
		}
		if !strings.HasSuffix(r.Remedy, ".") {
			t.Errorf("%s: the remedy %q is no sentence", r.Name, r.Remedy)
		}
	}
}

// TestReferenceIsCurrent fails when a rule was changed and the page not.
func TestReferenceIsCurrent(t *testing.T) {
	is, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(is, reference.Markdown()) {
		t.Error("docs/errors.md differs from the rules; run: go generate ./internal/op")
	}
}
