package client

import (
	"context"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"signet/internal/fault"
)

// Registry answers who a client is from memory: clients are asked for at each
// request and change rarely. A change on this node is seen at once, one on
// another node when Forget is called, which happens within two seconds.
type Registry struct {
	store   Store
	secrets *Secrets
	rules   Rules
	now     func() time.Time

	documents *Documents // nil: what is stored of clients by document is shown, as to an operator

	mu      sync.RWMutex
	byID    map[string]*Client
	foreign map[string]bool // addresses that no client is registered under; true: but kept
	origins map[string]bool // of all redirect URIs; nil: not read yet
	epoch   uint64          // counts Forget, so that a slow load does not bring back the past
	flight  singleflight.Group
}

// maxCached bounds the memory that clients take; past it the cache starts anew.
const maxCached = 10_000

// NewRegistry returns a registry on the store.
func NewRegistry(store Store, secrets *Secrets, rules Rules, now func() time.Time) *Registry {
	return &Registry{store: store, secrets: secrets, rules: rules, now: now, byID: map[string]*Client{}, foreign: map[string]bool{}}
}

// UseDocuments has the registry look for clients at the address that is their
// id, where none is registered. It is called before anything else.
func (r *Registry) UseDocuments(d *Documents) { r.documents = d }

// ValidID reports whether a client could have the id.
func ValidID(id string) bool { return idForm.MatchString(id) }

// Get returns the client, or a fault of kind NotFound. The caller must not
// change it.
func (r *Registry) Get(ctx context.Context, id string) (*Client, error) {
	if !ValidID(id) {
		return nil, fault.New(fault.NotFound, "no client can have such an id")
	}
	r.mu.RLock()
	c, epoch := r.byID[id], r.epoch
	_, foreign := r.foreign[id]
	r.mu.RUnlock()
	switch {
	case c != nil:
		return c, nil
	case foreign:
		return r.documents.Get(ctx, id)
	}
	c, err := r.load(ctx, id, epoch)
	if r.documents == nil || !IsAddress(id) || err != nil && !fault.Is(err, fault.NotFound) || err == nil && !c.Document {
		return c, err
	}
	return r.documents.Get(ctx, id)
}

// load reads the client and remembers it.
func (r *Registry) load(ctx context.Context, id string, epoch uint64) (*Client, error) {
	// The epoch is part of the name: what was asked before Forget is no answer
	// for who asks after it.
	v, err, _ := r.flight.Do(strconv.FormatUint(epoch, 36)+" "+id, func() (any, error) {
		c, err := r.store.Client(context.WithoutCancel(ctx), id)
		if err == nil {
			c.Fill() // it may be from before something could be said; once, before others see it
		}
		return c, err
	})
	c, _ := v.(*Client)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch != epoch {
		return c, err
	}
	if len(r.byID)+len(r.foreign) >= maxCached {
		clear(r.byID)
		clear(r.foreign)
	}
	switch {
	case r.documents != nil && IsAddress(id) && (err != nil || c.Document):
		r.foreign[id] = err == nil
	case err == nil:
		r.byID[id] = c
	}
	return c, err
}

// Keep stores a client by document, if it is none that is registered, so that
// what people allow it can be stored under its id.
func (r *Registry) Keep(ctx context.Context, c *Client) error {
	r.mu.RLock()
	kept := r.foreign[c.ID]
	r.mu.RUnlock()
	if !c.Document || kept {
		return nil
	}
	if _, err := r.store.AddClient(ctx, c, r.now()); err != nil {
		return err
	}
	r.Forget()
	return nil
}

// Forget empties the cache.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
	r.origins = nil
	clear(r.byID)
	clear(r.foreign)
}

// Secret returns the client's secret, if it is kept so that it can be had: that
// of a client that signs with it.
func (r *Registry) Secret(c *Client) (string, bool) { return r.secrets.Open(c) }

// SecretFits reports whether what is kept of the client's secret does for its
// authentication method.
func (r *Registry) SecretFits(c *Client) bool {
	return c.SecretHash != "" && (c.AuthMethod != AuthSecretJWT || reversible(c.SecretHash))
}

// Verify reports whether the secret is the client's.
func (r *Registry) Verify(c *Client, secret string) bool { return r.secrets.Verify(c, secret) }

// Put checks, completes and stores the client. A secret that is not "" is
// sealed first.
func (r *Registry) Put(ctx context.Context, c *Client, secret string) error {
	if err := r.Prepare(c, secret); err != nil {
		return err
	}
	if err := r.store.PutClient(ctx, c, r.now()); err != nil {
		return err
	}
	r.Forget()
	return nil
}

