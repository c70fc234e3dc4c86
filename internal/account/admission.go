package account

import (
	"slices"
	"strings"
)

// Admission says who may make an account without being invited. The zero value
// says: nobody.
type Admission struct {
	Everybody bool
	Domains   []string // or who has an address there
}

// Anybody reports whether there is anybody who may.
func (a Admission) Anybody() bool { return a.Everybody || len(a.Domains) > 0 }

// Admits reports whether the owner of the address may, of which the key is
// given: see NormalizeEmail.
func (a Admission) Admits(emailKey string) bool {
	at := strings.LastIndexByte(emailKey, '@')
	return a.Everybody || at >= 0 && slices.ContainsFunc(a.Domains, func(domain string) bool {
		_, key, err := NormalizeEmail("a@" + domain)
		return err == nil && key[1:] == emailKey[at:]
	})
}
