package org

import (
	"context"
	"fmt"
	"strings"

	"signet/internal/fault"
)

// What a look at the record of a domain can find, beside the record.
const (
	RecordMissing    DomainProblem = "missing"    // there is none of that name
	RecordOther      DomainProblem = "other"      // there is one, with another text
	RecordAtDomain   DomainProblem = "at-domain"  // it stands at the domain itself
	RecordDoubled    DomainProblem = "doubled"    // its name ends with the domain twice
	RecordUnanswered DomainProblem = "unanswered" // the DNS did not answer
	DomainTaken      DomainProblem = "taken"      // another organization has the domain
	DomainAlike      DomainProblem = "alike"      // it looks like one that another organization has
)

// Finding is what a look at the record of a domain found.
type Finding struct {
	Proven  bool
	Problem DomainProblem // why not
	Where   string        // the name at which something was found that should be elsewhere
	Seen    []string      // texts at the record's name, some of them
}

// Bounds of what is shown of what the DNS said.
const (
	mostSeen    = 3
	longestSeen = 100
)

// check looks for the record, where it should be and where it is often put by
// mistake, and makes the domain the organization's if it is where it should be.
func (s *Domains) check(ctx context.Context, d *Domain) (*Finding, error) {
	name, _ := d.Record()
	texts, err := s.resolver.TXT(ctx, name)
	switch {
	case fault.Is(err, fault.Unavailable):
		return &Finding{Problem: RecordUnanswered}, nil
	case err != nil:
		return nil, err
	case d.has(texts):
		return s.prove(ctx, d)
	}
	for where, problem := range map[string]DomainProblem{d.Name: RecordAtDomain, name + "." + d.Name: RecordDoubled} {
		if elsewhere, err := s.resolver.TXT(ctx, where); err == nil && d.has(elsewhere) {
			return &Finding{Problem: problem, Where: where}, nil
		}
	}
	if len(texts) == 0 {
		return &Finding{Problem: RecordMissing}, nil
	}
	return &Finding{Problem: RecordOther, Seen: shown(texts)}, nil
}

// shown are some of the texts, cut, with nothing in them that does not print.
func shown(texts []string) []string {
	var out []string
	for _, text := range texts[:min(len(texts), mostSeen)] {
		clean := strings.Map(func(r rune) rune {
			if unprintable(r) || r == '\uFFFD' {
				return '?'
			}
			return r
		}, text[:min(len(text), longestSeen)])
		out = append(out, clean)
	}
	return out
}

// prove makes the domain the organization's, unless it is another one's, or could
// be taken for another one's.
func (s *Domains) prove(ctx context.Context, d *Domain) (*Finding, error) {
	if !d.Proven() {
		like, err := s.store.AlikeDomain(ctx, d.OrgID, d.Skeleton())
		if err != nil {
			return nil, err
		}
		if like != "" && like != d.Name {
			return &Finding{Problem: DomainAlike}, nil
		}
	}
	err := s.store.ProveDomain(ctx, d.OrgID, d.Name, false, s.now())
	if fault.Is(err, fault.Conflict) {
		return &Finding{Problem: DomainTaken}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Finding{Proven: true}, nil
}

// Sentence says what was found, and what to change and where.
func (f *Finding) Sentence(d *Domain) string {
	name, text := d.Record()
	switch f.Problem {
	case RecordMissing:
		return fmt.Sprintf("no TXT record is at %s; add one with the text %s, and mind that it can take a while until it is seen", name, text)
	case RecordOther:
		return fmt.Sprintf("the TXT record at %s says %q; its text must be %s", name, strings.Join(f.Seen, " "), text)
	case RecordAtDomain:
		return fmt.Sprintf("the record is at %s; move it to %s", f.Where, name)
	case RecordDoubled:
		return fmt.Sprintf("the record is at %s; enter its name without the domain at its end: %s", f.Where, strings.TrimSuffix(recordLabel, "."))
	case RecordUnanswered:
		return "the DNS of the domain did not answer; try again in a few minutes"
	case DomainTaken:
		return "another organization has proven this domain; it has to remove it first"
	case DomainAlike:
		return "this domain looks like one that another organization has proven; ask who runs this service"
	}
	return "proven"
}
