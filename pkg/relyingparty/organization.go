package relyingparty

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// AnyOrganization asks for an organization that the person chooses, see
// [Config.Organization].
const AnyOrganization = "*"

// scopeOrganizations lets the app know of organizations and roles.
const scopeOrganizations = "organizations"

// organizationCookie remembers for which organization this browser last signed
// in, so that the next sign-in that may ask nothing needs not to. It is a hint:
// the provider says for whom it holds.
const (
	organizationCookie = "organization"
	organizationMemory = 180 * 24 * time.Hour
)

// organizationID is how an organization is named where the answer is held to it.
var organizationID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

var errOrganization = errors.New("the answer is not about the organization that was asked for")

// Role is what a person may do in an organization.
type Role string

// The roles, from the one that may do everything to the one that only sees.
const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleViewer Role = "viewer"
)

// ranks are the roles, the least first. One that is not there may do nothing.
var ranks = []Role{RoleViewer, RoleAdmin, RoleOwner}

// AtLeast tells whether who has the role may do what one with the role least
// may.
func (r Role) AtLeast(least Role) bool {
	have, need := slices.Index(ranks, r), slices.Index(ranks, least)
	return need >= 0 && have >= need
}

// Organization is one that the person belongs to. Names change, and two may bear
// the same: key what belongs to it by ID.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role Role   `json:"role"`
}

// HasRole tells whether the user has the role, or a mightier one, in the
// organization that the session is for. A nil user has none.
func (u *User) HasRole(least Role) bool {
	return u != nil && u.Organization.Role.AtLeast(least)
}

// RequireRole lets only people through to next who have the role, or a mightier
// one, in the organization that their session is for; others are answered with
// status 403. Who is not signed in is treated as [RP.Require] does.
func (rp *RP) RequireRole(next http.Handler, least Role) http.Handler {
	return rp.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u := UserFrom(r.Context()); !u.HasRole(least) {
			rp.fail(w, r, rp.fault(KindRole, "/", fmt.Errorf("the handler requires the role %s, and not %q", least, u.Organization.Role)))
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// OrganizationURL is the path that begins a sign-in for another organization: by
// its id, or [AnyOrganization] to have the person choose. It ends at returnTo, as
// that of [RP.LoginURL] does. In a link of another site the id counts for nothing:
// the person chooses.
func (rp *RP) OrganizationURL(organization, returnTo string) string {
	q := url.Values{"organization": {organization}}
	if returnTo = rp.safeReturn(returnTo); returnTo != "/" {
		q.Set("return_to", returnTo)
	}
	return rp.config.LoginPath + "?" + q.Encode()
}

// asked is the organization that a sign-in asks for: the one that the link names,
// where it may, else the one that this browser had before, where nothing may be
// asked, else what the configuration says.
func (rp *RP) asked(r *http.Request, named, prompt string) string {
	fixed := rp.config.Organization
	if fixed != AnyOrganization {
		return fixed
	}
	if organizationID.MatchString(named) {
		return named
	}
	if before, err := rp.jar.get(r, organizationCookie); prompt == "none" && err == nil && organizationID.Match(before) {
		return string(before)
	}
	return fixed
}

// takeOrganization holds a fresh sign-in to the organization that it asked for,
// and remembers it.
func (rp *RP) takeOrganization(w http.ResponseWriter, r *http.Request, a *attempt, claims *oidc.IDTokenClaims) error {
	if a.Organization == "" {
		return nil
	}
	got := organizationOf(claims)
	if got == "" || a.Organization != AnyOrganization && got != a.Organization {
		return errOrganization
	}
	return rp.jar.put(w, r, organizationCookie, []byte(got), organizationMemory)
}

// fits reports whether the session is for what the configuration says: it may be
// from before it said so.
func (rp *RP) fits(claims *oidc.IDTokenClaims) bool {
	switch fixed := rp.config.Organization; fixed {
	case "":
		return true
	case AnyOrganization:
		return organizationOf(claims) != ""
	default:
		return organizationOf(claims) == fixed
	}
}

// organizationOf is the id of the organization that the ID token is about, or "".
func organizationOf(claims *oidc.IDTokenClaims) string {
	id, _ := claims.Claims["organization"].(string)
	return id
}

// organizations are those that the person belongs to, as the ID token says, which
// is never older than what userinfo said, or else userinfo; and the one that the
// session is for.
func (s *session) organizations() (all []Organization, one Organization) {
	for _, raw := range []json.RawMessage{payload(s.IDToken), s.UserInfo} {
		var told struct {
			Organizations []Organization `json:"organizations"`
		}
		// Claims of another type are another provider's own.
		if len(raw) > 0 && json.Unmarshal(raw, &told) == nil && told.Organizations != nil {
			all = told.Organizations
			break
		}
	}
	one.ID = organizationOf(s.claims)
	for _, o := range all {
		if one.ID != "" && o.ID == one.ID {
			one = o
		}
	}
	return all, one
}
