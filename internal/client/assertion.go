package client

import (
	"slices"
	"strings"
)

// AssertionByEmail says that the subject of an assertion is the e-mail address
// of an account, whichever.
const AssertionByEmail = "email"

// maxAssertionSubjects bounds the list of whom assertions may be about.
const maxAssertionSubjects = 1000

// AssertedEmail returns the address of the account that the assertion's subject
// stands for; "" when it stands for none.
func (c *Client) AssertedEmail(subject string) string {
	if slices.Contains(c.AssertionSubjects, AssertionByEmail) {
		return subject
	}
	for _, pair := range c.AssertionSubjects {
		if i := strings.LastIndexByte(pair, '='); i > 0 && pair[:i] == subject {
			return pair[i+1:]
		}
	}
	return ""
}

// AssertionKeys is who signs the assertions, as whose keys can be looked up.
func (c *Client) AssertionKeys() *Client {
	return &Client{ID: c.AssertionIssuer, Metadata: Metadata{JWKS: c.AssertionJWKS, JWKSURI: c.AssertionJWKSURI}}
}

// checkAssertions checks that a client that may bring assertions says all of
// whose, signed with what, about whom: nothing of it has a default.
func (c *Client) checkAssertions(p *problems, r Rules) {
	says := c.AssertionIssuer != "" || c.AssertionJWKS != "" || c.AssertionJWKSURI != "" || len(c.AssertionSubjects) > 0
	may := c.MayGrant(GrantAssertion)
	p.when(says && !may, "grant_types", "the assertion_ keys are of no use without the grant type %s", GrantAssertion)
	if !may {
		return
	}
	p.when(c.Public(), "grant_types", "%s needs a client that can prove who it is: give it a secret or a key", GrantAssertion)
	p.when(c.AssertionIssuer == "" || len(c.AssertionIssuer) > maxName, "assertion_issuer", "%s needs assertion_issuer: the iss of the assertions", GrantAssertion)
	p.when((c.AssertionJWKS == "") == (c.AssertionJWKSURI == ""), "assertion_jwks", "%s needs the issuer's keys, in assertion_jwks or at assertion_jwks_uri: one of them", GrantAssertion)
	if c.AssertionJWKS != "" {
		if _, err := c.AssertionJWKS.Keys(); err != nil {
			p.found = append(p.found, err)
		}
	}
	if c.AssertionJWKSURI != "" {
		if err := checkURI("assertion_jwks_uri", c.AssertionJWKSURI, false, r.Loopback); err != nil {
			p.found = append(p.found, err)
		}
	}
	n := len(c.AssertionSubjects)
	p.when(n == 0 || n > maxAssertionSubjects, "assertion_subjects", "%s needs assertion_subjects: %s, or up to %d pairs such as 4711=ada@example.com",
		GrantAssertion, AssertionByEmail, maxAssertionSubjects)
	for _, pair := range c.AssertionSubjects {
		i := strings.LastIndexByte(pair, '=')
		p.when(pair != AssertionByEmail && (i < 1 || !strings.Contains(pair[i+1:], "@")), "assertion_subjects",
			"assertion_subjects: %q is neither %s nor a pair such as 4711=ada@example.com", pair, AssertionByEmail)
		p.when(pair == AssertionByEmail && n > 1, "assertion_subjects", "assertion_subjects: %s stands alone, or not at all", AssertionByEmail)
	}
}
