package config

import (
	"net/netip"
	"strings"
	"time"
)

// Lifetimes says how long each thing that is handed out may be used.
type Lifetimes struct {
	// Authorization code, from the answer to its exchange. RFC 6749 §4.1.2 allows
	// ten minutes at most; FAPI 2.0 one, which a client of that profile is held to in
	// any case.
	Code time.Duration `yaml:"code" default:"60s" min:"5s" max:"10m"`

	// Access token. It cannot be called back from an app that checks it by
	// signature alone, so it is short.
	AccessToken time.Duration `yaml:"access_token" default:"10m" min:"10s" max:"1d"`

	// ID token.
	IDToken time.Duration `yaml:"id_token" default:"10m" min:"10s" max:"1d"`

	// Refresh token that is not used for so long.
	RefreshIdle time.Duration `yaml:"refresh_idle" default:"30d" min:"1m" max:"3650d"`

	// Family of refresh tokens, from the sign-in on, however often it is used.
	RefreshAbsolute time.Duration `yaml:"refresh_absolute" default:"180d" min:"1m" max:"3650d"`

	// Time in which a refresh token that was just used is answered again with the
	// same successor, because the first answer may have been lost on the way.
	// Later use revokes the family. 0 turns it off.
	RefreshGrace time.Duration `yaml:"refresh_grace" default:"10s" max:"2m"`

	// Sign-in that is under way: from the app's request to the answer.
	Flow time.Duration `yaml:"flow" default:"1h" min:"1m" max:"1d"`

	// Request that an app pushed (RFC 9126), until the browser brings it along. FAPI
	// 2.0 wants less than ten minutes.
	PushedRequest time.Duration `yaml:"pushed_request" default:"60s" min:"5s" max:"599s"`

	// Reasons why a request of an app was refused, for `signet explain`. 0 keeps none.
	Refusal time.Duration `yaml:"refusal" default:"1d" max:"30d"`

	// Codes of a device without a keyboard (RFC 8628), until its owner has decided
	// and the device has come for its tokens.
	DeviceCode time.Duration `yaml:"device_code" default:"10m" min:"30s" max:"1h"`

	// Time that must lie between two questions of a device that waits. One that
	// asks sooner must wait 5 seconds longer.
	DeviceInterval time.Duration `yaml:"device_interval" default:"5s" min:"1s" max:"1m"`

	// Sign-in that an app asks for away from the browser (CIBA), until the person
	// decides, where the app names no time of its own.
	Backchannel time.Duration `yaml:"backchannel" default:"5m" min:"10s" max:"1h"`

	// The most that an app gets which names one.
	BackchannelMost time.Duration `yaml:"backchannel_most" default:"15m" min:"10s" max:"1h"`

	// Least time between two questions of an app for the outcome.
	BackchannelInterval time.Duration `yaml:"backchannel_interval" default:"5s" min:"1s" max:"1m"`

	// Code that is mailed to reset a password, and then the time to set the new one.
	RecoveryCode time.Duration `yaml:"recovery_code" default:"10m" min:"1s" max:"1h"`

	// Browser session that is not used for so long.
	SessionIdle time.Duration `yaml:"session_idle" default:"12h" min:"1m" max:"365d"`

	// Browser session, from the sign-in on.
	SessionAbsolute time.Duration `yaml:"session_absolute" default:"7d" min:"1m" max:"365d"`

	// Browser session of a person who chose to stay signed in, not used for so long.
	RememberedIdle time.Duration `yaml:"remembered_idle" default:"30d" min:"1m" max:"3650d"`

	// Browser session of a person who chose to stay signed in, from the sign-in on.
	RememberedAbsolute time.Duration `yaml:"remembered_absolute" default:"90d" min:"1m" max:"3650d"`
}

func (l Lifetimes) check(r *report) {
	for _, pair := range []struct {
		name           string
		idle, absolute time.Duration
	}{
		{"refresh", l.RefreshIdle, l.RefreshAbsolute},
		{"session", l.SessionIdle, l.SessionAbsolute},
		{"remembered", l.RememberedIdle, l.RememberedAbsolute},
	} {
		if pair.idle > pair.absolute {
			r.fault("lifetimes."+pair.name+"_idle",
				formatDuration(pair.idle)+" is longer than lifetimes."+pair.name+"_absolute, "+formatDuration(pair.absolute),
				"make it shorter, or the other longer")
		}
	}
}

// Values of Cookies.SameSite.
const (
	SameSiteLax  = "lax"
	SameSiteNone = "none"
)

// Cookies are those of the provider's own pages.
type Cookies struct {
	// Whether browsers send the cookies to the provider when another site's page
	// embeds it or posts to it: `lax` for no. `none` is for apps that renew a
	// session in a hidden frame from another site, and needs an https issuer.
	SameSite string `yaml:"same_site" default:"lax" oneof:"lax|none"`
}

