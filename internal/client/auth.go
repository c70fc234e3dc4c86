package client

import (
	"slices"
	"strings"

	"signet/internal/keys"
)

// SecretJWTAlg is the algorithm of client_secret_jwt.
const SecretJWTAlg = "HS256"

// minSigningSecret is the least length of a secret that signs, in bytes
// (RFC 7518 §3.2).
const minSigningSecret = 32

// AssertionAlgs are the algorithms with which a client's assertions may be
// signed.
var AssertionAlgs = append(slices.Clone(keys.Algorithms), SecretJWTAlg)

// checkAuth checks that the client can do what its authentication method asks
// (OpenID Connect Core §9).
func (c *Client) checkAuth(p *problems) {
	switch {
	case !slices.Contains(AuthMethods, c.AuthMethod):
		p.add("auth_method", "auth_method is one of %s, not %q", strings.Join(AuthMethods, ", "), c.AuthMethod)
	case !UsesSecret(c.AuthMethod) && c.SecretHash != "":
		p.add("secret", "auth_method %s and a secret exclude each other", c.AuthMethod)
	case UsesSecret(c.AuthMethod) && c.SecretHash == "":
		p.add("secret", "auth_method %s needs a secret", c.AuthMethod)
	case c.AuthMethod == AuthSecretJWT && !reversible(c.SecretHash):
		p.add("secret", "auth_method client_secret_jwt needs the secret said again: what is kept of it cannot verify a signature")
	case c.AuthMethod == AuthPrivateKeyJWT && c.JWKS == "" && c.JWKSURI == "":
		p.add("auth_method", "auth_method private_key_jwt needs the client's keys, in jwks or at jwks_uri")
	}
	algs := keys.Algorithms
	switch c.AuthMethod {
	case AuthSecretJWT:
		algs = []string{SecretJWTAlg}
	case AuthPrivateKeyJWT:
	default:
		algs = nil
	}
	p.when(c.AuthSigningAlg != "" && !slices.Contains(algs, c.AuthSigningAlg),
		"token_endpoint_auth_signing_alg", "token_endpoint_auth_signing_alg %q does not go with auth_method %s", c.AuthSigningAlg, c.AuthMethod)
}
