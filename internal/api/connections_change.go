package api

import (
	"context"

	"signet/internal/fault"
	"signet/internal/org"
)

// owned returns the organization to who decides how its people sign in: an owner,
// or the operator.
func (a *API) owned(ctx context.Context, c *call, idOrSlug string) (*org.Membership, error) {
	o, err := a.settings(ctx, c, idOrSlug)
	if err == nil && o.Role == org.Admin {
		err = fault.New(fault.Forbidden, "an owner decides how the people of an organization sign in")
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}

// changeable returns the connection to who may change it.
func (a *API) changeable(ctx context.Context, c *call, in *InConnection) (*org.Connection, string, error) {
	o, err := a.owned(ctx, c, in.Organization)
	if err != nil {
		return nil, "", err
	}
	k, err := a.connection(ctx, o.ID, in.Connection)
	if err == nil && len(k.Uses) > 1 && !c.operator() {
		err = fault.New(fault.Forbidden, "other organizations use this connection, too: the operator changes it")
	}
	return k, o.ID, err
}

func (a *API) addConnection(ctx context.Context, c *call, in *addConnectionInput) (*connectionOutput, error) {
	o, err := a.owned(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	k := &org.Connection{Name: in.Body.Name, Protocol: in.Body.Protocol}
	var secrets org.Secrets
	if err := a.enter(k, &secrets, in.Body.OIDC, in.Body.SAML, in.Body.Mapping); err != nil {
		return nil, err
	}
	if err := a.Connections.Add(ctx, o.ID, k, secrets); err != nil {
		return nil, err
	}
	return &connectionOutput{a.connectionOf(k, o.ID)}, a.record(ctx, c, "connection.create", k.ID, "organization", o.ID)
}

// enter writes what was sent into a connection, if it is good for one.
func (a *API) enter(k *org.Connection, secrets *org.Secrets, o *OIDCConnection, s *SAMLConnection, m *Mapping) error {
	if err := put(k, secrets, o, s, m); err != nil || o == nil && s == nil {
		return err
	}
	return a.Settings.Check(k, *secrets)
}

func put(k *org.Connection, secrets *org.Secrets, o *OIDCConnection, s *SAMLConnection, m *Mapping) error {
	if o != nil && k.Protocol != org.OIDC || s != nil && k.Protocol != org.SAML {
		return fault.New(fault.Invalid, "the settings are those of another protocol: this connection speaks %s", k.Protocol).On(string(k.Protocol))
	}
	if o != nil {
		if kept := secrets.ClientSecret != "" && o.ClientSecret == ""; kept && !k.OIDC.SameProvider(o.MetadataURL, o.Metadata) {
			return fault.New(fault.Invalid, "the metadata are those of another provider: give the client_secret that it made").On("oidc.client_secret")
		}
		k.OIDC = org.OIDCSettings{MetadataURL: o.MetadataURL, Metadata: o.Metadata, ClientID: o.ClientID, AuthMethod: o.AuthMethod, Scopes: o.Scopes, Tenants: o.Tenants, SignOut: o.SignOut}
		if o.ClientSecret != "" {
			secrets.ClientSecret = o.ClientSecret
		}
		if o.PrivateKey != "" {
			secrets.PrivateKey = o.PrivateKey
		}
	}
	if s != nil {
		was := k.SAML
		k.SAML = org.SAMLSettings{MetadataURL: s.MetadataURL, Metadata: s.Metadata, IDPInitiated: s.IDPInitiated, SignOut: s.SignOut, OneSignature: s.OneSignature, Subject: s.Subject}
		if s.MetadataURL != "" && s.MetadataURL == was.MetadataURL && s.Metadata == "" {
			k.SAML.Metadata, k.SAML.FetchedAt = was.Metadata, was.FetchedAt // as it was fetched from there
		}
	}
	if m != nil {
		k.Mapping = org.Mapping{Email: m.Email, GivenName: m.GivenName, FamilyName: m.FamilyName, Name: m.Name, Groups: m.Groups}
		for _, r := range m.Roles {
			k.Mapping.Roles = append(k.Mapping.Roles, org.RoleRule{Value: r.Value, Role: r.Role})
		}
	}
	return nil
}

func (a *API) updateConnection(ctx context.Context, c *call, in *updateConnectionInput) (*connectionOutput, error) {
	k, orgID, err := a.changeable(ctx, c, &in.InConnection)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if b.Enabled != nil && *b.Enabled && !k.Enabled {
		if err := a.mayEnable(ctx, orgID); err != nil {
			return nil, err
		}
	}
	k, err = a.Connections.Edit(ctx, k.ID, func(k *org.Connection, secrets *org.Secrets) error {
		if b.Name != nil {
			k.Name = *b.Name
		}
		if b.Enabled != nil {
			// What is changed by the same call was not tried.
			untried := k.TestedAt.IsZero() || !k.Enabled && (b.OIDC != nil || b.SAML != nil || b.Mapping != nil)
			if *b.Enabled && untried {
				return fault.New(fault.Conflict, "run a trial sign-in first, on the pages of the organization").On("enabled")
			}
			k.Enabled = *b.Enabled
		}
		return a.enter(k, secrets, b.OIDC, b.SAML, b.Mapping)
	})
	if err != nil {
		return nil, err
	}
	return &connectionOutput{a.connectionOf(k, orgID)}, a.record(ctx, c, "connection.update", k.ID, "organization", orgID)
}

// mayEnable refuses to let people in by a connection of an organization that has
// proven no domain: nothing that it tells of addresses would be believed.
func (a *API) mayEnable(ctx context.Context, orgID string) error {
	proven, err := a.Domains.AnyProven(ctx, orgID)
	if err == nil && !proven {
		err = fault.New(fault.Conflict, "prove a domain of the organization first").On("enabled")
	}
	return err
}

func (a *API) removeConnection(ctx context.Context, c *call, in *InConnection) (*struct{}, error) {
	k, orgID, err := a.changeable(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if len(k.Uses) > 1 {
		return nil, fault.New(fault.Conflict, "other organizations use this connection, too: signet org connection takes one away")
	}
	if err := a.Connections.Delete(ctx, k.ID); err != nil {
		return nil, err
	}
	return nil, a.record(ctx, c, "connection.delete", k.ID, "organization", orgID, "name", k.Name)
}
