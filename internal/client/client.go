// Package client is about registered relying apps: what a client may do, how
// it proves who it is, and where answers to it may go.
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package client

import (
	"context"
	"slices"
	"time"
)

// Authentication methods of the token endpoint (OpenID Connect Core §9).
const (
	AuthBasic         = "client_secret_basic"
	AuthPost          = "client_secret_post"
	AuthSecretJWT     = "client_secret_jwt"
	AuthPrivateKeyJWT = "private_key_jwt"
	AuthTLS           = "tls_client_auth"             // RFC 8705 §2.1
	AuthSelfSignedTLS = "self_signed_tls_client_auth" // RFC 8705 §2.2
	AuthNone          = "none"
)

// AuthMethods are the authentication methods that there are.
var AuthMethods = []string{AuthBasic, AuthPost, AuthSecretJWT, AuthPrivateKeyJWT, AuthTLS, AuthSelfSignedTLS, AuthNone}

// UsesSecret reports whether a client proves who it is by a secret that both
// sides know.
func UsesSecret(method string) bool {
	return method == AuthBasic || method == AuthPost || method == AuthSecretJWT
}

// Grant types (RFC 6749, RFC 7591 §2).
const (
	GrantCode              = "authorization_code"
	GrantRefresh           = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantDevice            = "urn:ietf:params:oauth:grant-type:device_code"    // RFC 8628
	GrantExchange          = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693
	GrantAssertion         = "urn:ietf:params:oauth:grant-type:jwt-bearer"     // RFC 7523
	GrantCIBA              = "urn:openid:params:grant-type:ciba"
	GrantImplicit          = "implicit" // tokens from the authorization endpoint: implicit and hybrid
)

// GrantTypesAll are the grant types that a client may be registered for.
var GrantTypesAll = []string{GrantCode, GrantImplicit, GrantRefresh, GrantClientCredentials, GrantDevice, GrantCIBA, GrantExchange, GrantAssertion}

// Formats of an access token.
const (
	TokenJWT    = "jwt"    // RFC 9068
	TokenOpaque = "opaque" // a handle, read by introspection
)

// Client is one registered relying app: what it says of itself, and what the
// house says of it.
type Client struct {
	ID string `json:"client_id"`
	Metadata

	// SecretHash is how the secret is kept: as Secrets seals it. Empty: a public
	// client.
	SecretHash string `json:"-"`

	// Localized is what else it says of itself, in languages.
	Localized Localized `json:"localized,omitempty"`

	Scopes    []string `json:"scopes"`
	Resources []string `json:"resources,omitempty"` // APIs that it may have tokens for (RFC 8707)
	Trusted   bool     `json:"trusted"`             // first-party: no consent page

	// Token exchange (RFC 8693): what the client may make of other apps' tokens
	// (of Exchanges), for the APIs of Resources, and of which apps.
	TokenExchange     []string `json:"token_exchange,omitempty"`
	TokenExchangeFrom []string `json:"token_exchange_from,omitempty"` // client ids

	// Assertions (RFC 7523 §2.1): whose the client may bring, with which keys they
	// are signed, and whom they may be about: AssertionByEmail, or pairs "sub=address".
	AssertionIssuer   string   `json:"assertion_issuer,omitempty"`
	AssertionJWKS     KeySet   `json:"assertion_jwks,omitempty"`
	AssertionJWKSURI  string   `json:"assertion_jwks_uri,omitempty"`
	AssertionSubjects []string `json:"assertion_subjects,omitempty"`

	AccessTokenFormat string `json:"access_token_format"`              // jwt, opaque; "": the house's default
	AccessTokenAlg    string `json:"access_token_signed_response_alg"` // "": the house's default
	Accent            string `json:"accent_color,omitempty"`           // "#rrggbb"

	// RegistrationHash is handle.Sum of the token with which a client that
	// registered itself looks after its registration; "" for any other.
	RegistrationHash string `json:"registration_access_token_hash,omitempty"`

	// SoftwareStatement is what the client was registered with, as it came
	// (RFC 7591 §2.3).
	SoftwareStatement string `json:"software_statement,omitempty"`

	// Document says that nobody registered the client: its id is the address of
	// what it says of itself. What is stored of it is what was there when somebody
	// first allowed it something, for consents and tokens to hang on.
	Document bool `json:"metadata_document,omitempty"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// RegisteredItself reports whether nobody of the house has looked at what the
// client says of itself.
func (c *Client) RegisteredItself() bool { return c.RegistrationHash != "" || c.Document }

// Public reports whether the client has no way to prove who it is.
func (c *Client) Public() bool { return c.AuthMethod == AuthNone }

// RequiresBinding reports whether the client gets no token that whoever has it
// can use.
func (c *Client) RequiresBinding() bool { return c.DPoPBound || c.CertificateBound }

// MayGrant reports whether the client is registered for the grant type.
func (c *Client) MayGrant(grant string) bool { return slices.Contains(c.GrantTypes, grant) }

// MayScope returns the scopes of the request that the client is registered
// for, in the order of the request and each once; others are left out
// (RFC 6749 §3.3 lets the server do so).
func (c *Client) MayScope(scopes []string) []string {
	var out []string
	for _, s := range scopes {
		if slices.Contains(c.Scopes, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Store keeps clients for good.
type Store interface {
	// Client returns the client, or a fault of kind NotFound.
	Client(ctx context.Context, id string) (*Client, error)
	// Clients returns up to limit clients with an id greater than after, by id.
	Clients(ctx context.Context, after string, limit int) ([]*Client, error)
	// PutClient makes or replaces the client, SecretHash included.
	PutClient(ctx context.Context, c *Client, now time.Time) error
	// AddClient makes the client if there is none with its id yet, and reports
	// whether it did.
	AddClient(ctx context.Context, c *Client, now time.Time) (bool, error)
	// UpdateClient replaces the client, SecretHash included, if it was last changed
	// at was. A fault of kind NotFound or, if somebody else changed it meanwhile, of
	// kind Conflict.
	UpdateClient(ctx context.Context, c *Client, was, now time.Time) error
	// DeleteUnusedClients removes up to limit clients that nobody of the house has
	// looked at, were not changed since the time, and are allowed nothing by
	// anybody. It returns their ids.
	DeleteUnusedClients(ctx context.Context, before time.Time, limit int) ([]string, error)
	// DeleteClient removes the client with its consents and refresh-token
	// families, or returns a fault of kind NotFound.
	DeleteClient(ctx context.Context, id string) error
}
