package config

import "time"

// Organizations is what holds for the organizations that people make.
type Organizations struct {
	// Organizations that one person may own, deleted ones included until they are
	// erased; 0 for any number. Operators are not bound by it.
	MostOwned int `yaml:"most_owned" default:"20" min:"0" max:"10000"`

	// Time between the deletion of an organization and its erasure. Until then
	// its owners can bring it back.
	Grace time.Duration `yaml:"grace" default:"30d" min:"1h" max:"365d"`

	// How often the DNS record by which a domain was proven is looked for again.
	DomainRecheck time.Duration `yaml:"domain_recheck" default:"1d" min:"1m" max:"30d"`

	// How long that record may be gone before the domain counts as proven no more,
	// and nothing is enforced by it. A DNS that does not answer does not count.
	DomainGrace time.Duration `yaml:"domain_grace" default:"7d" min:"0s" max:"90d"`

	// Time for which an invitation is good after it was sent, into an organization or
	// into the house. One that was sent again has as long once more.
	Invitation time.Duration `yaml:"invitation" default:"7d" min:"1h" max:"30d"`

	// How long the link is good by which an owner lets somebody else set up the
	// organization's sign-in.
	SetupLink time.Duration `yaml:"setup_link" default:"3d" min:"5m" max:"30d"`
}
