package op

// OpenID Connect Core 1.0 §5.1, §5.4, §5.5: the claims about a person, and the
// two ways to ask for them: by scope, and one by one with the claims parameter.

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"golang.org/x/text/language"

	"signet/internal/account"
	"signet/internal/org"
	"signet/internal/session"
)

// claimsSupported are the claims that this provider can tell of a person.
var claimsSupported = []string{
	"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "c_hash", "s_hash", "sid",
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
	"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
	"email", "email_verified", "phone_number", "phone_number_verified", "address", "organizations", "organization",
}

// personClaims are the claims about a person.
type personClaims struct {
	Name              string           `json:"name,omitempty"`
	GivenName         string           `json:"given_name,omitempty"`
	FamilyName        string           `json:"family_name,omitempty"`
	MiddleName        string           `json:"middle_name,omitempty"`
	Nickname          string           `json:"nickname,omitempty"`
	PreferredUsername string           `json:"preferred_username,omitempty"`
	ProfileURL        string           `json:"profile,omitempty"`
	Picture           string           `json:"picture,omitempty"`
	Website           string           `json:"website,omitempty"`
	Gender            string           `json:"gender,omitempty"`
	Birthdate         string           `json:"birthdate,omitempty"`
	ZoneInfo          string           `json:"zoneinfo,omitempty"`
	Locale            string           `json:"locale,omitempty"`
	UpdatedAt         int64            `json:"updated_at,omitempty"`
	Email             string           `json:"email,omitempty"`
	EmailVerified     *bool            `json:"email_verified,omitempty"`
	Phone             string           `json:"phone_number,omitempty"`
	PhoneVerified     *bool            `json:"phone_number_verified,omitempty"`
	Address           *account.Address `json:"address,omitempty"`

	// Organizations is the house's own claim: an empty list is the answer for a
	// person who has none.
	Organizations *[]organizationClaim `json:"organizations,omitempty"`

	// localized are claims in other languages, by their names with the tag: see
	// withLocalized.
	localized map[string]string
}

// withLocalized is the claims as they are written: themselves, or where there are
// localized ones among them, an object with these at its end (§5.2).
func withLocalized(claims any, about *personClaims) (any, error) {
	if about == nil || len(about.localized) == 0 {
		return claims, nil
	}
	object, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	more, err := json.Marshal(about.localized)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(slices.Concat(object[:len(object)-1], []byte(","), more[1:])), nil
}

// organizationClaim is one organization and what the person may do there.
type organizationClaim struct {
	ID   string   `json:"id"`
	Name string   `json:"name"`
	Role org.Role `json:"role"`
}

// mostOrganizations bounds the claim, and with it every token that bears it.
const mostOrganizations = 100

// person is whom claims are told of.
type person struct {
	*account.Account
	organizations []*org.Membership
}

