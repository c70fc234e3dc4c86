package op

// RFC 9396: rich authorization requests. What the token allows is said field by
// field, shown to the person in words, and told to the API.

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"signet/internal/client"
	"signet/internal/resource"
)

// checkDetails reads what is asked for finely (§2, §5).
func checkDetails(p *Provider, ctx context.Context, d *draft) *oauthError {
	list, oerr := p.details(ctx, d.client, d.params.get("authorization_details"))
	if oerr != nil {
		return oerr
	}
	d.req.Details = resource.Join(list)
	return nil
}

// details returns the authorization details, if the client may ask for their
// types and they are as these want them.
func (p *Provider) details(ctx context.Context, c *client.Client, raw string) ([]resource.Detail, *oauthError) {
	if raw == "" {
		return nil, nil
	}
	list, problem := resource.ParseDetails(raw)
	if problem != "" {
		return nil, ruleDetails.broken("authorization_details %s", printable(problem))
	}
	for _, one := range list {
		t, err := p.Resources.Type(ctx, one.Type())
		if err != nil {
			return nil, asOAuth(err)
		}
		if t == nil || !slices.Contains(c.DetailTypes, one.Type()) {
			return nil, ruleDetails.broken("the authorization_details type %s is not one that the client is registered for (authorization_details_types)", printable(one.Type()))
		}
		if problem := t.Wrong(one); problem != "" {
			return nil, ruleDetails.broken("a member of authorization_details, of type %s, %s", printable(one.Type()), printable(problem))
		}
	}
	return list, nil
}

// narrowed returns those of the granted details that a token is for: those that
// are asked for, which must be among them (§6.1), else all; and of these what
// concerns the audience (§7). What the client may no longer ask for is left out.
func (p *Provider) narrowed(ctx context.Context, c *client.Client, granted json.RawMessage, asked string, audience []string) (json.RawMessage, *oauthError) {
	if len(granted) == 0 && asked == "" {
		return nil, nil
	}
	wanted, oerr := p.details(ctx, c, asked)
	if oerr != nil {
		return nil, oerr
	}
	var have []resource.Detail
	if len(granted) > 0 {
		have, _ = resource.ParseDetails(string(granted)) // they were checked when they were granted
	}
	is := func(d resource.Detail) func(resource.Detail) bool {
		return func(o resource.Detail) bool { return bytes.Equal(o.Canonical(), d.Canonical()) }
	}
	for _, one := range wanted {
		if !slices.ContainsFunc(have, is(one)) {
			return nil, ruleDetails.broken("a member of authorization_details, of type %s, was not granted in the same words", printable(one.Type()))
		}
	}
	return resource.Join(slices.DeleteFunc(have, func(d resource.Detail) bool {
		return !d.Concerns(audience) || !slices.Contains(c.DetailTypes, d.Type()) || len(wanted) > 0 && !slices.ContainsFunc(wanted, is(d))
	})), nil
}

// detailTypes are what discovery tells of (§10).
func detailTypes(types []*resource.Type) []string {
	var names []string
	for _, t := range types {
		names = append(names, t.ID)
	}
	return names
}

// detailsAt are the details that concern the APIs.
func detailsAt(granted json.RawMessage, ids []string) json.RawMessage {
	if len(granted) == 0 {
		return nil
	}
	list, _ := resource.ParseDetails(string(granted))
	return resource.Join(slices.DeleteFunc(list, func(d resource.Detail) bool { return !d.Concerns(ids) }))
}
