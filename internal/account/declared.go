package account

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/language"

	"signet/internal/fault"
)

// CheckNew returns what is wrong with an account that an operator declares:
// one fault of kind Invalid that names its field, or several of them joined.
// Only what Create and Update would store is looked at, and nothing is hashed.
func (s *Service) CheckNew(n New) error {
	var found []error
	if _, _, err := NormalizeEmail(n.Email); err != nil {
		found = append(found, fault.New(fault.Invalid, "email: %q is not a complete e-mail address such as name@example.com", n.Email).On("email"))
	}
	if n.Password != "" && n.PasswordHash != "" {
		found = append(found, fault.New(fault.Invalid, "password and password_hash exclude each other").On("password_hash"))
	}
	if len(n.Password) > MaxPasswordBytes {
		found = append(found, fault.New(fault.Invalid, "password: at most %d bytes", MaxPasswordBytes).On("password"))
	}
	if n.PasswordHash != "" {
		if err := s.hasher.CheckImported(n.PasswordHash); err != nil {
			found = append(found, err)
		}
	}
	found = append(found, n.Profile.check()...)
	if len(found) == 1 {
		return found[0]
	}
	return errors.Join(found...)
}

// zoneForm is a name of the IANA time zone database; whether there is such a
// zone, only a database of today's could say.
var zoneForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)

// check holds the claims that have a form to it (OpenID Connect Core §5.1).
func (p *Profile) check() []error {
	var found []error
	add := func(field, format string, args ...any) {
		found = append(found, fault.New(fault.Invalid, format, args...).On(field))
	}
	if p.Birthdate != "" && !validBirthdate(p.Birthdate) {
		add("birthdate", "birthdate is YYYY-MM-DD, YYYY, or 0000-MM-DD without a year, not %q", p.Birthdate)
	}
	if _, err := language.Parse(p.Locale); p.Locale != "" && err != nil {
		add("locale", "locale is a language tag such as en-GB, not %q", p.Locale)
	}
	if p.ZoneInfo != "" && !zoneForm.MatchString(p.ZoneInfo) {
		add("zoneinfo", "zoneinfo is a time zone such as Europe/Paris, not %q", p.ZoneInfo)
	}
	if err := checkLocalized(p.Localized); err != nil {
		found = append(found, err)
	}
	for _, address := range []struct{ field, uri string }{
		{"profile", p.ProfileURL}, {"picture", p.Picture}, {"website", p.Website},
	} {
		if address.uri != "" && !strings.HasPrefix(address.uri, "https://") && !strings.HasPrefix(address.uri, "http://") {
			add(address.field, "%s is an address that begins with https://, not %q", address.field, address.uri)
		}
	}
	return found
}

func validBirthdate(s string) bool {
	for _, layout := range []string{time.DateOnly, "2006"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	_, err := time.Parse("2006-01-02", "2000"+strings.TrimPrefix(s, "0000")) // a leap year: the year is not said
	return err == nil && strings.HasPrefix(s, "0000-")
}

// DiffersInPassword reports whether the declared password or hash is another
// than the account's. A password is verified and not hashed. A hash that was
// imported is replaced by one with today's costs at the first sign-in; that one
// does not differ from it, and neither does a password chosen since, of which
// nobody can tell.
func (s *Service) DiffersInPassword(ctx context.Context, a *Account, n New) (bool, error) {
	if n.PasswordHash != "" && !s.hasher.current(n.PasswordHash) && s.hasher.current(a.PasswordHash) {
		return false, nil
	}
	same, err := s.samePassword(ctx, a, n)
	return !same, err
}

// current reports whether the hash was made with today's costs.
func (h *Hasher) current(hash string) bool { return strings.HasPrefix(hash, h.prefix) }
