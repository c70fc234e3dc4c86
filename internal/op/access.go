package op

// RFC 6750 §2.1, §3, RFC 9449 §7, RFC 8705 §3: access tokens that are presented to
// the house itself, which is an API too: of what is known of a person (userinfo),
// and of all that is managed here.

import (
	"net/http"
	"slices"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/grant"
)

// accept returns what a token stands for that is presented to the house, and
// whose it is (nil: the client's own): one that is good, meant for one of the APIs,
// used by who has the key to which it is bound, and of an account that is open.
func (p *Provider) accept(w http.ResponseWriter, r *http.Request, s shown, at ...*protected) (*checked, *account.Account, error) {
	t, err := p.check(r.Context(), s.token)
	if err != nil {
		return nil, nil, err
	}
	if t == nil {
		return nil, nil, s.refused("the access token has expired, was revoked, or is none")
	}
	info := infoOf(r)
	info.ClientID, info.AccountID = t.grant.ClientID, t.grant.AccountID
	if oerr := p.holds(w, r, s, t); oerr != nil {
		return nil, nil, oerr
	}
	if !slices.ContainsFunc(at, func(api *protected) bool { return slices.Contains(t.claims.Audience, api.id) }) {
		return nil, nil, s.refused("the access token is for another API: ask for one with resource=" + at[0].id)
	}
	if t.grant.AccountID == "" {
		return t, nil, nil
	}
	a, err := p.Accounts.Recent(r.Context(), t.grant.AccountID)
	if fault.Is(err, fault.NotFound) || err == nil && a.Status != account.Active {
		return nil, nil, s.refused("the account is closed")
	}
	return t, a, err
}

// Access returns what the access token stands for that is in the request's
// header. Where it refuses, it has written how a good one is asked for into the
// header of the answer, and says why in its fault.
func (p *Provider) Access(w http.ResponseWriter, r *http.Request) (*grant.Access, error) {
	s, oerr := inHeader(r)
	if oerr != nil {
		return nil, p.challenged(w, r, oerr)
	}
	// What is good for the whole house is good for what is managed there.
	t, _, err := p.accept(w, r, s, p.management, p.house)
	if err != nil {
		return nil, p.challenged(w, r, err)
	}
	return &grant.Access{
		ClientID: t.grant.ClientID, AccountID: t.grant.AccountID, Organization: t.grant.Organization, Trusted: t.client.Trusted,
		Scopes: strings.Fields(t.claims.Scope), Scheme: s.scheme,
	}, nil
}

// challenged writes the challenge of the error, where it has one.
func (p *Provider) challenged(w http.ResponseWriter, r *http.Request, err error) error {
	err = p.management.refuses(err)
	if o := asOAuth(err); o.scheme != "" {
		challenge(w.Header(), o, p.explained(r, o, nil))
	}
	return err
}
