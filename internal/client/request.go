package client

import (
	"slices"
	"strings"

	"signet/internal/keys"
)

// Bounds of the addresses of request objects (OpenID Connect Core §6.2).
const (
	maxRequestURIs = 50
	maxRequestURI  = 512
)

// RequestAlgs are the algorithms of request objects.
var RequestAlgs = append([]string{"none"}, keys.Algorithms...)

// MayRequestFrom reports whether the client registered the address of a request
// object: as it is, or but for its fragment, which is the hash of what is there
// this time (OpenID Connect Core §6.2).
func (c *Client) MayRequestFrom(uri string) bool {
	bare, _, _ := strings.Cut(uri, "#")
	return slices.Contains(c.RequestURIs, uri) || slices.Contains(c.RequestURIs, bare)
}

// checkRequests checks what is said of request objects.
func (c *Client) checkRequests(p *problems, r Rules) {
	alg := c.RequestObjectAlg
	p.when(alg != "" && !slices.Contains(RequestAlgs, alg),
		"request_object_signing_alg", "request_object_signing_alg is one of %s, not %q", strings.Join(RequestAlgs, ", "), alg)
	p.when(alg != "" && alg != "none" && c.JWKS == "" && c.JWKSURI == "",
		"request_object_signing_alg", "request_object_signing_alg %s needs the client's keys, in jwks or at jwks_uri", alg)
	p.when(c.RequireSignedRequest && (alg == "none" || c.JWKS == "" && c.JWKSURI == ""),
		"require_signed_request_object", "require_signed_request_object needs the client's keys, and an algorithm that is not none")
	encAlg, enc := c.RequestObjectEncAlg, c.RequestObjectEnc
	p.when(encAlg == "" && enc != "", "request_object_encryption_enc", "request_object_encryption_enc needs request_object_encryption_alg beside it")
	p.when(encAlg != "" && !slices.Contains(keys.EncryptionAlgorithms, encAlg),
		"request_object_encryption_alg", "request_object_encryption_alg is one of %s, not %q", strings.Join(keys.EncryptionAlgorithms, ", "), encAlg)
	p.when(encAlg != "" && !slices.Contains(keys.ContentEncryptions, enc),
		"request_object_encryption_enc", "request_object_encryption_enc is one of %s, not %q", strings.Join(keys.ContentEncryptions, ", "), enc)
	p.when(len(c.RequestURIs) > maxRequestURIs, "request_uris", "request_uris has %d addresses; at most %d are kept", len(c.RequestURIs), maxRequestURIs)
	for _, uri := range c.RequestURIs {
		bare, _, _ := strings.Cut(uri, "#")
		if err := checkURI("request_uris", bare, false, r.Loopback); err != nil {
			p.found = append(p.found, err)
		}
		p.when(len(uri) > maxRequestURI, "request_uris", "an address of request_uris has %d bytes; at most %d are allowed", len(uri), maxRequestURI)
	}
}
