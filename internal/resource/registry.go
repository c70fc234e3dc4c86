package resource

import (
	"context"
	"sync"
	"time"

	"signet/internal/fault"
)

// Registry answers what there is from memory. A change on this node is seen at
// once, one on another when Forget is called, which happens within two seconds.
type Registry struct {
	store Store
	now   func() time.Time

	mu    sync.RWMutex
	all   *catalogue // nil: not read yet
	epoch uint64     // counts Forget, so that a slow load does not bring back the past
}

// catalogue is everything that is registered. It does not change.
type catalogue struct {
	list    []*Server
	servers map[string]*Server
	types   []*Type
	byType  map[string]*Type
}

// NewRegistry returns a registry on the store; now is the clock.
func NewRegistry(store Store, now func() time.Time) *Registry {
	return &Registry{store: store, now: now}
}

// Forget empties the memory.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
	r.all = nil
}

func (r *Registry) catalogue(ctx context.Context) (*catalogue, error) {
	r.mu.RLock()
	all, epoch := r.all, r.epoch
	r.mu.RUnlock()
	if all != nil {
		return all, nil
	}
	servers, err := r.store.Servers(ctx)
	if err != nil {
		return nil, err
	}
	types, err := r.store.Types(ctx)
	if err != nil {
		return nil, err
	}
	all = &catalogue{list: servers, servers: map[string]*Server{}, types: types, byType: map[string]*Type{}}
	for _, t := range types {
		all.byType[t.ID] = t
	}
	for _, s := range servers {
		all.servers[s.ID] = s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch == epoch {
		r.all = all
	}
	return all, nil
}

// Server returns the server, or nil. The caller must not change it.
func (r *Registry) Server(ctx context.Context, id string) (*Server, error) {
	all, err := r.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return all.servers[id], nil
}

// Servers returns all servers, by id.
func (r *Registry) Servers(ctx context.Context) ([]*Server, error) {
	all, err := r.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return all.list, nil
}

// PutServer checks, completes and stores the server.
func (r *Registry) PutServer(ctx context.Context, s *Server) error {
	s.Fill()
	if err := s.Check(); err != nil {
		return err
	}
	list, err := r.Servers(ctx)
	if err != nil {
		return err
	}
	if len(list) >= MaxServers {
		return fault.New(fault.Conflict, "%d APIs are registered, which is the most: remove one with signet resource delete", len(list))
	}
	defer r.Forget()
	return r.store.PutServer(ctx, s, r.now())
}

// DeleteServer removes the server.
func (r *Registry) DeleteServer(ctx context.Context, id string) error {
	defer r.Forget()
	return r.store.DeleteServer(ctx, id)
}

// Type returns the type of authorization details, or nil. The caller must not
// change it.
func (r *Registry) Type(ctx context.Context, id string) (*Type, error) {
	all, err := r.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return all.byType[id], nil
}

// Types returns all types of authorization details, by id. Two calls between
// which nothing was changed return the same list.
func (r *Registry) Types(ctx context.Context) ([]*Type, error) {
	all, err := r.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return all.types, nil
}

// PutType checks and stores the type.
func (r *Registry) PutType(ctx context.Context, t *Type) error {
	if err := t.Check(); err != nil {
		return err
	}
	list, err := r.Types(ctx)
	if err != nil {
		return err
	}
	if len(list) >= maxTypes {
		return fault.New(fault.Conflict, "%d types of authorization details are registered, which is the most: remove one with signet resource delete-type", len(list))
	}
	defer r.Forget()
	return r.store.PutType(ctx, t, r.now())
}

// DeleteType removes the type.
func (r *Registry) DeleteType(ctx context.Context, id string) error {
	defer r.Forget()
	return r.store.DeleteType(ctx, id)
}
