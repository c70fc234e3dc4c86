package session

import (
	"context"
	"crypto/subtle"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/org"
)

// Departure is a sign-in at somebody else's provider that a browser was sent
// away for, until it comes back. What comes back is believed of this flow and
// this connection alone.
type Departure struct {
	Flow       string `json:"flow"`    // the flow's handle
	Browser    string `json:"browser"` // handle.Sum of the browser's cookie
	Connection string `json:"connection"`
	Version    int64  `json:"version"` // of the connection's settings
	// Fresh: the person was to sign in there again, at this time or later.
	Fresh bool      `json:"fresh,omitempty"`
	At    time.Time `json:"at"`
	// Remembered is what the protocol compares with what comes back.
	Remembered Remembered `json:"remembered"`
}

// Remembered is what a protocol keeps of its request.
type Remembered struct {
	Nonce    string `json:"nonce,omitempty"`    // OpenID Connect Core §3.1.2.1
	Verifier string `json:"verifier,omitempty"` // RFC 7636
	Request  string `json:"request,omitempty"`  // the ID of a SAML request
}

// Upstream is the session at a provider by which the person signed in here.
type Upstream struct {
	Connection string `json:"connection"`
	Session    string `json:"session,omitempty"` // the provider's name for it
	Hint       string `json:"hint,omitempty"`    // what the provider wants to see when it is to end
}

// Trial is how a trial sign-in ended: what arrived, or why nothing did.
type Trial struct {
	Connection string       `json:"connection"`
	Version    int64        `json:"version"` // of the settings that it was run with
	Arrival    *org.Arrival `json:"arrival,omitempty"`
	Fault      string       `json:"fault,omitempty"` // a sentence for who set it up
}

// Landing is what a provider's page posted to us and was checked, until the
// browser comes with its cookies. Nobody is signed in by it: it is believed of the
// departure whose request it answers.
type Landing struct {
	Connection string       `json:"connection"`
	Request    string       `json:"request,omitempty"` // that it answers
	Arrival    *org.Arrival `json:"arrival,omitempty"`
	Why        string       `json:"why,omitempty"`    // nobody arrived
	Detail     string       `json:"detail,omitempty"` // the same, for who set it up
}

// UpstreamStore keeps departures for as long as they live, and whose sessions
// providers know by a name.
type UpstreamStore interface {
	// UpstreamAccounts returns the accounts that have signed in by the connection in
	// the provider's session of the name, and whose sessions may have ended since.
	UpstreamAccounts(ctx context.Context, connectionID, name string) ([]string, error)

	// PutDeparture stores a departure for life.
	PutDeparture(ctx context.Context, key string, d *Departure, life time.Duration) error
	// Departure returns the departure, or nil when there is none.
	Departure(ctx context.Context, key string) (*Departure, error)
	// TakeDeparture removes the departure and returns it to exactly one of
	// several callers; nil to the others.
	TakeDeparture(ctx context.Context, key string) (*Departure, error)
	// PutLanding stores a landing for life.
	PutLanding(ctx context.Context, key string, l *Landing, life time.Duration) error
	// TakeLanding removes the landing and returns it to exactly one of several
	// callers; nil to the others.
	TakeLanding(ctx context.Context, key string) (*Landing, error)
}

// Depart notes that the flow's browser is sent to a provider, under the state
// that it brings back: a handle from NewState.
func (s *Service) Depart(ctx context.Context, f *Flow, state string, d Departure) error {
	d.Flow, d.Browser, d.At = f.ID, f.Browser, s.now()
	return s.store.PutDeparture(ctx, handle.Sum(state), &d, f.ExpiresAt.Sub(d.At))
}

// NewState is a state for a departure: it fits where OAuth and SAML carry one.
func NewState() string { return handle.New() }

// Departed returns the departure of the state, if there is one for the connection,
// whoever asks; nil: there is none. It stays: what comes without the browser's
// cookie can be compared with it, and is believed of nobody.
func (s *Service) Departed(ctx context.Context, connection, state string) (*Departure, error) {
	if !handle.Valid(state) {
		return nil, nil
	}
	d, err := s.store.Departure(ctx, handle.Sum(state))
	if err != nil || d == nil || d.Connection != connection {
		return nil, err
	}
	return d, nil
}

// landed is for how long a landing waits: a redirect takes no longer.
const landed = 2 * time.Minute

// Land keeps the landing and returns the handle that leads to it.
func (s *Service) Land(ctx context.Context, l *Landing) (string, error) {
	h := handle.New()
	return h, s.store.PutLanding(ctx, handle.Sum(h), l, landed)
}

// Landed returns the landing of the handle, once; nil when there is none.
func (s *Service) Landed(ctx context.Context, h string) (*Landing, error) {
	if !handle.Valid(h) {
		return nil, nil
	}
	return s.store.TakeLanding(ctx, handle.Sum(h))
}

// Return takes the departure of the state, once, if it is the browser's with the
// cookie's value and was made for the connection; else a fault of kind Expired,
// as for a flow. The flow may be one that signs in, or a trial.
func (s *Service) Return(ctx context.Context, connection, state, browser string) (*Flow, *Departure, error) {
	if !handle.Valid(state) || !handle.Valid(browser) {
		return nil, nil, errFlowGone()
	}
	d, err := s.store.TakeDeparture(ctx, handle.Sum(state))
	if err != nil {
		return nil, nil, err
	}
	if d == nil || d.Connection != connection || subtle.ConstantTimeCompare([]byte(d.Browser), []byte(handle.Sum(browser))) != 1 {
		return nil, nil, errFlowGone()
	}
	f, err := s.Flow(ctx, SigningIn, d.Flow, browser)
	if fault.Is(err, fault.Expired) {
		f, err = s.Flow(ctx, Trying, d.Flow, browser)
	}
	return f, d, err
}
