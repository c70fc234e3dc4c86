package session

import (
	"slices"
	"time"
)

// Classes of sign-in, as the acr claim names them (OpenID Connect Core §2).
const (
	// ACRPassword is a sign-in by password.
	ACRPassword = "urn:signet:acr:password"
	// ACRUpstream is a sign-in at the provider of an organization.
	ACRUpstream = "urn:signet:acr:upstream"
	// ACRFresh is one of a few minutes ago: for what should not be done on a
	// screen that somebody left.
	ACRFresh = "urn:signet:acr:fresh"
)

// AMRPassword is the method of a sign-in by password (RFC 8176 §2).
const AMRPassword = "pwd"

// AMRUpstream is the method of a sign-in at somebody else's provider, as Entra ID
// names it; RFC 8176 has no word for it.
const AMRUpstream = "fed"

// class is what a class of sign-in asks for.
type class struct {
	name string
	amr  []string      // methods, of which a sign-in used all
	age  time.Duration // of the sign-in, at most; 0: any
}

// classes is the table of them; a later factor is a row.
var classes = []class{
	{name: ACRPassword, amr: []string{AMRPassword}},
	{name: ACRUpstream, amr: []string{AMRUpstream}},
	{name: ACRFresh, amr: []string{AMRPassword}, age: 5 * time.Minute},
	{name: ACRFresh, amr: []string{AMRUpstream}, age: 5 * time.Minute},
}

// ACRs are the classes of sign-in that there are.
func ACRs() []string {
	var names []string
	for _, c := range classes {
		if !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// met returns the first of the classes that a sign-in by the methods at the time
// is of; "" where it is of none.
func met(wanted, amr []string, authTime, now time.Time) string {
	for _, name := range wanted {
		for _, c := range classes {
			lacks := func(method string) bool { return !slices.Contains(amr, method) }
			if c.name == name && !slices.ContainsFunc(c.amr, lacks) && (c.age == 0 || now.Sub(authTime) <= c.age) {
				return name
			}
		}
	}
	return ""
}

// known reports whether there is any of the classes.
func known(wanted []string) bool {
	return slices.ContainsFunc(wanted, func(name string) bool {
		return slices.ContainsFunc(classes, func(c class) bool { return c.name == name })
	})
}

// ACR is the class under which the request is answered: the first that it asks
// for and the session is of, else the session's own.
func (r *Request) ACR(s *Session, now time.Time) string {
	if acr := met(r.ACRValues, s.AMR, s.AuthTime, now); acr != "" {
		return acr
	}
	return s.ACR
}

// MeetsACR reports whether the session is of a class that the request cannot do
// without.
func (r *Request) MeetsACR(s *Session, now time.Time) bool {
	return len(r.RequiredACR) == 0 || met(r.RequiredACR, s.AMR, s.AuthTime, now) != ""
}

// ACRAt is the class as it may stand in a token of the time: one that is about
// the age of the sign-in wears off, with a minute for the code to be exchanged.
func ACRAt(acr string, amr []string, authTime, now time.Time) string {
	for _, c := range classes {
		if c.name == acr && c.age > 0 && now.Sub(authTime) > c.age+time.Minute {
			return met(ACRs(), amr, authTime, now)
		}
	}
	return acr
}

// mustStepUp reports whether signing in again leads to a class that the request
// asks for and the session is not of (RFC 9470 §5). What is only a wish is not
// asked for where nobody may be asked.
func (r *Request) mustStepUp(s *Session, now time.Time) bool {
	if !r.MeetsACR(s, now) {
		return true
	}
	return known(r.ACRValues) && !r.Prompts(PromptNone) && met(r.ACRValues, s.AMR, s.AuthTime, now) == ""
}

// WantsFresh reports whether the request asks for a sign-in of now: one that the
// person did not just find open somewhere.
func (r *Request) WantsFresh() bool {
	return r.Prompts(PromptLogin) || r.MaxAge != nil || slices.ContainsFunc(classes, func(c class) bool {
		return c.age > 0 && (slices.Contains(r.ACRValues, c.name) || slices.Contains(r.RequiredACR, c.name))
	})
}

// stale reports whether a sign-in, of this flow even, has become too old while the
// person was asked other things, and the same once more will do.
func (r *Request) stale(s *Session, now time.Time) bool {
	return !r.MeetsACR(s, now) && met(r.RequiredACR, s.AMR, now, now) != ""
}
