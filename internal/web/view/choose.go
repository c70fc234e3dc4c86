package view

// ChooseOrganization asks for which of the person's organizations the app is
// used, as the field "organization", or says that none fits.
type ChooseOrganization struct {
	Frame
	Form
	Person        Person
	Named         bool // the app asks for one, of which the person is no member
	Organizations []OrganizationChoice
	MoreURL       string // empty: these are all
	CreateURL     string // empty: none can be made here
	Other         string // value of "organization" that means another account
}

func (*ChooseOrganization) template() string { return "choose/organization" }

// OrganizationChoice is an organization of the person, with what they may do in it.
type OrganizationChoice struct {
	ID, Name string
	Role     Role
}

// Letter stands for the organization where a picture would be.
func (o OrganizationChoice) Letter() string { return letter(o.Name) }

// Title is what the page asks or says.
func (p *ChooseOrganization) Title() Message {
	switch {
	case p.Named:
		return "chooser.foreign"
	case len(p.Organizations) == 0:
		return "chooser.none"
	}
	return "chooser.title"
}

// Lead explains it.
func (p *ChooseOrganization) Lead() Message {
	switch p.Title() {
	case "chooser.foreign":
		return "chooser.foreign_lead"
	case "chooser.none":
		return "chooser.none_lead"
	}
	return "chooser.lead"
}

// CreateOrganization asks for the name of an organization that the person makes
// on the way to the app, as the field "name".
type CreateOrganization struct {
	Frame
	Form
	Name    string // what was typed
	Fault   Message
	BackURL string
}

func (*CreateOrganization) template() string { return "choose/create" }

// NameField is the page's one question.
func (p *CreateOrganization) NameField() Field {
	return Field{
		Frame: &p.Frame, Name: "name", Type: "text", Label: "org.name",
		Fault: p.Fault, Value: p.Name, Autocomplete: "organization", Focus: true,
	}
}
