package op

// RFC 9101 (JWT-Secured Authorization Request) and OpenID Connect Core 1.0 §6:
// requests whose parameters are in an object that the client made, sent along
// or fetched from where the client registered it.

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/keys"
)

const (
	// maxRequestObject bounds an object, which is a stranger's until its
	// signature is verified.
	maxRequestObject = 16 << 10
	// maxSkew is how far the clocks of clients may be off.
	maxSkew = time.Minute
	// algNone marks an object that is not signed (RFC 7518 §3.6).
	algNone = "none"
)

// clientAlgs are what clients may sign with: nothing symmetric, because their
// secrets are not kept in a form that could verify it.
var clientAlgs = algsOf(keys.Algorithms)

// algsFor are those of them that the client's profile leaves.
func algsFor(c *client.Client) []jose.SignatureAlgorithm {
	if algs := c.Policy().Algs; algs != nil {
		return algsOf(algs)
	}
	return clientAlgs
}

// resolveRequest puts the parameters of a request object in the place of those
// that came with the browser. Of these, none but client_id counts any more
// (RFC 9101 §6.3): only what the client itself put together is its request.
func resolveRequest(p *Provider, ctx context.Context, d *draft) *oauthError {
	ps, oerr := p.objectOf(ctx, d)
	if oerr == nil {
		if ps != nil {
			d.params = ps
		}
		return nil
	}
	// Who would have been answered without the object is told what is wrong with
	// it; where that is not certain, the person is.
	if checkRedirectURI(p, ctx, d) != nil {
		return oerr
	}
	d.refused = oerr
	return nil
}

// objectOf returns the parameters in the request's object, or nil where it has
// none.
func (p *Provider) objectOf(ctx context.Context, d *draft) (params, *oauthError) {
	byValue, byURI := d.params.get("request"), d.params.get("request_uri")
	for _, name := range []string{"request", "request_uri"} {
		if n := len(d.params[name]); n > 1 {
			return nil, repeated(name, n)
		}
	}
	switch {
	case byValue != "" && byURI != "":
		return nil, ruleOneRequest.broken("request and request_uri exclude each other; send one")
	case strings.HasPrefix(byURI, pushedPrefix):
		return nil, p.takePushed(ctx, d, byURI)
	case d.client.RequirePAR && !d.pushing:
		return nil, rulePARRequired.broken("the client is registered to push its requests (require_pushed_authorization_requests)")
	case byURI != "":
		raw, oerr := p.fetchRequest(ctx, d.client, byURI)
		if oerr != nil {
			return nil, oerr
		}
		return p.unpack(ctx, d.client, authorizationObject, raw)
	case byValue != "":
		return p.unpack(ctx, d.client, authorizationObject, byValue)
	case d.client.RequireSignedRequest:
		return nil, ruleObjectRequired.broken("the client is registered to send signed request objects only (require_signed_request_object)")
	}
	return nil, nil
}

// fetchRequest gets the object at an address that the client registered
// (OpenID Connect Core §6.2). A fragment is the hash of what is there.
func (p *Provider) fetchRequest(ctx context.Context, c *client.Client, uri string) (string, *oauthError) {
	if !c.MayRequestFrom(uri) {
		return "", invalidRequestURI("the request_uri %s is not one of the client's registered request_uris", printable(uri))
	}
	address, hash, _ := strings.Cut(uri, "#")
	body, err := p.Outbound.Get(ctx, address, maxRequestObject)
	if fault.Is(err, fault.Invalid) {
		return "", invalidRequestURI("the request_uri cannot be fetched: %s", fault.Public(err)).because(err)
	}
	if err != nil {
		return "", asOAuth(err)
	}
	if sum := sha256.Sum256(body); hash != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != strings.TrimRight(hash, "=") {
		return "", invalidRequestURI("what the request_uri leads to has another SHA-256 than its fragment says")
	}
	return strings.TrimSpace(string(body)), nil
}

// objectKind is how the objects of one kind of request are made.
type objectKind struct {
	alg    func(*client.Client) string // that is registered; "": any
	signed func(*client.Client) bool   // it must be, whatever is registered
	needs  []string                    // claims that must be there
}

// authorization objects are those of RFC 9101.
var authorizationObject = objectKind{
	alg:    func(c *client.Client) string { return c.RequestObjectAlg },
	signed: func(c *client.Client) bool { return c.RequireSignedRequest },
}

