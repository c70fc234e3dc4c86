package keys

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/fault"
)

// Config says which keys there are and how they are rotated.
type Config struct {
	Algorithms   []string // that are signed with
	RSABits      int
	RotateEvery  time.Duration // a key signs for so long
	PublishAhead time.Duration // and is published for so long before it signs
	Linger       time.Duration // and for so long after: the longest life of what it signed
}

// all are the algorithms that there are keys of.
func (c Config) all() []string { return slices.Concat(c.Algorithms, EncryptionAlgorithms) }

// Manager holds the keys of this node.
type Manager struct {
	store  Store
	sealer Sealer
	cfg    Config
	now    func() time.Time
	set    atomic.Pointer[Set]
}

// NewManager returns a manager without keys: call Ensure.
func NewManager(store Store, master Master, cfg Config, now func() time.Time) *Manager {
	m := &Manager{store: store, sealer: master.Sealer("signing keys"), cfg: cfg, now: now}
	m.set.Store(&Set{now: now})
	return m
}

// Set returns the keys as last loaded; it is never nil and does not change.
func (m *Manager) Set() *Set { return m.set.Load() }

// Load reads the keys from the store.
func (m *Manager) Load(ctx context.Context) error {
	sealed, err := m.store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	known := map[string]*Key{}
	for _, k := range append(m.Set().Keys(), m.Set().Boxes()...) {
		known[k.KID] = k
	}
	set := &Set{byKID: map[string]*Key{}, byAlg: map[string][]*Key{}, boxes: map[string][]*Key{}, now: m.now}
	for _, s := range sealed {
		key, ok := known[s.KID]
		if !ok || !sameTimes(key, s) {
			if key, err = open(m.sealer, s); err != nil {
				return err
			}
		}
		if encrypts(key.Alg) {
			set.boxes[key.Alg] = append(set.boxes[key.Alg], key)
			continue
		}
		set.byKID[key.KID] = key
		set.byAlg[key.Alg] = append(set.byAlg[key.Alg], key)
	}
	if err := set.render(); err != nil {
		return err
	}
	m.set.Store(set)
	return nil
}

func sameTimes(k *Key, s *Sealed) bool {
	return k.ActiveFrom.Equal(s.ActiveFrom) && (k.ExpiresAt == nil) == (s.ExpiresAt == nil)
}

// Ensure makes keys where an algorithm has none, makes the next key when the
// current one's time comes to an end, removes the dead, and loads the result.
// Any number of nodes may call it at any time.
func (m *Manager) Ensure(ctx context.Context) error {
	if err := m.Load(ctx); err != nil {
		return err
	}
	now, changed := m.now(), false
	for _, alg := range m.cfg.all() {
		keys := m.Set().of(alg)
		switch {
		case len(keys) == 0:
			if _, err := m.add(ctx, alg, nil, now); err != nil {
				return err
			}
			changed = true
		case !now.Before(last(keys).ActiveFrom.Add(m.cfg.RotateEvery - m.cfg.ahead(alg))):
			if _, err := m.add(ctx, alg, last(keys), now.Add(m.cfg.ahead(alg))); err != nil {
				return err
			}
			changed = true
		}
	}
	dead, err := m.store.DeleteSigningKeys(ctx, now)
	if err != nil {
		return err
	}
	if changed || dead > 0 {
		return m.Load(ctx)
	}
	return nil
}

// spread is the time in which every node has seen a new key: none signs with
// it or publishes it before, because an app may ask any other node.
const spread = 2 * time.Second