func (k Cookies) check(r *report, issuer string) {
	if k.SameSite == SameSiteNone && strings.HasPrefix(issuer, "http://") {
		r.fault("cookies.same_site", "is none while the issuer is http, and browsers drop such cookies", "write lax, or use https")
	}
}

// Password is the rule for the passwords that people choose.
type Password struct {
	// What a new password must be. `lenovo`: 8 to 20 characters, with at least
	// three of upper case, lower case, digit and symbol. `either`: that, or 15 to
	// 128 characters of any kind. `nist`: 15 to 128 characters of any kind, as NIST
	// SP 800-63B-4 asks for where a password alone signs in. With each, a password
	// is refused that is common or was breached, or is the person's own name or
	// address. It applies when a person sets a password: those that are in use, are
	// imported, or are set by an operator stay good.
	Policy string `yaml:"policy" default:"lenovo" oneof:"lenovo|either|nist"`
}

// Hashing is the work to check one password: argon2id, RFC 9106. The defaults
// are what the OWASP password storage cheat sheet asks for at least. Stored hashes
// keep their own parameters and are renewed at the next sign-in.
type Hashing struct {
	// Memory of one hash.
	Memory Size `yaml:"memory" default:"19MiB" min:"7MiB" max:"4GiB"`

	// Passes over the memory.
	Iterations int `yaml:"iterations" default:"2" min:"1" max:"100"`

	// Lanes of one hash, each a thread.
	Parallelism int `yaml:"parallelism" default:"1" min:"1" max:"64"`

	// Hashes computed at once; the others wait their turn, so that a rush of
	// sign-ins costs time and not memory. 0 means one for each core.
	Concurrency int `yaml:"concurrency" default:"0" min:"0" max:"1024"`
}

