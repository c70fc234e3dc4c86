package federation

import (
	"time"

	"signet/internal/fault"
	"signet/internal/federation/saml"
	"signet/internal/org"
)

// Checker looks at the settings of connections that no page asks for and no trial
// has seen yet: what is declared, and what programs send.
type Checker struct {
	Insecure bool // http addresses are addresses, too
	Now      func() time.Time
}

// Check says what is wrong with a document or a key that was given by hand, as a
// fault of kind Invalid. What is behind an address is found out when it is fetched.
func (k Checker) Check(c *org.Connection, secrets org.Secrets) error {
	if c.Protocol == org.SAML {
		return k.checkSAML(c)
	}
	if c.OIDC.MetadataURL == "" && c.OIDC.Metadata != "" {
		if _, err := ParseMetadata([]byte(c.OIDC.Metadata)); err != nil {
			return err
		}
	}
	if secrets.PrivateKey == "" {
		return nil
	}
	_, err := parseClientKey(secrets.PrivateKey)
	return err
}

func (k Checker) checkSAML(c *org.Connection) error {
	if c.SAML.MetadataURL != "" || c.SAML.Metadata == "" {
		return nil
	}
	idp, err := saml.ParseMetadata([]byte(c.SAML.Metadata), k.Insecure)
	if err == nil && idp.Expired(k.Now()) {
		err = fault.New(fault.Invalid, "the metadata was good until %s: fetch it anew from the provider", idp.ValidUntil.UTC().Format(time.DateOnly)).On("metadata")
	}
	return err
}
