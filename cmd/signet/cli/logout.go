package cli

import (
	"context"
	"time"

	"signet/internal/audit"
	"signet/internal/outbox"
	"signet/internal/queue"
)

// logoutPace is how notices of logouts are tried: at once, as long as an app may
// be restarting, and then for about two hours. One that is later than a working
// day tells of nothing that has not ended by itself.
var logoutPace = queue.Pace{
	Poll: 2 * time.Second, Claim: time.Minute, FirstRetry: time.Second, LongestRetry: 10 * time.Minute, GiveUp: 24 * time.Hour, Tries: 20,
}

// logoutsAtOnce is how many apps a node tells at the same time. One that hangs
// takes at most as many places as the guarded fetch gives one host.
const logoutsAtOnce = 16

// logoutWorker returns the worker that tells apps of sessions that ended.
func (s *server) logoutWorker() *queue.Worker[*outbox.Logout] {
	w := queue.NewWorker(queue.Options[*outbox.Logout]{
		What: "logout", Peer: "the apps", Store: logouts{s.db}, Deliver: s.provider.SendLogout, AtOnce: logoutsAtOnce,
		GivenUp: s.recordUntold, Nudge: s.db.Ended(), Log: s.log, Now: time.Now, Pace: logoutPace,
	})
	count := func(which func(sent, failed, dead int64) int64) func() float64 {
		return func() float64 { return float64(which(w.Stats())) }
	}
	s.metrics.Counter("signet_logouts_sent_total", "Notices of logouts that apps took.", count(func(sent, _, _ int64) int64 { return sent }))
	s.metrics.Counter("signet_logouts_failed_total", "Tries to tell an app of a logout that failed.", count(func(_, failed, _ int64) int64 { return failed }))
	s.metrics.Counter("signet_logouts_given_up_total", "Notices of logouts that were given up.", count(func(_, _, dead int64) int64 { return dead }))
	return w
}

// recordUntold notes that an app was never told that a session ended: what the
// person ended may go on there.
func (s *server) recordUntold(ctx context.Context, l *outbox.Logout, reason string) {
	err := s.db.AppendAudit(ctx, &audit.Entry{
		At: time.Now(), Actor: "system", Action: "logout.give_up", Subject: l.AccountID,
		Detail: map[string]string{"client": l.ClientID, "sid": l.SID, "why": reason},
	})
	if err != nil {
		s.log.Error("noting a logout that was given up", "logout", l.ID, "cause", err)
	}
}

// logouts are the notices as a queue.
type logouts struct{ outbox.Logouts }

// Claim implements queue.Store.
func (s logouts) Claim(ctx context.Context, now, ends time.Time) (*outbox.Logout, bool, error) {
	l, err := s.ClaimLogout(ctx, now, ends)
	return l, l != nil, err
}

// Sent implements queue.Store.
func (s logouts) Sent(ctx context.Context, l *outbox.Logout, now time.Time) error {
	return s.LogoutSent(ctx, l, now)
}

// Failed implements queue.Store.
func (s logouts) Failed(ctx context.Context, l *outbox.Logout, reason string, claim time.Time) error {
	return s.LogoutFailed(ctx, l, reason, claim)
}
