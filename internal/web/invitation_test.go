package web

import (
	"testing"

	"signet/internal/account"
)

// TestUnlinked: a name in a letter is no address, and reads as it did.
func TestUnlinked(t *testing.T) {
	for name, want := range map[string]string{
		"Analytical Engines":            "Analytical Engines",
		"St. Mary & Sons Ltd.":          "St. Mary & Sons Ltd.",
		"Log in at evil.example/now":    "Log in at evil. example/ now",
		"https://evil.example:8080/x@y": "https: / / evil. example: 8080/ x@ y",
		"悪い。example":                    "悪い。 example",
		"":                              "",
	} {
		if got := unlinked(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

// TestCalled: neither is that of who brings the news of an organization.
func TestCalled(t *testing.T) {
	a := &account.Account{Email: "eve@example.com", Profile: account.Profile{Name: "Log in at evil.example/now"}}
	if got, want := called(a), "Log in at evil. example/ now (eve@example.com)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
