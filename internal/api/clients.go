package api

import (
	"context"
	"net/http"
	"time"

	"signet/internal/client"
	"signet/internal/resource"
)

// Client is an app, by the names of its metadata: never a secret.
type Client struct {
	ID              string    `json:"client_id"`
	Name            string    `json:"client_name,omitempty"`
	Profile         string    `json:"profile,omitempty"`
	ApplicationType string    `json:"application_type,omitempty"`
	AuthMethod      string    `json:"token_endpoint_auth_method,omitempty"`
	RedirectURIs    []string  `json:"redirect_uris,omitempty"`
	PostLogoutURIs  []string  `json:"post_logout_redirect_uris,omitempty"`
	GrantTypes      []string  `json:"grant_types,omitempty"`
	ResponseTypes   []string  `json:"response_types,omitempty"`
	Scopes          []string  `json:"scopes,omitempty"`
	Resources       []string  `json:"resources,omitempty" doc:"APIs that it may have tokens for."`
	Trusted         bool      `json:"trusted" doc:"It is an app of the house: people are not asked."`
	SelfRegistered  bool      `json:"self_registered" doc:"Nobody of the house registered it."`
	CreatedAt       time.Time `json:"created_at"`
	UpdatedAt       time.Time `json:"updated_at"`
}

func clientOf(c *client.Client) Client {
	return Client{
		ID: c.ID, Name: c.Name, Profile: c.Profile, ApplicationType: c.ApplicationType, AuthMethod: c.AuthMethod,
		RedirectURIs: c.RedirectURIs, PostLogoutURIs: c.PostLogoutURIs, GrantTypes: c.GrantTypes, ResponseTypes: c.ResponseTypes,
		Scopes: c.Scopes, Resources: c.Resources, Trusted: c.Trusted, SelfRegistered: c.RegistrationHash != "" || c.Document,
		CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
}

type (
	clientInput struct {
		Client string `path:"client" maxLength:"300" doc:"A client_id."`
	}

	clientOutput struct{ Body Client }
)

// clients declares the operations on apps.
func (a *API) clients() {
	declare(a, operation{
		id: "list-clients", method: http.MethodGet, path: "/clients", scope: resource.ClientsRead, tag: tagClients,
		summary: "List apps", about: "By client_id. For the operator.",
	}, a.listClients)
	declare(a, operation{
		id: "get-client", method: http.MethodGet, path: "/clients/{client}", scope: resource.ClientsRead, tag: tagClients,
		summary: "Get an app", about: "For the operator.",
	}, a.getClient)
}

func (a *API) listClients(ctx context.Context, _ *call, in *PageInput) (*pageOutput[Client], error) {
	read := func(after string, limit int) ([]*client.Client, error) { return a.Clients.List(ctx, after, limit) }
	return paged(*in, read, clientOf, func(c *client.Client) string { return c.ID })
}

func (a *API) getClient(ctx context.Context, _ *call, in *clientInput) (*clientOutput, error) {
	c, err := a.Clients.Get(ctx, in.Client)
	if err != nil {
		return nil, err
	}
	return &clientOutput{clientOf(c)}, nil
}
