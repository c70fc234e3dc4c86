package view

import (
	"html/template"
	"time"
)

// TabSignIn is the label of the pages by which an organization moves to a sign-in
// of its own.
const TabSignIn Message = "connect.tab"

// ConnectFrame is what those pages have around their own content. Who holds a
// delegated link sees them without the organization's other pages. A page begins
// with the part "connect/top" and ends with "connect/bottom".
type ConnectFrame struct {
	OrgFrame
	Delegate bool
	HomeURL  string // the overview
}

// Copied is a value that is to be copied elsewhere: a script puts a button beside
// it.
type Copied struct {
	Label Message
	Value string
}

// State says how far something has come.
type State struct {
	Label Message
	Good  bool
}

// The states of domains and connections.
var (
	DomainWaits   = State{Label: "connect.state.waits"}
	DomainProven  = State{Label: "connect.state.proven", Good: true}
	DomainMissed  = State{Label: "connect.state.missed"}
	ConnPartial   = State{Label: "connect.state.partial"}
	ConnUntried   = State{Label: "connect.state.untried"}
	ConnTried     = State{Label: "connect.state.tried"}
	ConnOn        = State{Label: "connect.state.on", Good: true}
	ConnRequired  = State{Label: "connect.state.required", Good: true}
	ConnForOthers = State{Label: "connect.state.shared"}
)

// ConnectHome is the overview: what there is, and what to do next.
type ConnectHome struct {
	ConnectFrame
	Next        ConnectNext
	AddDomain   Form
	Typed       string
	Fault       Message
	FaultDomain string // is filled into the fault
	Domains     []ConnectRow
	Connections []ConnectRow
	NewURL      string // where a provider is chosen
	LinkForm    Form   // makes a link for somebody else; no action: it cannot be made
	NewLink     string // the link that was made just now, which is shown once
	Links       []SetupLinkRow
	LinksFull   bool // there are as many as can be
}

func (*ConnectHome) template() string { return "connect/home" }

// DomainField is the domain to add.
func (p *ConnectHome) DomainField() Field {
	return Field{
		Frame: &p.Frame, Name: "domain", Type: "text", InputMode: "url", Label: "connect.domain.name", Hint: "connect.domain.name.hint",
		Fault: p.Fault, FaultValues: []string{"Domain", p.FaultDomain}, Value: p.Typed, Autocomplete: "off", Focus: p.Fault != "",
	}
}

// ConnectNext is what is to be done next, in a sentence and by a link.
type ConnectNext struct {
	Say Message
	URL string // "": nothing
}

// ConnectRow is a domain or a connection in the overview.
type ConnectRow struct {
	Name  string
	About Message // what it speaks; "": a domain
	State State
	URL   string // "": not to be changed here
}

// SetupLinkRow is a link that was handed to somebody.
type SetupLinkRow struct {
	Until   time.Time
	Claimed bool
	Revoke  Form
}

// Faults of the overview.
const (
	FaultDomainMissing   Message = "connect.fault.domain_missing"
	FaultDomainMalformed Message = "connect.fault.domain_malformed"
	FaultDomainSuffix    Message = "connect.fault.domain_suffix"
	FaultDomainFreeMail  Message = "connect.fault.domain_free"
	FaultDomainMixed     Message = "connect.fault.domain_mixed"
	FaultDomainMost      Message = "connect.fault.domain_most"
)

// ConnectDomain shows the record that proves a domain, and what a look at it found.
type ConnectDomain struct {
	ConnectFrame
	Domain  string
	State   State
	Record  []Copied
	Check   Form
	Remove  Form
	Found   Sentence
	Checked time.Time
	Missed  time.Time // since when the record of a proven domain is gone
	Vouched bool
	Proven  bool
	Lead    Form     // chooses the connection, where there are several
	Choices []Chosen // of the connection
}

func (*ConnectDomain) template() string { return "connect/domain" }

