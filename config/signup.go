package config

import (
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// SignUp is how people make accounts.
type SignUp struct {
	// Who can make an account: everybody (`open`), who was invited to the house or to
	// an organization (`invited`), or besides these whose e-mail address is of one of
	// `sign_up.domains` (`domains`). Operators make accounts in any case, with `signet
	// apply` or `signet user create`. Without a mail server (`smtp.url`) nobody else
	// can: the address is proven by a letter.
	Who string `yaml:"who" default:"open" oneof:"open|invited|domains"`

	// What stands behind the @ of the addresses that may sign up, where `sign_up.who`
	// is `domains`. Those below a domain are others.
	Domains []string `yaml:"domains"`

	// Time in which a new account must be activated. After that nothing of it is kept.
	Waiting time.Duration `yaml:"waiting" default:"1d" min:"10m" max:"30d"`

	// Time between two letters of sign-ups to one e-mail address, whoever asks.
	ResendAfter time.Duration `yaml:"resend_after" default:"1m" max:"1d"`
}

// Values of SignUp.Who.
const (
	SignUpOpen    = "open"
	SignUpInvited = "invited"
	SignUpDomains = "domains"
)

func (s SignUp) check(r *report) {
	switch {
	case s.Who == SignUpDomains && len(s.Domains) == 0:
		r.fault("sign_up.domains", "none is set, so that nobody can sign up", "name the domains, or set sign_up.who to "+SignUpInvited)
	case s.Who != SignUpDomains && len(s.Domains) > 0:
		r.fault("sign_up.domains", "they count only where sign_up.who is "+SignUpDomains, "set it so, or name none")
	}
	for _, d := range s.Domains {
		if ascii, err := idna.Lookup.ToASCII(d); err != nil || !strings.Contains(ascii, ".") {
			r.fault("sign_up.domains", quote(d)+" is no domain of e-mail addresses", "write what stands behind the @, as example.com")
		}
	}
}
