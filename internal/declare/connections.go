package declare

import (
	"context"
	"errors"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/google/uuid"

	"signet/internal/fault"
	"signet/internal/org"
)

// connection is a sign-in connection as a file says it.
type connection struct {
	name, protocol        string
	disabled, untried     bool
	organizations         []string // slugs or ids
	metadataURL, metadata string
	clientID, authMethod  string
	scopes, tenants       []string
	signOut, idpInitiated bool
	oneSignature          bool
	subject               string // attribute
	email, given, family  string // names of claims or attributes
	called, groups        string
	admins, viewers       []string // groups
	clientSecret, key     string
}

// declaredConnection is one entry of connections. It is declared whole, but for
// what is secret, which the file need not know.
type declaredConnection struct {
	entry
	id string
	connection
}

var connectionKeys = []key[connection]{
	{"name", func(c *connection) any { return &c.name }},
	{"protocol", func(c *connection) any { return &c.protocol }},
	{"disabled", func(c *connection) any { return &c.disabled }},
	{"untried", func(c *connection) any { return &c.untried }},
	{"organizations", func(c *connection) any { return &c.organizations }},
	{"metadata_url", func(c *connection) any { return &c.metadataURL }},
	{"client_id", func(c *connection) any { return &c.clientID }},
	{"auth_method", func(c *connection) any { return &c.authMethod }},
	{"scopes", func(c *connection) any { return &c.scopes }},
	{"tenants", func(c *connection) any { return &c.tenants }},
	{"sign_out", func(c *connection) any { return &c.signOut }},
	{"idp_initiated", func(c *connection) any { return &c.idpInitiated }},
	{"one_signature", func(c *connection) any { return &c.oneSignature }},
	{"claim_subject", func(c *connection) any { return &c.subject }},
	{"claim_email", func(c *connection) any { return &c.email }},
	{"claim_given_name", func(c *connection) any { return &c.given }},
	{"claim_family_name", func(c *connection) any { return &c.family }},
	{"claim_name", func(c *connection) any { return &c.called }},
	{"claim_groups", func(c *connection) any { return &c.groups }},
	{"admins", func(c *connection) any { return &c.admins }},
	{"viewers", func(c *connection) any { return &c.viewers }},
}

var connectionAliases = map[string]string{
	"organization": "organizations", "secret": "client_secret", "tenant": "tenants", "scope": "scopes", "token_endpoint_auth_method": "auth_method",
	"attribute_email": "claim_email", "attribute_groups": "claim_groups", "issuer": "metadata_url", "type": "protocol",
}

func (p *parser) connection(e entry, pairs []*ast.MappingValueNode) {
	p.name(&e, pairs)
	c := &declaredConnection{entry: e}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		c.places[name] = p.at(pair.Value)
		switch k := find(connectionKeys, name); {
		case k != nil:
			p.value(&c.entry, name, pair, k.field(&c.connection))
		case name == "id":
			p.value(&c.entry, name, pair, &c.id)
		case name == "client_secret":
			p.value(&c.entry, name, pair, &c.clientSecret)
		case name == "client_secret_file":
			p.fromFile(&c.entry, "client_secret", pairs, pair, &c.clientSecret)
		case name == "private_key_file":
			p.wholeFile(&c.entry, name, pair, &c.key)
		case name == "metadata_file":
			p.wholeFile(&c.entry, name, pair, &c.metadata)
		default:
			c.faulty = true
			p.unknown(Fault{Where: p.at(pair.Key), What: c.what()}, name,
				names(connectionKeys, "id", "client_secret", "client_secret_file", "private_key_file", "metadata_file"), connectionAliases)
		}
	}
	p.refuse(&c.entry, "id", uuid.Validate(c.id) != nil || len(c.id) != len(uuid.Nil.String()), "is no UUID in small letters",
		"make one, once, with uuidgen: it is part of the addresses that the provider is told")
	p.refuse(&c.entry, "metadata_file", c.metadataURL != "" && c.metadata != "", "is said, and metadata_url too", "write one of them")
	p.connections = append(p.connections, c)
}

// wholeFile reads a file of several lines.
func (p *parser) wholeFile(e *entry, name string, pair *ast.MappingValueNode, field *string) {
	var path string
	if p.value(e, name, pair, &path); path == "" {
		p.refuse(e, name, true, "is empty", "name a file")
		return
	}
	text, err := p.read(path)
	p.refuse(e, name, err != nil, "the file "+quote(path)+" cannot be read", "name a readable file")
	*field = string(text)
}

