package client

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Profiles that a client can be held to.
const (
	ProfileOIDC         = "oidc"                  // OpenID Connect and OAuth 2.0 alone
	ProfileFAPI2        = "fapi2"                 // FAPI 2.0 Security Profile
	ProfileFAPI2Signing = "fapi2-message-signing" // FAPI 2.0 Message Signing
	ProfileFAPICIBA     = "fapi-ciba"             // FAPI-CIBA, which stands on FAPI 1.0
)

// Profiles are the profiles that there are.
var Profiles = []string{ProfileOIDC, ProfileFAPI2, ProfileFAPI2Signing, ProfileFAPICIBA}

// Policy is what a profile asks beyond what every client is held to. The zero
// value asks nothing.
type Policy struct {
	spec string // the specification, for who reads what is wrong

	Algs           []string      // that sign, in either direction; nil: all
	AuthMethods    []string      // nil: all
	IssuerAudience bool          // an assertion's aud is the issuer, alone and not in a list
	Bound          bool          // tokens are good with a key of the client alone
	Push           bool          // authorization requests are pushed
	PKCE           bool          // confidential clients use it, too
	CodeOnly       bool          // no response type and no grant that brings tokens through the browser
	HTTPS          bool          // answers never go to plain http, but to a native app on the same device
	CodeLife       time.Duration // at most; 0: the house's
	KeepRefresh    bool          // refresh tokens are not replaced when they are used
	SignedRequest  bool          // authorization requests are signed objects
	SignedCIBA     bool          // backchannel authentication requests are signed objects
	ObjectLife     time.Duration // a signed object has nbf and exp, so long before now and apart, and aud; 0: as it says
}

var (
	// fapiAlgs are those of FAPI 2.0 Security Profile §5.4.1; the EdDSA here is Ed25519.
	fapiAlgs = []string{"PS256", "ES256", "EdDSA"}
	// fapiAuth are the ways of FAPI 2.0 Security Profile §5.3.2.1 to prove who a client is.
	fapiAuth = []string{AuthPrivateKeyJWT, AuthTLS, AuthSelfSignedTLS}
)

// policies is the table of what each profile asks.
var policies = map[string]Policy{
	ProfileOIDC: {},
	ProfileFAPI2: {
		spec: "FAPI 2.0 Security Profile", Algs: fapiAlgs, AuthMethods: fapiAuth, IssuerAudience: true, Bound: true, Push: true, PKCE: true, CodeOnly: true,
		HTTPS: true, CodeLife: time.Minute, KeepRefresh: true, SignedCIBA: true,
	},
	ProfileFAPI2Signing: {
		spec: "FAPI 2.0 Message Signing", Algs: fapiAlgs, AuthMethods: fapiAuth, IssuerAudience: true, Bound: true, Push: true, PKCE: true, CodeOnly: true,
		HTTPS: true, CodeLife: time.Minute, KeepRefresh: true, SignedCIBA: true, SignedRequest: true, ObjectLife: time.Hour,
	},
	ProfileFAPICIBA: {
		spec: "FAPI-CIBA", Algs: fapiAlgs, AuthMethods: fapiAuth, Bound: true, PKCE: true, CodeOnly: true, HTTPS: true, CodeLife: time.Minute, SignedCIBA: true, ObjectLife: time.Hour,
	},
}

// Policy is what the client's profile asks.
func (c *Client) Policy() Policy { return policies[c.Profile] }

// fillProfile switches on what the profile asks, and takes its defaults.
func (c *Client) fillProfile() {
	if c.Profile == "" {
		c.Profile = ProfileOIDC
	}
	policy := c.Policy()
	c.RequirePAR = c.RequirePAR || policy.Push && c.MayGrant(GrantCode)
	c.RequireSignedRequest = c.RequireSignedRequest || policy.SignedRequest && c.MayGrant(GrantCode)
	if policy.Bound && !c.RequiresBinding() {
		// Who shows a certificate anyway needs no second key.
		c.CertificateBound = UsesCertificate(c.AuthMethod)
		c.DPoPBound = !c.CertificateBound
	}
	if policy.Algs == nil {
		return
	}
	for _, alg := range []*string{&c.IDTokenAlg, &c.AccessTokenAlg, &c.AnswerAlg, &c.IntrospectionAlg} {
		if *alg == "" {
			*alg = "ES256"
		}
	}
}

