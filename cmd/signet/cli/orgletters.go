package cli

import (
	"context"
	"net/netip"
	"time"

	"signet/internal/limit"
	"signet/internal/org"
	"signet/internal/outbox"
	"signet/internal/store/kv"
)

// boundedLetters are letters of which nobody gets too many: who gives somebody one
// role after the other fills no mailbox with it.
type boundedLetters struct {
	org.Letters
	limiter *limit.Limiter
	rule    limit.Rule
}

func (h *house) boundedLetters(l org.Letters) boundedLetters {
	return boundedLetters{
		Letters: l, limiter: limit.New(kv.NewCounters(h.kv), nil, time.Now), // no network is exempt: it is somebody's mailbox
		rule: ruleOf("organization letters, person", h.cfg.Limits.OrganizationLetters),
	}
}

// OrganizationLetter implements org.Letters. Each kind of news has a budget of its
// own, so that many of one keep nobody from another.
func (b boundedLetters) OrganizationLetter(ctx context.Context, n org.Notice) (*outbox.Mail, error) {
	m, err := b.Letters.OrganizationLetter(ctx, n)
	if err != nil || m == nil {
		return nil, err
	}
	pass, err := b.limiter.Take(ctx, netip.Addr{}, limit.Try{Rule: b.rule, Who: n.To + "\x00" + n.Org.ID + "\x00" + string(n.News)})
	if err != nil || !pass.OK {
		return nil, err
	}
	return m, nil
}
