package op

// RFC 7523 §2.2, §3 and OpenID Connect Core 1.0 §9: clients that prove who they
// are by a JWT that they sign, with their own key or with their secret.

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/fault"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// maxAssertion bounds an assertion, which is a stranger's at first.
	maxAssertion = 8 << 10
	// maxAssertionLife is how far away an assertion's end may be: until then its
	// jti is remembered.
	maxAssertionLife = time.Hour
)

// Once remembers what may come once.
type Once interface {
	// First reports whether the name comes for the first time in life; true for
	// one of any number of callers, on any number of nodes.
	First(ctx context.Context, name string, life time.Duration) (bool, error)
}

// readAssertion reads the credentials of a request that brings an assertion. The
// client that it names is not proven yet.
func readAssertion(ps params, endpoint string) (credentials, *oauthError) {
	assertion := ps.get("client_assertion")
	var claims jwtClaims
	parts := strings.Split(assertion, ".")
	switch {
	case ps.get("client_assertion_type") != assertionType:
		return credentials{}, ruleCredentials.broken("client_assertion_type must be %s", assertionType)
	case ps.has("client_secret"):
		return credentials{}, ruleCredentials.broken("the client authenticates in two ways at once; use one")
	case len(assertion) > maxAssertion || len(parts) != 3 || !decodePart(parts[1], &claims) || claims.Subject == "":
		return credentials{}, invalidClient(fault.New(fault.Unauthenticated, "the client_assertion is not a signed JWT with a sub"))
	case ps.has("client_id") && ps.get("client_id") != claims.Subject:
		return credentials{}, ruleCredentials.broken("client_id names another client than the client_assertion")
	}
	return credentials{method: client.AuthPrivateKeyJWT, clientID: claims.Subject, assertion: assertion, endpoint: endpoint}, nil
}

// checkAssertion reports whether the assertion is the client's, for us, in time
// and used for the first time.
func (p *Provider) checkAssertion(ctx context.Context, c *client.Client, cr credentials) (bool, error) {
	payload, err := p.verifyAssertion(ctx, c, cr.assertion)
	if err != nil {
		return false, err
	}
	var claims jwtClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return false, unproven("a claim is of the wrong type")
	}
	exp, ok := moment(claims.Expires)
	now := p.Now()
	switch {
	case claims.Issuer != c.ID || claims.Subject != c.ID:
		return false, unproven("iss and sub must be the client_id")
	case c.Policy().IssuerAudience && !p.isForIssuerAlone(payload):
		return false, unproven("aud must be the issuer, as a string and not in a list (FAPI 2.0 Security Profile §5.3.2.1)")
	case !p.isForUs(claims.Audience, cr.endpoint):
		return false, unproven("aud must be the issuer or the endpoint")
	case !ok || exp.After(now.Add(maxAssertionLife)):
		return false, unproven("exp is missing, or more than an hour away")
	case claims.ID == "" || len(claims.ID) > 512:
		return false, unproven("jti is missing or too long")
	}
	if wrong := claims.inTime(now); wrong != "" {
		return false, unproven(wrong)
	}
	// Last of all, so that what somebody else made cannot use up a jti.
	first, err := p.Once.First(ctx, "assertion "+c.ID+" "+claims.ID, exp.Sub(now)+maxSkew)
	if err == nil && !first {
		return false, unproven("the jti was used before")
	}
	return first, err
}

// verifyAssertion returns what the client signed, by the algorithm that it is
// registered for.
func (p *Provider) verifyAssertion(ctx context.Context, c *client.Client, assertion string) ([]byte, error) {
	algs := algsFor(c)
	if c.AuthMethod == client.AuthSecretJWT {
		algs = []jose.SignatureAlgorithm{jose.HS256}
	}
	if c.AuthSigningAlg != "" {
		algs = []jose.SignatureAlgorithm{jose.SignatureAlgorithm(c.AuthSigningAlg)}
	}
	jws, err := jose.ParseSignedCompact(assertion, algs)
	if err != nil {
		return nil, fault.Wrap(fault.Unauthenticated, err, "the assertion is no JWT of the client's algorithm")
	}
	if c.AuthMethod == client.AuthSecretJWT {
		secret, ok := p.Clients.Secret(c)
		if !ok {
			return nil, unproven("the client's secret is kept in a form that cannot verify")
		}
		payload, err := jws.Verify([]byte(secret))
		if err != nil {
			return nil, unproven("the client's secret does not verify it")
		}
		return payload, nil
	}
	payload, err := p.keyring.verify(ctx, c, jws)
	if fault.Is(err, fault.Invalid) {
		return nil, fault.Wrap(fault.Unauthenticated, err, "the assertion is not the client's")
	}
	return payload, err
}

// isForUs reports whether the audience has the issuer, the token endpoint, or
// the endpoint that was called (RFC 7523 §3, OpenID Connect Core §9, RFC 9126
// §2).
func (p *Provider) isForUs(aud audience, endpoint string) bool {
	return slices.ContainsFunc(aud, func(a string) bool {
		return a == p.cfg.Issuer || a == p.cfg.Issuer+pathToken || a == p.cfg.Issuer+endpoint
	})
}

// isForIssuerAlone reports whether the audience of the claims is the issuer, as
// a string: one of two providers that a client uses could pass on what is for
// several (FAPI 2.0 Security Profile §5.3.2.1).
func (p *Provider) isForIssuerAlone(payload []byte) bool {
	var claims struct {
		Audience string `json:"aud"`
	}
	return json.Unmarshal(payload, &claims) == nil && claims.Audience == p.cfg.Issuer
}

func unproven(why string) error { return fault.New(fault.Unauthenticated, "client_assertion: %s", why) }
