package account

import (
	"strings"
	"testing"

	"signet/internal/fault"
)

// TestCheckNew has what an operator may declare and what not, by its field.
func TestCheckNew(t *testing.T) {
	hasher, err := NewHasher(HashParams{Memory: 7 << 10, Iterations: 1, Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := NewService(nil, hasher, nil, nil) // it asks nobody
	const email = "ada@example.com"
	good := []New{
		{Email: email},
		{Email: email, Password: "correct-Horse-9", Profile: Profile{Birthdate: "1815-12-10", Locale: "en-GB", ZoneInfo: "America/Argentina/Ushuaia"}},
		{Email: email, Profile: Profile{Birthdate: "1815", ZoneInfo: "Etc/GMT+1", Website: "https://example.com"}},
		{Email: email, Profile: Profile{Birthdate: "0000-02-29", ZoneInfo: "UTC"}},
	}
	for _, n := range good {
		if err := s.CheckNew(n); err != nil {
			t.Errorf("%+v: %v", n, err)
		}
	}
	for field, n := range map[string]New{
		"email":         {Email: "nobody"},
		"password":      {Email: email, Password: strings.Repeat("a", MaxPasswordBytes+1)},
		"password_hash": {Email: email, PasswordHash: "$5$plain"},
		"birthdate":     {Email: email, Profile: Profile{Birthdate: "1815-02-30"}},
		"locale":        {Email: email, Profile: Profile{Locale: "??"}},
		"zoneinfo":      {Email: email, Profile: Profile{ZoneInfo: "somewhere else"}},
		"website":       {Email: email, Profile: Profile{Website: "javascript:alert(1)"}},
	} {
		err := s.CheckNew(n)
		if f, ok := err.(*fault.Error); !ok || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("%s: %v; want one fault of that field", field, err)
		}
	}
	several := s.CheckNew(New{Email: "nobody", Profile: Profile{Locale: "??", Birthdate: "soon"}})
	if joined, ok := several.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 3 {
		t.Errorf("three faults at once: %v", several)
	}
}
