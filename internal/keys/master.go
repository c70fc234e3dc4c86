package keys

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// masterLen is the length of a master key in bytes.
const masterLen = 32

// Master is the key under which everything that must be readable again is
// sealed. It never seals by itself: each use derives a key of its own.
type Master struct{ secret []byte }

// ParseMaster reads a master key of 32 bytes in base64 (any of its alphabets).
func ParseMaster(s string) (Master, error) {
	s = strings.TrimRight(strings.TrimSpace(s), "=")
	s = strings.NewReplacer("+", "-", "/", "_").Replace(s)
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != masterLen {
		return Master{}, fmt.Errorf("a master key is 32 bytes in base64; make one with: openssl rand -base64 32")
	}
	return Master{raw}, nil
}

// LoadMaster reads the master key from the file, or makes the file, readable
// by its owner alone, where there is none. A file that others can read is
// refused. Of two processes that make it at once, one wins and both use it.
func LoadMaster(path string) (Master, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writeMaster(path); err != nil {
			return Master{}, err
		}
		info, err = os.Stat(path)
	}
	if err != nil {
		return Master{}, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Master{}, fmt.Errorf("%s holds the master key and others can read it (mode %04o): run chmod 600 %s", path, mode, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Master{}, err
	}
	m, err := ParseMaster(string(raw))
	if err != nil {
		return Master{}, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// writeMaster makes the file whole or not at all: it is written under another
// name and linked, and linking fails where the file exists.
func writeMaster(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".master-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	secret := make([]byte, masterLen)
	rand.Read(secret)
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(secret) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Derive returns 32 bytes for the one purpose that label names (RFC 5869).
func (m Master) Derive(label string) []byte {
	key, err := hkdf.Key(sha256.New, m.secret, nil, "signet "+label, 32)
	if err != nil { // only for lengths that HKDF cannot give
		panic(err)
	}
	return key
}

// Sealer seals and opens with XChaCha20-Poly1305, whose nonces are long enough
// to be random.
type Sealer struct{ aead cipher.AEAD }

// Sealer returns the sealer for the purpose that label names.
func (m Master) Sealer(label string) Sealer {
	aead, err := chacha20poly1305.NewX(m.Derive(label))
	if err != nil { // only for keys of another length
		panic(err)
	}
	return Sealer{aead}
}

// Seal returns nonce and ciphertext; bound is authenticated and not stored.
func (s Sealer) Seal(plain []byte, bound string) []byte {
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, []byte(bound))
}

// Open reverses Seal; it fails when anything was changed or the master key is
// another one.
func (s Sealer) Open(sealed []byte, bound string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("sealed data is too short")
	}
	return s.aead.Open(nil, sealed[:n], sealed[n:], []byte(bound))
}
