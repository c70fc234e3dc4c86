package view

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// agreed are the sentences of the current versions. Who changes a sentence
// gives it a new version, and the new sum.
var agreed = map[Message]struct{ version, sum string }{
	AgreeNews: {"1", "14fcd88a6c01fe2d"},
}

func TestAgreementsHaveAVersion(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for key := range agreementVersions {
		all, version := sha256.New(), ""
		for _, l := range Locales() {
			w, err := r.Wording(l, key)
			if err != nil || w.Text == "" || w.Language != l.String() {
				t.Fatalf("%s in %s: %+v, %v", key, l, w, err)
			}
			all.Write([]byte(w.Text + "\n"))
			version = w.Version
		}
		if got := hex.EncodeToString(all.Sum(nil))[:16]; agreed[key].version != version || agreed[key].sum != got {
			t.Errorf("%s: version %s is %s here and %s of version %s in the test: is this a new version?", key, version, got, agreed[key].sum, agreed[key].version)
		}
	}
	if _, err := r.Wording(DefaultLocale, "signin.title"); err == nil {
		t.Error("a text that nobody agrees to has a wording")
	}
}
