package declare

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/yamltree"
)

// wishes are what an entry wants of an organization beside its name and its
// members, and has not got: domains, those that are proven by the operator's word,
// and people who are to be invited.
type wishes struct {
	domains, proven []string
	invited         map[org.Role][]string // addresses
}

// invitations takes the mapping of roles to addresses.
func (p *parser) invitations(o *declaredOrganization, pair *ast.MappingValueNode) {
	roles, ok := yamltree.Entries(pair.Value)
	p.refuse(&o.entry, "invitations", !ok, "is no mapping", "write lines such as viewers: [bob@example.com] below it")
	for _, of := range roles {
		name := of.Key.GetToken().Value
		i := slices.IndexFunc(org.Roles, func(r org.Role) bool { return keyOf[r] == name })
		if i < 0 {
			o.faulty = true
			p.unknown(Fault{Where: p.at(of.Key), What: o.what(), Key: "invitations"}, name, []string{"owners", "admins", "viewers"}, organizationAliases)
			continue
		}
		var list []string
		p.value(&o.entry, "invitations", of, &list)
		if o.invited == nil {
			o.invited = map[org.Role][]string{}
		}
		o.invited[org.Roles[i]] = list
	}
}

// What has become of a domain, as differences show it.
const (
	domainWaits  = "waits for its record"
	domainProven = "proven"
)

// wishes compares the rest of the entry with the organization; nil: it is to be
// made. members are the roles of the people whom the entry makes members.
func (s Services) wishes(ctx context.Context, is *org.Organization, o *declaredOrganization, members map[string]org.Role) (*wishes, []Difference, error) {
	w := &wishes{invited: map[org.Role][]string{}}
	waiting, err := s.wantedDomains(ctx, is, "domains", o.domains, &w.domains, domainWaits)
	if err != nil {
		return nil, nil, err
	}
	proven, err := s.wantedDomains(ctx, is, "proven_domains", o.proven, &w.proven, domainProven)
	if err != nil {
		return nil, nil, err
	}
	invited, err := s.wantedPeople(ctx, is, o, members, w)
	return w, slices.Concat(waiting, proven, invited), err
}

// wantedDomains adds to the list the declared domains that have not become what the
// key says.
func (s Services) wantedDomains(ctx context.Context, is *org.Organization, key string, declared []string, list *[]string, become string) (diffs []Difference, err error) {
	for _, typed := range declared {
		name, err := org.CheckDomain(typed)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s: %s", quote(typed), fault.Public(err)).On(key)
		}
		was, err := s.domainNow(ctx, is, name)
		switch {
		case fault.Is(err, fault.Invalid):
			return nil, fault.New(fault.Invalid, "%s", fault.Public(err)).On(key)
		case err != nil:
			return nil, err
		case was == become || was == domainProven:
			continue
		}
		*list = append(*list, name)
		diffs = append(diffs, Difference{"domain " + name, was, become})
	}
	return diffs, nil
}

// domainNow is what has become of the organization's domain; "": it has none of the
// name. A fault of kind Invalid: another organization has proven it.
func (s Services) domainNow(ctx context.Context, is *org.Organization, name string) (string, error) {
	owner, err := s.Domains.ProvenBy(ctx, name)
	switch {
	case err != nil:
		return "", err
	case owner != "" && (is == nil || owner != is.ID):
		return "", fault.New(fault.Invalid, "another organization has proven %s", name)
	case owner != "":
		return domainProven, nil
	case is == nil:
		return "", nil
	}
	_, err = s.Domains.Get(ctx, is.ID, name)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return domainWaits, err
}

// wantedPeople adds those to the wishes who are to be invited: a letter is sent
// once, so that whoever was invited before is left, whatever became of it, for as
// long as that is known.
func (s Services) wantedPeople(ctx context.Context, is *org.Organization, o *declaredOrganization, members map[string]org.Role, w *wishes) (diffs []Difference, err error) {
	seen := map[string]bool{}
	for _, role := range org.Roles {
		for _, typed := range o.invited[role] {
			_, key, err := account.NormalizeEmail(typed)
			if err != nil {
				return nil, fault.New(fault.Invalid, "%s is not an e-mail address", quote(typed)).On("invitations")
			}
			if members[key] != "" || seen[key] {
				return nil, fault.New(fault.Invalid, "%s has two roles; leave one out", quote(typed)).On("invitations")
			}
			seen[key] = true
			left, err := s.invitedBefore(ctx, is, key)
			if err != nil {
				return nil, err
			}
			if !left {
				w.invited[role] = append(w.invited[role], typed)
				diffs = append(diffs, Difference{"invitation " + key, "", string(role)})
			}
		}
	}
	if len(diffs) == 0 {
		return nil, nil
	}
	letter, err := s.Letter(ctx)
	if err == nil && letter == nil {
		err = fault.New(fault.Invalid, "no mail is sent here (smtp.url); signet org invite prints links to hand over").On("invitations")
	}
	return diffs, err
}

// invitedBefore reports whether the address is that of a member, or was invited.
func (s Services) invitedBefore(ctx context.Context, is *org.Organization, emailKey string) (bool, error) {
	if is == nil {
		return false, nil
	}
	a, err := s.Accounts.ByEmail(ctx, emailKey)
	if err == nil {
		if m, err := s.Organizations.Member(ctx, is.ID, a.ID); err != nil || m != nil {
			return m != nil, err
		}
	} else if !fault.Is(err, fault.NotFound) {
		return false, err
	}
	const page = 100
	for before := ""; ; {
		list, next, err := s.Invitations.List(ctx, org.Operator, is.ID, emailKey, before, page)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(list, func(i *org.Invited) bool { return i.EmailKey == emailKey }) {
			return true, nil
		}
		if before = next; next == "" {
			return false, nil
		}
	}
}

// grant gives the organization what the entry wants, and notes each.
func (s Services) grant(ctx context.Context, orgID string, w *wishes) error {
	for _, name := range slices.Concat(w.domains, w.proven) {
		vouched := slices.Contains(w.proven, name)
		d, err := s.Domains.Add(ctx, orgID, name, org.Operator)
		if err == nil && vouched {
			_, err = s.Domains.Vouch(ctx, orgID, d.Name)
		}
		if err != nil {
			return err
		}
		if err := s.Record(ctx, "organization.domain_add", orgID, "by", "apply", "domain", name, "vouched", strconv.FormatBool(vouched)); err != nil {
			return err
		}
	}
	for role, addresses := range w.invited {
		letter, err := s.Letter(ctx)
		if err != nil {
			return err
		}
		reports, err := s.Invitations.Invite(ctx, org.Operator, org.Wish{OrgID: orgID, Role: role}, addresses, letter)
		for _, r := range reports {
			if r.Invitation != nil {
				err = errors.Join(err, s.Record(ctx, "invitation.send", orgID, "by", "apply", "invitation", r.Invitation.ID, "role", string(role)))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
