package federation

// OpenID Connect Core 1.0 §10.1.1: an upstream provider's keys, and how it
// replaces them.

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/fault"
)

// providerKey is a key of a provider. A provider of many directories may say of
// which of them it is: tokens of another are not signed with it.
type providerKey struct {
	jose.JSONWebKey
	issuer string // "": that of the provider
}

// parseKeys reads a key set; keys of kinds that are not known are left out, and
// weak ones refused.
func parseKeys(raw []byte) ([]providerKey, error) {
	set, err := client.ParseKeySet(raw)
	if err != nil {
		return nil, err
	}
	keys, err := set.Keys()
	if err != nil {
		return nil, err
	}
	var named struct {
		Keys []struct {
			KID    string `json:"kid"`
			Issuer string `json:"issuer"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "this is not a JSON Web Key Set")
	}
	out := make([]providerKey, len(keys))
	for i, k := range keys {
		out[i].JSONWebKey = k
		for _, n := range named.Keys {
			if n.KID == k.KeyID && n.Issuer != "" {
				out[i].issuer = n.Issuer
			}
		}
	}
	return out, nil
}

func fetchKeys(ctx context.Context, out Outbound, address string) ([]providerKey, error) {
	r, err := out.Fetch(ctx, address, client.MaxKeySet)
	if err != nil {
		return nil, err
	}
	return parseKeys(r.Body)
}

// errNoKeys is for keys that could not be had, which says nothing of what is signed
// with them.
var errNoKeys = errors.New("the provider's keys cannot be had")

// verifier verifies what a provider signed: it is what the library asks.
type verifier struct {
	keys *fetched[[]providerKey]
	m    *Metadata
	by   string // the issuer of the key that verified, if it names one
}

// VerifySignature implements oidc.KeySet. A key that is not known is looked for
// once more: the provider may have replaced its keys.
func (v *verifier) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	algs := make([]jose.SignatureAlgorithm, len(v.m.Algs))
	for i, alg := range v.m.Algs {
		algs[i] = jose.SignatureAlgorithm(alg)
	}
	jws, err := jose.ParseSignedCompact(jwt, algs)
	if err != nil {
		return nil, err
	}
	header := jws.Signatures[0].Protected
	for _, renew := range []bool{false, true} {
		keys, err := v.keys.get(ctx, v.m.Keys, renew)
		if err != nil {
			return nil, errors.Join(errNoKeys, err)
		}
		known := false
		for _, k := range keys {
			if k.Use == "enc" || k.Algorithm != "" && k.Algorithm != header.Algorithm || header.KeyID != "" && header.KeyID != k.KeyID {
				continue
			}
			known = known || header.KeyID != ""
			if payload, err := jws.Verify(k.Key); err == nil {
				v.by = k.issuer
				return payload, nil
			}
		}
		if known {
			break
		}
	}
	return nil, fault.New(fault.Invalid, "no key at the provider's jwks_uri verifies the ID token (alg %s, kid %q)", header.Algorithm, clipped(header.KeyID))
}
