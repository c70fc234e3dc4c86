package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/resource"
)

// ClientSettings are what is registered of an app, by the names of client metadata
// (RFC 7591, OpenID Connect Dynamic Client Registration 1.0): what an app can say of
// itself, and what the house says of it.
type ClientSettings struct {
	client.Metadata
	Localized client.Localized `json:"localized,omitempty" doc:"Texts in languages, such as client_name#ja."`

	Scopes    []string `json:"scopes,omitempty" doc:"That it may ask for; none: openid, profile, email."`
	Resources []string `json:"resources,omitempty" doc:"APIs that it may have tokens for."`
	Trusted   bool     `json:"trusted,omitempty" doc:"It is an app of the house: people are not asked, and its own tokens are the operator's as far as its scopes go."`

	TokenExchange     []string `json:"token_exchange,omitempty" doc:"What it may make of other apps' tokens: impersonation, delegation."`
	TokenExchangeFrom []string `json:"token_exchange_from,omitempty" doc:"Apps whose tokens it may exchange, by client_id."`

	AssertionIssuer   string        `json:"assertion_issuer,omitempty" doc:"Whose assertions it may bring as a grant (RFC 7523)."`
	AssertionJWKS     client.KeySet `json:"assertion_jwks,omitempty" doc:"The keys that sign them, or their address:"`
	AssertionJWKSURI  string        `json:"assertion_jwks_uri,omitempty"`
	AssertionSubjects []string      `json:"assertion_subjects,omitempty" doc:"Whom they may be about: 4711=ada@example.com, or email."`

	AccessTokenFormat string `json:"access_token_format,omitempty" doc:"jwt or opaque; left out: as the house has it."`
	AccessTokenAlg    string `json:"access_token_signed_response_alg,omitempty"`
	Accent            string `json:"accent_color,omitempty" doc:"Such as #27408b."`
}

func settingsOf(c *client.Client) ClientSettings {
	return ClientSettings{
		Metadata: c.Metadata, Localized: c.Localized, Scopes: c.Scopes, Resources: c.Resources, Trusted: c.Trusted,
		TokenExchange: c.TokenExchange, TokenExchangeFrom: c.TokenExchangeFrom,
		AssertionIssuer: c.AssertionIssuer, AssertionJWKS: c.AssertionJWKS, AssertionJWKSURI: c.AssertionJWKSURI, AssertionSubjects: c.AssertionSubjects,
		AccessTokenFormat: c.AccessTokenFormat, AccessTokenAlg: c.AccessTokenAlg, Accent: c.Accent,
	}
}

// put makes the settings the client's. An app proves who it is by a secret if
// nothing is said of that (RFC 7591 §2).
func (s ClientSettings) put(c *client.Client) {
	c.Metadata, c.Localized, c.Scopes, c.Resources, c.Trusted = s.Metadata, s.Localized, s.Scopes, s.Resources, s.Trusted
	c.TokenExchange, c.TokenExchangeFrom = s.TokenExchange, s.TokenExchangeFrom
	c.AssertionIssuer, c.AssertionJWKS, c.AssertionJWKSURI, c.AssertionSubjects = s.AssertionIssuer, s.AssertionJWKS, s.AssertionJWKSURI, s.AssertionSubjects
	c.AccessTokenFormat, c.AccessTokenAlg, c.Accent = s.AccessTokenFormat, s.AccessTokenAlg, s.Accent
	if c.AuthMethod == "" {
		c.AuthMethod = client.AuthBasic
	}
}

// clientPatch is what is to become of settings, as it was sent: what is left out is
// another thing than what is empty.
type clientPatch struct{ sent json.RawMessage }

// UnmarshalJSON implements json.Unmarshaler.
func (p *clientPatch) UnmarshalJSON(raw []byte) error {
	p.sent = slices.Clone(raw)
	return nil
}

// Schema implements huma.SchemaProvider.
func (clientPatch) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[ClientSettings](), true, "")
}

