package federation

import (
	"context"
	"log/slog"
	"time"

	"signet/internal/fault"
	"signet/internal/federation/saml"
	"signet/internal/org"
)

// Fetcher gets what is at an address, guarded: *outbound.Client does.
type Fetcher interface {
	Get(ctx context.Context, address string, limit int64, types ...string) ([]byte, error)
}

// Refresher keeps what was fetched anew: *org.Connections does.
type Refresher interface {
	Refresh(ctx context.Context, id string, edit func(*org.Connection) error) error
	Get(ctx context.Context, id string) (*org.Connection, error)
	List(ctx context.Context, after string, limit int) ([]*org.Connection, error)
}

const (
	// renewEvery is how often the metadata at an address is looked at, so that a
	// certificate that the provider announces is known before it signs, and one that
	// it has dropped is not believed for long.
	renewEvery = 6 * time.Hour
	// renewPause is the least time between two looks that a strange signature asks for.
	renewPause = time.Minute
)

// Documents are the metadata of SAML providers: what is kept of them with each
// connection, and looked at anew where there is an address.
type Documents struct {
	fetcher     Fetcher
	connections Refresher
	once        Once
	insecure    bool // http and private hosts are allowed
	log         *slog.Logger
	now         func() time.Time
}

// NewDocuments returns the documents of the connections.
func NewDocuments(fetcher Fetcher, connections Refresher, once Once, insecure bool, log *slog.Logger, now func() time.Time) *Documents {
	return &Documents{fetcher: fetcher, connections: connections, once: once, insecure: insecure, log: log, now: now}
}

// provider is the connection's provider as its metadata describes it. Metadata
// that is to be fetched and never was is fetched now.
func (d *Documents) provider(ctx context.Context, c Connection) (*saml.Provider, error) {
	if c.SAML.Metadata == "" {
		if c.SAML.MetadataURL == "" {
			return nil, trouble(Settings, nil, "the connection has no metadata of the provider yet")
		}
		next, err := d.renew(ctx, c.Connection)
		if err != nil {
			return nil, err
		}
		c.Connection = next
	}
	idp, err := saml.ParseMetadata([]byte(c.SAML.Metadata), d.insecure)
	if err != nil {
		return nil, trouble(Settings, err, "%s", fault.Public(err))
	}
	if c.SAML.MetadataURL == "" {
		// What somebody gave by hand holds until they give another (docs/divergences.md).
		return idp.Kept(), nil
	}
	if idp.Expired(d.now()) {
		return nil, trouble(Down, nil, "the provider's metadata was good until %s, and no newer one is at its address", idp.ValidUntil.UTC().Format(time.DateTime))
	}
	return idp, nil
}

// renewed looks for newer metadata because of a signature by a key that is not
// known, and returns the connection with it; nil: there is none, or it was looked
// for a moment ago.
func (d *Documents) renewed(ctx context.Context, c Connection) *org.Connection {
	if c.SAML.MetadataURL == "" {
		return nil
	}
	mine, err := d.once.First(ctx, "saml renewal\x00"+c.ID, renewPause)
	if err != nil || !mine {
		return nil
	}
	next, err := d.renew(ctx, c.Connection)
	if err != nil {
		d.log.Warn("SAML metadata could not be fetched", "connection", c.ID, "cause", err)
		return nil
	}
	if next.SAML.Metadata == c.SAML.Metadata {
		return nil
	}
	return next
}

// renew fetches the metadata and keeps it. It is another document of the same
// provider: one of another provider would be a new connection.
func (d *Documents) renew(ctx context.Context, c *org.Connection) (*org.Connection, error) {
	raw, err := d.fetcher.Get(ctx, c.SAML.MetadataURL, saml.MaxMetadata)
	if err != nil {
		return nil, trouble(Down, err, "the provider's metadata cannot be fetched: %s", fault.Public(err))
	}
	idp, err := saml.ParseMetadata(raw, d.insecure)
	if err != nil {
		return nil, trouble(Nonsense, err, "the provider's metadata cannot be read: %s", fault.Public(err))
	}
	if c.SAML.Metadata != "" {
		if was, err := saml.ParseMetadata([]byte(c.SAML.Metadata), d.insecure); err == nil && was.EntityID != idp.EntityID {
			return nil, trouble(Settings, nil, "at the metadata's address is another provider now: %q", idp.EntityID)
		}
	}
	kept, err := idp.Document()
	if err != nil {
		return nil, err
	}
	address := c.SAML.MetadataURL
	err = d.connections.Refresh(ctx, c.ID, func(c *org.Connection) error {
		if c.SAML.MetadataURL == address { // it was not changed meanwhile
			c.SAML.Metadata, c.SAML.FetchedAt = string(kept), d.now()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d.connections.Get(ctx, c.ID)
}

// Renew looks at the metadata of all connections that have an address for it and
// were not looked at for a while. Nodes share the work; what fails is logged, and
// the last document holds.
func (d *Documents) Renew(ctx context.Context) error {
	const page = 100
	for after := ""; ; {
		list, err := d.connections.List(ctx, after, page)
		if err != nil {
			return err
		}
		for _, c := range list {
			after = c.ID
			if c.Protocol != org.SAML || c.SAML.MetadataURL == "" || d.now().Sub(c.SAML.FetchedAt) < renewEvery {
				continue
			}
			mine, err := d.once.First(ctx, "saml renewal\x00"+c.ID, renewPause)
			if err != nil {
				return err
			}
			if !mine {
				continue
			}
			if _, err := d.renew(ctx, c); err != nil {
				d.log.Warn("SAML metadata could not be fetched", "connection", c.ID, "cause", err)
			}
		}
		if len(list) < page {
			return nil
		}
	}
}
