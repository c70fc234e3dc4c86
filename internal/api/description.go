package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"signet/internal/client"
	"signet/internal/httpd"
)

// securityScheme is what tokens are called in the description.
const securityScheme = "signet"

// description is what the document says before any operation does.
func (a *API) description() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Signet", Version: "1", Description: about},
			Servers: []*huma.Server{{URL: a.Issuer}},
			Components: &huma.Components{
				Schemas: schemas(),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
					Type: "openIdConnect", OpenIDConnectURL: a.Issuer + "/.well-known/openid-configuration",
					Description: "An access token of this issuer, for this issuer (resource, RFC 8707: the issuer itself), as Bearer or DPoP.",
				}},
			},
			Tags: tags,
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{complete},
	}
}

// schemas will hold what operations take and give. A key set is kept as a text, and
// told as the object that it is.
func schemas() huma.Registry {
	out := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	out.RegisterTypeAlias(reflect.TypeFor[client.KeySet](), reflect.TypeFor[map[string]any]())
	return out
}

const about = `The management API. A person's token acts with what that person may do; the own token
of an app of the house (client_credentials) acts as the operator; each as far as its scopes go.
Errors are problem details (RFC 9457). Lists come in pages: send next_cursor of one page as
cursor to get the next.`

// Groups of operations.
const (
	tagOrganizations = "organizations"
	tagMembers       = "members"
	tagInvitations   = "invitations"
	tagDomains       = "domains"
	tagConnections   = "connections"
	tagUsers         = "users"
	tagClients       = "clients"
)

var tags = []*huma.Tag{
	{Name: tagOrganizations, Description: "Groups of people whom apps know under one name."},
	{Name: tagMembers, Description: "Who belongs to an organization, and what they may do there."},
	{Name: tagInvitations, Description: "Letters that ask people to join an organization."},
	{Name: tagDomains, Description: "Domains of e-mail addresses that organizations prove to have."},
	{Name: tagConnections, Description: "Ways to sign in at the provider of an organization."},
	{Name: tagUsers, Description: "Accounts, for the operator."},
	{Name: tagClients, Description: "Apps, for the operator."},
}

// Document is the description.
func (a *API) Document() ([]byte, error) {
	return json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
}

// describe serves the description, which is rendered when it is first asked for: most
// houses never are.
func (a *API) describe() {
	document := sync.OnceValues(func() (*httpd.Document, error) {
		body, err := a.Document()
		if err != nil {
			return nil, err
		}
		return httpd.NewDocument(body), nil
	})
	a.routes = append(a.routes, httpd.Route{Method: "GET", Path: PathDocument, Kind: httpd.Public, Do: func(w http.ResponseWriter, r *http.Request) error {
		d, err := document()
		if err != nil {
			return err
		}
		return d.Serve(w, r)
	}})
}
