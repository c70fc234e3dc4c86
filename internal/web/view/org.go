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

// Means is what one of the role may do.
func (r Role) Means() Message {
	switch r {
	case RoleOwner:
		return "org.role.owner.means"
	case RoleAdmin:
		return "org.role.admin.means"
	default:
		return "org.role.viewer.means"
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
	NoticeOrgCreated     Message = "notice.org_created"
	NoticeOrgRenamed     Message = "notice.org_renamed"
	NoticeOrgRole        Message = "notice.org_role"
	NoticeOrgRemoved     Message = "notice.org_removed"
	NoticeOrgTransferred Message = "notice.org_transferred"
	NoticeOrgLeft        Message = "notice.org_left"
	NoticeOrgDeleted     Message = "notice.org_deleted"
	NoticeOrgRestored    Message = "notice.org_restored"
)

// What is at fault on them.
const (
	FaultOrgNameMissing Message = "org.fault.name_missing"
	FaultOrgName        Message = "org.fault.name"
	FaultOrgsOwned      Message = "org.fault.owned"
	FaultLastOwner      Message = "org.fault.last_owner"
	FaultOrgRole        Message = "org.fault.role"
	FaultNoMember       Message = "org.fault.no_member"
)

// Pages say where the other pages of a list are; empty: there are none.
type Pages struct{ FirstURL, NextURL string }

// Search finds some of a list: the form's address takes the field "query".
type Search struct {
	SearchURL string
	Label     Message
	Query     string // by which the list was searched; empty: it is all
	Offered   bool
}

// By what a list is searched.
const (
	SearchMembers     Message = "org.search"
	SearchInvitations Message = "invite.search"
)

// Orgs lists the organizations of a person.
type Orgs struct {
	AccountFrame
	Pages
	Orgs    []Org
	Invited []Org // to which the person is invited; their URL is the invitation's
	Deleted []DeletedOrg
	NewURL  string
}

// DeletedOrg is an organization that its owner can have back.
type DeletedOrg struct {
	Org
	Erased        time.Time
	RestoreAction string
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
	return f.Named(label), err
}

// Named is the title of a page that is about something with a name.
func (f *OrgFrame) Named(what string) string { return what + " · " + f.Org.Name }

// The labels of the pages.
const (
	TabMembers  Message = "org.members"
	TabSettings Message = "org.settings"
)

// OrgMembers lists the members of an organization.
type OrgMembers struct {
	OrgFrame
	Search
	Pages
	Members []OrgMember
	Managed bool // some of them have a page where they are changed
	Problem Message
}

func (*OrgMembers) template() string { return "org/members" }

// OrgMember is a member as another one sees it.
type OrgMember struct {
	Person
	Role   Role
	Joined time.Time
	Self   bool   // who looks
	URL    string // where who looks changes it; empty: nowhere
}

// Called is the name, or the address where none is known.
func (m OrgMember) Called() string {
	if m.Name != "" {
		return m.Name
	}
	return m.Email
}

// OrgMemberPage is about one member: the field "role" is another role.
type OrgMemberPage struct {
	OrgFrame
	Form
	Member  OrgMember
	Roles   []Role // that who looks may give; none: nothing can be changed
	Chosen  Role
	Problem Message

	RemoveAction   string // empty: not offered, as the next two
	TransferAction string
	LeaveURL       string
}

func (*OrgMemberPage) template() string { return "org/member" }

// OrgSettings is what is known of an organization, and what becomes of it: the
// field "name" is another name.
type OrgSettings struct {
	OrgFrame
	Form    // without an action: the name cannot be changed by who looks
	Name    string
	Fault   Message // of the name
	Problem Message // of anything else
	Slug    string  // empty: it has none
	Created time.Time

	LeaveURL  string
	DeleteURL string // empty: not offered
}

func (*OrgSettings) template() string { return "org/settings" }

// NameField is its name.
func (p *OrgSettings) NameField() Field { return orgNameField(&p.Frame, p.Name, p.Fault) }

// OrgLeave asks whether to leave.
type OrgLeave struct {
	OrgFrame
	Form
	BackURL string
	Problem Message
}

func (*OrgLeave) template() string { return "org/leave" }

// OrgDelete asks whether to delete the organization.
type OrgDelete struct {
	OrgFrame
	Form
	Until   time.Time // it can be had back
	BackURL string
}

func (*OrgDelete) template() string { return "org/delete" }
