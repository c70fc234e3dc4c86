package view

import "time"

// OrgNews is what happened to somebody's place in an organization, or to its sign-in.
type OrgNews struct {
	Org        string
	Role       Role   // that was given
	Domain     string // that was lost
	Connection string // that is required
	By         string
	At         time.Time
	From       *Where    // where it was done, for owners to judge; it says when, too
	Erased     time.Time // when a deleted organization is erased
}

// OrgLetter is a letter about somebody's place in an organization, or its sign-in.
type OrgLetter struct {
	AccountLetter
	news OrgNews
}

// values are filled into the subject and the lead.
func (l *OrgLetter) values() []string { return []string{"Org", l.news.Org, "Domain", l.news.Domain} }

// Lead says what happened.
func (l *OrgLetter) Lead() (string, error) {
	role, err := l.T(l.news.Role.Label())
	if err != nil {
		return "", err
	}
	return l.T(l.words.lead, "Org", l.news.Org, "Role", role, "Domain", l.news.Domain, "Connection", l.news.Connection)
}

// Why says why the letter came.
func (l *OrgLetter) Why() (string, error) { return l.T("mail.org.why", "Brand", l.Brand().Name) }

func newOrgLetter(f LetterFrame, n OrgNews, url string, words accountWords) *OrgLetter {
	l := &OrgLetter{AccountLetter: AccountLetter{LetterFrame: f, URL: url, words: words}, news: n}
	if n.By != "" {
		l.Facts = append(l.Facts, LetterFact{Name: "mail.org.by", Value: n.By})
	}
	if n.From != nil {
		l.Facts = append(l.Facts, n.From.facts()...)
	} else {
		l.Facts = append(l.Facts, LetterFact{Name: "mail.sign_in.time", At: n.At})
	}
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

// NewOrgSignInRequired tells an owner that people sign in by a connection alone.
func NewOrgSignInRequired(f LetterFrame, n OrgNews, url string) *OrgLetter {
	return newOrgLetter(f, n, url, accountWords{"mail.connect.required.subject", "mail.connect.required.lead", "mail.connect.required.then", "mail.connect.button"})
}

// NewOrgDomainLost tells an owner that a domain is proven no more.
func NewOrgDomainLost(f LetterFrame, n OrgNews, url string) *OrgLetter {
	return newOrgLetter(f, n, url, accountWords{"mail.connect.lost.subject", "mail.connect.lost.lead", "mail.connect.lost.then", "mail.connect.lost.button"})
}

// NewOrgSetupOpened tells an owner that a delegated link was opened.
func NewOrgSetupOpened(f LetterFrame, n OrgNews, url string) *OrgLetter {
	return newOrgLetter(f, n, url, accountWords{"mail.connect.opened.subject", "mail.connect.opened.lead", "mail.connect.opened.then", "mail.connect.button"})
}