// unpack returns the parameters in an object of the client.
func (p *Provider) unpack(ctx context.Context, c *client.Client, kind objectKind, raw string) (params, *oauthError) {
	if len(raw) > maxRequestObject {
		return nil, invalidObject("the request object has %d bytes; at most %d are taken", len(raw), maxRequestObject)
	}
	payload, oerr := p.openObject(ctx, c, kind, raw)
	if oerr != nil {
		return nil, oerr
	}
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(payload, &claims); err != nil || claims == nil {
		return nil, invalidObject("the request object holds no JSON object")
	}
	for _, name := range kind.needs {
		if _, ok := claims[name]; !ok {
			return nil, invalidObject("the request object has no %s, which it must have", name)
		}
	}
	if oerr := p.checkObject(c, claims); oerr != nil {
		return nil, oerr
	}
	return objectParams(c, claims)
}

// openObject verifies the object as the client is registered, and returns what
// is in it.
func (p *Provider) openObject(ctx context.Context, c *client.Client, kind objectKind, raw string) ([]byte, *oauthError) {
	var header struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
	}
	if strings.Count(raw, ".") == 4 {
		plain, err := p.Keys.Set().Decrypt(raw)
		switch {
		case err != nil:
			return nil, ruleObjectEncryption.broken("the request object cannot be decrypted").because(err)
		case !strings.HasPrefix(string(plain), "{"):
			raw = string(plain) // signed, and then encrypted
		case kind.alg(c) != algNone || kind.signed(c):
			return nil, ruleObjectUnsigned.broken("what is encrypted in the request object is not signed, which is only for authorization requests of clients with request_object_signing_alg none; sign it, then encrypt it")
		default:
			return plain, nil
		}
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || !decodePart(parts[0], &header) || header.Alg == "" {
		return nil, invalidObject("the request object is not a signed JWT in compact form")
	}
	// §10.8: what was signed for something else is no request.
	if typ := strings.ToLower(header.Typ); typ != "" && typ != "jwt" && typ != "oauth-authz-req+jwt" {
		return nil, invalidObject("the request object is of type %s; oauth-authz-req+jwt is wanted", printable(header.Typ))
	}
	alg := kind.alg(c)
	switch {
	case header.Alg == algNone && kind.signed(c):
		return nil, invalidObject("the client is registered to send signed request objects only (require_signed_request_object); sign it")
	case header.Alg == algNone && alg != algNone:
		return nil, ruleObjectUnsigned.broken("unsigned request objects are only for clients with request_object_signing_alg none; sign it")
	case alg != "" && header.Alg != alg:
		return nil, invalidObject("the request object is signed with %s, and the client is registered for %s", printable(header.Alg), alg)
	case header.Alg == algNone:
		payload, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
		if err != nil || parts[2] != "" {
			return nil, invalidObject("the request object says alg none, and is not an unsigned JWT")
		}
		return payload, nil
	}
	jws, err := jose.ParseSignedCompact(raw, algsFor(c))
	if err != nil {
		return nil, invalidObject("the request object cannot be read, or its alg %s is not supported", printable(header.Alg)).because(err)
	}
	payload, err := p.keyring.verify(ctx, c, jws)
	if fault.Is(err, fault.Invalid) {
		return nil, invalidObject("%s", fault.Public(err)).because(err)
	}
	if err != nil {
		return nil, asOAuth(err)
	}
	return payload, nil
}

// decodePart reads one part of a compact JWT.
func decodePart(part string, into any) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}

// jwtClaims are the registered claims of what a client signed (RFC 7519 §4.1).
type jwtClaims struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"`
	Audience  audience     `json:"aud"`
	Expires   *json.Number `json:"exp"`
	NotBefore *json.Number `json:"nbf"`
	IssuedAt  *json.Number `json:"iat"`
	ID        string       `json:"jti"`
}

