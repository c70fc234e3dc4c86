package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// TestTokensAreKept: the file is for its user alone, is replaced as a whole, and
// holds nothing for another provider.
func TestTokensAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "tokens.json")
	k, err := openTokens(path, "https://id.example agent")
	if err != nil || k.token != nil {
		t.Fatalf("%+v, %v; want none", k, err)
	}
	for _, access := range []string{"one", "two"} {
		if err := k.put(&oauth2.Token{AccessToken: access, RefreshToken: "r-" + access, Expiry: time.Now().Add(time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("%d files, %v; want the one", len(files), err)
	}
	again, err := openTokens(path, "https://id.example agent")
	if err != nil || again.token == nil || again.token.AccessToken != "two" || again.token.RefreshToken != "r-two" {
		t.Errorf("%+v, %v", again, err)
	}
	if other, err := openTokens(path, "https://evil.example agent"); err != nil || other.token != nil {
		t.Errorf("another provider's: %+v, %v", other, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openTokens(path, "x"); err == nil {
		t.Error("a damaged file is taken in silence")
	}
}
