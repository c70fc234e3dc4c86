package web

import "testing"

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
