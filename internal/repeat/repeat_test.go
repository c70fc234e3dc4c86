package repeat_test

import (
	"bytes"
	"testing"

	"signet/internal/keys"
	"signet/internal/repeat"
	"signet/internal/store/storetest"
)

// TestASecretIsKeptSealed: an answer with a secret is told again as it was, and
// cannot be read in the database, nor under another key.
func TestASecretIsKeptSealed(t *testing.T) {
	db, clock := storetest.OpenSQL(t, storetest.SQLiteURL(t)), storetest.NewClock()
	s := repeat.NewService(db, keys.Master{}.Sealer("answers"), clock.Now)
	for key, secret := range map[string]bool{"open": false, "sealed": true} {
		body := []byte(`{"client_secret":"hush"}`)
		if !secret {
			body = []byte(`{"name":"Mills"}`)
		}
		do := func() (*repeat.Answer, error) { return &repeat.Answer{Status: 201, Body: body, Secret: secret}, nil }
		for range 2 {
			got, err := s.Once(t.Context(), key, "print", do)
			if err != nil || got.Status != 201 || !bytes.Equal(got.Body, body) {
				t.Errorf("%s: %+v, %v", key, got, err)
			}
		}
		kept, err := db.BeginRequest(t.Context(), key, "print", clock.Now())
		if err != nil || kept == nil {
			t.Fatal(kept, err)
		}
		if bytes.Contains(kept.Answer.Body, []byte("hush")) || bytes.Equal(kept.Answer.Body, body) == secret {
			t.Errorf("%s is kept as %q", key, kept.Answer.Body)
		}
		if _, err := db.BeginRequest(t.Context(), key+"2", "print", clock.Now()); err != nil {
			t.Fatal(err)
		}
		if err := db.AnswerRequest(t.Context(), key+"2", *kept.Answer); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Once(t.Context(), key+"2", "print", do); (err != nil) != secret {
			t.Errorf("%s under another key: %v", key, err)
		}
	}
}
