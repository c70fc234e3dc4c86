package federation

// OpenID Connect Core 1.0 §5.1, §5.3: what a provider tells of a person.

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"signet/internal/org"
)

// claimNames are the names of claims where the mapping has none.
var claimNames = org.Mapping{Email: "email", GivenName: "given_name", FamilyName: "family_name", Name: "name", Groups: "groups"}

// addUserinfo asks for what is mapped and the ID token does not say. What the ID
// token says goes before it.
func (o *OpenID) addUserinfo(ctx context.Context, m *Metadata, c *Connection, tokens *oauth2.Token, claims map[string]any) error {
	missing := func(name string) bool { _, has := claims[name]; return name != "" && !has }
	names := org.NamesOf(c.Mapping, claimNames)
	wanted := []string{names.Email, names.GivenName, names.FamilyName}
	if len(c.Mapping.Roles) > 0 {
		wanted = append(wanted, names.Groups)
	}
	if m.Userinfo == "" || !slices.ContainsFunc(wanted, missing) {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Userinfo, nil)
	if err != nil {
		return trouble(Settings, err, "the provider's userinfo_endpoint is no address")
	}
	tokens.SetAuthHeader(req)
	req.Header.Set("Accept", "application/json")
	resp, err := o.out.HTTP(maxAnswer).Do(req)
	if err != nil {
		return trouble(Down, err, "the userinfo endpoint: %s", unreached(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return trouble(Down, nil, "the userinfo endpoint answers with status %d", resp.StatusCode)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return trouble(Down, err, "the userinfo endpoint: %s", unreached(err))
	}
	more := map[string]any{}
	if err := json.Unmarshal(raw, &more); err != nil {
		return trouble(Nonsense, err, "the userinfo endpoint answers what is no JSON object")
	}
	// §5.3.2: a token could have been put in the place of another.
	if sub, _ := more["sub"].(string); sub == "" || sub != claims["sub"] {
		return trouble(Nonsense, nil, "the userinfo endpoint tells of somebody else (sub)")
	}
	// An address and whether it is proven belong together.
	if _, has := claims["email"]; has {
		delete(more, "email_verified")
	}
	maps.DeleteFunc(more, func(name string, _ any) bool { _, has := claims[name]; return has })
	maps.Copy(claims, more)
	return nil
}

// arrivalOf reads the claims by the names of the mapping.
func arrivalOf(mapping org.Mapping, claims map[string]any) *org.Arrival {
	names := org.NamesOf(mapping, claimNames)
	a := &org.Arrival{
		Subject: text(claims["sub"]), Email: text(claims[names.Email]), Name: text(claims[names.Name]),
		GivenName: text(claims[names.GivenName]), FamilyName: text(claims[names.FamilyName]),
		Session: text(claims["sid"]), Attributes: attributesOf(claims),
	}
	if names.Email == claimNames.Email {
		switch claims["email_verified"] {
		case false, "false":
			a.EmailRefused = true
		}
	}
	if v, has := claims[names.Groups]; has {
		a.Groups = texts(v)
	}
	if at, ok := claims["auth_time"].(float64); ok && at > 0 && at < 1<<40 {
		a.AuthTime = time.Unix(int64(at), 0)
	}
	return a
}

// text is a claim that is a text, or "".
func text(v any) string {
	s, _ := v.(string)
	return s
}

// mostGroups bounds the groups of one person that are looked at.
const mostGroups = 1000

// texts is a claim that is one text or a list of them.
func texts(v any) []string {
	out := []string{}
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, e := range v[:min(len(v), mostGroups)] {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// Bounds of what is shown of the claims.
const (
	mostAttributes = 60
	mostValues     = 50
)

// attributesOf are the claims as texts, for people to look at.
func attributesOf(claims map[string]any) map[string][]string {
	out := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if len(out) == mostAttributes {
			break
		}
		var values []string
		switch v := claims[name].(type) {
		case []any:
			for _, e := range v[:min(len(v), mostValues)] {
				values = append(values, clipped(shown(e)))
			}
		default:
			values = []string{clipped(shown(v))}
		}
		out[clipped(name)] = values
	}
	return out
}

func shown(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}
