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
}
