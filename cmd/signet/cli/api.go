package cli

import (
	"context"
	"net/netip"
	"time"

	"signet/internal/account"
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
		Issuer: s.cfg.Issuer, Tokens: s.provider, Gate: s.apiGate(), Accounts: s.accounts, Operator: operatorOf{s.house}, Arrivals: s.arrivals, Clients: s.clients, Organizations: s.orgs, Domains: s.domains, Connections: s.upstreams, Settings: s.connectionSettings(),
		Invitations: s.invites, Letter: s.invitationLetter,
		Repeats: s.repeats, Audit: s.db, Now: time.Now,
	})
}

// operatorOf does by API what commands do.
type operatorOf struct{ house *house }

// SignOut implements api.Operator.
func (o operatorOf) SignOut(ctx context.Context, accountID string) error {
	return o.house.signOut(ctx, accountID)
}

// ShutOut implements api.Operator.
func (o operatorOf) ShutOut(ctx context.Context, accountID string, change func() error) error {
	return o.house.shutOut(ctx, accountID, change)
}

// Erase implements api.Operator.
func (o operatorOf) Erase(ctx context.Context, a *account.Account) ([]*org.Sole, error) {
	return o.house.erase(ctx, a)
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
