package api

import (
	"context"
	"net/http"
	"time"

	"signet/internal/federation"
	"signet/internal/org"
	"signet/internal/resource"
)

// Connection is a way to sign in at the provider of an organization: never with
// what is secret.
type Connection struct {
	ID        string          `json:"id" format:"uuid"`
	Name      string          `json:"name" doc:"For people."`
	Protocol  org.Protocol    `json:"protocol" enum:"oidc,saml"`
	OIDC      *OIDCConnection `json:"oidc,omitempty"`
	SAML      *SAMLConnection `json:"saml,omitempty"`
	Mapping   Mapping         `json:"mapping"`
	Addresses Addresses       `json:"addresses"`
	Enabled   bool            `json:"enabled" doc:"People may sign in by it."`
	Enforced  bool            `json:"enforced" doc:"The organization's people sign in by its connections and by nothing else, owners excepted."`
	Shared    bool            `json:"shared" doc:"Other organizations use it, too, so that the operator alone changes it."`
	TestedAt  *time.Time      `json:"tested_at,omitempty" doc:"When a trial sign-in passed with the settings as they are; left out: none did."`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
}

// OIDCConnection is what is known of an OpenID Connect provider.
type OIDCConnection struct {
	MetadataURL string   `json:"metadata_url,omitempty" maxLength:"512" doc:"Of its discovery document; or metadata is one by hand."`
	Metadata    string   `json:"metadata,omitempty" maxLength:"131072"`
	ClientID    string   `json:"client_id,omitempty" maxLength:"512" doc:"Signet's there."`
	AuthMethod  string   `json:"auth_method,omitempty" enum:"client_secret_basic,client_secret_post,private_key_jwt" doc:"How Signet proves itself there."`
	Scopes      []string `json:"scopes,omitempty" maxItems:"50" doc:"Beyond openid; left out: profile and email."`
	Tenants     []string `json:"tenants,omitempty" maxItems:"50" doc:"Directories that may sign in, where one address issues for all of them."`
	SignOut     bool     `json:"sign_out,omitempty" doc:"Who signs out here signs out there, too."`
	// Secrets go in and never come out.
	ClientSecret string `json:"client_secret,omitempty" maxLength:"512" writeOnly:"true" doc:"Is never shown. Left out, it stays what it is."`
	PrivateKey   string `json:"private_key,omitempty" maxLength:"16384" writeOnly:"true" doc:"PEM, of private_key_jwt. Is never shown. Left out, it stays what it is."`
}

// SAMLConnection is what is known of a SAML identity provider.
type SAMLConnection struct {
	MetadataURL  string `json:"metadata_url,omitempty" maxLength:"512" doc:"Of its metadata; or metadata is the document by hand."`
	Metadata     string `json:"metadata,omitempty" maxLength:"131072"`
	IDPInitiated bool   `json:"idp_initiated,omitempty" doc:"It may send people here who did not begin here."`
	OneSignature bool   `json:"one_signature,omitempty" doc:"It signs the response or the assertion, and not both."`
	SignOut      bool   `json:"sign_out,omitempty" doc:"Who signs out here signs out there, too."`
	Subject      string `json:"subject,omitempty" maxLength:"512" doc:"The attribute that names a person for good; left out: the NameID does."`
}

// Mapping says by which names the provider tells what is to be known of a person.
type Mapping struct {
	Email      string     `json:"email,omitempty" maxLength:"512"`
	GivenName  string     `json:"given_name,omitempty" maxLength:"512"`
	FamilyName string     `json:"family_name,omitempty" maxLength:"512"`
	Name       string     `json:"name,omitempty" maxLength:"512"`
	Groups     string     `json:"groups,omitempty" maxLength:"512" doc:"Of groups, or roles."`
	Roles      []RoleRule `json:"roles,omitempty" maxItems:"100" doc:"Tried in this order. With none people become viewers and keep the role that they are given here; with any, their role follows them."`
}

// RoleRule gives the people of a group there a role here.
type RoleRule struct {
	Value string   `json:"value" minLength:"1" maxLength:"512" doc:"Of the claim or attribute that groups names."`
	Role  org.Role `json:"role" enum:"admin,viewer"`
}

// Addresses are those that the provider is told.
type Addresses struct {
	Callback string `json:"callback,omitempty" doc:"OpenID Connect: the redirect URI."`
	Told     string `json:"backchannel_logout,omitempty" doc:"OpenID Connect: where it tells of who was signed out there (back-channel logout)."`
	Keys     string `json:"jwks,omitempty" doc:"OpenID Connect: the public key, of private_key_jwt."`
	EntityID string `json:"entity_id,omitempty" doc:"SAML: Signet's name there, and where its metadata is."`
	ACS      string `json:"acs,omitempty" doc:"SAML: where it posts its answers (assertion consumer service)."`
	Logout   string `json:"logout,omitempty" doc:"SAML: single logout service."`
}

