package cli

import (
	"context"
	"net/netip"
	"time"

	"signet/internal/fault"
	"signet/internal/limit"
	"signet/internal/store/kv"
)

// signInGuard implements account.Guard with the limits of the configuration.
type signInGuard struct {
	limiter          *limit.Limiter
	account, network limit.Rule
	v4, v6           int // lengths of the blocks that count as one visitor
}

// guard bounds password guesses.
func (h *house) guard() signInGuard {
	l := h.cfg.Limits
	return signInGuard{
		limiter: limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now),
		account: limit.Rule{Journey: "sign-in, account", Max: int64(l.SignInAccount.Count), Window: l.SignInAccount.Window},
		network: limit.Rule{Journey: "sign-in, network", Max: int64(l.SignInNetwork.Count), Window: l.SignInNetwork.Window},
		v4:      l.IPv4Prefix, v6: l.IPv6Prefix,
	}
}

// Guess implements account.Guard. An address that cannot be read shares its
// budget with all others like it.
func (g signInGuard) Guess(ctx context.Context, emailKey, ip string) (func(context.Context) error, error) {
	from, _ := netip.ParseAddr(ip)
	pass, err := g.limiter.Take(ctx, from,
		limit.Try{Rule: g.account, Who: emailKey}, limit.Try{Rule: g.network, Who: limit.Address(from, g.v4, g.v6)})
	if err != nil {
		return nil, err
	}
	if !pass.OK {
		return nil, fault.New(fault.Limited, "Too many tries. Please wait %d minutes, or reset the password.", int(pass.RetryAfter.Minutes())+1)
	}
	return func(ctx context.Context) error { return g.limiter.Refund(ctx, &pass) }, nil
}
