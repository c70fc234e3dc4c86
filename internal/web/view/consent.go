package view

// Consent asks whether the app may see what it asks for: the field "decision"
// is "allow" or "deny".
type Consent struct {
	Frame
	Form
	Person Person
	Grants []Grant
	Acts   bool // the app asks to do single things, and not only to see data
	Own    bool // the app is the house's
}

func (*Consent) template() string { return "consent" }

// Grant is one scope, in the words of the person it is about.
type Grant struct {
	Scope string
	Value string // what the app would see: the name, the address; empty: left out
	Title string // for a scope that is not one of OpenID Connect; empty: its name
}

var (
	scopeTitles = map[string]Message{
		"openid": "scope.openid", "profile": "scope.profile", "email": "scope.email",
		"phone": "scope.phone", "address": "scope.address", "organizations": "scope.organizations", "offline_access": "scope.offline_access",
		"organizations:read": "scope.organizations.read", "organizations:write": "scope.organizations.write",
	}
	scopeHints = map[string]Message{
		"openid": "scope.openid.hint", "offline_access": "scope.offline_access.hint",
	}
)

// GrantTitle is what a grant is called.
func (f *Frame) GrantTitle(g Grant) (string, error) {
	if key, ok := scopeTitles[g.Scope]; ok {
		return f.T(key)
	}
	if g.Title != "" {
		return g.Title, nil
	}
	return g.Scope, nil
}

// GrantValue is the line below its name.
func (f *Frame) GrantValue(g Grant) (string, error) {
	if g.Value != "" {
		return g.Value, nil
	}
	if key, ok := scopeHints[g.Scope]; ok {
		return f.T(key)
	}
	return "", nil
}
