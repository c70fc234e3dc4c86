package op

// RFC 9449: demonstrating proof of possession (DPoP). With each request a client
// sends a proof, a JWT about this very request that it signs with a key of its
// own; the tokens that it gets are good with that key alone.

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/keys"
)

// Header fields (§4.1, §8).
const (
	headerProof = "DPoP"
	headerNonce = "DPoP-Nonce"
)

const (
	typeProof = "dpop+jwt"
	// maxProof bounds a proof, with room for an RSA key of 8192 bits.
	maxProof = 8 << 10
	maxJTI   = 512
	// proofLife is how old a proof may be, beside the skew of clocks. Until it has
	// passed the jti is remembered.
	proofLife = time.Minute
)

// proofAlgs is the parameter of a challenge that says how proofs may be signed
// (§7.1).
var proofAlgs = `algs="` + strings.Join(keys.Algorithms, " ") + `"`

// DPoP is what the operator says about proofs.
type DPoP struct {
	NonceRequired bool   // a proof must hold a nonce of ours (§8)
	Secret        []byte // makes the nonces, and is the same on all nodes
}

// proof is a proof whose signature is good, and nothing else is known of yet.
type proof struct {
	key    string // RFC 7638 thumbprint
	claims proofClaims
}

// proofClaims are those of a proof (§4.2).
type proofClaims struct {
	ID       string       `json:"jti"`
	Method   string       `json:"htm"`
	URI      string       `json:"htu"`
	IssuedAt *json.Number `json:"iat"`
	Token    string       `json:"ath"`
	Nonce    string       `json:"nonce"`
}

// proofKey returns the thumbprint of the key that the request proves to have; ""
// where it brings no proof.
func (p *Provider) proofKey(w http.ResponseWriter, r *http.Request, c *client.Client) (string, *oauthError) {
	if len(r.Header.Values(headerProof)) == 0 {
		return "", nil
	}
	pr, oerr := p.readProof(r, c)
	if oerr != nil {
		return "", oerr
	}
	return pr.key, p.acceptProof(w, r.Context(), pr)
}

// checkUse checks that the request that presents the token proves to have its
// key (§7.1).
func (p *Provider) checkUse(w http.ResponseWriter, r *http.Request, s shown, t *checked) *oauthError {
	as := func(o *oauthError) *oauthError {
		if o.Kind == fault.Invalid {
			o.Kind, o.scheme = fault.Unauthenticated, schemeDPoP
		}
		return o
	}
	pr, oerr := p.readProof(r, t.client)
	if oerr != nil {
		return as(oerr)
	}
	sum := sha256.Sum256([]byte(s.token))
	switch ath := base64.RawURLEncoding.EncodeToString(sum[:]); {
	case pr.key != t.claims.Confirmation.JKT:
		return s.refused("the access token is bound to another key than that of the proof")
	case subtle.ConstantTimeCompare([]byte(pr.claims.Token), []byte(ath)) != 1:
		return as(badProof("ath is not the SHA-256 of the access token, in base64url"))
	}
	if oerr := p.acceptProof(w, r.Context(), pr); oerr != nil {
		return as(oerr)
	}
	return nil
}

// readProof reads the request's one proof and checks all of it that needs no
// memory (§4.3): the numbers are those of the list there.
func (p *Provider) readProof(r *http.Request, c *client.Client) (*proof, *oauthError) {
	headers := r.Header.Values(headerProof)
	switch {
	case len(headers) == 0:
		return nil, noProof()
	case len(headers) > 1: // 1
		return nil, badProof("the request has %d headers DPoP; send one", len(headers))
	}
	pr, err := parseProof(headers[0], algsFor(c))
	if err != nil {
		return nil, badProof("%s", fault.Public(err)).because(errors.Unwrap(err))
	}
	now, claims := p.Now(), &pr.claims
	iat, ok := moment(claims.IssuedAt)
	switch {
	case claims.ID == "" || len(claims.ID) > maxJTI: // 3
		return nil, badProof("jti is missing or has more than %d bytes", maxJTI)
	case claims.Method != r.Method: // 8
		return nil, badProof("htm is %s, and the request is a %s", printable(claims.Method), r.Method)
	case !p.isTarget(claims.URI, r.URL.Path): // 9
		return nil, badProof("htu is %s, and the request was sent to %s", printable(claims.URI), p.cfg.Issuer+r.URL.Path)
	case !ok: // 11
		return nil, badProof("iat is missing or is not a number of seconds")
	case iat.Before(now.Add(-proofLife - maxSkew)):
		return nil, badProof("iat is %d seconds ago; make a proof for each request", int(now.Sub(iat).Seconds()))
	case iat.After(now.Add(maxSkew)):
		return nil, badProof("iat is %d seconds in the future; check the clock", int(iat.Sub(now).Seconds()))
	}
	return pr, nil
}

