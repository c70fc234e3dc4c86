package view

// What is at fault with what people say of themselves.
const (
	FaultProfileGivenName  Message = "profile.fault.given_name"
	FaultProfileFamilyName Message = "profile.fault.family_name"
	FaultProfileName       Message = "profile.fault.name"
	FaultProfileBirthdate  Message = "profile.fault.birthdate"
	FaultProfileDate       Message = "profile.fault.date"
	FaultProfileFuture     Message = "profile.fault.future"
	FaultProfileYoung      Message = "profile.fault.young"
)

// Profile lets people change what is known of them: the fields "given_name",
// "family_name", "birthdate" (YYYY-MM-DD), "locale" (a language tag) and "news".
type Profile struct {
	AccountFrame
	Form
	GivenName, FamilyName, Birthdate                string
	GivenNameFault, FamilyNameFault, BirthdateFault Message
	Language                                        string // tag of the one that is chosen
	News                                            bool
}

func (*Profile) template() string { return "account/profile" }

// Fault is the first of the page's faults.
func (p *Profile) Fault() Message {
	for _, f := range p.NameFields() {
		if f.Fault != "" {
			return f.Fault
		}
	}
	return p.BirthdateFault
}

// NameFields are the two names in the order in which the language says them.
func (p *Profile) NameFields() []Field {
	fields := nameFields(&p.Frame, p.GivenName, p.FamilyName, p.GivenNameFault, p.FamilyNameFault)
	for i := range fields {
		if fields[i].Fault != "" {
			fields[i].Focus = true
			break
		}
	}
	return fields
}

// BirthdateField is the field of the date of birth.
func (p *Profile) BirthdateField() Field {
	return Field{
		Frame: &p.Frame, Name: "birthdate", Type: "date", Label: "profile.birthdate", Fault: p.BirthdateFault,
		Value: p.Birthdate, Autocomplete: "bday", Focus: p.BirthdateFault != "" && p.Fault() == p.BirthdateFault,
	}
}
