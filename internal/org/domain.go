package org

import (
	"context"
	"strings"
	"time"
)

// Domain is a domain of e-mail addresses that an organization says is its own.
// Only once it is proven, by a record in the domain's DNS, is anything that
// somebody else says of its addresses believed; and one organization alone has
// it proven at a time.
//
//	Add ──record found──> proven ──record gone for long──> waits again
//
// Name is the domain as it is looked up: in ASCII, in small letters.
type Domain struct {
	OrgID     string
	Name      string
	Token     string // what the record holds; no secret, for all the world can read it there
	CreatedAt time.Time
	ProvenAt  time.Time // zero: not proven
	CheckedAt time.Time // when the record was last looked for
	MissedAt  time.Time // proven, but the record has not been seen since; zero: it has
	Vouched   bool      // the operator's word stands for the record
	// ConnectionID is where its people sign in, of several connections of the
	// organization; "": by the one that there is.
	ConnectionID string
}

// Proven reports whether the organization has the domain.
func (d *Domain) Proven() bool { return !d.ProvenAt.IsZero() }

// What is before a domain to name its record, and what is before its token.
const (
	recordLabel  = "_signet-challenge."
	recordPrefix = "signet-domain-proof="
)

// Record is the TXT record that proves the domain: its name and its text.
func (d *Domain) Record() (name, text string) { return recordLabel + d.Name, recordPrefix + d.Token }

// has reports whether the record's text is among those that were read: with white
// space and quotes around it, which some consoles of DNS keep when they are typed.
func (d *Domain) has(texts []string) bool {
	_, want := d.Record()
	for _, text := range texts {
		if strings.Trim(text, " \t\r\n\"'“”") == want {
			return true
		}
	}
	return false
}

// DomainOf is the domain of an address in the form in which it is one account's
// (account.NormalizeEmail), and so the one that it must be proven as.
func DomainOf(emailKey string) string { return emailKey[strings.LastIndexByte(emailKey, '@')+1:] }

// DomainStore keeps the domains of organizations.
type DomainStore interface {
	// AddDomain stores a domain that waits for its proof and reports whether it
	// did: not where the organization has it already. A fault of kind Limited when
	// it has most already.
	AddDomain(ctx context.Context, d *Domain, most int) (bool, error)
	// Domain returns the organization's domain, or a fault of kind NotFound.
	Domain(ctx context.Context, orgID, name string) (*Domain, error)
	// Domains returns up to limit domains of the organization with a name after
	// the given one, by name.
	Domains(ctx context.Context, orgID, after string, limit int) ([]*Domain, error)
	// BeginDomainCheck notes that the record is being looked for, if nobody did
	// after the time; it reports whether that is so. Of several callers one is told.
	BeginDomainCheck(ctx context.Context, orgID, name string, since, now time.Time) (bool, error)
	// AlikeDomain returns the name of a proven domain of another organization that
	// looks like the one with the skeleton, itself included; "" for none.
	AlikeDomain(ctx context.Context, orgID, skeleton string) (string, error)
	// ProveDomain makes the domain the organization's, by its record or by the
	// operator's word; a fault of kind Conflict when another one has it that is not
	// deleted, of kind NotFound when it is gone.
	ProveDomain(ctx context.Context, orgID, name string, vouched bool, now time.Time) error
	// MissDomain notes that the record of a proven domain is not there. If it has
	// not been since the time, the domain is not proven any more; it reports whether
	// that is so.
	MissDomain(ctx context.Context, orgID, name string, now, lost time.Time) (bool, error)
	// LeadDomain makes the connection of the organization, or none in particular
	// for "", the one by which the domain's people sign in, and reports whether
	// there are both.
	LeadDomain(ctx context.Context, orgID, name, connectionID string) (bool, error)
	// RemoveDomain removes the domain and reports whether it was there.
	RemoveDomain(ctx context.Context, orgID, name string) (bool, error)
	// DomainsToCheck returns up to limit domains that are proven by a record that
	// was not looked for after the time, those first that waited longest.
	DomainsToCheck(ctx context.Context, before time.Time, limit int) ([]*Domain, error)
	// ProvenDomain returns the domain of the organization that has proven it and
	// is not deleted, or nil. It is one statement either way.
	ProvenDomain(ctx context.Context, name string) (*Domain, error)
}

// Resolver asks the DNS.
type Resolver interface {
	// TXT returns the texts of the name; none, and no error, when there is no such
	// name. A fault of kind Unavailable: it was not answered.
	TXT(ctx context.Context, name string) ([]string, error)
}
