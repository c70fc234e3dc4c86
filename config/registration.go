package config

import "strings"

// Values of Registration.Mode.
const (
	RegistrationOff   = "off"
	RegistrationOn    = "on" // of ClientIDMetadata
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

	// Whether a `client_id` may be the https address of a document in which an app
	// says what it is (OAuth Client ID Metadata Document), so that nobody has to
	// register it. Each sign-in by a new app fetches its document.
	ClientIDMetadata string `yaml:"client_id_metadata" default:"off" oneof:"off|on"`

	// Hosts that such documents may be at. When empty, any.
	ClientIDMetadataHosts []string `yaml:"client_id_metadata_hosts"`

	// Scopes that an app may have that registered itself, or was registered by
	// nobody.
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
	for _, host := range g.ClientIDMetadataHosts {
		if host == "" || host != strings.ToLower(host) || strings.ContainsAny(host, "/:@ *") {
			r.fault("registration.client_id_metadata_hosts", host+" is not the name of a host", "write a name in small letters, without scheme, port and path, such as app.example.com")
		}
	}
	if (g.Mode != RegistrationOff || g.ClientIDMetadata == RegistrationOn) && len(g.Scopes) == 0 {
		r.fault("registration.scopes", "is empty", "name at least openid")
	}
}
