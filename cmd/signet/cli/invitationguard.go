package cli

import (
	"context"
	"net/netip"
	"time"

	"signet/internal/fault"
	"signet/internal/limit"
	"signet/internal/org"
	"signet/internal/store/kv"
)

var _ org.InvitationGuard = invitationGuard{}

// invitationGuard implements org.InvitationGuard with the limits of the
// configuration.
type invitationGuard struct {
	limiter                       *limit.Limiter
	person, organization, address limit.Rule
}

func (h *house) invitationGuard() invitationGuard {
	l := h.cfg.Limits
	return invitationGuard{
		limiter: limit.New(kv.NewCounters(h.kv), nil, time.Now), // no network is exempt: it is somebody's mailbox
		person:  ruleOf("invitation, person", l.InvitationsPerson), organization: ruleOf("invitation, organization", l.InvitationsOrganization),
		address: ruleOf("invitation, address", l.InvitationsAddress),
	}
}

// Invite implements org.InvitationGuard.
func (g invitationGuard) Invite(ctx context.Context, accountID, orgID, emailKey string) error {
	pass, err := g.limiter.Take(ctx, netip.Addr{}, limit.Try{Rule: g.person, Who: accountID},
		limit.Try{Rule: g.organization, Who: orgID}, limit.Try{Rule: g.address, Who: emailKey})
	if err == nil && !pass.OK {
		err = fault.New(fault.Limited, "too many invitations; wait %d hours", int(pass.RetryAfter.Hours())+1)
	}
	return err
}
