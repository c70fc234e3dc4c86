package cli

import (
	"context"
	"errors"
	"time"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/logout"
	outgoing "signet/internal/mail"
	"signet/internal/org"
	"signet/internal/repeat"
)

// job is what every node does each minute, beside answering requests. Nodes do
// it at the same time, so it must not matter how many do.
type job struct {
	what string // for the log, when it fails
	do   func(context.Context) error
}

// jobs are all of them.
func (s *server) jobs() []job {
	return []job{
		{"rotating signing keys", s.keys.Ensure},
		{"removing refresh tokens that ended", past(longestAccessToken, s.db.DeleteDeadFamilies)},
		{"removing password resets of yesterday", past(account.KeepRecoveries, s.db.DeleteRecoveries)},
		{"removing sign-ups that were not finished", past(0, s.db.DeleteSignUps)},
		{"removing old changes of addresses", past(account.KeepEmailChanges, s.db.DeleteEmailChanges)},
		{"erasing accounts that were closed", s.pages.EraseClosed},
		{"erasing organizations that were deleted", s.orgs.Erase},
		{"removing links to set up a sign-in that are over", past(0, s.db.DeleteSetupLinks)},
		{"looking for the records of proven domains", s.recheckDomains},
		{"removing invitations that ended long ago", past(org.KeepInvitations, s.db.DeleteInvitations)},
		{"removing apps that registered themselves and nobody uses", s.sweepClients},
		{"fetching the metadata of SAML providers", s.samlDocuments.Renew},
		{"removing mails that were sent long ago", past(outgoing.Keep, s.db.DeleteMails)},
		{"removing requests of programs of yesterday", past(repeat.Keep, s.db.DeleteRequests)},
		{"removing notices of logouts of long ago", past(logout.Keep, s.db.DeleteLogouts)},
	}
}

// longestAccessToken is the most that lifetimes.access_token may be set to. The
// row of a grant that was revoked is what its access tokens are refused by, so it
// stays as long as one of them could live.
const longestAccessToken = 24 * time.Hour

// past is the work of removing what was over long ago, at most a thousand at
// a time, so that no transaction becomes a long one.
func past(age time.Duration, remove func(ctx context.Context, before time.Time, limit int) (int, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := remove(ctx, time.Now().Add(-age), 1000)
		return err
	}
}

// sweepClients removes apps that nobody of the house has looked at and nobody
// allows anything, and notes each.
func (s *server) sweepClients(ctx context.Context) error {
	now := time.Now()
	gone, err := s.db.DeleteUnusedClients(ctx, now.Add(-s.cfg.Registration.UnusedFor), 100)
	if err != nil {
		return err
	}
	for _, id := range gone {
		if err := s.db.AppendAudit(ctx, &audit.Entry{At: now, Actor: "system", Action: "client.sweep", Subject: id, ClientID: id}); err != nil {
			return err
		}
	}
	return nil
}

// recheckDomains looks for the records of domains again, notes each domain that is
// proven no more, and tells the owners.
func (s *server) recheckDomains(ctx context.Context) error {
	return s.domains.Recheck(ctx, func(ctx context.Context, d *org.Domain) error {
		err := s.db.AppendAudit(ctx, &audit.Entry{
			At: time.Now(), Actor: "system", Action: "organization.domain_lost", Subject: d.OrgID, Detail: map[string]string{"domain": d.Name},
		})
		return errors.Join(err, s.pages.TellDomainLost(ctx, d))
	})
}

// maintain does the jobs each minute until ctx ends. One that fails keeps no
// other from being done.
func (s *server) maintain(ctx context.Context) {
	for tick := time.NewTicker(time.Minute); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		for _, j := range s.jobs() {
			if err := j.do(ctx); err != nil && ctx.Err() == nil {
				s.log.Error(j.what, "cause", err)
			}
		}
	}
}

// watch looks every second whether another node or a command changed something
// that this node keeps in memory.
func (s *server) watch(ctx context.Context) {
	seen, _ := s.db.Changes(ctx) // an error shows again in a second
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		now, err := s.db.Changes(ctx)
		if err != nil {
			continue // readiness tells of it; what is cached stays good
		}
		if now["clients"] != seen["clients"] {
			s.clients.Forget()
		}
		if now["resources"] != seen["resources"] {
			s.resources.Forget()
		}
		if now["keys"] != seen["keys"] {
			if err := s.keys.Load(ctx); err != nil {
				s.log.Error("loading signing keys", "cause", err)
				continue
			}
		}
		seen = now
	}
}
