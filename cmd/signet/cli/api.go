package cli

import (
	"context"
	"net/netip"
	"time"

	"signet/internal/api"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/limit"
	"signet/internal/org"
	"signet/internal/store/kv"
)

// api is the management API, which the protocol tells what tokens are worth.
func (s *server) api() *api.API {
	return api.New(api.Services{
		Issuer: s.cfg.Issuer, Tokens: s.provider, Gate: s.apiGate(), Accounts: s.accounts, Clients: s.clients, Organizations: s.orgs, Domains: s.domains, Connections: s.upstreams, Settings: s.connectionSettings(),
		Invitations: s.invites, Letter: s.invitationLetter,
		Repeats: s.repeats, Audit: s.db, Now: time.Now,
	})
}

// invitationLetter writes the letter of an invitation that no page sends.
func (s *server) invitationLetter(ctx context.Context, language string) org.ComposeInvitation {
	return s.pages.InvitationLetter(ctx, s.pages.View.Languages().Negotiate(language, "", ""))
}

// apiGate bounds how often an app calls the management API, for each person whose
// token it has.
func (h *house) apiGate() api.Gate {
	l := h.cfg.Limits
	limiter := limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now)
	rule := ruleOf("management API", l.API)
	return func(ctx context.Context, by *grant.Access, ip string) (time.Duration, error) {
		from, _ := netip.ParseAddr(ip)
		ok, wait, err := limiter.Allow(ctx, rule, from, by.ClientID+"\x00"+by.AccountID)
		if err == nil && !ok {
			err = fault.New(fault.Limited, "too many calls; wait %d seconds", int(wait.Seconds())+1)
		}
		return wait, err
	}
}
