package api

import (
	"context"

	"signet/internal/fault"
	"signet/internal/org"
)

// changeable returns the connection to who may change it, and the organization's id.
func (a *API) changeable(ctx context.Context, c *call, in *InConnection) (*org.Connection, string, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, "", err
	}
	k, err := a.Connections.Own(ctx, o.ID, in.Connection, c.actor())
	return k, o.ID, err
}

func (a *API) addConnection(ctx context.Context, c *call, in *addConnectionInput) (*connectionOutput, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	k := &org.Connection{Name: in.Body.Name, Protocol: in.Body.Protocol}
	var secrets org.Secrets
	if err := a.enter(k, &secrets, in.Body.OIDC, in.Body.SAML, in.Body.Mapping); err != nil {
		return nil, err
	}
	if err := a.Connections.Add(ctx, o.ID, k, secrets, c.actor()); err != nil {
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
	change := org.ConnectionChange{OrgID: orgID, By: c.actor()}
	if change.To, err = policyOf(k.PolicyFor(orgID), b.Enabled, b.Enforced); err != nil {
		return nil, err
	}
	edits := b.Name != nil || b.OIDC != nil || b.SAML != nil || b.Mapping != nil
	if edits {
		change.Edit = func(k *org.Connection, secrets *org.Secrets) error {
			if b.Name != nil {
				k.Name = *b.Name
			}
			return a.enter(k, secrets, b.OIDC, b.SAML, b.Mapping)
		}
	}
	if k, err = a.Connections.Change(ctx, k.ID, change); err != nil {
		return nil, err
	}
	policy := string(k.PolicyFor(orgID))
	if edits {
		if err := a.record(ctx, c, "connection.update", k.ID, "organization", orgID, "policy", policy); err != nil {
			return nil, err
		}
	}
	if change.To != "" {
		if err := a.record(ctx, c, "connection.switch", k.ID, "organization", orgID, "to", policy); err != nil {
			return nil, err
		}
	}
	return &connectionOutput{a.connectionOf(k, orgID)}, nil
}

// policyOf is how far people are to sign in by a connection that they sign in by so
// far now; "" where nothing is said of it. What is enforced is enabled.
func policyOf(now org.Policy, enabled, enforced *bool) (org.Policy, error) {
	if enabled == nil && enforced == nil {
		return "", nil
	}
	to := now
	if enabled != nil && *enabled && now == org.PolicyOff {
		to = org.PolicyOn
	}
	switch {
	case enabled != nil && !*enabled && enforced != nil && *enforced:
		return "", fault.New(fault.Invalid, "what is enforced is enabled: say one of the two").On("enforced")
	case enabled != nil && !*enabled:
		to = org.PolicyOff
	case enforced != nil && *enforced:
		to = org.PolicyRequired
	case enforced != nil && now == org.PolicyRequired:
		to = org.PolicyOn
	}
	return to, nil
}

func (a *API) removeConnection(ctx context.Context, c *call, in *InConnection) (*struct{}, error) {
	k, orgID, err := a.changeable(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if err := a.Connections.Remove(ctx, orgID, k.ID, c.actor()); err != nil {
		return nil, err
	}
	return nil, a.record(ctx, c, "connection.delete", k.ID, "organization", orgID, "name", k.Name)
}