// checkProfile finds all that keeps the client from its profile.
func (c *Client) checkProfile(p *problems) {
	if !slices.Contains(Profiles, c.Profile) {
		p.add("profile", "profile is one of %s, not %q", strings.Join(Profiles, ", "), c.Profile)
		return
	}
	policy := c.Policy()
	if policy.AuthMethods != nil {
		p.when(!slices.Contains(policy.AuthMethods, c.AuthMethod), "auth_method",
			"the profile %s asks for an auth_method of %s, not %s: only a client that proves itself by a key is confidential enough (%s)",
			c.Profile, strings.Join(policy.AuthMethods, ", "), c.AuthMethod, policy.at("§5.3.2.1"))
	}
	c.checkProfileAlgs(p, policy)
	if policy.CodeOnly {
		p.when(c.MayGrant(GrantImplicit), "grant_types", "the profile %s excludes the grant type implicit (%s)", c.Profile, policy.at("§5.3.2.2"))
		for _, t := range c.ResponseTypes {
			p.when(t != "code", "response_types", "the profile %s knows the response type code alone, not %q (%s)", c.Profile, t, policy.at("§5.3.2.2"))
		}
	}
	for _, uri := range c.RedirectURIs {
		u, err := url.Parse(uri)
		p.when(policy.HTTPS && err == nil && u.Scheme == "http" && (c.ApplicationType != "native" || !isLoopbackIP(u.Hostname())), "redirect_uris",
			"redirect_uris: the profile %s sends answers to https alone, or to a loopback address such as http://127.0.0.1 of a native app, not to %q (%s)", c.Profile, uri, policy.at("§5.3.2.2"))
	}
}

// checkProfileAlgs holds each algorithm that is registered, and the keys that
// are, to those of the profile.
func (c *Client) checkProfileAlgs(p *problems, policy Policy) {
	if policy.Algs == nil {
		return
	}
	algs := strings.Join(policy.Algs, ", ")
	for _, pair := range [][2]string{
		{"token_endpoint_auth_signing_alg", c.AuthSigningAlg}, {"id_token_signed_response_alg", c.IDTokenAlg},
		{"access_token_signed_response_alg", c.AccessTokenAlg}, {"userinfo_signed_response_alg", c.UserinfoAlg},
		{"authorization_signed_response_alg", c.AnswerAlg}, {"introspection_signed_response_alg", c.IntrospectionAlg},
		{"request_object_signing_alg", c.RequestObjectAlg}, {"backchannel_authentication_request_signing_alg", c.BackchannelAlg},
	} {
		p.when(pair[1] != "" && !slices.Contains(policy.Algs, pair[1]), pair[0],
			"the profile %s signs with %s, so that %s cannot be %s (%s)", c.Profile, algs, pair[0], pair[1], policy.at("§5.4.1"))
	}
	if keys, err := c.JWKS.Keys(); c.JWKS != "" && err == nil && c.signs() {
		p.when(!slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool { return signsOneOf(k, policy.Algs) }), "jwks",
			"jwks has no key that signs with one of %s, which the profile %s asks for: an RSA key, one on P-256, or Ed25519 (%s)", algs, c.Profile, policy.at("§5.4.1"))
	}
}

// signs reports whether the client must sign something: what proves who it is, or
// its requests.
func (c *Client) signs() bool {
	return c.AuthMethod == AuthPrivateKeyJWT || c.RequireSignedRequest || c.Policy().SignedCIBA && c.MayGrant(GrantCIBA)
}

// signsOneOf reports whether the key can sign with one of the algorithms, of
// those that profiles name.
func signsOneOf(k jose.JSONWebKey, algs []string) bool {
	if k.Use == "enc" || k.Algorithm != "" && !slices.Contains(algs, k.Algorithm) {
		return false
	}
	can := ""
	switch public := k.Key.(type) {
	case *rsa.PublicKey:
		can = "PS256"
	case *ecdsa.PublicKey:
		if public.Params().Name == "P-256" {
			can = "ES256"
		}
	case ed25519.PublicKey:
		can = "EdDSA"
	}
	return slices.Contains(algs, can)
}

// at names the clause of FAPI 2.0 Security Profile that the profile stands on.
func (policy Policy) at(section string) string {
	if policy.spec == "FAPI-CIBA" {
		return "FAPI-CIBA §5.2.2, FAPI 1.0 Part 2 §5.2.2, §8.6"
	}
	return "FAPI 2.0 Security Profile " + section
}
