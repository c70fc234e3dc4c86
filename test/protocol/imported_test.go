package protocol

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// importedHashes are of the password "password", by other programs, as PHC or
// MCF strings.
var importedHashes = map[string]string{
	"bcrypt":   "$2b$05$E5CM0Q/daVP/TGp3RGqF/.T2mIcXHr39foSp8I2RPVeUnwl8l2hbG",
	"argon2id": "$argon2id$v=19$m=1024,t=1,p=2$p9dpwiVsLC0uXkn3mEiX/w$8eGuBBPH9FrEK4Oqp7v9QEdWi8NA/ZnlpHj4fKUfukA",
	"scrypt":   "$scrypt$ln=10,r=8,p=1$fA8hxFirtTaGcE5p7V2rdQ$fiO0uorf734F90gASX2jBKKQAHWj5rFkH+KY8hCayL4",
	"sha512":   "$pbkdf2-sha512$1000$pBQCIOQc4xzDOEeIEeIcIw$.ZYAi7BfAOi5Widm3oDMbQkTFVm0kkEJTrChHaDpvtaDBvcCe0xEWbl1Dbu913JgR97CiCEveX6IhlnU5swZsw",
	"sha256":   "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$G/O7bynZBig0xpI9OJ2.zH5iXh/vIAuDcj9JVCTUa3k",
}

// TestImportedPeopleSignIn: people who are declared with the hash of another
// system sign in with their old password, which the rule for new ones would
// refuse. The hash is made anew at the first sign-in and not again.
func TestImportedPeopleSignIn(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Backend: testenv.Embedded})
	var people strings.Builder
	people.WriteString("users:\n")
	for kind, hash := range importedHashes {
		fmt.Fprintf(&people, "  - {email: %s@example.com, verified: true, password_hash: %q}\n", kind, hash)
	}
	e.Apply(people.String())
	app := e.App(t, web)
	changed := func(who string) string {
		code, out, errs := e.Run("", "user", "show", who, "-o", "json")
		if code != 0 {
			t.Fatalf("signet user show: %d %s", code, errs)
		}
		var user struct {
			UpdatedAt string `json:"updated_at"`
		}
		if err := json.Unmarshal([]byte(out), &user); err != nil {
			t.Fatal(err)
		}
		return user.UpdatedAt
	}
	for kind := range importedHashes {
		who := testenv.Person{Email: kind + "@example.com", Password: "password"}
		b, r := e.Browser().For(t), app.Request()
		p := b.Submit(b.Get(r.Path()).Form("username"), "submit", "username", who.Email)
		if p = b.Submit(p.Form("password"), "submit", "password", "Password"); p.Status != http.StatusOK || p.Form("password") == nil {
			t.Errorf("%s, wrong password: %d at %s", kind, p.Status, p.URL)
		}
		first := changed(who.Email)
		signedIn(t, e, app, who)
		renewed := changed(who.Email)
		if renewed == first {
			t.Errorf("%s: the hash was not made anew", kind)
		}
		signedIn(t, e, app, who)
		if changed(who.Email) != renewed {
			t.Errorf("%s: the hash was made anew twice", kind)
		}
	}
	// Declaring the same people again must not bring the old hashes back.
	if code, out, errs := e.Run(people.String(), "apply", "-f", "-"); code != 0 || !strings.Contains(out, fmt.Sprint(len(importedHashes), " unchanged")) {
		t.Errorf("declared again: %d %s %s", code, out, errs)
	}
}
