package protocol

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// strangers are addresses that look alike (the first letter is shown) and differ in what stands behind
// them. What is told of one must be told of all.
var strangers = map[string]string{
	"known":    ada.Email,
	"unproven": "abe@example.com",
	"disabled": "amy@example.com",
	"waiting":  "ash@example.com",
	"unknown":  "alf@example.com",
}

const strangersDeclared = `
  - email: abe@example.com
    password: correct-Horse-9
    verified: false
  - email: amy@example.com
    password: correct-Horse-9
    verified: true
    disabled: true
`

// journey is what somebody does who wants to know whether an address has an
// account. It returns the pages that it saw.
type journey func(t *testing.T, b *testenv.Browser, email string) []*testenv.Page

var journeys = map[string]journey{
	"sign-in": func(t *testing.T, b *testenv.Browser, email string) []*testenv.Page {
		p := b.Get("/signin")
		q := b.Submit(p.Form("username"), "submit", "username", email)
		r := at(t, b.Submit(q.Form("password"), "submit", "password", "not the password"), "/signin/password")
		return []*testenv.Page{q, r}
	},
	"sign-up": func(t *testing.T, b *testenv.Browser, email string) []*testenv.Page {
		q := fillIn(t, b, b.Get("/signup"), testenv.Person{Email: email, Password: "Sturdy-bridge-77"})
		pages := []*testenv.Page{q}
		for range 6 {
			q = at(t, b.Submit(q.Form("code"), "submit", "code", "000000"), "/signup/check")
			pages = append(pages, q)
		}
		return append(pages, b.Submit(q.Form("resend"), "resend"))
	},
	"recovery": func(t *testing.T, b *testenv.Browser, email string) []*testenv.Page {
		p := b.Get("/recover")
		q := at(t, b.Submit(p.Form("submit"), "submit", "username", email), "/recover/code")
		pages := []*testenv.Page{q}
		for range 6 { // until the code has had all its tries
			q = at(t, b.Submit(q.Form("code"), "submit", "code", "none"), "/recover/code")
			pages = append(pages, q)
		}
		q = at(t, b.Submit(q.Form("resend"), "resend"), "/recover/code")
		return append(pages, q, b.Get("/recover/password?flow="+q.Form("code").Fields.Get("flow")))
	},
}

var (
	randoms = regexp.MustCompile(`[A-Za-z0-9_-]{43}`) // handles
	ids     = regexp.MustCompile(`[A-Za-z0-9_-]{22}`)
)

// transcript is all that the pages tell: what was random for the request, and
// the address that the visitor typed, are made the same.
func transcript(pages []*testenv.Page, email string) string {
	var b strings.Builder
	for _, p := range pages {
		fmt.Fprintf(&b, "%s %d %v\n", p.URL.Path, p.Status, p.Hops)
		for _, name := range slices.Sorted(maps.Keys(p.Header)) {
			if name != "Date" {
				fmt.Fprintf(&b, "%s: %v\n", name, p.Header[name])
			}
		}
		b.WriteString(p.Body)
	}
	s := randoms.ReplaceAllString(b.String(), "RANDOM")
	s = ids.ReplaceAllString(s, "ID")
	for _, form := range []string{email, url.QueryEscape(email)} {
		s = strings.ReplaceAll(s, form, "ADDRESS")
	}
	return s
}

// enumerable boots a house whose people are not to be found out.
func enumerable(t *testing.T, backend testenv.Backend) *testenv.Env {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{})
	e := boot(t, testenv.Options{Backend: backend, Declare: strangersDeclared, Env: map[string]string{
		"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>",
		"SIGNET_SIGN_UP_RESEND_AFTER": "0s", "SIGNET_LIMITS_SIGN_UP_MAILS": "100000/1d",
	}})
	b := e.Browser().For(t)
	fillIn(t, b, b.Get("/signup"), testenv.Person{Email: strangers["waiting"], Password: "Sturdy-bridge-77"})
	return e
}

// TestNobodyIsFoundOut: status, headers and bodies are the same, byte for byte,
// whoever owns the address.
func TestNobodyIsFoundOut(t *testing.T) {
	t.Parallel()
	for _, backend := range []testenv.Backend{testenv.Embedded, testenv.Full} {
		t.Run(string(backend), func(t *testing.T) {
			e := enumerable(t, backend)
			for name, walk := range journeys {
				told := map[string]string{}
				for kind, email := range strangers {
					told[kind] = transcript(walk(t, e.Browser().For(t), email), email)
				}
				for kind, text := range told {
					if text != told["known"] {
						t.Errorf("%s of %s differs from known at %q", name, kind, difference(text, told["known"]))
					}
				}
			}
		})
	}
}

func difference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return a[max(0, i-60):min(len(a), i+60)]
}

// cost is what one walk through a journey takes.
type cost struct {
	sql, kv float64 // statements and round trips, in the turn that took the fewest
	times   []time.Duration
}

// measure walks n times each for two addresses, in turns of a few so that a
// machine that becomes busy is so for both, and returns the costs.
func measure(t *testing.T, e *testenv.Env, n int, walk func(b *testenv.Browser, email string) time.Duration, emails ...string) []cost {
	t.Helper()
	const turn = 10
	idle := idleRate(t, e)
	costs := make([]cost, len(emails))
	for i := range costs {
		costs[i].sql, costs[i].kv = math.Inf(1), math.Inf(1)
	}
	for range n / turn {
		for i, email := range emails {
			b := e.Browser().For(t)
			settle(t, e)
			began := time.Now()
			sql, kv := e.Metric("signet_database_statements_total"), e.Metric("signet_kv_round_trips_total")
			for range turn {
				costs[i].times = append(costs[i].times, walk(b, email))
			}
			settle(t, e)
			polls := idle * time.Since(began).Seconds()
			// The least of the turns: in one of them the house may have done what it
			// does each minute, which has nothing to do with who asked.
			costs[i].sql = min(costs[i].sql, (e.Metric("signet_database_statements_total")-sql-polls)/turn)
			costs[i].kv = min(costs[i].kv, (e.Metric("signet_kv_round_trips_total")-kv)/turn)
		}
	}
	return costs
}

