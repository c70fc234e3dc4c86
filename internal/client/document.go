package client

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"signet/internal/fault"
)

// Bounds of metadata documents (draft-ietf-oauth-client-id-metadata-document
// §5.2, §8.7). Who publishes one says for how long it may be kept, within these.
const (
	maxDocument     = 10 << 10
	documentDefault = 10 * time.Minute // where nothing is said
	documentLeast   = time.Minute
	documentMost    = 24 * time.Hour
	// documentStale is for how long a document that was good is used while its
	// address does not answer, or not with a good one.
	documentStale = time.Hour
	// documentPause is the least time between two fetches of one address.
	documentPause = 5 * time.Second
	// maxDocuments bounds the memory that documents take.
	maxDocuments = 1024
)

// DocumentRules are what the house wants of clients that nobody registered.
type DocumentRules struct {
	On     bool
	Hosts  []string // that documents may be at; none: any
	HTTP   bool     // plain http to this machine will do
	Scopes []string // that such a client may have
	Rules

	// Fetch returns what is at the address, of at most limit bytes, and for how
	// long it may be kept, less than 0 where that is not said; or a fault of kind
	// Invalid that says why not.
	Fetch func(ctx context.Context, address string, limit int64) (body []byte, age time.Duration, err error)
	// Gate returns a fault of kind Limited when too many addresses of the host
	// were asked for that were not known to be any client's.
	Gate func(ctx context.Context, host string) error
}

// Documents are clients that nobody registered: the client_id is the address of
// a document with what the client says of itself (OAuth Client ID Metadata
// Document). A document is fetched when its client is asked for, and kept in
// memory for as long as its address allows.
type Documents struct {
	rules  DocumentRules
	now    func() time.Time
	good   *lru.Cache[string, *document]
	bad    *lru.Cache[string, *document] // apart: made-up addresses push out no good ones
	flight singleflight.Group
}

// document is what was last found at an address; it does not change.
type document struct {
	client *Client
	err    error     // why there is none
	fresh  time.Time // until then nobody is asked
	stale  time.Time // until then the client is used if nothing better is found
}

// NewDocuments returns Documents by the rules.
func NewDocuments(rules DocumentRules, now func() time.Time) *Documents {
	d := &Documents{rules: rules, now: now}
	d.good, _ = lru.New[string, *document](maxDocuments) // fails for no size only
	d.bad, _ = lru.New[string, *document](maxDocuments)
	return d
}

// IsAddress reports whether a client id has the form of a document's address.
func IsAddress(id string) bool {
	return strings.HasPrefix(id, "https://") || strings.HasPrefix(id, "http://")
}

// Get returns the client of the document at the address, or a fault of kind
// NotFound that says why there is none. The caller must not change it.
func (d *Documents) Get(ctx context.Context, id string) (*Client, error) {
	u, err := d.rules.address(id)
	if err != nil {
		return nil, err
	}
	before, ok := d.good.Get(id)
	if !ok {
		before, ok = d.bad.Get(id)
	}
	if ok && d.now().Before(before.fresh) {
		return before.client, before.err
	}
	// Who asks meanwhile waits for the same answer, and none of them can end it
	// for the others.
	v, _, _ := d.flight.Do(id, func() (any, error) { return d.renew(context.WithoutCancel(ctx), u, id, before), nil })
	got := v.(*document)
	return got.client, got.err
}

// renew fetches the document. One that was good is asked for again without a
// limit: there are few of these, and seldom.
func (d *Documents) renew(ctx context.Context, u *url.URL, id string, before *document) *document {
	known := before != nil && before.client != nil
	c, age, err := d.fetch(ctx, u, id, known)
	now := d.now()
	switch {
	case err == nil:
		fresh := now.Add(age)
		got := &document{client: c, fresh: fresh, stale: fresh.Add(documentStale)}
		d.good.Add(id, got)
		d.bad.Remove(id)
		return got
	case known && now.Before(before.stale):
		got := &document{client: before.client, fresh: now.Add(documentPause), stale: before.stale}
		d.good.Add(id, got)
		return got
	}
	got := &document{err: err, fresh: now.Add(documentPause)}
	d.good.Remove(id)
	d.bad.Add(id, got)
	return got
}

