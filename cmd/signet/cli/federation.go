package cli

import (
	"time"

	"signet/internal/federation"
	"signet/internal/org"
	"signet/internal/outbound"
)

// federation speaks with the providers of sign-in connections, through out.
func (h *house) federation(out *outbound.Client) (*federation.Service, error) {
	openID, err := federation.NewOpenID(out, time.Now)
	if err != nil {
		return nil, err
	}
	return federation.NewService(h.cfg.Issuer, h.upstreams, map[org.Protocol]federation.Provider{org.OIDC: openID}), nil
}
