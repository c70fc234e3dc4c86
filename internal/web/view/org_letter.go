package view

import "time"

// OrgNews is what happened to somebody's place in an organization.
type OrgNews struct {
	Org    string
	Role   Role // that was given
	By     string
	At     time.Time
	Erased time.Time // when a deleted organization is erased
}

// OrgLetter is a letter about somebody's place in an organization.
type OrgLetter struct {
	AccountLetter
	org  string
	role Role
}

// values are filled into the subject and the lead.
func (l *OrgLetter) values() []string { return []string{"Org", l.org} }

// Lead says what happened.
func (l *OrgLetter) Lead() (string, error) {
	role, err := l.T(l.role.Label())
	if err != nil {
		return "", err
	}
	return l.T(l.words.lead, "Org", l.org, "Role", role)
}

// Why says why the letter came.
func (l *OrgLetter) Why() (string, error) { return l.T("mail.org.why", "Brand", l.Brand().Name) }

func newOrgLetter(f LetterFrame, n OrgNews, url string, words accountWords) *OrgLetter {
	l := &OrgLetter{AccountLetter: AccountLetter{LetterFrame: f, URL: url, words: words}, org: n.Org, role: n.Role}
	if n.By != "" {
		l.Facts = append(l.Facts, LetterFact{Name: "mail.org.by", Value: n.By})
	}
	l.Facts = append(l.Facts, LetterFact{Name: "mail.sign_in.time", At: n.At})
	if !n.Erased.IsZero() {
		l.Facts = append(l.Facts, LetterFact{Name: "mail.account.erased_on", At: n.Erased})
	}
	return l
}

// NewOrgRole tells a person of their role.
func NewOrgRole(f LetterFrame, n OrgNews, url string) *OrgLetter {
	return newOrgLetter(f, n, url, accountWords{"mail.org.role.subject", "mail.org.role.lead", "mail.org.role.then", "mail.org.role.button"})
}

// NewOrgJoined tells who invited somebody that they have come.
func NewOrgJoined(f LetterFrame, n OrgNews, url string) *OrgLetter {
	return newOrgLetter(f, n, url, accountWords{"mail.org.joined.subject", "mail.org.joined.lead", "mail.org.joined.then", "mail.org.role.button"})
}

// NewOrgRemoved tells a person that they belong to the organization no more.
func NewOrgRemoved(f LetterFrame, n OrgNews) *OrgLetter {
	return newOrgLetter(f, n, "", accountWords{"mail.org.removed.subject", "mail.org.removed.lead", "mail.org.removed.then", ""})
}

// NewOrgDeleted tells an owner that the organization was deleted.
func NewOrgDeleted(f LetterFrame, n OrgNews, url string) *OrgLetter {
	return newOrgLetter(f, n, url, accountWords{"mail.org.deleted.subject", "mail.org.deleted.lead", "mail.org.deleted.then", "mail.org.deleted.button"})
}
