package cli

import (
	"context"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"signet/internal/fault"
	"signet/internal/limit"
	"signet/internal/op"
	"signet/internal/store/kv"
)

// secretGuard implements op.SecretGuard. Wrong secrets are counted in counters
// that all nodes share; that there were too many is remembered by each node that
// saw one too many, so that a right secret costs no round trip.
type secretGuard struct {
	limiter *limit.Limiter
	rule    limit.Rule
	v4, v6  int
	until   *lru.Cache[string, time.Time] // who -> when the next secret is looked at
}

var _ op.SecretGuard = secretGuard{}

// maxGuessers is how many of those who guess a node remembers.
const maxGuessers = 4096

func (h *house) secretGuard() secretGuard {
	l := h.cfg.Limits
	until, _ := lru.New[string, time.Time](maxGuessers) // fails for no size only
	return secretGuard{
		limiter: limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now),
		rule:    ruleOf("client secret", l.ClientSecret),
		v4:      l.IPv4Prefix, v6: l.IPv6Prefix, until: until,
	}
}

func (g secretGuard) who(clientID string, from netip.Addr) string {
	return clientID + "\x00" + limit.Address(from, g.v4, g.v6)
}

// Allow implements op.SecretGuard.
func (g secretGuard) Allow(clientID, address string) error {
	if g.until.Len() == 0 {
		return nil
	}
	from, _ := netip.ParseAddr(address)
	if t, ok := g.until.Get(g.who(clientID, from)); ok && time.Now().Before(t) {
		return fault.New(fault.Limited, "Too many wrong secrets of this client came from this network. Try again in some minutes.")
	}
	return nil
}

// Wrong implements op.SecretGuard.
func (g secretGuard) Wrong(ctx context.Context, clientID, address string) error {
	from, _ := netip.ParseAddr(address)
	who := g.who(clientID, from)
	pass, err := g.limiter.Take(ctx, from, limit.Try{Rule: g.rule, Who: who})
	if err == nil && !pass.OK {
		g.until.Add(who, time.Now().Add(pass.RetryAfter))
	}
	return err
}
