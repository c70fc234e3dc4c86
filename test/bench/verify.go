package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// seen remembers what must never come twice: codes, tokens.
type seen struct {
	mu   sync.Mutex
	seed maphash.Seed
	set  map[uint64]struct{}
}

func newSeen() *seen { return &seen{seed: maphash.MakeSeed(), set: map[uint64]struct{}{}} }

// first reports whether the value is new.
func (s *seen) first(value string) bool {
	h := maphash.String(s.seed, value)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, old := s.set[h]; old {
		return false
	}
	s.set[h] = struct{}{}
	return true
}

// tokenAnswer is what the token endpoint says (RFC 6749 §5.1).
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
}

// claims are those that every token has.
type claims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"`
	Expires  int64           `json:"exp"`
	Nonce    string          `json:"nonce"`
	ClientID string          `json:"client_id"`
}

func (a *answer) is(status int, kind string) error {
	if a.status != status || !bytes.HasPrefix(a.kind, []byte(kind)) {
		return fmt.Errorf("status %d, type %q, wanted %d, %q: %s", a.status, a.kind, status, kind, clip(a.body))
	}
	return nil
}

// clip is the beginning of an answer, for a message.
func clip(b []byte) string {
	const most = 200
	if len(b) > most {
		b = b[:most]
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

// tokens reads and checks an answer of the token endpoint. The signatures of
// one answer in spotEvery are verified too.
func (w *worker) tokens(a *answer, c *app, nonce string) (*tokenAnswer, error) {
	if err := a.is(200, "application/json"); err != nil {
		return nil, err
	}
	t := &tokenAnswer{}
	if err := json.Unmarshal(a.body, t); err != nil {
		return nil, err
	}
	switch {
	case !strings.EqualFold(t.TokenType, "Bearer") || t.ExpiresIn <= 0 || t.AccessToken == "":
		return nil, fmt.Errorf("not a token answer: %s", clip(a.body))
	case !w.seen.first(t.AccessToken):
		return nil, errors.New("an access token came twice")
	}
	w.answers++
	spot := w.answers%spotEvery == 1
	if !c.opaque {
		if _, err := w.checkJWT(t.AccessToken, spot, "", func(cl *claims) bool { return cl.ClientID == c.id }); err != nil {
			return nil, fmt.Errorf("access token: %w", err)
		}
	}
	if !c.openid {
		return t, nil
	}
	want, _ := json.Marshal(c.id)
	_, err := w.checkJWT(t.IDToken, spot, c.alg, func(cl *claims) bool {
		return cl.Nonce == nonce && (bytes.Equal(cl.Audience, want) || slices.Contains(list(cl.Audience), c.id))
	})
	if err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	return t, nil
}

func list(raw json.RawMessage) []string {
	var l []string
	_ = json.Unmarshal(raw, &l) // what is no list has no members
	return l
}

// spotEvery: of so many token answers of a worker the signatures of one are
// verified. All would cost the generator more than the server pays to sign.
const spotEvery = 64

// checkJWT checks the claims of a compact JWS, its algorithm (alg "" for any),
// and if spot is set its signature under a published key.
func (w *worker) checkJWT(token string, spot bool, alg string, fits func(*claims) bool) (*claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%q is no compact JWS", clip([]byte(token)))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	cl := &claims{}
	if err := json.Unmarshal(payload, cl); err != nil {
		return nil, err
	}
	if cl.Issuer != w.issuer || cl.Subject == "" || cl.Expires <= time.Now().Unix() || !fits(cl) {
		return nil, fmt.Errorf("the claims do not fit: %s", payload)
	}
	if spot {
		err = w.checkSignature(token, alg)
	}
	return cl, err
}

func (t *target) checkSignature(token, alg string) error {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA})
	if err != nil {
		return err
	}
	header := jws.Signatures[0].Protected
	if alg != "" && header.Algorithm != alg {
		return fmt.Errorf("signed with %s and not %s", header.Algorithm, alg)
	}
	keys := t.keys.Key(header.KeyID)
	if len(keys) != 1 {
		return fmt.Errorf("%d published keys are named %q", len(keys), header.KeyID)
	}
	_, err = jws.Verify(keys[0])
	return err
}
