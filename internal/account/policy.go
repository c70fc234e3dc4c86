package account

// PolicyName names a rule for new passwords.
type PolicyName string

// The policies.
const (
	PolicyLenovo PolicyName = "lenovo" // 8 to 20 characters, three of the four kinds
	PolicyEither PolicyName = "either" // that, or 15 to 128 characters of any kind
	PolicyNIST   PolicyName = "nist"   // 15 to 128 characters of any kind (NIST SP 800-63B-4 §3.1.1.2)
)

// Flaw is what a policy finds wrong with a password. Its text is the key that
// pages look its sentence up by.
type Flaw string

// The flaws.
const (
	FlawShort    Flaw = "short"
	FlawLong     Flaw = "long"
	FlawKinds    Flaw = "kinds"    // of characters, too few
	FlawCommon   Flaw = "common"   // on the list of common and breached passwords
	FlawPersonal Flaw = "personal" // the person's own name or address
)

// Policy is the rule for new passwords. It applies when a password is set, never
// to one that is checked.
type Policy struct{ name PolicyName }

// NewPolicy returns the policy of the name.
func NewPolicy(name PolicyName) *Policy { return &Policy{name: name} }

// Check returns what is wrong with the password, nil: nothing. about are the
// person's names and address, and the name of the house. Lengths are code points after NFC.
func (p *Policy) Check(password string, about ...string) []Flaw {
	if len([]rune(password)) < 8 {
		return []Flaw{FlawShort}
	}
	return nil
}
