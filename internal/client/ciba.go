package client

import (
	"slices"
	"strings"

	"signet/internal/keys"
)

// How an app learns that a person has decided (CIBA Core 1.0 §5). Push, by which
// tokens are sent to an address, is not offered: FAPI-CIBA §5.2.2 forbids it.
const (
	DeliveryPoll = "poll"
	DeliveryPing = "ping"
)

// DeliveryModes are the modes that there are.
var DeliveryModes = []string{DeliveryPoll, DeliveryPing}

// fillCIBA sets what was left out of a client that asks people away from the
// browser.
func (c *Client) fillCIBA() {
	if c.MayGrant(GrantCIBA) && c.DeliveryMode == "" {
		c.DeliveryMode = DeliveryPoll
	}
}

// checkCIBA checks the metadata of CIBA Core 1.0 §4.
func (c *Client) checkCIBA(p *problems, r Rules) {
	const mode, endpoint, alg = "backchannel_token_delivery_mode", "backchannel_client_notification_endpoint", "backchannel_authentication_request_signing_alg"
	p.when(c.DeliveryMode != "" && !slices.Contains(DeliveryModes, c.DeliveryMode), mode, "%s is one of %s, not %q", mode, strings.Join(DeliveryModes, ", "), c.DeliveryMode)
	p.when(c.DeliveryMode == DeliveryPing && c.NotificationURI == "", endpoint, "%s is missing, which the delivery mode ping needs", endpoint)
	if c.NotificationURI != "" {
		if err := checkURI(endpoint, c.NotificationURI, false, r.Loopback); err != nil {
			p.found = append(p.found, err)
		}
	}
	p.when(c.BackchannelAlg != "" && !slices.Contains(keys.Algorithms, c.BackchannelAlg), alg, "%s is one of %s, not %q", alg, strings.Join(keys.Algorithms, ", "), c.BackchannelAlg)
	hasKeys := c.JWKS != "" || c.JWKSURI != ""
	p.when(c.BackchannelAlg != "" && !hasKeys, alg, "%s %s needs the client's keys, in jwks or at jwks_uri", alg, c.BackchannelAlg)
	p.when(c.UserCode, "backchannel_user_code_parameter", "backchannel_user_code_parameter: user codes are not supported; leave it out")
	if !c.MayGrant(GrantCIBA) {
		return
	}
	p.when(c.Public(), "grant_types", "%s needs a client that can prove who it is (CIBA Core 1.0 §7.1)", GrantCIBA)
	p.when(c.Policy().SignedCIBA && !hasKeys, "jwks", "the profile %s asks for signed backchannel requests: give the client's keys, in jwks or at jwks_uri (FAPI-CIBA §5.2.2)", c.Profile)
}