// Limits bounds how often strangers may try.
type Limits struct {
	// Failed sign-ins at one account, before further tries are put off, whatever
	// their password. An account that does not exist answers the same.
	SignInAccount Rate `yaml:"sign_in_account" default:"10/15m"`

	// Failed sign-ins from one block of addresses, before further tries are put off.
	SignInNetwork Rate `yaml:"sign_in_network" default:"100/15m"`

	// Sign-ins begun from one block of addresses, finished or not: each is stored
	// until it ends. A company behind one address needs as many as it has people.
	FlowNetwork Rate `yaml:"flow_network" default:"1000/5m"`

	// Answers to challenges in one sign-in, right or wrong, before further ones are
	// put off unread.
	ChallengeFlow Rate `yaml:"challenge_flow" default:"10/15m"`

	// Answers to challenges from one block of addresses, right or wrong, before
	// further ones are put off unread: what a machine can do that solves them all.
	ChallengeNetwork Rate `yaml:"challenge_network" default:"200/15m"`

	// Challenges made for one block of addresses, answered or not: each is stored
	// for ten minutes, and its picture costs work.
	ChallengeAsked Rate `yaml:"challenge_asked" default:"600/15m"`

	// The same for those of another kind than `challenge` sets, which people choose
	// who cannot see the picture, and machines because it is cheap.
	ChallengeOther Rate `yaml:"challenge_other" default:"40/15m"`

	// Codes to reset a password that are mailed to one address, before further ones
	// are put off. An address without an account answers the same. A browser that
	// the account knows has as many of its own, here and below.
	RecoveryAccount Rate `yaml:"recovery_account" default:"20/1d"`

	// Codes to reset a password that are asked for from one block of addresses.
	RecoveryNetwork Rate `yaml:"recovery_network" default:"60/1h"`

	// Wrong codes that are typed for one address, however many were mailed to it.
	// A code has six digits, so that this is what keeps it from being guessed.
	CodeAccount Rate `yaml:"code_account" default:"20/1d"`

	// Wrong codes from one block of addresses.
	CodeNetwork Rate `yaml:"code_network" default:"100/1h"`

	// Tries that a code which was mailed allows.
	CodeTries int `yaml:"code_tries" default:"5" min:"1" max:"20"`

	// Wrong codes of devices that are typed in one browser, before further ones are
	// put off unread.
	DeviceBrowser Rate `yaml:"device_browser" default:"10/15m"`

	// Wrong codes of devices from one block of addresses.
	DeviceNetwork Rate `yaml:"device_network" default:"50/15m"`

	// Wrong codes of devices from everybody together. A code has 34 bits and lives
	// for minutes: with a thousand devices waiting all the time, this many guesses
	// an hour find one in some months. One area of the network (a /24, of IPv6 a /48)
	// may take a tenth of them. People who are signed in are counted apart, so that
	// strangers cannot keep them off.
	DeviceEveryone Rate `yaml:"device_everyone" default:"5000/1h"`

	// Passwords chosen in sign-ups from one block of addresses: each is hashed, before
	// the challenge.
	SignUpPassword Rate `yaml:"sign_up_password" default:"100/1h"`

	// Letters of a sign-up that are asked for from one block of addresses: a new
	// account, or its letter once more.
	SignUpNetwork Rate `yaml:"sign_up_network" default:"50/1h"`

	// Codes of a sign-up that are tried from one block of addresses. Each code can be
	// tried five times in any case.
	SignUpCode Rate `yaml:"sign_up_code" default:"50/15m"`

	// Letters of sign-ups to one e-mail address, whoever asks for them. The networks
	// in `limits.exempt` are no exception: it is somebody's mailbox.
	// Who says by the link in one that it was not he gets them all back.
	SignUpMails Rate `yaml:"sign_up_mails" default:"20/1d"`

	// Invitations that one person sends, and sends again, in all organizations.
	// Operators are not bound by this and the next two.
	InvitationsPerson Rate `yaml:"invitations_person" default:"200/1d"`

	// Invitations to one organization, whoever sends them.
	InvitationsOrganization Rate `yaml:"invitations_organization" default:"500/1d"`

	// Invitations to one e-mail address, whoever sends them and to whatever. The
	// networks in `limits.exempt` are no exception: it is somebody's mailbox.
	InvitationsAddress Rate `yaml:"invitations_address" default:"10/1d"`

	// Letters of one kind to one person about one organization: that they have another
	// role, were removed, and the like. What is done more often is done, and not told.
	// The networks in `limits.exempt` are no exception.
	OrganizationLetters Rate `yaml:"organization_letters" default:"5/1d"`

	// Letters to one e-mail address that are asked for from one block of addresses:
	// those of sign-ups, and codes to reset a password, each for itself. It keeps a
	// stranger from using up alone what the address gets from everybody.
	MailsNetwork Rate `yaml:"mails_network" default:"6/1d"`

	// Wrong secrets of one client from one block of addresses, before the next is
	// refused unread. A right one costs nothing and is not counted.
	ClientSecret Rate `yaml:"client_secret" default:"50/15m"`

	// Apps that are registered from one block of addresses: each stays until it is
	// removed. That an app reads or replaces its registration counts as well.
	Registration Rate `yaml:"registration" default:"20/1h"`

	// Calls of the management API by one app for one person, or by itself.
	API Rate `yaml:"api" default:"600/1m"`

	// Logout tokens that are looked at for one sign-in connection from one block of
	// addresses: those of its provider, and what others make up.
	ProviderLogout Rate `yaml:"provider_logout" default:"600/1m"`

	// Addresses at one host that are asked for a client's metadata document and were
	// not known to have a good one: whoever makes up such addresses must not have us
	// ask somebody without end.
	DocumentHost Rate `yaml:"document_host" default:"30/1m"`

	// Sign-ins that one app may ask of one person away from the browser (CIBA),
	// whether or not there is such a person.
	Backchannel Rate `yaml:"backchannel" default:"60/10m"`

	// Such requests of one app for all people together, so that invented people are
	// bounded as well.
	BackchannelClient Rate `yaml:"backchannel_client" default:"3000/10m"`

	// Letters about such requests to one person, of all apps together. Those beyond
	// are found on the account page alone. The networks in `limits.exempt` are no
	// exception: it is somebody's mailbox.
	BackchannelLetters Rate `yaml:"backchannel_letters" default:"10/1h"`

	// Refused requests of apps that are kept for `signet explain`, from one block of
	// addresses. Those beyond are in the log alone.
	RefusalsNetwork Rate `yaml:"refusals_network" default:"300/1h"`

	// The same, from everywhere together: this times `lifetimes.refusal`, at about a
	// kilobyte each, is the most that strangers can make the provider keep.
	Refusals Rate `yaml:"refusals" default:"3000/1h"`

	// Length of the IPv4 block that counts as one visitor.
	IPv4Prefix int `yaml:"ipv4_prefix" default:"32" min:"8" max:"32"`

	// Length of the IPv6 block that counts as one visitor. A household has a /64,
	// so a single address says nothing.
	IPv6Prefix int `yaml:"ipv6_prefix" default:"64" min:"16" max:"128"`

	// Networks that no limit counts, for load tests and monitoring.
	Exempt []netip.Prefix `yaml:"exempt"`
}

// Challenge is what a form asks that should not be filled in by a machine:
// `slider` (drag a piece to its place in a picture), `characters` (type the
// digits of a picture), `pow` (the browser computes, nobody is asked) or `none`.
// Beside each there are others that need no eyes. The limits hold whatever is set.
type Challenge struct {
	// Before an account is made.
	SignUp string `yaml:"sign_up" default:"slider" oneof:"slider|characters|pow|none"`

	// Before a code to reset a password is sent.
	Recover string `yaml:"recover" default:"characters" oneof:"slider|characters|pow|none"`

	// Work that `pow` asks of a browser: 2 to this power of hashes. A desktop
	// computes about a million in a second, a slow telephone a tenth of that. One
	// more doubles it.
	PowBits int `yaml:"pow_bits" default:"19" min:"8" max:"26"`
}
