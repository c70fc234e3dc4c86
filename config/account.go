package config

import "time"

// Account is what holds for people's accounts.
type Account struct {
	// Least age, in years, of a person who makes an account or changes the date of
	// birth. Accounts that an operator declares may be anybody's.
	LeastAge int `yaml:"least_age" default:"13" min:"0" max:"100"`

	// Time between the closing of an account by its owner and its erasure. Until
	// then a sign-in offers to keep it.
	ClosingGrace time.Duration `yaml:"closing_grace" default:"30d" min:"1h" max:"365d"`
}