// Create is Put for a client that is not there yet: of several callers one makes
// it, and the others get a fault of kind Conflict.
func (r *Registry) Create(ctx context.Context, c *Client, secret string) error {
	if err := r.Prepare(c, secret); err != nil {
		return err
	}
	added, err := r.store.AddClient(ctx, c, r.now())
	if err == nil && !added {
		err = fault.New(fault.Conflict, "there is a client %q already: take another id", c.ID).On("id")
	}
	r.Forget()
	return err
}

// attempts is how often an edit begins anew when somebody else changed the client
// meanwhile.
const attempts = 5

// Edit changes what is registered of the client, and returns it as it is now, with
// the secret that was made for it, if one was: where it needs one that it has not.
// The edit may be called more than once.
func (r *Registry) Edit(ctx context.Context, id string, edit func(*Client) error) (*Client, string, error) {
	if !ValidID(id) {
		return nil, "", fault.New(fault.NotFound, "no client can have such an id")
	}
	defer r.Forget()
	for try := 1; ; try++ {
		c, err := r.store.Client(ctx, id)
		if err != nil {
			return nil, "", err
		}
		if c.Document {
			return nil, "", fault.New(fault.Conflict, "nobody registered this client: what it is, it says itself at the address that is its id")
		}
		if err := edit(c); err != nil {
			return nil, "", err
		}
		secret := r.FitSecret(c)
		if err := r.Prepare(c, secret); err != nil {
			return nil, "", err
		}
		was, now := c.UpdatedAt, r.now()
		if !now.After(was) { // each change has a time of its own
			now = was.Add(time.Microsecond)
		}
		switch err := r.store.UpdateClient(ctx, c, was, now); {
		case err == nil:
			c.UpdatedAt = now
			return c, secret, nil
		case !fault.Is(err, fault.Conflict) || try == attempts:
			return nil, "", err
		}
	}
}

// NewSecret gives the client another secret, and returns it. The one before is
// refused from now on.
func (r *Registry) NewSecret(ctx context.Context, id string) (*Client, string, error) {
	return r.Edit(ctx, id, func(c *Client) error {
		if !UsesSecret(c.AuthMethod) {
			return fault.New(fault.Conflict, "client %q has no secret, being registered for the auth_method %s: register it for another first", c.ID, c.AuthMethod)
		}
		c.SecretHash = ""
		return nil
	})
}

// FitSecret takes from the client a secret that its authentication method has no
// use for, and returns a new one where it has none that does; else "".
func (r *Registry) FitSecret(c *Client) string {
	switch {
	case !UsesSecret(c.AuthMethod):
		c.SecretHash = ""
	case !r.SecretFits(c):
		c.SecretHash = ""
		return NewSecret()
	}
	return ""
}

// Prepare does what Put does, short of storing.
func (r *Registry) Prepare(c *Client, secret string) error {
	var p problems
	if secret != "" {
		p.when(c.AuthMethod == AuthSecretJWT && len(secret) < minSigningSecret,
			"secret", "client_secret_jwt needs a secret of at least %d bytes (RFC 7518 §3.2)", minSigningSecret)
		c.SecretHash = r.secrets.Seal(c, secret)
	}
	c.Fill()
	c.check(&p, r.rules)
	return p.err()
}

// Delete removes the client with all that it was granted.
func (r *Registry) Delete(ctx context.Context, id string) error {
	defer r.Forget()
	return r.store.DeleteClient(ctx, id)
}

// List returns up to limit clients with an id greater than after, by id.
func (r *Registry) List(ctx context.Context, after string, limit int) ([]*Client, error) {
	return r.store.Clients(ctx, after, limit)
}

// KnowsOrigin reports whether a redirect URI of any client has the origin
// (scheme, host and port, as a browser sends it).
func (r *Registry) KnowsOrigin(ctx context.Context, origin string) (bool, error) {
	r.mu.RLock()
	origins, epoch := r.origins, r.epoch
	r.mu.RUnlock()
	if origins != nil {
		return origins[origin], nil
	}
	v, err, _ := r.flight.Do(strconv.FormatUint(epoch, 36)+" \x00origins", func() (any, error) { return r.readOrigins(context.WithoutCancel(ctx)) })
	if err != nil {
		return false, err
	}
	origins = v.(map[string]bool)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch == epoch {
		r.origins = origins
	}
	return origins[origin], nil
}

func (r *Registry) readOrigins(ctx context.Context) (map[string]bool, error) {
	const page = 500
	origins := map[string]bool{}
	for after := ""; ; {
		clients, err := r.store.Clients(ctx, after, page)
		if err != nil {
			return nil, err
		}
		for _, c := range clients {
			for _, uri := range c.RedirectURIs {
				origins[Origin(uri)] = true
			}
		}
		if len(clients) < page {
			delete(origins, "") // of addresses that have none
			return origins, nil
		}
		after = clients[len(clients)-1].ID
	}
}
