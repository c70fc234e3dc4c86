package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/oauth2"
)

// keptTokens are the device's tokens, in a file that its user alone may read.
type keptTokens struct {
	path  string
	owner string // provider and client that the tokens are of
	token *oauth2.Token
}

// tokenFile is how they are written.
type tokenFile struct {
	Owner string        `json:"issuer_and_client"`
	Token *oauth2.Token `json:"token"`
}

// openTokens reads the file, if there is one. Tokens of another provider or
// client are none.
func openTokens(path, owner string) (*keptTokens, error) {
	k := &keptTokens{path: path, owner: owner}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the device's tokens: %w", err)
	}
	var file tokenFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("the device's tokens: %s is damaged (%w); remove it to connect the device anew", path, err)
	}
	if file.Owner == owner {
		k.token = file.Token
	}
	return k, nil
}

// put keeps the tokens. The file is replaced as a whole: a device that loses its
// power in between has the old one or the new one.
func (k *keptTokens) put(token *oauth2.Token) error {
	text, err := json.Marshal(tokenFile{k.owner, token})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return fmt.Errorf("the device's tokens: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(k.path), ".tokens-") // of mode 0600
	if err != nil {
		return fmt.Errorf("the device's tokens: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), k.path)
	}
	if err != nil {
		return fmt.Errorf("the device's tokens: %w", errors.Join(err, os.Remove(f.Name())))
	}
	k.token = token
	return nil
}
