package op

// RFC 8707: resource indicators. A token is for the APIs that the request names,
// and for no other.

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"signet/internal/client"
	"signet/internal/grant"
	"signet/internal/resource"
)

// maxResources bounds what one token is for.
const maxResources = 10

// checkResource reads which APIs the tokens are wanted for (§2.1).
func checkResource(p *Provider, ctx context.Context, d *draft) *oauthError {
	ids, oerr := p.resources(ctx, d.client, d.params["resource"])
	if oerr != nil {
		return oerr
	}
	d.req.Resource = ids
	for _, id := range ids {
		if !p.ours(id) { // what is ours is allowed by its scopes
			d.req.ClaimScopes = append(d.req.ClaimScopes, id)
		}
	}
	return nil
}

// resources returns the identifiers that are asked for, each once, if the client
// may have tokens for them. The provider is an API, too: of what is known of the
// person.
func (p *Provider) resources(ctx context.Context, c *client.Client, asked []string) ([]string, *oauthError) {
	var ids []string
	for _, id := range asked {
		if id == "" || slices.Contains(ids, id) {
			continue
		}
		if problem := resource.ValidID(id); problem != "" {
			return nil, ruleResource.broken("the resource %s %s (RFC 8707, section 2)", printable(id), problem)
		}
		if _, oerr := p.server(ctx, c, id); oerr != nil {
			return nil, oerr
		}
		if ids = append(ids, id); len(ids) > maxResources {
			return nil, ruleResource.broken("more than %d resources are asked for at once", maxResources)
		}
	}
	return ids, nil
}

// ours reports whether the API is the provider itself, or a part of it.
func (p *Provider) ours(id string) bool { return id == p.house.id || id == p.management.id }

// server returns the API if the client may have tokens for it; nil for the
// provider itself.
func (p *Provider) server(ctx context.Context, c *client.Client, id string) (*resource.Server, *oauthError) {
	switch id {
	case p.house.id:
		return nil, nil
	case p.management.id:
		return &resource.Server{ID: id, Scopes: resource.OfAPI}, nil
	}
	s, err := p.Resources.Server(ctx, id)
	if err != nil {
		return nil, asOAuth(err)
	}
	if s == nil || !slices.Contains(c.Resources, id) {
		return nil, ruleResource.broken("the resource %s is not one that the client is registered for (resources)", printable(id))
	}
	return s, nil
}

// target is what an access token is for.
type target struct {
	scopes   []string        // those of them that mean something to the audience
	audience []string        // nil: nothing was said, so it is the provider (RFC 9068 §3)
	details  json.RawMessage // RFC 9396
	format   string
	life     time.Duration
}

// target returns what a token of the scopes is for: the APIs that are asked for,
// which must be among the granted ones (§2.2), else all of these. What the client
// is no longer registered for is left out.
func (p *Provider) target(ctx context.Context, c *client.Client, g *grant.Grant, scopes []string, ps params) (*target, *oauthError) {
	to, oerr := p.audience(ctx, c, g.Audience, scopes, ps["resource"])
	if oerr != nil {
		return nil, oerr
	}
	to.details, oerr = p.narrowed(ctx, c, g.Details, ps.get("authorization_details"), to.audience)
	return to, oerr
}

// audience is target without the details.
func (p *Provider) audience(ctx context.Context, c *client.Client, granted, scopes, asked []string) (*target, *oauthError) {
	to := &target{scopes: scopes, format: c.AccessTokenFormat, life: p.cfg.AccessToken}
	if to.format == "" {
		to.format = p.cfg.AccessTokenFormat
	}
	asked, oerr := p.resources(ctx, c, asked)
	if oerr != nil {
		return nil, oerr
	}
	for _, id := range asked {
		if !p.ours(id) && !slices.Contains(granted, id) {
			return nil, ruleResource.broken("the resource %s was not part of the grant; ask for it in the authorization request", printable(id))
		}
	}
	if len(granted)+len(asked) == 0 {
		return to, nil
	}
	wanted := asked
	if len(wanted) == 0 {
		wanted = granted
	}
	var known []string
	for _, id := range wanted {
		s, oerr := p.server(ctx, c, id)
		if oerr != nil && oerr.rule != ruleResource {
			return nil, oerr
		}
		if oerr != nil {
			continue
		}
		to.audience = append(to.audience, id)
		known = append(known, to.with(s)...)
	}
	if len(to.audience) == 0 {
		return nil, ruleGrantEnded.broken("the client is no longer registered for any API of the grant")
	}
	to.scopes = slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !slices.Contains(known, scope) })
	return to, nil
}

// with makes the token one for the API as well, and returns the scopes that mean
// something to it. One that wants opaque tokens gets one; the shortest life counts.
func (to *target) with(s *resource.Server) []string {
	if s == nil {
		return resource.House
	}
	if to.format != client.TokenOpaque || len(to.audience) == 1 {
		if s.TokenFormat != "" {
			to.format = s.TokenFormat
		}
	}
	to.life = s.Life(to.life)
	return s.Scopes
}

// mayKnow reduces what is told of a token to what the client may learn: all of
// its own; of one that is for APIs, what it means to those that are the client's;
// any other if the client is the house's. To others every token is inactive
// (RFC 7662 §2.2, §4).
func (p *Provider) mayKnow(ctx context.Context, c *client.Client, t *introspection) (*introspection, error) {
	inactive := &introspection{}
	switch {
	case t == nil:
		return inactive, nil
	case t.ClientID == c.ID || slices.Contains(t.Audience, c.ID):
		return t, nil
	case len(t.Audience) == 0 || slices.ContainsFunc(t.Audience, p.ours):
		if c.Trusted {
			return t, nil
		}
	}
	var own audience
	var scopes []string
	for _, id := range t.Audience {
		s, err := p.Resources.Server(ctx, id)
		if err != nil {
			return nil, err
		}
		if s != nil && slices.Contains(s.Clients, c.ID) {
			own, scopes = append(own, id), append(scopes, s.Scopes...)
		}
	}
	if len(own) == 0 {
		return inactive, nil
	}
	told := *t
	told.Details = detailsAt(t.Details, own)
	told.Audience = own
	told.Scope = strings.Join(slices.DeleteFunc(strings.Fields(t.Scope), func(s string) bool { return !slices.Contains(scopes, s) }), " ")
	return &told, nil
}
