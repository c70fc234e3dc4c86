package cli

import (
	"time"

	"signet/internal/federation"
	"signet/internal/org"
	"signet/internal/outbound"
	"signet/internal/store/kv"
)

// federation speaks with the providers of sign-in connections, through out.
func (s *server) federation(out *outbound.Client) (*federation.Service, *federation.OpenID, *federation.SAML, error) {
	openID, err := federation.NewOpenID(out, time.Now)
	if err != nil {
		return nil, nil, nil, err
	}
	once := kv.NewOnce(s.kv)
	s.samlDocuments = federation.NewDocuments(out, s.upstreams, once, s.cfg.Outbound.AllowPrivate, s.log, time.Now)
	saml := federation.NewSAML(s.sessions, once, s.samlDocuments, time.Now)
	return federation.NewService(s.cfg.Issuer, s.upstreams, map[org.Protocol]federation.Provider{org.OIDC: openID, org.SAML: saml}), openID, saml, nil
}

// connectionSettings looks at what programs and declarations say of connections.
func (h *house) connectionSettings() federation.Checker {
	return federation.Checker{Insecure: h.cfg.Outbound.AllowPrivate, Now: time.Now}
}