func (d *Documents) fetch(ctx context.Context, u *url.URL, id string, known bool) (*Client, time.Duration, error) {
	if !known {
		if err := d.rules.Gate(ctx, u.Hostname()); err != nil {
			return nil, 0, err
		}
	}
	body, age, err := d.rules.Fetch(ctx, id, maxDocument)
	if fault.Is(err, fault.Invalid) {
		return nil, 0, fault.Wrap(fault.NotFound, err, "the client's metadata document cannot be fetched: %s", fault.Public(err))
	}
	if err != nil {
		return nil, 0, err
	}
	if age < 0 {
		age = documentDefault
	}
	c, err := d.rules.Read(u, id, body)
	if err != nil {
		return nil, 0, fault.Wrap(fault.NotFound, err, "the client's metadata document cannot be used: %s", Reasons(err))
	}
	return c, min(max(age, documentLeast), documentMost), nil
}

// address reads a client id as the address of a document (§3). It is compared
// character by character wherever it is used, so that there is one way only to
// write it.
func (r *DocumentRules) address(id string) (*url.URL, error) {
	u, err := url.Parse(id)
	problem := ""
	switch {
	case !r.On:
		problem = "metadata documents are not taken here (registration.client_id_metadata is off)"
	case err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(id, "#?"):
		problem = "it has a host and a path, and no user, query or fragment"
	case u.Scheme != "https" && !(r.HTTP && u.Scheme == "http" && IsLoopback(u.Hostname())):
		problem = "it must use https"
	case u.Path == "" || strings.Contains(u.Path, "//") || slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }):
		problem = "it has a path, without empty segments and those of dots"
	case strings.ToLower(u.Host) != u.Host:
		problem = "its host is written in small letters"
	case len(r.Hosts) > 0 && !slices.Contains(r.Hosts, u.Hostname()):
		problem = "its host is not one of those that this house allows (registration.client_id_metadata_hosts)"
	}
	if problem != "" {
		return nil, fault.New(fault.NotFound, "the client_id is not the address of a metadata document that can be used: %s", problem)
	}
	return u, nil
}

// Read makes the client of the document that was found at the address.
func (r *DocumentRules) Read(at *url.URL, id string, body []byte) (*Client, error) {
	var doc struct {
		ID      string          `json:"client_id"`
		Secret  json.RawMessage `json:"client_secret"`
		Expires json.RawMessage `json:"client_secret_expires_at"`
		Scope   string          `json:"scope"`
		Metadata
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "it is not a JSON object of client metadata, or one of its members is of the wrong type")
	}
	switch {
	case doc.ID != id:
		return nil, fault.New(fault.Invalid, "its client_id is not its address, character for character")
	case doc.Secret != nil || doc.Expires != nil:
		return nil, fault.New(fault.Invalid, "it must not have a client_secret: what is public is no secret")
	case UsesSecret(doc.AuthMethod):
		return nil, fault.New(fault.Invalid, "its token_endpoint_auth_method needs a secret, which both sides cannot have: use private_key_jwt, or none").On("token_endpoint_auth_method")
	case doc.SectorURI != "":
		return nil, fault.New(fault.Invalid, "it must not have a sector_identifier_uri: the sector is its host").On("sector_identifier_uri")
	}
	if doc.AuthMethod == "" {
		doc.AuthMethod = AuthNone
	}
	c, err := NewGuest(id, doc.Scope, doc.Metadata, ReadLocalized(body), r.Scopes)
	if err != nil {
		return nil, err
	}
	c.Document = true
	c.Fill()
	var p problems
	c.check(&p, r.Rules)
	for _, uri := range append(slices.Clone(c.RedirectURIs), c.PostLogoutURIs...) {
		p.when(!belongs(at, uri), "redirect_uris", "%s is not at the document's own origin, nor on the person's own device", uri)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// belongs reports whether answers to the client of the document may go to the
// URI (§8.1): to the origin that people are told the app is of, or to an app on
// their device, by a scheme that is that host's (RFC 8252 §7.1) or the loopback
// interface.
func belongs(document *url.URL, uri string) bool {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return false
	case u.Scheme == document.Scheme && u.Host == document.Host:
		return true
	case u.Scheme == "http":
		return IsLoopback(u.Hostname())
	case u.Scheme == "https":
		return false
	}
	labels := strings.Split(document.Hostname(), ".")
	slices.Reverse(labels)
	own := strings.Join(labels, ".")
	return u.Scheme == own || strings.HasPrefix(u.Scheme, own+".")
}
