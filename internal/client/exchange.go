package client

import (
	"slices"
	"strings"
)

// What a client may make of another's token (RFC 8693 §1.1).
const (
	Impersonation = "impersonation" // a token that is the person's, as if the client were not there
	Delegation    = "delegation"    // a token that says who acts for the person
)

// Exchanges are the kinds of exchange that there are.
var Exchanges = []string{Impersonation, Delegation}

// MayExchange reports whether the client may make such a token of one that the
// other client was given.
func (c *Client) MayExchange(kind, from string) bool {
	return slices.Contains(c.TokenExchange, kind) && slices.Contains(c.TokenExchangeFrom, from)
}

// checkExchange checks that a client that may exchange tokens says all of which,
// for what and how: nothing of it has a default.
func (c *Client) checkExchange(p *problems) {
	for _, kind := range c.TokenExchange {
		p.when(!slices.Contains(Exchanges, kind), "token_exchange", "token_exchange has %s, not %q", strings.Join(Exchanges, " or "), kind)
	}
	for _, id := range c.TokenExchangeFrom {
		p.when(!ValidID(id), "token_exchange_from", "token_exchange_from: %q is no client id", id)
	}
	p.when(len(c.TokenExchangeFrom) > maxURIs, "token_exchange_from", "token_exchange_from has at most %d members", maxURIs)
	may, says := c.MayGrant(GrantExchange), len(c.TokenExchange)+len(c.TokenExchangeFrom) > 0
	p.when(says && !may, "grant_types", "token_exchange is of no use without the grant type %s", GrantExchange)
	if !may {
		return
	}
	p.when(c.Public(), "grant_types", "%s needs a client that can prove who it is: give it a secret or a key", GrantExchange)
	p.when(len(c.TokenExchange) == 0, "token_exchange", "%s needs token_exchange: %s, or both", GrantExchange, strings.Join(Exchanges, " or "))
	p.when(len(c.TokenExchangeFrom) == 0, "token_exchange_from", "%s needs token_exchange_from: the ids of the clients whose tokens may be exchanged", GrantExchange)
	p.when(len(c.Resources) == 0, "resources", "%s needs resources: the APIs for which tokens may be had", GrantExchange)
}