// asDeclared is the stored connection as a file would say it.
func asDeclared(c *org.Connection, secrets org.Secrets) connection {
	out := connection{
		name: c.Name, protocol: string(c.Protocol), disabled: !c.Enabled,
		metadataURL: c.OIDC.MetadataURL + c.SAML.MetadataURL, metadata: c.OIDC.Metadata,
		clientID: c.OIDC.ClientID, authMethod: c.OIDC.AuthMethod, scopes: c.OIDC.Scopes, tenants: c.OIDC.Tenants, signOut: c.OIDC.SignOut || c.SAML.SignOut, idpInitiated: c.SAML.IDPInitiated,
		oneSignature: c.SAML.OneSignature, subject: c.SAML.Subject,
		email: c.Mapping.Email, given: c.Mapping.GivenName, family: c.Mapping.FamilyName, called: c.Mapping.Name, groups: c.Mapping.Groups,
		clientSecret: secrets.ClientSecret, key: secrets.PrivateKey,
	}
	if c.SAML.MetadataURL == "" { // where there is one, the document is what was fetched from it
		out.metadata += c.SAML.Metadata
	}
	for _, u := range c.Uses {
		out.organizations = append(out.organizations, u.OrgID)
	}
	for _, r := range c.Mapping.Roles {
		if r.Role == org.Admin {
			out.admins = append(out.admins, r.Value)
		} else {
			out.viewers = append(out.viewers, r.Value)
		}
	}
	return out
}

// put makes the stored connection what the file says, but for whether people sign in
// by it.
func (d *connection) put(c *org.Connection, secrets *org.Secrets) error {
	c.Name = d.name
	c.Mapping = org.Mapping{Email: d.email, GivenName: d.given, FamilyName: d.family, Name: d.called, Groups: d.groups}
	for _, v := range d.admins {
		c.Mapping.Roles = append(c.Mapping.Roles, org.RoleRule{Value: v, Role: org.Admin})
	}
	for _, v := range d.viewers {
		c.Mapping.Roles = append(c.Mapping.Roles, org.RoleRule{Value: v, Role: org.Viewer})
	}
	switch c.Protocol {
	case org.OIDC:
		c.OIDC = org.OIDCSettings{
			MetadataURL: d.metadataURL, Metadata: d.metadata, ClientID: d.clientID, AuthMethod: d.authMethod, Scopes: d.scopes, Tenants: d.tenants,
			SignOut: d.signOut,
		}
	case org.SAML:
		if d.metadataURL == "" || d.metadataURL != c.SAML.MetadataURL {
			c.SAML.Metadata = d.metadata
		}
		c.SAML.MetadataURL, c.SAML.IDPInitiated = d.metadataURL, d.idpInitiated
		c.SAML.OneSignature, c.SAML.Subject, c.SAML.SignOut = d.oneSignature, d.subject, d.signOut
	}
	uses := make([]org.Use, len(d.organizations))
	for i, id := range d.organizations {
		uses[i] = org.Use{OrgID: id, Enforced: c.Enforced(id)}
	}
	c.Uses = uses
	secrets.ClientSecret, secrets.PrivateKey = d.clientSecret, d.key
	return nil
}

