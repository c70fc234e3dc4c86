package view

import "time"

// Role is what a member may do in an organization.
type Role string

// The roles.
const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleViewer Role = "viewer"
)

// Label is the role's name.
func (r Role) Label() Message {
	switch r {
	case RoleOwner:
		return "org.role.owner"
	case RoleAdmin:
		return "org.role.admin"
	default:
		return "org.role.viewer"
	}
}

// Org is an organization as one of its members sees it.
type Org struct {
	ID, Name string
	Role     Role // of who looks
	URL      string
}

// Letter stands for the organization where a logo would be.
func (o Org) Letter() string { return letter(o.Name) }

// What has just been done on the pages of organizations.
const (
	NoticeOrgCreated Message = "notice.org_created"
)

// What is at fault on them.
const (
	FaultOrgNameMissing Message = "org.fault.name_missing"
	FaultOrgName        Message = "org.fault.name"
	FaultOrgsOwned      Message = "org.fault.owned"
)

// Pages say where the other pages of a list are; empty: there are none.
type Pages struct{ FirstURL, NextURL string }

// Orgs lists the organizations of a person.
type Orgs struct {
	AccountFrame
	Pages
	Orgs   []Org
	NewURL string
}

func (*Orgs) template() string { return "org/list" }

// NewOrg asks for the name of a new organization, as the field "name".
type NewOrg struct {
	AccountFrame
	Form
	Name    string
	Fault   Message
	ListURL string
}

func (*NewOrg) template() string { return "org/new" }

// NameField is its name.
func (p *NewOrg) NameField() Field { return orgNameField(&p.Frame, p.Name, p.Fault) }

func orgNameField(f *Frame, name string, fault Message) Field {
	return Field{
		Frame: f, Name: "name", Type: "text", Label: "org.name", Hint: "org.name.hint", Fault: fault,
		Value: name, Autocomplete: "organization", Focus: fault != "",
	}
}

// OrgFrame is what the pages of one organization have around their own content:
// its name, the role of who looks, and the row of its pages. A page of it begins
// with the part "org/top" and ends with "org/bottom".
type OrgFrame struct {
	AccountFrame
	Org  Org
	Tabs []AccountSection
}

// Titled is the title of the tab: what it is, and of which organization.
func (f *OrgFrame) Titled(tab Message) (string, error) {
	label, err := f.T(tab)
	return label + " · " + f.Org.Name, err
}

// The labels of the pages.
const (
	TabMembers Message = "org.members"
)

// OrgMembers lists the members of an organization.
type OrgMembers struct {
	OrgFrame
	Pages
	Members []OrgMember
}

func (*OrgMembers) template() string { return "org/members" }

// OrgMember is one line of the list.
type OrgMember struct {
	Person
	Role   Role
	Joined time.Time
	Self   bool // who looks
}
