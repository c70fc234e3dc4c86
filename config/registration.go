package config

// Values of Registration.Mode.
const (
	RegistrationOff   = "off"
	RegistrationToken = "token"
	RegistrationOpen  = "open"
)

// Registration is whether apps may register themselves (RFC 7591). Those that do
// are guests of the house: people are always asked for consent.
type Registration struct {
	// Who may register an app: nobody (`off`), whoever has the token (`token`), or
	// everybody (`open`).
	Mode string `yaml:"mode" default:"off" oneof:"off|token|open"`

	// Initial access token that registering takes when `registration.mode` is
	// `token`: 32 characters or more, such as `openssl rand -base64 32` prints.
	Token Secret `yaml:"token"`

	// Scopes that such an app may have.
	Scopes []string `yaml:"scopes" default:"openid,profile,email,phone,address,offline_access"`
}

func (g Registration) check(r *report) {
	const least = 32
	token := g.Token.Reveal()
	switch {
	case g.Mode == RegistrationToken && len(token) < least:
		r.fault("registration.token", "has fewer than 32 characters, and registration.mode is token", "make one with: openssl rand -base64 32")
	case g.Mode != RegistrationToken && token != "":
		r.fault("registration.token", "is set, and registration.mode is "+g.Mode, "set the mode to token, or leave the token out")
	}
	if g.Mode != RegistrationOff && len(g.Scopes) == 0 {
		r.fault("registration.scopes", "is empty", "name at least openid")
	}
}