// apply changes what was sent. Lists, and the texts in languages, are replaced as
// wholes.
func (p *clientPatch) apply(s *ClientSettings) error {
	texts := s.Localized
	s.Localized = nil
	if err := json.Unmarshal(p.sent, s); err != nil {
		return fault.Wrap(fault.Invalid, err, "the body is not a JSON object of client metadata, or one of its members is of the wrong type")
	}
	if s.Localized == nil {
		s.Localized = texts
	}
	return nil
}

// Client is an app as the API shows it.
type Client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret,omitempty" doc:"In the answer that made it, and never again."`
	ClientSettings
	Trusted        bool      `json:"trusted" doc:"It is an app of the house."` // said of every app, where settings leave it out
	SelfRegistered bool      `json:"self_registered" doc:"Nobody of the house registered it."`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

func clientOf(c *client.Client) Client {
	return Client{
		ID: c.ID, ClientSettings: settingsOf(c), Trusted: c.Trusted, SelfRegistered: c.RegisteredItself(),
		CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
}

type (
	// InClient names the app that an operation is about.
	InClient struct {
		Client string `path:"client" maxLength:"300" doc:"A client_id."`
	}

	createClientInput struct {
		Body struct {
			ID string `json:"client_id,omitempty" maxLength:"200" doc:"Of the characters A-Z a-z 0-9 . _ ~ : / -; left out: one is made."`
			ClientSettings
		}
	}

	updateClientInput struct {
		InClient
		Body clientPatch
	}

	clientOutput struct{ Body Client }
)

// clients declares the operations on apps.
func (a *API) clients() {
	const list, one = "/clients", "/clients/{client}"
	declare(a, operation{
		id: "list-clients", method: http.MethodGet, path: list, scope: resource.ClientsRead, tag: tagClients,
		summary: "List apps", about: "By client_id. For the operator.",
	}, a.listClients)
	declare(a, operation{
		id: "create-client", method: http.MethodPost, path: list, scope: resource.ClientsWrite, tag: tagClients, status: http.StatusCreated,
		summary: "Register an app",
		about:   "The answer shows the secret that was made for it, this once, unless it proves in another way who it is (token_endpoint_auth_method). For the operator.",
	}, a.createClient)
	declare(a, operation{
		id: "get-client", method: http.MethodGet, path: one, scope: resource.ClientsRead, tag: tagClients,
		summary: "Get an app", about: "For the operator.",
	}, a.getClient)
	declare(a, operation{
		id: "update-client", method: http.MethodPatch, path: one, scope: resource.ClientsWrite, tag: tagClients,
		summary: "Change what is registered of an app",
		about: "What is left out stays, and what is empty goes back to its default. Where the app needs a secret and has none, the answer shows the one that was made. " +
			"An app that registered itself does not look after its registration any more. For the operator.",
	}, a.updateClient)
	declare(a, operation{
		id: "renew-client-secret", method: http.MethodPost, path: one + "/secret", scope: resource.ClientsWrite, tag: tagClients,
		summary: "Give an app a new secret",
		about:   "The answer shows it, this once. The one before is refused from then on; tokens that were given out stay good. For the operator.",
	}, a.renewClientSecret)
	declare(a, operation{
		id: "delete-client", method: http.MethodDelete, path: one, scope: resource.ClientsWrite, tag: tagClients,
		summary: "Remove an app",
		about:   "With what people allowed it, and its tokens. It cannot be undone. For the operator.",
	}, a.deleteClient)
}

func (a *API) listClients(ctx context.Context, _ *call, in *PageInput) (*pageOutput[Client], error) {
	read := func(after string, limit int) ([]*client.Client, error) { return a.Clients.List(ctx, after, limit) }
	return paged(*in, read, clientOf, func(c *client.Client) string { return c.ID })
}

func (a *API) getClient(ctx context.Context, _ *call, in *InClient) (*clientOutput, error) {
	c, err := a.Clients.Get(ctx, in.Client)
	if err != nil {
		return nil, noClient(err, in.Client)
	}
	return &clientOutput{clientOf(c)}, nil
}
