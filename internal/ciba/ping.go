package ciba

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"signet/internal/fault"
)

// Bearer sends what an app is told to an address that it registered.
type Bearer interface {
	// Ping posts the JSON with the bearer token; nil when the other side took it, a
	// fault of kind Forbidden when it will not have it.
	Ping(ctx context.Context, address, token string, body []byte) error
}

// Addresses knows where an app is told; "": nowhere any more.
type Addresses func(ctx context.Context, clientID string) (string, error)

// Pinger tells apps that a person has decided (CIBA Core 1.0 §10.2). It works
// beside the requests: who decides never waits for an app's server.
type Pinger struct {
	service *Service
	bearer  Bearer
	address Addresses
	log     *slog.Logger

	sent, failed atomic.Int64
}

// NewPinger returns the pinger of the service.
func NewPinger(s *Service, b Bearer, a Addresses, log *slog.Logger) *Pinger {
	return &Pinger{service: s, bearer: b, address: a, log: log}
}

// Stats are how many apps this pinger told, and how many tries failed.
func (p *Pinger) Stats() (sent, failed int64) { return p.sent.Load(), p.failed.Load() }

const (
	// pingAtOnce is how many apps are told at the same time.
	pingAtOnce = 8
	// pingPause is how long a node waits to look again while something is left;
	// a list that cannot be read doubles it, to pingPauseMost.
	pingPause     = time.Second
	pingPauseMost = 15 * time.Second
	// pingClaim is for how long a node has an app to itself at first; each try in
	// vain doubles it, to pingClaimMost.
	pingClaim     = 2 * time.Second
	pingClaimMost = time.Minute
	// pingTries is after how many an app is left to poll.
	pingTries = 10
)

// Run tells apps until ctx ends. It looks at once, for what a node that stopped
// left behind, and then when somebody decides; what could not be told it tries
// again.
func (p *Pinger) Run(ctx context.Context) {
	pause := pingPause
	for ctx.Err() == nil {
		left, err := p.round(ctx)
		pause = min(2*pause, pingPauseMost)
		if err == nil {
			pause = pingPause
		} else if ctx.Err() == nil {
			p.log.Warn("reading which apps are to be told", "cause", err, "again", pause)
		}
		again := make(<-chan time.Time)
		if left {
			again = time.After(pause)
		}
		select {
		case <-ctx.Done():
		case <-p.service.ring:
		case <-again:
		}
	}
}

// round tells all that is listed and reports whether something is left to tell,
// or may be: the list could not be read.
func (p *Pinger) round(ctx context.Context) (bool, error) {
	ids, err := p.service.store.Pings(ctx)
	if err != nil {
		return true, err
	}
	slots := make(chan struct{}, pingAtOnce)
	var all sync.WaitGroup
	for _, id := range ids {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if err := p.tell(ctx, id); err != nil && ctx.Err() == nil {
				p.log.Warn("an app could not be told that its person has decided", "cause", err)
			}
		})
	}
	all.Wait()
	return len(ids) > 0, nil
}

// tell tells the app of the request, unless another node does or it is too early
// to try again.
func (p *Pinger) tell(ctx context.Context, id string) error {
	store := p.service.store
	r, err := store.CIBA(ctx, id)
	if err != nil {
		return err
	}
	if r == nil || r.Tries >= pingTries || !p.service.now().Before(r.ExpiresAt) {
		return store.DropPing(ctx, id) // it was fetched meanwhile, or the app may poll
	}
	mine, err := store.ClaimPing(ctx, id, min(pingClaim<<r.Tries, pingClaimMost))
	if err != nil || !mine {
		return err
	}
	address, err := p.address(ctx, r.Request.ClientID)
	if err != nil {
		return err
	}
	if address == "" {
		return store.DropPing(ctx, id)
	}
	body, err := json.Marshal(map[string]string{"auth_req_id": p.service.handleOf(id)})
	if err != nil {
		return err
	}
	if failed := p.bearer.Ping(ctx, address, r.Token, body); failed != nil {
		p.failed.Add(1)
		if fault.Is(failed, fault.Forbidden) {
			// CIBA Core 1.0 §10.2: a refused token is no better the next time.
			return errors.Join(failed, store.DropPing(ctx, id))
		}
		_, err := store.UpdateCIBA(ctx, id, func(r *Request) error { r.Tries++; return nil })
		if err != nil {
			return err
		}
		return failed
	}
	p.sent.Add(1)
	return store.DropPing(ctx, id)
}