// Chosen is one of several things to choose from.
type Chosen struct {
	Value, Text string
	Selected    bool
}

// Sentence is a text with values in it: name, value, ...
type Sentence struct {
	Say    Message
	Values []string
}

// Say is the sentence in the language of the page; its values stand out.
func (f *Frame) Say(s Sentence) (template.HTML, error) { return f.Rich(s.Say, s.Values...) }

// ConnectProviders asks which provider the organization has.
type ConnectProviders struct {
	ConnectFrame
	Form
	Guides []GuideChoice
}

func (*ConnectProviders) template() string { return "connect/providers" }

// GuideChoice is a provider in one of its protocols.
type GuideChoice struct {
	Value string
	Name  string  // of the product; "": another
	About Message // its protocol
}

// ConnectSettings is the wizard of one connection: what to click at the provider,
// what to enter here, the trial, and what it is switched to.
type ConnectSettings struct {
	ConnectFrame
	Form
	Name     string // of the connection
	State    State
	Steps    []GuideStep
	SAML     bool
	Typed    map[string]string  // what was entered, by the name of the field
	Faults   map[string]Message // and what is wrong with it
	Line     string             // of the roles, the one that is at fault
	Kept     bool               // there is a client secret, which is not shown
	Fault    Message            // above the form
	Trouble  string             // what is wrong between here and the provider, in English
	Complete bool
	Try      Form
	TriedAt  time.Time // a trial passed with the settings as they are
	Switch   Form      // posts the field "to": off, on, required
	On       bool
	Required bool
	Proven   bool   // the organization has a proven domain
	Owners   string // who keeps a way in, for the page to name
	Remove   Form
}

func (*ConnectSettings) template() string { return "connect/settings" }

// GuideStep is one thing to do at the provider: what it says, with names of what
// to click filled in, and values to copy there.
type GuideStep struct {
	Sentence
	Copy []Copied
}

// Area is a field of several lines.
type Area struct {
	*Frame
	Name        string
	Label       Message
	Hint        Message
	Fault       Message
	FaultValues []string
	Value       string
	Rows        int
	FileLabel   Message // a file may be chosen instead, as the field Name + "_file"; "": not
}

// FaultText is what is wrong, in the language of the page.
func (a Area) FaultText() (string, error) { return a.T(a.Fault, a.FaultValues...) }

// Faults of the settings.
const (
	FaultConnectionName Message = "connect.fault.name"
	FaultMetadataNeeded Message = "connect.fault.metadata_missing"
	FaultMetadataURL    Message = "connect.fault.metadata_url"
	FaultClientID       Message = "connect.fault.client_id"
	FaultClientSecret   Message = "connect.fault.client_secret"
	FaultOtherProvider  Message = "connect.fault.client_secret_elsewhere"
	FaultRoleLine       Message = "connect.fault.role_line"
	FaultTooLong        Message = "connect.fault.too_long"
	FaultSettings       Message = "connect.fault.settings"
	FaultUntried        Message = "connect.fault.untried"
	FaultNoDomain       Message = "connect.fault.no_domain"
)

// ConnectTrial shows what arrived in a trial sign-in and what it would become.
type ConnectTrial struct {
	ConnectFrame
	Name    string
	Failed  string // why nothing arrived, in English; "": something did
	Rows    []TrialRow
	Outcome Sentence // what would become of the person
	Good    bool     // it can be confirmed
	Confirm Form
	Again   Form
	BackURL string
	Raw     []Pair // all that arrived
}

func (*ConnectTrial) template() string { return "connect/trial" }

// TrialRow is one thing that is to be known of a person: by which name it
// arrived, with which value, and what it becomes.
type TrialRow struct {
	Label   Message
	From    string // the claim or the attribute
	Arrived string // "": nothing did
	Becomes Sentence
	Bad     bool
}

