package op

// RFC 7516, RFC 7519 §11.2 and OpenID Connect Core 1.0 §10.2, §5.3.2: what is
// signed for a client, and then encrypted to it.

import (
	"context"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/grant"
)

// idToken makes an ID token of the grant, encrypted where the client is
// registered so.
func (p *Provider) idToken(ctx context.Context, c *client.Client, g *grant.Grant, parts *idParts) (string, error) {
	token, err := p.mint.id(c, g, parts)
	if err != nil || c.IDTokenEncAlg == "" {
		return token, err
	}
	return p.encrypt(ctx, c, client.Encryption{Alg: c.IDTokenEncAlg, Enc: c.IDTokenEnc}, "JWT", token)
}

// userinfoToken signs the claims, encrypts them, or both in this order, as the
// client is registered (OpenID Connect Registration 1.0 §2).
func (p *Provider) userinfoToken(ctx context.Context, c *client.Client, claims *userClaims) (string, error) {
	var content string
	var kind jose.ContentType
	if c.UserinfoAlg != "" {
		claims.Issuer, claims.Audience = p.cfg.Issuer, audience{c.ID}
	}
	told, err := withLocalized(claims, claims.personClaims)
	if err != nil {
		return "", err
	}
	if c.UserinfoAlg == "" {
		raw, err := json.Marshal(told)
		if err != nil {
			return "", err
		}
		content = string(raw)
	} else {
		key, err := p.Keys.Set().Signer(c.UserinfoAlg)
		if err != nil {
			return "", err
		}
		if content, err = key.Sign(typeID, told); err != nil {
			return "", err
		}
		kind = "JWT"
	}
	if c.UserinfoEncAlg == "" {
		return content, nil
	}
	return p.encrypt(ctx, c, client.Encryption{Alg: c.UserinfoEncAlg, Enc: c.UserinfoEnc}, kind, content)
}

// encrypt returns the content, of the type (RFC 7519 §5.2), encrypted to the
// client as a compact JWE.
func (p *Provider) encrypt(ctx context.Context, c *client.Client, e client.Encryption, kind jose.ContentType, content string) (string, error) {
	key, err := p.keyring.encryptionKey(ctx, c, e.Alg)
	if err != nil {
		return "", err
	}
	if key == nil {
		return "", ruleClientKeys.broken("the client's key set has no key to which %s can encrypt", e.Alg)
	}
	o := (&jose.EncrypterOptions{}).WithType("JWT")
	if kind != "" {
		o = o.WithContentType(kind)
	}
	encrypter, err := jose.NewEncrypter(jose.ContentEncryption(e.Enc), jose.Recipient{Algorithm: jose.KeyAlgorithm(e.Alg), Key: key}, o)
	if err != nil {
		return "", err
	}
	jwe, err := encrypter.Encrypt([]byte(content))
	if err != nil {
		return "", err
	}
	return jwe.CompactSerialize()
}
