package wellknown

import (
	"slices"
	"strings"
	"testing"
)

// TestListIsInOrder holds what the search relies on, and the size that is told.
func TestListIsInOrder(t *testing.T) {
	if !strings.HasSuffix(list, "\n") {
		t.Fatal("the last line has no end")
	}
	lines := strings.Split(strings.TrimSuffix(list, "\n"), "\n")
	if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
		t.Error("the lines are not sorted, or one is there twice")
	}
	if len(lines) != 49233 {
		t.Errorf("%d passwords; say so in the package's comment and in docs/guides/passwords.md", len(lines))
	}
	for _, line := range lines {
		if line != strings.ToLower(line) || line == "" {
			t.Errorf("%q is not a password in lower case", line)
		}
		if !Password(line) {
			t.Errorf("%q is not found", line)
		}
	}
}

func TestPasswordsThatAreNotOnTheList(t *testing.T) {
	for _, s := range []string{"", "\n", "password\n", "password\npassword1", "\x00", "~~~~~~~~~~~~", "zzzzzzzzzzzzzzzzzzzz", "passwor"[:6] + "~", "PASSWORD", "é"} {
		if Password(s) {
			t.Errorf("%q is found", s)
		}
	}
}

func BenchmarkPassword(b *testing.B) {
	for b.Loop() {
		Password("correct horse battery staple")
	}
}