func (s Services) planConnection(ctx context.Context, d *Declaration, c *declaredConnection) (*Step, error) {
	want := c.connection
	if err := s.checkConnection(want); err != nil {
		return nil, err
	}
	step := &Step{Kind: "connection", ID: c.id, Subject: c.id, Action: Create}
	is, err := s.Connections.Get(ctx, c.id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	ids, known, err := s.organizationIDs(ctx, d, want.organizations)
	if err != nil {
		return nil, err
	}
	want.organizations = ids
	if is == nil {
		if step.Untried = !want.disabled; step.Untried && !want.untried {
			return nil, errUntried()
		}
		step.do = func(ctx context.Context) (string, error) { return c.id, s.makeConnection(ctx, c) }
		return step, nil
	}
	if is.Protocol != org.Protocol(want.protocol) {
		return nil, fault.New(fault.Conflict, "the connection speaks %s: another protocol is another connection, with an id of its own", is.Protocol).On("protocol")
	}
	return step, s.planChange(ctx, step, is, c, want, known)
}

// errUntried is the answer about a connection that is to be on and was not tried.
func errUntried() error {
	return fault.New(fault.Invalid, "no trial sign-in has passed with these settings: write disabled: true until an owner has run one on the organization's pages, or untried: true to answer for it yourself").On("disabled")
}

// planChange says what becomes of a connection that is there.
func (s Services) planChange(ctx context.Context, step *Step, is *org.Connection, c *declaredConnection, want connection, known bool) error {
	secrets, err := s.Connections.Secrets(is)
	if err != nil {
		return err
	}
	before := asDeclared(is, secrets)
	before.untried = want.untried // it allows something, and is nothing that is stored
	if want.clientSecret == "" {
		want.clientSecret = before.clientSecret // those that it has, which the file need not know
	}
	if want.key == "" {
		want.key = before.key
	}
	slices.Sort(want.organizations)
	step.Action, step.Differences = Update, differences(connectionKeys, &before, &want)
	for _, secret := range []struct {
		name    string
		differs bool
	}{
		{"client_secret", before.clientSecret != want.clientSecret},
		{"private_key", before.key != want.key},
		{"metadata", want.metadataURL == "" && before.metadata != want.metadata},
	} {
		if secret.differs {
			step.Differences = append(step.Differences, Difference{Field: secret.name})
		}
	}
	if len(step.Differences) == 0 && known {
		step.Action = Keep
	}
	change := func(ids []string) org.ConnectionChange {
		next := want
		next.organizations = ids
		return org.ConnectionChange{By: org.Operator, Edit: next.put, To: want.policy(), Untried: want.untried}
	}
	then, err := s.Connections.Foresee(ctx, c.id, change(want.organizations))
	if problem, ok := errors.AsType[org.ConnectionProblem](err); ok && problem == org.Untried {
		return errUntried()
	}
	if err != nil {
		return err
	}
	step.Untried = then.Enabled && then.TestedAt.IsZero()
	step.do = func(ctx context.Context) (string, error) {
		ids, _, err := s.organizationIDs(ctx, nil, c.organizations)
		if err == nil {
			_, err = s.Connections.Change(ctx, c.id, change(ids))
		}
		return c.id, err
	}
	return nil
}

// policy is how far people sign in by it.
func (d *connection) policy() org.Policy {
	if d.disabled {
		return org.PolicyOff
	}
	return org.PolicyOn
}

// checkConnection says what is wrong with what is declared, before anything is done.
func (s Services) checkConnection(want connection) error {
	if !slices.Contains(org.Protocols, org.Protocol(want.protocol)) {
		return fault.New(fault.Invalid, "protocol is oidc or saml").On("protocol")
	}
	c, secrets := &org.Connection{Protocol: org.Protocol(want.protocol)}, org.Secrets{}
	if err := want.put(c, &secrets); err != nil {
		return err
	}
	return s.Settings.Check(c, secrets)
}

func (s Services) makeConnection(ctx context.Context, c *declaredConnection) error {
	want := c.connection
	var err error
	if want.organizations, _, err = s.organizationIDs(ctx, nil, want.organizations); err != nil {
		return err
	}
	made, secrets := &org.Connection{ID: c.id, Protocol: org.Protocol(want.protocol)}, org.Secrets{}
	if err := want.put(made, &secrets); err != nil {
		return err
	}
	if err := s.Connections.Create(ctx, made, secrets); err != nil || want.disabled {
		return err
	}
	_, err = s.Connections.Change(ctx, c.id, org.ConnectionChange{By: org.Operator, To: org.PolicyOn, Untried: want.untried})
	return err
}

// organizationIDs are the ids of the organizations, by id or slug. One that the
// declaration makes has none yet; known is false then.
func (s Services) organizationIDs(ctx context.Context, d *Declaration, which []string) (ids []string, known bool, err error) {
	known = true
	for _, one := range which {
		o, err := s.Organizations.Get(ctx, one)
		if fault.Is(err, fault.NotFound) {
			if d != nil && slices.ContainsFunc(d.organizations, func(o *declaredOrganization) bool { return o.slug == one }) {
				known = false
				continue
			}
			return nil, false, fault.New(fault.Invalid, "no organization has the id or slug %s; declare it under organizations", quote(one)).On("organizations")
		}
		if err != nil {
			return nil, false, err
		}
		ids = append(ids, o.ID)
	}
	return ids, known, nil
}