// personalClaims is the table of the claims about a person: the scope that brings each
// (§5.4), and how it is told.
var personalClaims = []struct {
	name, scope string
	tell        func(a *person, to *personClaims)
}{
	{"name", "profile", func(a *person, to *personClaims) { to.Name = nameOf(a.Account) }},
	{"given_name", "profile", func(a *person, to *personClaims) { to.GivenName = a.Profile.GivenName }},
	{"family_name", "profile", func(a *person, to *personClaims) { to.FamilyName = a.Profile.FamilyName }},
	{"middle_name", "profile", func(a *person, to *personClaims) { to.MiddleName = a.Profile.MiddleName }},
	{"nickname", "profile", func(a *person, to *personClaims) { to.Nickname = a.Profile.Nickname }},
	{"preferred_username", "profile", func(a *person, to *personClaims) { to.PreferredUsername = a.Profile.PreferredUsername }},
	{"profile", "profile", func(a *person, to *personClaims) { to.ProfileURL = a.Profile.ProfileURL }},
	{"picture", "profile", func(a *person, to *personClaims) { to.Picture = a.Profile.Picture }},
	{"website", "profile", func(a *person, to *personClaims) { to.Website = a.Profile.Website }},
	{"gender", "profile", func(a *person, to *personClaims) { to.Gender = a.Profile.Gender }},
	{"birthdate", "profile", func(a *person, to *personClaims) { to.Birthdate = a.Profile.Birthdate }},
	{"zoneinfo", "profile", func(a *person, to *personClaims) { to.ZoneInfo = a.Profile.ZoneInfo }},
	{"locale", "profile", func(a *person, to *personClaims) { to.Locale = a.Profile.Locale }},
	{"updated_at", "profile", func(a *person, to *personClaims) { to.UpdatedAt = a.UpdatedAt.Unix() }},
	{"email", "email", func(a *person, to *personClaims) { to.Email = a.Email }},
	{"email_verified", "email", func(a *person, to *personClaims) { to.EmailVerified = &a.EmailVerified }},
	{"phone_number", "phone", func(a *person, to *personClaims) { to.Phone = a.Profile.PhoneNumber }},
	{"phone_number_verified", "phone", func(a *person, to *personClaims) {
		if a.Profile.PhoneNumber != "" {
			to.PhoneVerified = &a.Profile.PhoneVerified
		}
	}},
	{"address", "address", func(a *person, to *personClaims) { to.Address = a.Profile.Address }},
	{"organizations", scopeOrganizations, func(a *person, to *personClaims) {
		list := make([]organizationClaim, len(a.organizations))
		for i, o := range a.organizations {
			list[i] = organizationClaim{o.ID, o.Name, o.Role}
		}
		to.Organizations = &list
	}},
}

// scopeOrganizations brings the claim of its name.
const scopeOrganizations = "organizations"

// nameOf is the name for display: as given, else put together of its parts.
func nameOf(a *account.Account) string {
	if a.Profile.Name == "" && a.Profile.GivenName+a.Profile.FamilyName != "" {
		return a.DisplayName()
	}
	return a.Profile.Name
}

// tell returns the claims of the person that the scopes bring, and those that
// are named, in the languages too that the request prefers. Organizations are read
// where they are asked for: all, or (organization not "") the one.
func (p *Provider) tell(ctx context.Context, a *account.Account, organization string, scopes, names, languages []string) (*personClaims, error) {
	about, out := &person{Account: a}, &personClaims{localized: map[string]string{}}
	if slices.Contains(scopes, scopeOrganizations) || slices.Contains(names, scopeOrganizations) {
		var err error
		if about.organizations, err = p.organizationsIn(ctx, a.ID, organization); err != nil {
			return nil, err
		}
	}
	for _, c := range personalClaims {
		if slices.Contains(scopes, c.scope) || slices.Contains(names, c.name) {
			c.tell(about, out)
			maps.Copy(out.localized, a.Profile.In(c.name, languages))
		}
	}
	for _, name := range names {
		if value := a.Profile.Localized[name]; value != "" {
			out.localized[name] = value
		}
	}
	return out, nil
}

// askedClaims are the claims about a person that a request asks for by name
// (§5.5): what is kept of its claims parameter, in grants as well.
type askedClaims struct {
	Userinfo []string `json:"userinfo,omitempty"`
	IDToken  []string `json:"id_token,omitempty"`
	// Languages in which claims are told, where they are stored so: claims_locales
	// (§5.2).
	Languages []string `json:"locales,omitempty"`
}

// mostLanguages bounds what is kept of claims_locales, and how many claims with a
// language are asked for by name.
const mostLanguages = 20

// readAsked reads what was kept; nothing where nothing was, and where it is of a
// version that kept the parameter itself, to which it meant nothing.
func readAsked(kept json.RawMessage) *askedClaims {
	asked := &askedClaims{}
	if len(kept) > 0 && json.Unmarshal(kept, asked) != nil {
		return &askedClaims{}
	}
	return asked
}

