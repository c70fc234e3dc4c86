package account_test

import (
	"testing"

	"signet/internal/account"
)

func TestAdmission(t *testing.T) {
	domains := account.Admission{Domains: []string{"Example.com", "bücher.example"}}
	for _, c := range []struct {
		a     account.Admission
		email string
		want  bool
	}{
		{account.Admission{}, "ada@example.com", false},
		{account.Admission{Everybody: true}, "ada@example.com", true},
		{domains, "Ada@EXAMPLE.com", true},
		{domains, "ada@xn--bcher-kva.example", true},
		{domains, "ada@BÜCHER.example", true},
		{domains, "ada@mail.example.com", false},
		{domains, "ada@notexample.com", false},
		{domains, "ada@example.com.evil.example", false},
		{domains, `"x@example.com"@evil.example`, false},
	} {
		_, key, err := account.NormalizeEmail(c.email)
		if err != nil {
			key = c.email
		}
		if got := c.a.Admits(key); got != c.want {
			t.Errorf("%+v admits %s: %v, want %v", c.a, c.email, got, c.want)
		}
	}
}