// connectionOf shows the connection as the organization uses it.
func (a *API) connectionOf(c *org.Connection, orgID string) Connection {
	base := a.Issuer + federation.PathFederation + c.ID
	out := Connection{
		ID: c.ID, Name: c.Name, Protocol: c.Protocol, Mapping: mappingOf(c.Mapping), Enabled: c.Enabled, Enforced: c.Enforced(orgID),
		Shared: c.Shared(), TestedAt: moment(c.TestedAt), CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
	if c.Protocol == org.SAML {
		s := c.SAML
		out.SAML = &SAMLConnection{MetadataURL: s.MetadataURL, IDPInitiated: s.IDPInitiated, SignOut: s.SignOut, OneSignature: s.OneSignature, Subject: s.Subject}
		if s.MetadataURL == "" {
			out.SAML.Metadata = s.Metadata
		}
		out.Addresses = Addresses{EntityID: base + federation.PathMetadata, ACS: base + federation.PathACS, Logout: base + federation.PathLogout}
		return out
	}
	o := c.OIDC
	out.OIDC = &OIDCConnection{MetadataURL: o.MetadataURL, Metadata: o.Metadata, ClientID: o.ClientID, AuthMethod: o.AuthMethod, Scopes: o.Scopes, Tenants: o.Tenants, SignOut: o.SignOut}
	out.Addresses = Addresses{Callback: base + federation.PathCallback, Told: base + federation.PathBackchannel, Keys: base + federation.PathKeys}
	return out
}

func mappingOf(m org.Mapping) Mapping {
	out := Mapping{Email: m.Email, GivenName: m.GivenName, FamilyName: m.FamilyName, Name: m.Name, Groups: m.Groups}
	for _, r := range m.Roles {
		out.Roles = append(out.Roles, RoleRule{r.Value, r.Role})
	}
	return out
}

type (
	// InConnection names the connection that an operation is about.
	InConnection struct {
		InOrganization
		Connection string `path:"connection" maxLength:"100"`
	}

	addConnectionInput struct {
		InOrganization
		Body struct {
			Name     string          `json:"name" minLength:"1" maxLength:"500"`
			Protocol org.Protocol    `json:"protocol" enum:"oidc,saml"`
			OIDC     *OIDCConnection `json:"oidc,omitempty"`
			SAML     *SAMLConnection `json:"saml,omitempty"`
			Mapping  *Mapping        `json:"mapping,omitempty"`
		}
	}

	updateConnectionInput struct {
		InConnection
		Body struct {
			Name    *string         `json:"name,omitempty" minLength:"1" maxLength:"500"`
			OIDC    *OIDCConnection `json:"oidc,omitempty" doc:"Replaces what it was, but for secrets that are left out."`
			SAML    *SAMLConnection `json:"saml,omitempty" doc:"Replaces what it was."`
			Mapping *Mapping        `json:"mapping,omitempty" doc:"Replaces what it was."`
			Enabled *bool           `json:"enabled,omitempty" doc:"It is switched on once a trial has passed and a domain of the organization is proven."`
			// What is enforced is enabled, so that one word switches both on.
			Enforced *bool `json:"enforced,omitempty" doc:"With true it is enabled, too, under the same conditions: addresses in the proven domains sign in by it and by nothing else from then on, whoever signed in otherwise is signed out, and the owners, who keep their passwords, are told by mail."`
		}
	}

	connectionOutput struct{ Body Connection }
)

// connections declares the operations on them.
func (a *API) connections() {
	const list = "/organizations/{organization}/connections"
	const one = list + "/{connection}"
	declare(a, operation{
		id: "list-connections", method: http.MethodGet, path: list, scope: resource.OrganizationsRead, tag: tagConnections,
		summary: "List the sign-in connections of an organization", about: "All on one page. Owners and admins see them.",
	}, a.listConnections)
	declare(a, operation{
		id: "get-connection", method: http.MethodGet, path: one, scope: resource.OrganizationsRead, tag: tagConnections,
		summary: "Get a sign-in connection", about: "With the addresses that the provider is told.",
	}, a.getConnection)
	declare(a, operation{
		id: "add-connection", method: http.MethodPost, path: list, scope: resource.OrganizationsWrite, tag: tagConnections, status: http.StatusCreated,
		summary: "Make a sign-in connection",
		about:   "It may be incomplete: its addresses are known then, and what the provider gives for them is entered later. Nobody signs in by it yet. Owners may.",
	}, a.addConnection)
	declare(a, operation{
		id: "update-connection", method: http.MethodPatch, path: one, scope: resource.OrganizationsWrite, tag: tagConnections,
		summary: "Change a sign-in connection",
		about:   "What is left out stays. Settings that a trial is about make a new one necessary, which is run on the pages: until it has passed the connection is not enforced, and not enabled either where another provider, client, tenant or name of people would be believed. Owners may, unless others use it, too.",
	}, a.updateConnection)
	declare(a, operation{
		id: "remove-connection", method: http.MethodDelete, path: one, scope: resource.OrganizationsWrite, tag: tagConnections, status: http.StatusNoContent,
		summary: "Remove a sign-in connection", about: "Who signed in by it keeps the account, and signs in otherwise. Owners may, unless others use it, too.",
	}, a.removeConnection)
}

func (a *API) listConnections(ctx context.Context, c *call, in *InOrganization) (*pageOutput[Connection], error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	list, err := a.Connections.Of(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	out := &pageOutput[Connection]{Page[Connection]{Items: make([]Connection, len(list))}}
	for i, k := range list {
		out.Body.Items[i] = a.connectionOf(k, o.ID)
	}
	return out, nil
}

// connection returns the organization's connection; to others there is none.
func (a *API) connection(ctx context.Context, orgID, id string) (*org.Connection, error) {
	k, err := a.Connections.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !k.Serves(orgID) {
		return nil, org.NoConnection()
	}
	return k, nil
}

func (a *API) getConnection(ctx context.Context, c *call, in *InConnection) (*connectionOutput, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	k, err := a.connection(ctx, o.ID, in.Connection)
	if err != nil {
		return nil, err
	}
	return &connectionOutput{a.connectionOf(k, o.ID)}, nil
}
