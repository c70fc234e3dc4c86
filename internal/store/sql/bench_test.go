package sqlstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/grant"
	"signet/internal/handle"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// benchWorkers is how many callers there are at once, on any number of
// processors: most of their time they wait for a commit.
const benchWorkers = 8

// onBoth runs the benchmark on each database, with one account and one client.
func onBoth(b *testing.B, f func(b *testing.B, db *sqlstore.DB, a *account.Account, c *client.Client)) {
	for name, fresh := range map[string]func(testing.TB) string{
		"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL,
	} {
		b.Run(name, func(b *testing.B) {
			db := storetest.OpenSQL(b, fresh(b))
			now := time.Now()
			a := &account.Account{
				ID: newUUID(b), Email: "Ada@example.com", EmailKey: "ada@example.com", EmailVerified: true,
				PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo",
				Status:       account.Active, Profile: account.Profile{GivenName: "Ada", FamilyName: "Lovelace"},
				CreatedAt: now, UpdatedAt: now,
			}
			check(b, db.CreateAccount(b.Context(), a))
			c := &client.Client{ID: "web", Metadata: client.Metadata{Name: "Web", AuthMethod: client.AuthBasic, RedirectURIs: []string{"https://web.example/cb"}}}
			check(b, db.PutClient(b.Context(), c, now))
			b.ReportAllocs()
			b.ResetTimer()
			f(b, db, a, c)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

func check(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}

func newUUID(b *testing.B) string {
	id, err := uuid.NewV7()
	check(b, err)
	return id.String()
}

// workers divides b.N operations between callers; each makes its own.
func workers(b *testing.B, worker func() (operation func() error)) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var group sync.WaitGroup
	for range benchWorkers {
		operation := worker()
		group.Go(func() {
			for left.Add(-1) >= 0 {
				if err := operation(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

func newFamily(a *account.Account, c *client.Client, now time.Time) *grant.Family {
	return &grant.Family{
		Grant: grant.Grant{
			ID: handle.Short(), ClientID: c.ID, AccountID: a.ID, SID: handle.Short(), AuthTime: now,
			Scopes: []string{"openid", "profile", "email", "offline_access"}, ACR: "1", AMR: []string{"pwd"},
		},
		RootKey: handle.Sum(handle.New()), CreatedAt: now, RotatedAt: now,
		IdleUntil: now.Add(14 * 24 * time.Hour), ExpiresAt: now.Add(90 * 24 * time.Hour),
	}
}

func BenchmarkRotateFamily(b *testing.B) {
	onBoth(b, func(b *testing.B, db *sqlstore.DB, a *account.Account, c *client.Client) {
		workers(b, func() func() error {
			f := newFamily(a, c, time.Now())
			_, err := db.CreateFamily(b.Context(), f)
			check(b, err)
			generation := int64(0)
			return func() error {
				now := time.Now()
				got, err := db.RotateFamily(b.Context(), f.RootKey, c.ID, generation, now.Add(24*time.Hour), now)
				if err == nil && got == nil {
					err = fmt.Errorf("generation %d was not the current one", generation)
				}
				generation++
				return err
			}
		})
	})
}

func BenchmarkCreateFamily(b *testing.B) {
	onBoth(b, func(b *testing.B, db *sqlstore.DB, a *account.Account, c *client.Client) {
		workers(b, func() func() error {
			return func() error {
				_, err := db.CreateFamily(b.Context(), newFamily(a, c, time.Now()))
				return err
			}
		})
	})
}

func BenchmarkAccountByEmailKey(b *testing.B) {
	onBoth(b, func(b *testing.B, db *sqlstore.DB, a *account.Account, _ *client.Client) {
		workers(b, func() func() error {
			return func() error {
				_, err := db.AccountByEmailKey(b.Context(), a.EmailKey)
				return err
			}
		})
	})
}

func BenchmarkConsent(b *testing.B) {
	onBoth(b, func(b *testing.B, db *sqlstore.DB, a *account.Account, c *client.Client) {
		_, err := db.AddConsent(b.Context(), a.ID, c.ID, []string{"openid", "email"}, time.Now())
		check(b, err)
		workers(b, func() func() error {
			return func() error {
				_, err := db.Consent(b.Context(), a.ID, c.ID)
				return err
			}
		})
	})
}
