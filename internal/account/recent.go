package account

import (
	"time"

	"github.com/hashicorp/golang-lru/v2"
)

// recent is a cache of accounts that forgets after a second.
type recent struct {
	accounts *lru.Cache[string, seen]
}

type seen struct {
	account *Account
	at      time.Time
}

const (
	recentFor  = time.Second
	recentSize = 4096
)

func (r *recent) init() {
	r.accounts, _ = lru.New[string, seen](recentSize) // fails for no size only
}

func (r *recent) get(id string, now time.Time) *Account {
	if s, ok := r.accounts.Get(id); ok && now.Sub(s.at) < recentFor {
		return s.account
	}
	return nil
}

func (r *recent) put(a *Account, now time.Time) { r.accounts.Add(a.ID, seen{a, now}) }

func (r *recent) forget(id string) { r.accounts.Remove(id) }
