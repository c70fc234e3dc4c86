package federation

import (
	"context"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"signet/internal/outbound"
)

// Outbound is the guarded client: nothing is fetched otherwise.
type Outbound interface {
	Fetch(ctx context.Context, address string, limit int64, types ...string) (*outbound.Resource, error)
	// HTTP is the same for a library.
	HTTP(limit int64) *http.Client
}

const (
	// stale is how long what was fetched is used while its address does not answer.
	stale = 24 * time.Hour
	// pause is the least time between two fetches of one address: whoever sends
	// made-up key ids must not have us ask somebody without end.
	pause = 5 * time.Second
	// mostFetched bounds the memory that documents take.
	mostFetched = 1024
)

// fetched keeps documents of providers, parsed once, by their addresses.
type fetched[T any] struct {
	fresh  time.Duration // for how long one is used without asking again
	fetch  func(ctx context.Context, address string) (T, error)
	now    func() time.Time
	docs   *lru.Cache[string, *doc[T]]
	flight singleflight.Group
}

// doc is what was last found at an address.
type doc[T any] struct {
	mu    sync.Mutex
	value T
	got   time.Time // when the value was fetched; zero: never
	asked time.Time // when it was last tried
	err   error     // of that
}

func newFetched[T any](fresh time.Duration, now func() time.Time, fetch func(context.Context, string) (T, error)) (*fetched[T], error) {
	docs, err := lru.New[string, *doc[T]](mostFetched)
	return &fetched[T]{fresh: fresh, fetch: fetch, now: now, docs: docs}, err
}

// get returns the document of the address. renew says that the one of last time
// does not do: it is fetched again, if the address was not asked just now.
func (f *fetched[T]) get(ctx context.Context, address string, renew bool) (T, error) {
	d, ok := f.docs.Get(address)
	if !ok {
		d = &doc[T]{}
		if before, known, _ := f.docs.PeekOrAdd(address, d); known {
			d = before
		}
	}
	now := f.now()
	d.mu.Lock()
	due := now.Sub(d.asked) >= pause && (renew || now.Sub(d.got) >= f.fresh)
	d.mu.Unlock()
	if due {
		// Who asks meanwhile waits for the same answer, and none of them can end it
		// for the others.
		f.flight.Do(address, func() (any, error) {
			value, err := f.fetch(context.WithoutCancel(ctx), address)
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.asked, d.err = f.now(), err; err == nil {
				d.value, d.got = value, d.asked
			}
			return nil, nil
		})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil && now.Sub(d.got) > stale {
		var none T
		return none, d.err
	}
	return d.value, nil
}
