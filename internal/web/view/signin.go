package view

// Faults of the fields that sign-in asks for.
const (
	FaultEmailMissing    Message = "fault.email_missing"
	FaultEmailMalformed  Message = "fault.email_malformed"
	FaultPasswordMissing Message = "fault.password_missing"
	FaultCredentials     Message = "fault.credentials" // the same for unknown, waiting and disabled accounts
	FaultTooMany         Message = "fault.too_many"
	FaultUnavailable     Message = "fault.unavailable"
)

// Identifier asks for the e-mail address, as the field "username".
type Identifier struct {
	Frame
	Form
	Username  string // what was typed, or the app's login_hint
	Fault     Message
	CreateURL string // empty: no account can be made here
	// PasswordURL is for who was led to a provider and comes back; empty: nobody was.
	PasswordURL string
	// Connection is that of the organization that the app asks for, by which its
	// people may sign in; empty: there is none.
	Connection, ConnectionURL string
}

func (*Identifier) template() string { return "signin/identifier" }

// UsernameField is the page's one field.
func (p *Identifier) UsernameField() Field {
	return Field{
		Frame: &p.Frame, Name: "username", Type: "email", Label: "signin.email",
		Fault: p.Fault, Value: p.Username, Autocomplete: "username", Focus: true,
	}
}

// Password asks for the password of the address that was typed, as the fields
// "password" and, if wanted, "remember". It says nothing that depends on
// whether there is such an account.
type Password struct {
	Frame
	Form
	Username  string // what was typed; also a hidden field, for password managers
	Again     bool   // the app wants a person who is signed in to prove it anew
	Fault     Message
	Remember  bool             // "stay signed in" is checked
	OtherURL  string           // "Not you?"; empty: the person is fixed
	ForgotURL string           // empty: a password cannot be reset here
	CreateURL string           // empty: no account can be made here
	Company   *CompanyPassword // the address signs in elsewhere alone, owners excepted; nil: it does not
}

func (*Password) template() string { return "signin/password" }

// Letter stands for the address, as it will for the person.
func (p *Password) Letter() string { return letter(p.Username) }

// PasswordField is the page's one question.
func (p *Password) PasswordField() Field {
	return Field{
		Frame: &p.Frame, Name: "password", Type: "password", Label: "password.label",
		Fault: p.Fault, Autocomplete: "current-password", Focus: true,
	}
}

// Choose asks which account to go on with, as the field "account"; it is the
// answer to prompt=select_account (OpenID Connect Core §3.1.2.1).
type Choose struct {
	Frame
	Form
	Accounts []Choice
	Other    string // value of "account" that means another one
}

func (*Choose) template() string { return "signin/choose" }

// Choice is an account that this browser is signed in to.
type Choice struct {
	Person
	Value string // of the field "account"
}
