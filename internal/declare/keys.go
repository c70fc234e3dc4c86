package declare

import (
	"reflect"
	"slices"
	"strings"

	"signet/internal/account"
	"signet/internal/client"
)

// key is one thing that an entry can say, under its name in the file.
type key[T any] struct {
	name  string
	field func(*T) any // where it goes: *string, *[]string, *bool, *int, *client.KeySet or **account.Address
}

// clientKeys are what a client can have besides its id and its secret: all that
// an app can say of itself, and what the house says of it.
var clientKeys = append(metadataKeys(), []key[client.Client]{
	{"scopes", func(c *client.Client) any { return &c.Scopes }},
	{"resources", func(c *client.Client) any { return &c.Resources }},
	{"trusted", func(c *client.Client) any { return &c.Trusted }},
	{"token_exchange", func(c *client.Client) any { return &c.TokenExchange }},
	{"token_exchange_from", func(c *client.Client) any { return &c.TokenExchangeFrom }},
	{"assertion_issuer", func(c *client.Client) any { return &c.AssertionIssuer }},
	{"assertion_jwks", func(c *client.Client) any { return &c.AssertionJWKS }},
	{"assertion_jwks_uri", func(c *client.Client) any { return &c.AssertionJWKSURI }},
	{"assertion_subjects", func(c *client.Client) any { return &c.AssertionSubjects }},
	{"access_token_format", func(c *client.Client) any { return &c.AccessTokenFormat }},
	{"access_token_signed_response_alg", func(c *client.Client) any { return &c.AccessTokenAlg }},
	{"accent_color", func(c *client.Client) any { return &c.Accent }},
}...)

// metadataKeys are the fields of client metadata, each under its registered name
// (RFC 7591 §2, OpenID Connect Registration §2) or the shorter one.
func metadataKeys() []key[client.Client] {
	var keys []key[client.Client]
	for f := range reflect.TypeFor[client.Metadata]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if short := clientAliases[name]; short != "" {
			name = short
		}
		keys = append(keys, key[client.Client]{name, func(c *client.Client) any {
			return reflect.ValueOf(&c.Metadata).Elem().FieldByIndex(f.Index).Addr().Interface()
		}})
	}
	return keys
}

// clientAliases lead from the names of registration to the shorter ones here.
var clientAliases = map[string]string{
	"client_id": "id", "client_name": "name", "client_secret": "secret",
	"token_endpoint_auth_method": "auth_method", "scope": "scopes",
}

// laterClientKeys are registered metadata that this version does nothing with.
// To take them in silence would be to promise what is not held.
var laterClientKeys = []string{
	"software_statement", // RFC 7591
}

// userKeys are what a user can have besides a password. The names are those of
// the standard claims (OpenID Connect Core §5.1), but for the first four.
var userKeys = []key[account.New]{
	{"email", func(n *account.New) any { return &n.Email }},
	{"password_hash", func(n *account.New) any { return &n.PasswordHash }},
	{"verified", func(n *account.New) any { return &n.Verified }},
	{"disabled", func(n *account.New) any { return &n.Disabled }},
	{"name", func(n *account.New) any { return &n.Profile.Name }},
	{"given_name", func(n *account.New) any { return &n.Profile.GivenName }},
	{"family_name", func(n *account.New) any { return &n.Profile.FamilyName }},
	{"middle_name", func(n *account.New) any { return &n.Profile.MiddleName }},
	{"nickname", func(n *account.New) any { return &n.Profile.Nickname }},
	{"preferred_username", func(n *account.New) any { return &n.Profile.PreferredUsername }},
	{"profile", func(n *account.New) any { return &n.Profile.ProfileURL }},
	{"picture", func(n *account.New) any { return &n.Profile.Picture }},
	{"website", func(n *account.New) any { return &n.Profile.Website }},
	{"gender", func(n *account.New) any { return &n.Profile.Gender }},
	{"birthdate", func(n *account.New) any { return &n.Profile.Birthdate }},
	{"zoneinfo", func(n *account.New) any { return &n.Profile.ZoneInfo }},
	{"locale", func(n *account.New) any { return &n.Profile.Locale }},
	{"phone_number", func(n *account.New) any { return &n.Profile.PhoneNumber }},
	{"phone_number_verified", func(n *account.New) any { return &n.Profile.PhoneVerified }},
	{"address", func(n *account.New) any { return &n.Profile.Address }},
	{localized, func(n *account.New) any { return &n.Profile.Localized }},
}

// localized is what differences call the claims in other languages, which a file
// says one by one: name#fr. Where it says one, it says all.
const localized = "localized"

var userAliases = map[string]string{
	"email_verified": "verified", "username": "email", "first_name": "given_name", "last_name": "family_name",
}

// addressKeys are the parts of an address (OpenID Connect Core §5.1.1).
var addressKeys = []key[account.Address]{
	{"formatted", func(a *account.Address) any { return &a.Formatted }},
	{"street_address", func(a *account.Address) any { return &a.StreetAddress }},
	{"locality", func(a *account.Address) any { return &a.Locality }},
	{"region", func(a *account.Address) any { return &a.Region }},
	{"postal_code", func(a *account.Address) any { return &a.PostalCode }},
	{"country", func(a *account.Address) any { return &a.Country }},
}

// notYet reports whether the name is registered metadata that this version
// does nothing with; that of others in a language means nothing at all.
func notYet(name string) bool {
	base, _, translated := strings.Cut(name, "#")
	return slices.Contains(laterClientKeys, base) ||
		translated && (find(clientKeys, base) != nil || clientAliases[base] != "")
}

// metadataName is the name in client metadata of what an entry calls name: that
// of a text in a language, name#fr, is client_name#fr (RFC 7591 §2.2).
func metadataName(name string) string {
	if tag, ok := strings.CutPrefix(name, "name#"); ok {
		return "client_name#" + tag
	}
	return name
}

// find returns the key of the name, or nil.
func find[T any](keys []key[T], name string) *key[T] {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}

func names[T any](keys []key[T], also ...string) []string {
	var all []string
	for _, k := range keys {
		all = append(all, k.name)
	}
	return append(all, also...)
}
