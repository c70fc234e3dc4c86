package storetest_test

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"signet/internal/grant"
	"signet/internal/handle"
	"signet/internal/limit"
	"signet/internal/session"
	"signet/internal/store/kv"
)

// BenchmarkKV measures what the hot path asks of a backend, by one caller and
// by 32 at once per processor.
func BenchmarkKV(b *testing.B) {
	for _, backend := range kvBackends {
		for _, callers := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/callers=%d", backend.name, callers), func(b *testing.B) {
				store := backend.open(b)
				benchmarkOps(b, store.Backend, store.Now, callers)
			})
		}
	}
}

func benchmarkOps(b *testing.B, backend kv.Backend, now func() time.Time, callers int) {
	ctx := b.Context()
	sessions, codes := kv.NewSessions(backend, now), kv.NewCodes(backend)
	sess := &session.Session{
		Key: handle.Sum(handle.New()), SID: handle.Short(), AccountID: grant.NewID(), AuthTime: now(), AMR: []string{"pwd"}, ACR: "1",
		CreatedAt: now(), ExpiresAt: now().Add(time.Hour), UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", IP: "192.0.2.7",
		Clients: []string{"console", "shop"}, Consents: map[string][]string{"shop": {"openid", "email"}},
	}
	if err := sessions.PutFlow(ctx, "f", &session.Flow{ExpiresAt: now().Add(time.Hour)}); err != nil {
		b.Fatal(err)
	}
	if _, err := sessions.PutSession(ctx, sess, "f", nil, func(*session.Flow) error { return nil }); err != nil {
		b.Fatal(err)
	}
	code := func() (string, *grant.Code) {
		return handle.New(), &grant.Code{
			Grant: grant.Grant{ID: grant.NewID(), ClientID: "console", AccountID: sess.AccountID, Scopes: []string{"openid", "profile", "email"}, SID: sess.SID, AuthTime: now(), ACR: "1", AMR: []string{"pwd"}},
			Nonce: handle.New(), RedirectURI: "http://localhost:8081/callback", CodeChallenge: handle.New(),
		}
	}
	put := func() (key, grantID string, err error) {
		key, c := code()
		return key, c.Grant.ID, codes.PutCode(ctx, key, c, time.Minute, 10*time.Minute)
	}
	limiter := limit.New(kv.NewCounters(backend), nil, now)
	address := netip.MustParseAddr("192.0.2.7")
	rule := limit.Rule{Journey: "bench", Max: 1 << 40, Window: time.Hour}
	ops := []struct {
		name string
		op   func() error
	}{
		{"Session", func() error { _, err := sessions.Session(ctx, sess.Key); return err }},
		{"PutCode", func() error { _, _, err := put(); return err }},
		{"PutCode+UseCode", func() error {
			key, grantID, err := put()
			if err == nil {
				_, _, err = codes.UseCode(ctx, key, grantID, time.Minute)
			}
			return err
		}},
		{"Silent", func() error { // what a silent round trip asks for
			if _, err := sessions.Session(ctx, sess.Key); err != nil {
				return err
			}
			key, grantID, err := put()
			if err == nil {
				_, _, err = codes.UseCode(ctx, key, grantID, time.Minute)
			}
			return err
		}},
		{"Limit", func() error { // an account and an address
			_, err := limiter.Take(ctx, address, limit.Try{Rule: rule, Who: handle.Short()}, limit.Try{Rule: rule, Who: "address"})
			return err
		}},
	}
	for _, o := range ops {
		b.Run(o.name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpuTime(b)
			defer func() {
				b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
			}()
			if callers == 1 {
				for b.Loop() {
					if err := o.op(); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.SetParallelism(callers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := o.op(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// cpuTime is what this process has used so far: on SQLite the whole cost, on
// the other backends the client's share.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