// jwtNames are their names: none of them is a parameter.
var jwtNames = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// moment reads a NumericDate, which may have a fraction.
func moment(n *json.Number) (time.Time, bool) {
	if n == nil {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

// inTime says what is wrong with the times of what a client signed; "" nothing.
func (c *jwtClaims) inTime(now time.Time) string {
	for name, n := range map[string]*json.Number{"exp": c.Expires, "nbf": c.NotBefore, "iat": c.IssuedAt} {
		if _, ok := moment(n); n != nil && !ok {
			return name + " is not a number of seconds"
		}
	}
	if exp, ok := moment(c.Expires); ok && !now.Before(exp) {
		return "it has expired"
	}
	if nbf, ok := moment(c.NotBefore); ok && nbf.After(now.Add(maxSkew)) {
		return "its nbf is in the future"
	}
	if iat, ok := moment(c.IssuedAt); ok && iat.After(now.Add(maxSkew)) {
		return "its iat is in the future"
	}
	return ""
}

// checkObject checks for whom, from whom and for when the object is.
func (p *Provider) checkObject(c *client.Client, members map[string]json.RawMessage) *oauthError {
	own := map[string]json.RawMessage{}
	for _, name := range jwtNames {
		if raw, ok := members[name]; ok {
			own[name] = raw
		}
	}
	var claims jwtClaims
	raw, err := json.Marshal(own)
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	switch {
	case err != nil:
		return invalidObject("one of iss, sub, aud, exp, nbf, iat and jti in the request object is of the wrong type")
	case claims.Issuer != "" && claims.Issuer != c.ID:
		return invalidObject("the request object has iss %s and not the client_id", printable(claims.Issuer))
	case len(claims.Audience) > 0 && !slices.Contains(claims.Audience, p.cfg.Issuer):
		return invalidObject("the request object has an aud without the issuer %s", p.cfg.Issuer)
	case claims.Subject == c.ID:
		// §10.8: an assertion with which the client authenticates.
		return invalidObject("the request object has the client_id as its sub, which only an assertion of the client has")
	}
	if wrong := claims.inTime(p.Now()); wrong != "" {
		return invalidObject("the request object cannot be used: %s", wrong)
	}
	if life := c.Policy().ObjectLife; life > 0 {
		return claims.within(p.Now(), life)
	}
	return nil
}

// within holds an object to a profile that bounds how long it can be used
// (FAPI 2.0 Message Signing §5.3.1, FAPI-CIBA §5.2.2).
func (c *jwtClaims) within(now time.Time, life time.Duration) *oauthError {
	nbf, hasNBF := moment(c.NotBefore)
	exp, hasEXP := moment(c.Expires)
	switch {
	case len(c.Audience) == 0:
		return ruleObjectLife.broken("the request object has no aud, which must be the issuer")
	case !hasNBF || nbf.Before(now.Add(-life)):
		return ruleObjectLife.broken("the request object must have an nbf that is at most %.0f minutes past", life.Minutes())
	case !hasEXP || exp.After(nbf.Add(life)):
		return ruleObjectLife.broken("the request object must have an exp that is at most %.0f minutes after its nbf", life.Minutes())
	}
	return nil
}

// objectParams makes parameters of the members, which may be of the JSON type
// that fits them (RFC 9101 §4).
func objectParams(c *client.Client, members map[string]json.RawMessage) (params, *oauthError) {
	out := params{}
	for name, raw := range members {
		if slices.Contains(jwtNames, name) {
			continue
		}
		if name == "request" || name == "request_uri" {
			return nil, invalidObject("the request object must not hold %s (RFC 9101, section 4)", name)
		}
		values, ok := texts(name, raw)
		if !ok {
			return nil, invalidObject("the member %s of the request object is of the wrong type", printable(name))
		}
		out[name] = values
	}
	if id := out.get("client_id"); id != "" && id != c.ID {
		return nil, invalidObject("the request object is of the client %s", printable(id))
	}
	out["client_id"] = []string{c.ID}
	return out, nil
}

// texts writes a member as the parameter that it stands for.
func texts(name string, raw json.RawMessage) ([]string, bool) {
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return []string{s}, err == nil
	case '{':
		return []string{string(raw)}, name == "claims"
	case '[':
		if name == "authorization_details" {
			return []string{string(raw)}, true
		}
		var list []string
		err := json.Unmarshal(raw, &list)
		return list, err == nil && repeatable[name]
	case 'n':
		return nil, true
	default:
		return []string{string(raw)}, true // a number, true or false
	}
}

func invalidObject(format string, args ...any) *oauthError {
	return ruleObject.broken(format, args...)
}

func invalidRequestURI(format string, args ...any) *oauthError {
	return ruleRequestURI.broken(format, args...)
}
