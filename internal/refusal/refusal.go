// Package refusal is about refusals: why a request of an app was refused, kept
// for a while under the name of the request, so that whoever writes the app can
// be told more than an error code.
//
// A refusal holds no secret: of what arrived only the names, and the values of
// those parameters that are none. The package knows neither HTTP nor a store;
// the store it needs is the interface Store.
package refusal

import (
	"context"
	"regexp"
	"time"

	"signet/internal/fault"
)

// Record is a request that was refused, and why.
type Record struct {
	Request  string      `json:"request"` // its name, as in the log and in the answer
	At       time.Time   `json:"at"`
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	ClientID string      `json:"client_id,omitempty"` // "": not known
	Code     string      `json:"error,omitempty"`     // as it was answered
	Rule     string      `json:"rule"`                // that was broken
	Clause   string      `json:"clause"`              // where the rule is written
	Problem  string      `json:"problem"`             // as it was answered
	Cause    string      `json:"cause,omitempty"`     // what was not answered, and is in the log
	Remedy   string      `json:"remedy"`              // what to change
	Arrived  []Parameter `json:"arrived"`
	Unknown  int         `json:"unknown,omitempty"` // parameters that have no meaning here
}

// Parameter is one that arrived.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"` // "": not kept
	Meant string `json:"meant,omitempty"` // a name that is known, of which this may be a misspelling
}

// Store keeps refusals for a while. Losing it costs explanations.
type Store interface {
	// PutRefusal stores the refusal for life.
	PutRefusal(ctx context.Context, r *Record, life time.Duration) error
	// Refusal returns the refusal of the request, or nil.
	Refusal(ctx context.Context, request string) (*Record, error)
}

// Gate says whether one more refusal may be kept for the address: they are
// kept for anybody who sends nonsense.
type Gate func(ctx context.Context, ip string) (bool, error)

// Service keeps and finds refusals.
type Service struct {
	store Store
	gate  Gate
	life  time.Duration
}

// NewService returns the service on the store. With a life of 0 nothing is
// kept.
func NewService(store Store, gate Gate, life time.Duration) *Service {
	return &Service{store: store, gate: gate, life: life}
}

// Keep keeps the refusal of a request from the address, if there is room.
func (s *Service) Keep(ctx context.Context, ip string, r *Record) error {
	if s.life == 0 {
		return nil
	}
	if ok, err := s.gate(ctx, ip); err != nil || !ok {
		return err
	}
	return s.store.PutRefusal(ctx, r, s.life)
}

// idForm is how requests are named.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Find returns the refusal of the request, or a fault of kind NotFound.
func (s *Service) Find(ctx context.Context, request string) (*Record, error) {
	if !idForm.MatchString(request) {
		return nil, fault.New(fault.NotFound, "no request can have such a name; it is the one on the error page, in the log, or at the end of error_description")
	}
	r, err := s.store.Refusal(ctx, request)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fault.New(fault.NotFound, "no refusal of the request %s is kept: its time is over (lifetimes.refusal), there were too many (limits.refusals), or it was not refused", request)
	}
	return r, nil
}