// settle waits until the house does nothing but look whether there is something
// to do: the mails of the walk before have gone.
func settle(t *testing.T, e *testenv.Env) {
	t.Helper()
	for last := -1.0; ; {
		now := e.Metric("signet_database_statements_total")
		if now-last <= 2 {
			return
		}
		last = now
		time.Sleep(50 * time.Millisecond)
	}
}

// idleRate is how many statements the house takes in a second to look whether there
// is something to do.
func idleRate(t *testing.T, e *testenv.Env) float64 {
	t.Helper()
	settle(t, e)
	began, sql := time.Now(), e.Metric("signet_database_statements_total")
	time.Sleep(10 * time.Second) // twice the longest time between two looks
	return (e.Metric("signet_database_statements_total") - sql) / time.Since(began).Seconds()
}

// walks are the single steps in which a known address could take other ways
// than an unknown one.
func walks(t *testing.T) map[string]func(b *testenv.Browser, email string) time.Duration {
	timed := func(do func() *testenv.Page) time.Duration {
		began := time.Now()
		if p := do(); p.Status != http.StatusOK {
			t.Fatalf("%s: status %d", p.URL, p.Status)
		}
		return time.Since(began)
	}
	return map[string]func(b *testenv.Browser, email string) time.Duration{
		"sign-in": func(b *testenv.Browser, email string) time.Duration {
			p := b.Get("/signin")
			p = b.Submit(p.Form("username"), "submit", "username", email)
			return timed(func() *testenv.Page { return b.Submit(p.Form("password"), "submit", "password", "not the password") })
		},
		"sign-up": func(b *testenv.Browser, email string) time.Duration {
			p := b.Get("/signup")
			p = b.Submit(p.Form("username"), "submit", "username", email)
			p = b.Submit(p.Form("confirmation"), "submit", "password", "Sturdy-bridge-77", "confirmation", "Sturdy-bridge-77")
			took := timed(func() *testenv.Page {
				return b.Submit(p.Form("given_name"), "submit", "given_name", "A", "family_name", "B", "birthdate", "1990-12-09")
			})
			time.Sleep(30 * time.Millisecond) // its mail goes before the next one
			return took
		},
		"recovery": func(b *testenv.Browser, email string) time.Duration {
			p := b.Get("/recover")
			took := timed(func() *testenv.Page { return b.Submit(p.Form("submit"), "submit", "username", email) })
			time.Sleep(30 * time.Millisecond) // its mail goes before the next one
			return took
		},
		"recovery code": func(b *testenv.Browser, email string) time.Duration {
			p := b.Get("/recover")
			p = b.Submit(p.Form("submit"), "submit", "username", email)
			time.Sleep(30 * time.Millisecond)
			return timed(func() *testenv.Page { return b.Submit(p.Form("code"), "submit", "code", "none") })
		},
	}
}

var tries = flag.Int("tries", 20, "how often each kind of account is asked for, to compare what that costs")

// TestKnownAndUnknownCostTheSame: as many statements and as many round trips.
// How well times tell them apart is logged, and not held: that is the machine's
// doing as much as ours.
func TestKnownAndUnknownCostTheSame(t *testing.T) {
	t.Parallel()
	for _, backend := range []testenv.Backend{testenv.Embedded, testenv.Full} {
		for _, name := range []string{"sign-in", "sign-up", "recovery", "recovery code"} {
			t.Run(string(backend)+", "+name, func(t *testing.T) {
				t.Parallel()
				costs := measure(t, enumerable(t, backend), *tries, walks(t)[name], strangers["known"], strangers["unknown"], strangers["disabled"], strangers["waiting"])
				known := costs[0]
				for i, kind := range []string{"unknown", "disabled", "waiting"} {
					other := costs[i+1]
					t.Logf("known and %s: %.2f and %.2f statements, %.2f and %.2f round trips, told apart in %.0f%% of the cases",
						kind, known.sql, other.sql, known.kv, other.kv, 100*accuracy(known.times, other.times))
					if math.Abs(known.sql-other.sql) > 0.6 || math.Abs(known.kv-other.kv) > 0.2 {
						t.Errorf("a known and a %s account cost differently", kind)
					}
				}
			})
		}
	}
}

// accuracy is how often a threshold, chosen on every other time, tells the rest
// apart; one half is what guessing gives.
func accuracy(a, b []time.Duration) float64 {
	half := func(times []time.Duration, odd int) (out []time.Duration) {
		for i := odd; i < len(times); i += 2 {
			out = append(out, times[i])
		}
		return out
	}
	share := func(a, b []time.Duration, limit time.Duration) float64 { // of a below and b above
		right := 0
		for _, d := range a {
			if d <= limit {
				right++
			}
		}
		for _, d := range b {
			if d > limit {
				right++
			}
		}
		return float64(right) / float64(len(a)+len(b))
	}
	trainA, trainB := half(a, 0), half(b, 0)
	var limit time.Duration
	best, below := 0.0, true // whether a is below
	for _, d := range slices.Concat(trainA, trainB) {
		if s := share(trainA, trainB, d); max(s, 1-s) > best {
			best, limit, below = max(s, 1-s), d, s >= 0.5
		}
	}
	s := share(half(a, 1), half(b, 1), limit)
	if !below {
		s = 1 - s
	}
	return s
}
