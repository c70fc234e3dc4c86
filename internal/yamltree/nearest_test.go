package yamltree

import "testing"

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"issuer", "issuer", 0}, {"isuer", "issuer", 1},
		{"issuer", "isseur", 1}, {"levle", "level", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
