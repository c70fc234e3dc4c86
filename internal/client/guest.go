package client

import (
	"errors"
	"slices"
	"strings"

	"signet/internal/fault"
)

// GuestGrants are the grant types that an app may give itself: a person takes
// part in each.
var GuestGrants = []string{GrantCode, GrantImplicit, GrantRefresh, GrantDevice, GrantCIBA}

// NewGuest makes a client of what an app says of itself and nobody of the house
// has looked at, in languages as well: one that asked for the scope ("": all of scopes, which are what
// such an app may have). What is not to be had is a fault of kind Invalid.
func NewGuest(id, scope string, m Metadata, texts Localized, scopes []string) (*Client, error) {
	if scope != "" {
		asked := strings.Fields(scope)
		some := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(asked, s) })
		if len(some) == 0 {
			return nil, fault.New(fault.Invalid, "none of the scopes (%s) can be had; these can: %s", scope, strings.Join(scopes, " ")).On("scope")
		}
		scopes = some
	}
	for _, g := range m.GrantTypes {
		if !slices.Contains(GuestGrants, g) {
			return nil, fault.New(fault.Invalid, "the grant type %s is not one of %s", g, strings.Join(GuestGrants, ", ")).On("grant_types")
		}
	}
	return &Client{ID: id, Metadata: m, Localized: texts, Scopes: slices.Clone(scopes)}, nil
}

// Reasons are the public words of all that the error says is wrong.
func Reasons(err error) string {
	all := fault.All(err)
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = fault.Public(one)
	}
	return strings.Join(texts, "; ")
}

// Blames reports whether one of the faults is of the field.
func Blames(err error, field string) bool {
	return slices.ContainsFunc(fault.All(err), func(one error) bool {
		var f *fault.Error
		return errors.As(one, &f) && f.Field == field
	})
}