// parseProof reads a proof and verifies it with the key that it holds itself
// (§4.3, 2 to 7). The fault says what is wrong.
func parseProof(raw string, algs []jose.SignatureAlgorithm) (*proof, error) {
	parts := strings.Split(raw, ".")
	var header struct {
		Key json.RawMessage `json:"jwk"`
	}
	switch {
	case len(raw) > maxProof:
		return nil, fault.New(fault.Invalid, "the proof has %d bytes; at most %d are taken", len(raw), maxProof)
	case len(parts) != 3 || !decodePart(parts[0], &header): // 2
		return nil, fault.New(fault.Invalid, "the proof is not one signed JWT in compact form")
	case client.Private(header.Key): // 7; asked first, because to read such a key is work
		return nil, fault.New(fault.Invalid, "jwk holds a private or secret key: send the public key, and replace this one")
	}
	jws, err := jose.ParseSignedCompact(raw, algs) // 5, and embedded keys must be public ones
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the proof cannot be read, or its alg is not one of those that dpop_signing_alg_values_supported names")
	}
	protected := jws.Signatures[0].Protected
	typ, _ := protected.ExtraHeaders[jose.HeaderType].(string)
	key := protected.JSONWebKey
	switch {
	case typ != typeProof: // 4
		return nil, fault.New(fault.Invalid, "typ is %s and must be %s", printable(typ), typeProof)
	case key == nil: // 3
		return nil, fault.New(fault.Invalid, "the header has no jwk with the public key")
	}
	if known, err := client.Usable(key); err != nil || !known {
		return nil, fault.Wrap(fault.Invalid, err, "jwk is no RSA, EC or Ed25519 key of a usable length")
	}
	payload, err := jws.Verify(key.Key) // 6
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the signature is not of the key in jwk")
	}
	var claims *proofClaims
	if err := json.Unmarshal(payload, &claims); err != nil || claims == nil {
		return nil, fault.Wrap(fault.Invalid, err, "a claim of the proof is of the wrong type")
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "jwk has no thumbprint")
	}
	return &proof{key: base64.RawURLEncoding.EncodeToString(sum), claims: *claims}, nil
}

// acceptProof checks the nonce of a proof that is good otherwise, and then that
// it comes for the first time (§4.3, 10; §11.1). It tells the client the nonce
// that it should use from now on, where it has not got that.
func (p *Provider) acceptProof(w http.ResponseWriter, ctx context.Context, pr *proof) *oauthError {
	now := p.Now()
	newest := p.nonces.at(now)
	if pr.claims.Nonce != newest && (pr.claims.Nonce != "" || p.cfg.DPoP.NonceRequired) {
		w.Header().Set(headerNonce, newest) // §8.2
	}
	switch given := pr.claims.Nonce; {
	case given == "" && p.cfg.DPoP.NonceRequired:
		return ruleProofNonce.broken("make the proof again, with the nonce that the header DPoP-Nonce gives")
	case given != "" && !p.nonces.valid(given, now):
		return ruleProofNonce.broken("the nonce in the proof is none of ours, or too old: make the proof again, with that in the header DPoP-Nonce")
	}
	iat, _ := moment(pr.claims.IssuedAt)
	first, err := p.Once.First(ctx, "dpop "+pr.key+" "+pr.claims.ID, iat.Add(proofLife+maxSkew).Sub(now))
	if err != nil {
		return asOAuth(err)
	}
	if !first {
		return badProof("the jti was used before: make a proof for each request")
	}
	return nil
}

// isTarget reports whether the htu is the endpoint with the path, at the issuer
// or where certificates are asked for, query and fragment left aside (§4.3, 9).
func (p *Provider) isTarget(htu, endpoint string) bool {
	got, ok := normalURI(htu)
	if !ok {
		return false
	}
	for _, base := range []string{p.cfg.Issuer, p.cfg.MTLS.Base} {
		if want, ok := normalURI(base + endpoint); ok && got == want {
			return true
		}
	}
	return false
}

// normalURI writes an address in the one way that RFC 3986 §6.2.2 and §6.2.3
// have for it, without query and fragment.
func normalURI(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return "", false
	}
	u = new(url.URL).ResolveReference(u) // without . and ..
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", false
	}
	// Only what is reserved stays encoded: %2F is no slash, and %74 is a t.
	segments := strings.Split(u.EscapedPath(), "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return "", false
		}
		segments[i] = url.PathEscape(plain)
	}
	return u.Scheme + "://" + host + strings.Join(segments, "/"), true
}

// checkDPoPKey reads the key to which the code will be bound (§10).
func checkDPoPKey(_ *Provider, _ context.Context, d *draft) *oauthError {
	key := d.params.get("dpop_jkt")
	if key != "" && !handle.Valid(key) {
		return ruleProofKey.broken("dpop_jkt must be the 43 characters of a base64url SHA-256 thumbprint (RFC 9449, section 10)")
	}
	d.req.DPoPKey = key
	return nil
}

// bindPushed binds the code of a pushed request to the key whose proof came with
// it (§10.1).
func (p *Provider) bindPushed(w http.ResponseWriter, r *http.Request, d *draft) *oauthError {
	key, oerr := p.proofKey(w, r, d.client)
	switch {
	case oerr != nil:
		return oerr
	case key != "" && d.req.DPoPKey != "" && key != d.req.DPoPKey:
		return badProof("dpop_jkt names another key than that of the proof (RFC 9449, section 10.1)")
	case key != "":
		d.req.DPoPKey = key
	}
	return nil
}

func noProof() *oauthError {
	return ruleProofMissing.broken("send a DPoP proof in the header DPoP (RFC 9449, section 4.1)")
}

func badProof(format string, args ...any) *oauthError {
	return ruleProof.broken("the DPoP proof: "+format, args...)
}
