package saml

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/crewjam/saml"
)

// What an assertion may hold, in bytes: nothing that fills a page or a row. How
// many there are is bounded by the scan.
const (
	maxSubject = 512
	maxValue   = 2048
)

// answer reads the assertion, which is verified.
func answer(idp *Provider, a *saml.Assertion, now time.Time) (*Answer, error) {
	name := a.Subject.NameID
	out := &Answer{ID: a.ID, Issuer: idp.EntityID, Format: name.Format, name: strings.TrimSpace(name.Value), Attributes: map[string][]string{}, Friendly: map[string]string{}}
	out.Subject = subject(idp, name)
	if out.Subject == "" || !printable(out.Subject, maxSubject) {
		return nil, refuse(Malformed, errors.New("the subject's NameID is empty, too long, or has characters that no name has"))
	}
	for _, s := range a.AuthnStatements {
		if out.SignedInAt.Before(s.AuthnInstant) {
			out.SignedInAt, out.Session = s.AuthnInstant, s.SessionIndex
		}
		if end := s.SessionNotOnOrAfter; end != nil && (out.Until.IsZero() || end.Before(out.Until)) {
			out.Until = *end
		}
	}
	if !printable(out.Session, maxSubject) {
		return nil, refuse(Malformed, errors.New("the SessionIndex is too long, or has characters that no name has"))
	}
	if !out.Until.IsZero() && !now.Before(out.Until) {
		return nil, refuse(Stale, errors.New("the sign-in is over already (SessionNotOnOrAfter)"))
	}
	if err := out.read(a.AttributeStatements); err != nil {
		return nil, refuse(Malformed, err)
	}
	return out, nil
}

// subject is the name by which the person is known. Names that the provider
// qualifies as another's are kept apart (Core §2.2.2, §8.3.7).
func subject(idp *Provider, name *saml.NameID) string {
	value := strings.TrimSpace(name.Value)
	if value == "" {
		return ""
	}
	if name.NameQualifier != "" && name.NameQualifier != idp.EntityID {
		return name.NameQualifier + "!" + name.SPNameQualifier + "!" + value
	}
	return value
}

func (a *Answer) read(statements []saml.AttributeStatement) error {
	for _, s := range statements {
		for _, attribute := range s.Attributes {
			if attribute.Name == "" || !printable(attribute.Name, maxSubject) || !printable(attribute.FriendlyName, maxSubject) {
				return errors.New("an attribute's name is empty, too long, or has characters that no name has")
			}
			if _, ok := a.Attributes[attribute.Name]; !ok {
				a.Attributes[attribute.Name] = []string{}
			}
			if f := attribute.FriendlyName; f != "" && f != attribute.Name {
				a.Friendly[f] = attribute.Name
			}
			for _, v := range attribute.Values {
				text, ok, err := valueOf(v)
				if err != nil {
					return fmt.Errorf("attribute %s: %w", attribute.Name, err)
				}
				if ok {
					a.Attributes[attribute.Name] = append(a.Attributes[attribute.Name], text)
				}
			}
		}
	}
	return nil
}

// valueOf reads one value; false: it is none (Core §2.7.3.1.1).
func valueOf(v saml.AttributeValue) (string, bool, error) {
	text := v.Value
	if v.NameID != nil {
		text = v.NameID.Value
	}
	text = strings.TrimSpace(text)
	if v.Nil || text == "" {
		return "", false, nil
	}
	if !printable(text, maxValue) {
		return "", false, fmt.Errorf("a value is longer than %d bytes, or has characters that no text has", maxValue)
	}
	return text, true, nil
}

func printable(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
	})
}

// Values returns the values of the attribute with the name, or else with the
// friendly name.
func (a *Answer) Values(name string) []string {
	if v, ok := a.Attributes[name]; ok {
		return v
	}
	return a.Attributes[a.Friendly[name]]
}
