package config

import (
	"encoding/json"
	"strings"
	"time"
)

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

	// Who signs software statements that are believed (RFC 7591, section 2.3): the
	// `iss` in them. When empty, statements are ignored.
	StatementIssuer string `yaml:"statement_issuer"`

	// Address of the key set of `registration.statement_issuer`, with https.
	StatementJWKSURI string `yaml:"statement_jwks_uri"`

	// The key set itself, as JSON, in place of its address.
	StatementJWKS string `yaml:"statement_jwks"`

	// Whether nobody may register an app without such a statement.
	StatementRequired bool `yaml:"statement_required" default:"false"`

	// How long an app that registered itself, or was registered by nobody, is kept
	// while nobody allows it anything.
	UnusedFor time.Duration `yaml:"unused_for" default:"90d" min:"1d" max:"3650d"`

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
	if g.StatementIssuer != "" && (g.StatementJWKS == "") == (g.StatementJWKSURI == "") {
		r.fault("registration.statement_jwks_uri", "or registration.statement_jwks must say the keys of registration.statement_issuer, one of them", "set the address of its key set")
	}
	if g.StatementIssuer == "" && (g.StatementJWKS != "" || g.StatementJWKSURI != "" || g.StatementRequired) {
		r.fault("registration.statement_issuer", "is empty, and other settings of statements are not", "name the iss of the statements")
	}
	if g.StatementJWKSURI != "" && !strings.HasPrefix(g.StatementJWKSURI, "https://") && !strings.HasPrefix(g.StatementJWKSURI, "http://") {
		r.fault("registration.statement_jwks_uri", "is not an https URL", "write the address of the key set")
	}
	if g.StatementJWKS != "" && !json.Valid([]byte(g.StatementJWKS)) {
		r.fault("registration.statement_jwks", "is not JSON", "write the key set as one line of JSON, in single quotes")
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