// Rotate makes the next key of every algorithm. It signs after PublishAhead,
// or as soon as all nodes publish it when immediately is set, which relying
// apps that keep keys for long may not follow. A next key that waits already
// is not joined by another, unless that one signs before it.
func (m *Manager) Rotate(ctx context.Context, immediately bool) ([]*Key, error) {
	if err := m.Load(ctx); err != nil {
		return nil, err
	}
	now := m.now()
	var kids []string
	for _, alg := range m.cfg.all() {
		from := now.Add(m.cfg.ahead(alg))
		if immediately {
			from = now.Add(spread)
		}
		var prev *Key
		if keys := m.Set().of(alg); len(keys) > 0 {
			prev = last(keys)
			waits := prev.ActiveFrom.After(now) && !prev.ActiveFrom.After(from)
			if waits && encrypts(alg) {
				continue // it is a matter of seconds
			}
			if waits {
				return nil, fault.New(fault.Conflict, "the next %s key %s waits already and is used from %s on",
					alg, prev.KID, prev.ActiveFrom.UTC().Format(time.RFC3339))
			}
		}
		kid, err := m.add(ctx, alg, prev, from)
		if err != nil {
			return nil, err
		}
		kids = append(kids, kid)
	}
	if err := m.Load(ctx); err != nil {
		return nil, err
	}
	var made []*Key
	for _, kid := range kids {
		for _, k := range append(m.Set().Keys(), m.Set().Boxes()...) {
			if k.KID == kid {
				made = append(made, k)
			}
		}
	}
	return made, nil
}

// add stores the key after prev. When another node was faster, its key is as
// good as ours.
func (m *Manager) add(ctx context.Context, alg string, prev *Key, activeFrom time.Time) (string, error) {
	seq := int64(1)
	if prev != nil {
		seq = prev.Seq + 1
	}
	private, err := generatorOf(ctx)(alg, m.cfg.RSABits)
	if err != nil {
		return "", err
	}
	k, err := seal(m.sealer, alg, seq, private, m.now(), activeFrom)
	if err != nil {
		return "", err
	}
	_, err = m.store.AddSigningKey(ctx, k, activeFrom.Add(m.cfg.lingers(alg)))
	return k.KID, err
}

// Set is the keys at one moment; it does not change once loaded.
type Set struct {
	byKID map[string]*Key
	byAlg map[string][]*Key // by Seq
	boxes map[string][]*Key // by Seq: those to encrypt to, which neither sign nor verify
	jwks  []byte
	now   func() time.Time
}

// Signer returns the key of the algorithm that signs now: the newest whose
// time has come.
func (s *Set) Signer(alg string) (*Key, error) {
	now := s.now()
	for _, k := range slices.Backward(s.byAlg[alg]) {
		if !k.ActiveFrom.After(now) {
			return k, nil
		}
	}
	return nil, fmt.Errorf("no %s key signs at the moment", alg)
}

// Verifier returns the published key with the id, or nil.
func (s *Set) Verifier(kid string) *Key {
	k := s.byKID[kid]
	if k == nil || (k.ExpiresAt != nil && !s.now().Before(*k.ExpiresAt)) {
		return nil
	}
	return k
}

// of returns the keys of the algorithm, by age.
func (s *Set) of(alg string) []*Key {
	if encrypts(alg) {
		return s.boxes[alg]
	}
	return s.byAlg[alg]
}

// JWKS is the published key set as JSON (RFC 7517 §5), made once per Set: the
// caller must not change it.
func (s *Set) JWKS() []byte { return s.jwks }

// Keys returns all signing keys, by algorithm and age.
func (s *Set) Keys() []*Key {
	var out []*Key
	for _, alg := range Algorithms {
		out = append(out, s.byAlg[alg]...)
	}
	return out
}

func (s *Set) render() error {
	var doc jose.JSONWebKeySet
	for _, k := range s.Keys() {
		if s.Verifier(k.KID) != nil {
			doc.Keys = append(doc.Keys, k.JWK())
		}
	}
	for _, alg := range EncryptionAlgorithms {
		// The newest alone: who takes the first that fits should not take one that
		// is about to go.
		if k := s.Box(alg); k != nil {
			doc.Keys = append(doc.Keys, k.JWK())
		}
	}
	var err error
	s.jwks, err = json.Marshal(doc)
	return err
}

func last(keys []*Key) *Key { return keys[len(keys)-1] }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
