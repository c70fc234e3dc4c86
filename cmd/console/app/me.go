package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"signet/pkg/relyingparty"
)

// mePage tells a developer what the sign-in brought, in plain words.
type mePage struct {
	frame
	Times   []moment
	Scopes  []explained
	Sources []source
}

// source is one place that claims came from.
type source struct {
	ID, Title, Intro string
	Claims           []claim
	Raw              string // as JSON
}

// claim is one statement of the provider.
type claim struct{ Name, Value, Meaning string }

type explained struct{ Name, Meaning string }

// moment is a point in time that the session depends on.
type moment struct {
	Label   string
	When    time.Time
	Left    string
	Meaning string
}

// claimMeaning explains the claims of OpenID Connect Core §2 and §5.1, and
// those of the profiles that Signet follows.
var claimMeaning = map[string]string{
	"iss":                "Issuer: which provider says all this. The app accepts only the one it was configured with.",
	"sub":                "Subject: the person's identifier at this provider. It never changes, so accounts are keyed by it.",
	"aud":                "Audience: which app the token is meant for. A token for another app is refused.",
	"azp":                "Authorized party: the app that asked for the token.",
	"exp":                "Expiry: after this moment the token is no proof of a sign-in any more.",
	"iat":                "Issued at: when the provider made the token.",
	"nbf":                "Not before: when the token becomes valid.",
	"auth_time":          "When the person last proved who they are. In a second app it is earlier than the sign-in there: that is single sign-on.",
	"nonce":              "A random value that this app sent along, so the token cannot be replayed from another sign-in.",
	"acr":                "How strong the sign-in was, as the provider rates it.",
	"amr":                "By which means the person proved who they are, for example pwd for a password.",
	"sid":                "The session at the provider. Sign-out notices name it.",
	"at_hash":            "A fingerprint of the access token that came with this token, so neither can be exchanged.",
	"c_hash":             "A fingerprint of the authorization code.",
	"jti":                "The token's own identifier.",
	"name":               "Full name, for showing (scope profile).",
	"given_name":         "First name (scope profile).",
	"family_name":        "Last name (scope profile).",
	"preferred_username": "The name that the person likes to be called by; not an identifier (scope profile).",
	"nickname":           "Casual name (scope profile).",
	"picture":            "Address of a picture (scope profile).",
	"locale":             "Language and region (scope profile).",
	"zoneinfo":           "Time zone (scope profile).",
	"birthdate":          "Date of birth (scope profile).",
	"updated_at":         "When the profile last changed (scope profile).",
	"email":              "E-mail address, for writing to; it may change, so it is no key (scope email).",
	"email_verified":     "Whether the provider has seen that the address belongs to the person (scope email).",
	"organizations":      "The organizations that the person belongs to, with their role: one, if the app asked for one.",
	"organization":       "The identifier of the organization that the app asked for. The app compares it with what it asked for.",
}

// claimOrder puts what matters first; the rest follows by name.
var claimOrder = []string{"iss", "sub", "aud", "azp", "sid", "auth_time", "iat", "exp", "acr", "amr", "name", "given_name", "family_name", "email", "email_verified"}

var scopeMeaning = map[string]string{
	"openid":         "Sign the person in: without it this would be plain OAuth, with no ID token.",
	"profile":        "Name and other claims of the profile.",
	"email":          "E-mail address, and whether it is verified.",
	"offline_access": "Stay connected: a refresh token, with which the app gets new tokens without the browser.",
	"organizations":  "Organizations and roles.",
}

func (a *app) me(w http.ResponseWriter, r *http.Request) error {
	user := relyingparty.UserFrom(r.Context())
	page := mePage{frame: a.frame(r, "Your sign-in"), Times: moments(user, a.config.Now())}
	for _, scope := range user.Scopes {
		page.Scopes = append(page.Scopes, explained{scope, orElse(scopeMeaning[scope], "A scope that this app asked for.")})
	}
	idToken := source{ID: "idtoken", Title: "What the ID token says", Intro: "Signed by the provider, and verified here when you signed in."}
	userInfo := source{ID: "userinfo", Title: "What userinfo adds", Intro: "Asked for with the access token, so that the ID token stays small."}
	for s, raw := range map[*source]json.RawMessage{&idToken: user.IDToken(), &userInfo: user.UserInfo()} {
		if err := s.fill(raw); err != nil {
			return fmt.Errorf("claims: %w", err)
		}
	}
	page.Sources = slices.DeleteFunc([]source{idToken, userInfo}, func(s source) bool { return len(s.Claims) == 0 })
	return a.render(w, http.StatusOK, "me", page)
}

// fill explains the claims in raw, which may be nil.
func (s *source) fill(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	pretty, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	s.Claims, s.Raw = explainClaims(all), string(pretty)
	return nil
}

func explainClaims(all map[string]any) []claim {
	names := slices.SortedFunc(maps.Keys(all), func(x, y string) int {
		if d := rank(x) - rank(y); d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	out := make([]claim, 0, len(names))
	for _, name := range names {
		out = append(out, claim{name, claimValue(name, all[name]), orElse(claimMeaning[name], "A claim that this provider adds.")})
	}
	return out
}

func rank(name string) int {
	if i := slices.Index(claimOrder, name); i >= 0 {
		return i
	}
	return len(claimOrder)
}

// claimValue shows a claim as a person would write it.
func claimValue(name string, value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		if slices.Contains([]string{"exp", "iat", "nbf", "auth_time", "updated_at"}, name) {
			return time.Unix(int64(v), 0).Local().Format("2 Jan 2006, 15:04:05") + fmt.Sprintf(" (%d)", int64(v))
		}
	case []any:
		parts := make([]string, 0, len(v))
		for _, item := range v {
			parts = append(parts, claimValue("", item))
		}
		return strings.Join(parts, ", ")
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// moments are the times that decide when the person is asked again.
func moments(u *relyingparty.User, now time.Time) []moment {
	access := "Without a refresh token the browser makes a short, silent trip to the provider then."
	if u.Refreshable {
		access = "A new one is fetched with the refresh token shortly before; nobody notices."
	}
	all := []moment{
		{"Proved who you are", u.AuthTime, "", "At the provider. Apps opened later share this moment."},
		{"Signed in here", u.SignedIn, "", "When this app's session began."},
		{"Access token ends", u.AccessTokenExpiry, "", access},
		{"ID token ends", u.IDTokenExpiry, "", "It has done its work at sign-in; it is kept to say whose session to end at sign-out."},
		{"Session here ends", u.SessionExpiry, "", "The latest moment at which this app asks the provider again."},
	}
	all = slices.DeleteFunc(all, func(m moment) bool { return m.When.IsZero() })
	for i := range all {
		if d := all[i].When.Sub(now); d > 0 {
			all[i].Left = "in " + strings.TrimSuffix(ago(d+time.Minute), " ago")
		} else {
			all[i].Left = ago(-d)
		}
	}
	return all
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