// claimWish is how a claim is asked for (§5.5.1); nil: without more ado.
type claimWish struct {
	Essential bool              `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

// texts are the strings among the values that are asked for.
func (w *claimWish) texts() []string {
	if w == nil {
		return nil
	}
	var out []string
	for _, raw := range append([]json.RawMessage{w.Value}, w.Values...) {
		var s string
		if len(raw) > 0 && json.Unmarshal(raw, &s) == nil {
			out = append(out, s)
		}
	}
	return out
}

// claimsParameter is the parameter as it is sent (§5.5). Other members, and
// claims that are not known here, are ignored.
type claimsParameter struct {
	Userinfo map[string]*claimWish `json:"userinfo"`
	IDToken  map[string]*claimWish `json:"id_token"`
}

func checkClaims(p *Provider, _ context.Context, d *draft) *oauthError {
	raw, languages := d.params.get("claims"), languagesOf(d.params.list("claims_locales"))
	if raw == "" && len(languages) == 0 {
		return nil
	}
	asked := &claimsParameter{}
	if raw == "" {
		raw = "{}"
	}
	if err := json.Unmarshal([]byte(raw), &asked); err != nil || asked == nil {
		return ruleClaims.broken("claims must be a JSON object with the members userinfo and id_token, whose members are null or objects (OpenID Connect Core, section 5.5)").because(err)
	}
	if oerr := checkSub(p, d, asked); oerr != nil {
		return oerr
	}
	if oerr := checkACR(d, asked.IDToken["acr"]); oerr != nil {
		return oerr
	}
	kept := askedClaims{Userinfo: keptOf(d, asked.Userinfo), IDToken: keptOf(d, asked.IDToken), Languages: languages}
	if len(kept.Userinfo)+len(kept.IDToken)+len(languages) == 0 {
		return nil
	}
	var err error
	if d.req.Claims, err = json.Marshal(kept); err != nil {
		return asOAuth(err)
	}
	return nil
}

// languagesOf are the tags that are some, each in its one spelling.
func languagesOf(tags []string) []string {
	var out []string
	for _, tag := range tags {
		if parsed, err := language.Parse(tag); err == nil && parsed != language.Und && len(out) < mostLanguages {
			out = append(out, parsed.String())
		}
	}
	return out
}

// keptOf are the claims of those asked for that the client may have, which is
// decided by their scopes: the person is asked for these.
func keptOf(d *draft, asked map[string]*claimWish) []string {
	localized := map[string][]string{} // by the claim that they are
	for name := range asked {
		if spelled, claim, ok := account.LocalizedName(name); ok && len(localized[claim]) < mostLanguages {
			localized[claim] = append(localized[claim], spelled)
		}
	}
	var names []string
	for _, c := range personalClaims {
		_, plain := asked[c.name]
		if !plain && localized[c.name] == nil || !slices.Contains(d.client.Scopes, c.scope) {
			continue
		}
		if plain {
			names = append(names, c.name)
		}
		names = append(names, slices.Sorted(slices.Values(localized[c.name]))...)
		if !slices.Contains(d.req.Scopes, c.scope) && !slices.Contains(d.req.ClaimScopes, c.scope) {
			d.req.ClaimScopes = append(d.req.ClaimScopes, c.scope)
		}
	}
	return names
}

// checkSub takes a sub with a value for what an id_token_hint is: only that
// person will do (§5.5.1, §3.1.2.2).
func checkSub(p *Provider, d *draft, asked *claimsParameter) *oauthError {
	for _, member := range []map[string]*claimWish{asked.IDToken, asked.Userinfo} {
		wanted := member["sub"].texts()
		if len(wanted) == 0 {
			continue
		}
		account := p.subjects.account(d.client, wanted[0])
		if len(wanted) > 1 || d.req.HintSubject != "" && d.req.HintSubject != account {
			return ruleClaims.broken("claims asks for more than one sub; an answer is about one person")
		}
		d.req.HintSubject = account
	}
	return nil
}

// checkACR refuses an essential acr that no sign-in here can have (§5.5.1.1),
// and takes any other for a wish, as acr_values is.
func checkACR(d *draft, wish *claimWish) *oauthError {
	values := wish.texts()
	if wish == nil || len(values) == 0 {
		return nil
	}
	d.req.ACRValues = values
	if !wish.Essential {
		return nil
	}
	if !slices.ContainsFunc(values, func(v string) bool { return slices.Contains(session.ACRs(), v) }) {
		return unmetACR()
	}
	d.req.RequiredACR = values
	return nil
}

func unmetACR() *oauthError {
	return ruleACR.broken("no sign-in here has the acr that claims calls essential; acr_values_supported says which there are")
}