// What has just been done on these pages.
const (
	NoticeDomainAdded   Message = "notice.domain_added"
	NoticeDomainProven  Message = "notice.domain_proven"
	NoticeDomainRemoved Message = "notice.domain_removed"
	NoticeDomainLed     Message = "notice.domain_led"
	NoticeConnSaved     Message = "notice.connection_saved"
	NoticeConnEased     Message = "notice.connection_eased"
	NoticeConnStopped   Message = "notice.connection_stopped"
	NoticeConnRemoved   Message = "notice.connection_removed"
	NoticeConnPassed    Message = "notice.connection_passed"
	NoticeConnOn        Message = "notice.connection_on"
	NoticeConnOff       Message = "notice.connection_off"
	NoticeConnRequired  Message = "notice.connection_required"
	NoticeLinkRevoked   Message = "notice.link_revoked"
)

// SetupInvite is where a delegated link leads: a page with a button.
type SetupInvite struct {
	Frame
	Form
	Org   string
	By    string // who made it; "": not known any more
	Until time.Time
}

func (*SetupInvite) template() string { return "connect/invite" }

// What these pages say of what they find.
const (
	ConnectBecomesAdmin    Message = "connect.becomes.admin"
	ConnectBecomesEmail    Message = "connect.becomes.email"
	ConnectBecomesName     Message = "connect.becomes.name"
	ConnectBecomesNoEmail  Message = "connect.becomes.no_email"
	ConnectBecomesNoName   Message = "connect.becomes.no_name"
	ConnectBecomesRefused  Message = "connect.becomes.refused"
	ConnectBecomesSubject  Message = "connect.becomes.subject"
	ConnectBecomesUnproven Message = "connect.becomes.unproven"
	ConnectBecomesViewer   Message = "connect.becomes.viewer"
	ConnectFoundAlike      Message = "connect.found.alike"
	ConnectFoundAtDomain   Message = "connect.found.at_domain"
	ConnectFoundDoubled    Message = "connect.found.doubled"
	ConnectFoundMissing    Message = "connect.found.missing"
	ConnectFoundOther      Message = "connect.found.other"
	ConnectFoundSoon       Message = "connect.found.soon"
	ConnectFoundTaken      Message = "connect.found.taken"
	ConnectFoundUnanswered Message = "connect.found.unanswered"
	ConnectNextDomain      Message = "connect.next.domain"
	ConnectNextDone        Message = "connect.next.done"
	ConnectNextEnter       Message = "connect.next.enter"
	ConnectNextProvider    Message = "connect.next.provider"
	ConnectNextRecord      Message = "connect.next.record"
	ConnectNextSwitch      Message = "connect.next.switch"
	ConnectNextTry         Message = "connect.next.try"
	ConnectOutcomeChanged  Message = "connect.outcome.changed"
	ConnectOutcomeKnown    Message = "connect.outcome.known"
	ConnectOutcomeLink     Message = "connect.outcome.link"
	ConnectOutcomeNew      Message = "connect.outcome.new"
	ConnectOutcomeRefused  Message = "connect.outcome.refused"
	ConnectProtocolOidc    Message = "connect.protocol.oidc"
	ConnectProtocolSaml    Message = "connect.protocol.saml"
	ConnectRecordFull      Message = "connect.record.full"
	ConnectRecordName      Message = "connect.record.name"
	ConnectRecordText      Message = "connect.record.text"
	ConnectRecordType      Message = "connect.record.type"
	ConnectRowEmail        Message = "connect.row.email"
	ConnectRowGroups       Message = "connect.row.groups"
	ConnectRowName         Message = "connect.row.name"
	ConnectRowSubject      Message = "connect.row.subject"
)

// CompanySignIn tells somebody whose address signs in elsewhere, alone, that it
// does. Its form, if there is one, is for owners.
type CompanySignIn struct {
	Frame
	Form
	Connection, Domain, Org string
	ContinueURL             string
}

func (*CompanySignIn) template() string { return "connect/company" }

// CompanyPassword is where the address of the page signs in.
type CompanyPassword struct{ Domain, Org string }
