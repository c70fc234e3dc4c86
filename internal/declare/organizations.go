package declare

import (
	"context"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
)

// declaredOrganization is one entry of organizations. Of an organization only what
// the entry says is held: its people change the rest themselves.
type declaredOrganization struct {
	entry
	slug, name              string
	owners, admins, viewers []string // addresses
	domains, proven         []string
	invited                 map[org.Role][]string // addresses
}

var organizationKeys = []key[declaredOrganization]{
	{"slug", func(o *declaredOrganization) any { return &o.slug }},
	{"name", func(o *declaredOrganization) any { return &o.name }},
	{"owners", func(o *declaredOrganization) any { return &o.owners }},
	{"admins", func(o *declaredOrganization) any { return &o.admins }},
	{"viewers", func(o *declaredOrganization) any { return &o.viewers }},
	{"domains", func(o *declaredOrganization) any { return &o.domains }},
	{"proven_domains", func(o *declaredOrganization) any { return &o.proven }},
}

var organizationAliases = map[string]string{"id": "slug", "owner": "owners", "admin": "admins", "viewer": "viewers", "members": "viewers", "domain": "domains", "invite": "invitations", "invited": "invitations"}

// keyOf are the keys under which the members of each role are listed.
var keyOf = map[org.Role]string{org.Owner: "owners", org.Admin: "admins", org.Viewer: "viewers"}

func (p *parser) organization(e entry, pairs []*ast.MappingValueNode) {
	p.name(&e, pairs)
	o := &declaredOrganization{entry: e}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		o.places[name] = p.at(pair.Value)
		if k := find(organizationKeys, name); k != nil {
			p.value(&o.entry, name, pair, k.field(o))
			continue
		}
		if name == "invitations" {
			p.invitations(o, pair)
			continue
		}
		o.faulty = true
		p.unknown(Fault{Where: p.at(pair.Key), What: o.what()}, name, names(organizationKeys, "invitations"), organizationAliases)
	}
	p.refuse(&o.entry, "slug", o.slug == "", "is missing", "every organization needs one here: a short name of its own, such as engines")
	p.organizations = append(p.organizations, o)
}

// wants are the members that the entry names, owners first, so that an owner
// remains at each step.
func (o *declaredOrganization) wants() (people []string, roles map[string]org.Role, err error) {
	roles = map[string]org.Role{}
	for _, role := range org.Roles {
		for _, address := range map[org.Role][]string{org.Owner: o.owners, org.Admin: o.admins, org.Viewer: o.viewers}[role] {
			_, key, err := account.NormalizeEmail(address)
			if err != nil {
				return nil, nil, fault.New(fault.Invalid, "%s is not an e-mail address", quote(address)).On(keyOf[role])
			}
			if roles[key] != "" {
				return nil, nil, fault.New(fault.Invalid, "%s has two roles; leave one out", quote(address)).On(keyOf[role])
			}
			people, roles[key] = append(people, key), role
		}
	}
	return people, roles, nil
}

func (s Services) planOrganization(ctx context.Context, d *Declaration, o *declaredOrganization) (*Step, error) {
	if err := org.CheckSlug(o.slug); err != nil {
		return nil, err
	}
	people, roles, err := o.wants()
	if err != nil {
		return nil, err
	}
	if o.name != "" {
		if o.name, err = org.CheckName(o.name); err != nil {
			return nil, err
		}
	}
	step := &Step{Kind: "organization", ID: o.slug, Action: Create}
	is, err := s.Organizations.Get(ctx, o.slug)
	if fault.Is(err, fault.NotFound) {
		if o.name == "" {
			o.name = o.slug
		}
		if len(o.owners) == 0 {
			return nil, fault.New(fault.Invalid, "an organization that is to be made needs an owner").On("owners")
		}
		is = nil
	} else if err != nil {
		return nil, err
	}
	people, diffs, err := s.wantedMembers(ctx, d, is, people, roles)
	if err != nil {
		return nil, err
	}
	more, rest, err := s.wishes(ctx, is, o, roles)
	if err != nil {
		return nil, err
	}
	if is != nil {
		step.Subject, step.Action = is.ID, Update
		if o.name != "" && o.name != is.Name {
			step.Differences = append(step.Differences, Difference{"name", is.Name, o.name})
		}
		if step.Differences = slices.Concat(step.Differences, diffs, rest); len(step.Differences) == 0 {
			step.Action = Keep
		}
	}
	step.do = func(ctx context.Context) (string, error) {
		id, err := s.makeOrganization(ctx, is, o, people, roles)
		if err != nil {
			return "", err
		}
		return id, s.grant(ctx, id, more)
	}
	return step, nil
}

// wantedMembers are those of the people who have not got the roles that they are to
// have; of an organization that is to be made, all.
func (s Services) wantedMembers(ctx context.Context, d *Declaration, is *org.Organization, people []string, roles map[string]org.Role) (wanted []string, diffs []Difference, err error) {
	for _, key := range people {
		now, err := s.roleNow(ctx, d, is, key, keyOf[roles[key]])
		if err != nil {
			return nil, nil, err
		}
		if is == nil || now != roles[key] {
			wanted = append(wanted, key)
			diffs = append(diffs, Difference{Field: "member " + key, Old: string(now), New: string(roles[key])})
		}
	}
	return wanted, diffs, nil
}

// roleNow is the role that the person has in the organization; "" for none. An
// address without an account is a fault, unless the file declares it.
func (s Services) roleNow(ctx context.Context, d *Declaration, is *org.Organization, emailKey, field string) (org.Role, error) {
	a, err := s.Accounts.ByEmail(ctx, emailKey)
	if fault.Is(err, fault.NotFound) {
		declared := func(u *declaredUser) bool {
			_, key, err := account.NormalizeEmail(u.account.Email)
			return err == nil && key == emailKey
		}
		if slices.ContainsFunc(d.users, declared) {
			return "", nil
		}
		return "", fault.New(fault.Invalid, "no account has the address %s; declare it under users", quote(emailKey)).On(field)
	}
	if err != nil || is == nil {
		return "", err
	}
	m, err := s.Organizations.Member(ctx, is.ID, a.ID)
	if err != nil || m == nil {
		return "", err
	}
	return m.Role, nil
}

func (s Services) makeOrganization(ctx context.Context, is *org.Organization, o *declaredOrganization, people []string, roles map[string]org.Role) (string, error) {
	for i, key := range people {
		a, err := s.Accounts.ByEmail(ctx, key)
		if err != nil {
			return "", err
		}
		if is == nil && i == 0 { // owners come first
			if is, err = s.Organizations.Create(ctx, o.name, o.slug, a.ID, org.Operator); err != nil {
				return "", err
			}
			continue
		}
		if err := s.Organizations.Put(ctx, is.ID, a.ID, roles[key]); err != nil {
			return "", err
		}
	}
	if o.name != "" && o.name != is.Name {
		if _, err := s.Organizations.Rename(ctx, is.ID, o.name, org.Operator); err != nil {
			return "", err
		}
	}
	return is.ID, nil
}
