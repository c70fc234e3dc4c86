package cli

import (
	"context"
	"math"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/queue"
)

// signOutPace is how people are signed out who sign in elsewhere from now on. It is
// never given up: who must not be signed in is, until then.
var signOutPace = queue.Pace{
	Poll: 5 * time.Second, Claim: time.Minute, FirstRetry: time.Second, LongestRetry: time.Minute, GiveUp: math.MaxInt64, Tries: math.MaxInt,
}

// signOutWorker returns the worker that signs people out whose provider is required.
func (s *server) signOutWorker() *queue.Worker[*org.SignOut] {
	work := org.NewSignOuts(s.db, s.realms, s.db, s.endElsewhere)
	return queue.NewWorker(queue.Options[*org.SignOut]{
		What: "sign-out", Done: "finished", Peer: "the stores", Store: signOuts{s.db, work}, Nudge: s.db.Required(), Log: s.log, Now: time.Now, Pace: signOutPace,
		Deliver: func(ctx context.Context, o *org.SignOut) error {
			err := work.Work(ctx, o)
			switch {
			case err == nil:
				return nil
			case ctx.Err() != nil:
				return &queue.Failure{Why: queue.Crowded, Reason: "the time of one claim was over before the last person"}
			case fault.Is(err, fault.Unavailable):
				return &queue.Failure{Why: queue.Unreachable, Reason: err.Error()}
			}
			return &queue.Failure{Why: queue.Deferred, Reason: err.Error()}
		},
	})
}

// endElsewhere is org.EndElsewhere.
func (h *house) endElsewhere(ctx context.Context, accountID string, own []*org.Connection) error {
	ids := make([]string, len(own))
	for i, c := range own {
		ids[i] = c.ID
	}
	ended, left, err := h.sessions.EndElsewhere(ctx, accountID, ids)
	if err != nil || ended == 0 && left > 0 {
		return err
	}
	return h.grants.RevokeAll(ctx, accountID, "")
}

// signOuts are the domains whose people are signed out, as a queue.
type signOuts struct {
	org.SignOutStore
	work *org.SignOuts
}

// Claim implements queue.Store.
func (s signOuts) Claim(ctx context.Context, now, ends time.Time) (*org.SignOut, bool, error) {
	o, err := s.ClaimSignOut(ctx, now, ends)
	return o, o != nil, err
}

// Sent implements queue.Store.
func (s signOuts) Sent(ctx context.Context, o *org.SignOut, now time.Time) error {
	return s.work.Done(ctx, o, now)
}

// Failed implements queue.Store.
func (s signOuts) Failed(ctx context.Context, o *org.SignOut, _ string, claim time.Time) error {
	return s.SignOutFailed(ctx, o, claim)
}
