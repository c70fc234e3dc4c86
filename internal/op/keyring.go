package op

// RFC 7517, RFC 7591 §2 (jwks, jwks_uri) and OpenID Connect Core 1.0 §10.1.1,
// §10.2.1: the clients' public keys.

import (
	"context"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"signet/internal/client"
	"signet/internal/fault"
)

const (
	// keysFresh is how long a fetched key set is used without asking again.
	keysFresh = 10 * time.Minute
	// keysStale is how long it is used while its address does not answer.
	keysStale = 24 * time.Hour
	// keysPause is the least time between two fetches of one address: whoever
	// sends made-up key ids must not have us ask somebody without end.
	keysPause = 5 * time.Second
	// maxKeySets bounds the memory that key sets take.
	maxKeySets = 1024
)

// keyring has the key sets of clients: parsed once, fetched as seldom as can be.
type keyring struct {
	outbound Fetcher
	now      func() time.Time
	byValue  *lru.Cache[client.KeySet, []jose.JSONWebKey]
	byURI    *lru.Cache[string, *remoteKeys]
	flight   singleflight.Group
}

// remoteKeys are what was last found at an address.
type remoteKeys struct {
	mu    sync.Mutex
	keys  []jose.JSONWebKey
	got   time.Time // when keys were fetched; zero: never
	asked time.Time // when it was last tried
	err   error     // of that
}

func newKeyring(outbound Fetcher, now func() time.Time) (*keyring, error) {
	k := &keyring{outbound: outbound, now: now}
	var err error
	if k.byValue, err = lru.New[client.KeySet, []jose.JSONWebKey](maxKeySets); err != nil {
		return nil, err
	}
	k.byURI, err = lru.New[string, *remoteKeys](maxKeySets)
	return k, err
}

// keys returns the client's keys. renew says that those of last time do not do:
// they are fetched again, if the address was not asked just now.
func (k *keyring) keys(ctx context.Context, c *client.Client, renew bool) ([]jose.JSONWebKey, error) {
	switch {
	case c.JWKS != "":
		if keys, ok := k.byValue.Get(c.JWKS); ok {
			return keys, nil
		}
		keys, err := c.JWKS.Keys()
		if err == nil {
			k.byValue.Add(c.JWKS, keys)
		}
		return keys, err
	case c.JWKSURI != "":
		return k.remote(ctx, c.JWKSURI, renew)
	}
	return nil, nil
}

func (k *keyring) remote(ctx context.Context, uri string, renew bool) ([]jose.JSONWebKey, error) {
	r, ok := k.byURI.Get(uri)
	if !ok {
		fresh := &remoteKeys{}
		if before, known, _ := k.byURI.PeekOrAdd(uri, fresh); known {
			fresh = before
		}
		r = fresh
	}
	now := k.now()
	r.mu.Lock()
	keys, err, age, pause := r.keys, r.err, now.Sub(r.got), now.Sub(r.asked)
	r.mu.Unlock()
	if (age < keysFresh && !renew) || pause < keysPause {
		return k.usable(keys, err, age)
	}
	// Who asks meanwhile waits for the same answer, and none of them can end it
	// for the others.
	k.flight.Do(uri, func() (any, error) {
		keys, err := k.fetch(context.WithoutCancel(ctx), uri)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.asked, r.err = k.now(), err; err == nil {
			r.keys, r.got = keys, r.asked
		}
		return nil, nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return k.usable(r.keys, r.err, now.Sub(r.got))
}

// usable returns the keys if they are not too old, with the reason why there are
// no newer ones otherwise.
func (k *keyring) usable(keys []jose.JSONWebKey, err error, age time.Duration) ([]jose.JSONWebKey, error) {
	if err != nil && age > keysStale {
		return nil, fault.Wrap(fault.Invalid, err, "the client's jwks_uri: %s", fault.Public(err))
	}
	return keys, nil
}

func (k *keyring) fetch(ctx context.Context, uri string) ([]jose.JSONWebKey, error) {
	body, err := k.outbound.Get(ctx, uri, client.MaxKeySet)
	if err != nil {
		return nil, err
	}
	set, err := client.ParseKeySet(body)
	if err != nil {
		return nil, err
	}
	return set.Keys()
}

// encryptionKey returns the client's key for the algorithm, or nil.
func (k *keyring) encryptionKey(ctx context.Context, c *client.Client, alg string) (*jose.JSONWebKey, error) {
	keys, err := k.keys(ctx, c, false)
	if err != nil {
		return nil, asInvalid(err)
	}
	return client.EncryptionKey(keys, alg), nil
}

// verify returns the payload of what the client signed. A key that is not known
// is looked for once more at the client's jwks_uri (OpenID Connect Core
// §10.1.1).
func (k *keyring) verify(ctx context.Context, c *client.Client, jws *jose.JSONWebSignature) ([]byte, error) {
	header := jws.Signatures[0].Protected
	for _, renew := range []bool{false, true} {
		keys, err := k.keys(ctx, c, renew)
		if err != nil {
			return nil, err
		}
		known := false
		for _, key := range keys {
			if key.Use == "enc" || key.Algorithm != "" && key.Algorithm != header.Algorithm || header.KeyID != "" && header.KeyID != key.KeyID {
				continue
			}
			known = known || header.KeyID != ""
			if payload, err := jws.Verify(key.Key); err == nil {
				return payload, nil
			}
		}
		if known || c.JWKSURI == "" {
			break
		}
	}
	return nil, fault.New(fault.Invalid, "no key in the client's key set verifies the signature (alg %s, kid %s)", header.Algorithm, printable(header.KeyID))
}

// has reports whether a key of the client is what is looked for. One that is not
// known is looked for once more at the client's jwks_uri.
func (k *keyring) has(ctx context.Context, c *client.Client, is func(*jose.JSONWebKey) bool) (bool, error) {
	for _, renew := range []bool{false, true} {
		keys, err := k.keys(ctx, c, renew)
		if fault.Is(err, fault.Invalid) {
			return false, fault.Wrap(fault.Unauthenticated, err, "the client's keys: %s", fault.Public(err))
		}
		if err != nil {
			return false, err
		}
		for i := range keys {
			if keys[i].Use != "enc" && is(&keys[i]) {
				return true, nil
			}
		}
		if c.JWKSURI == "" {
			break
		}
	}
	return false, nil
}

// asInvalid makes a fault of what somebody registered an error of the request.
func asInvalid(err error) error {
	if fault.Is(err, fault.Invalid) {
		return ruleClientKeys.broken("%s", fault.Public(err)).because(err)
	}
	return err
}
