package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rule says who may not import what, and why.
type rule struct {
	name    string
	reason  string
	binds   func(pkg string) bool // the packages that the rule is for
	forbids func(imp string) bool // what they may not import
	// through extends the rule to what a bound package reaches by way of other
	// packages of this module. Packages of other modules are not looked into.
	through bool
	// tests extends the rule to the imports of test files.
	tests bool
}

// The layers, from the inside out. Paths are relative to the module; a path
// stands for everything below it, too.
var (
	base = under("internal/argon2", "internal/fault", "internal/handle", "internal/yamltree")

	domain = under("internal/account", "internal/org", "internal/client", "internal/grant",
		"internal/session", "internal/device", "internal/ciba", "internal/keys", "internal/challenge", "internal/audit", "internal/refusal", "internal/repeat", "internal/resource", "internal/declare", "internal/outbox", "internal/logout")

	// shared is what those who answer have in common and the domain does not need.
	shared = under("internal/httpd", "internal/limit", "internal/outbound", "internal/queue", "internal/telemetry")

	answers = under("internal/op", "internal/web", "internal/api")
	stores  = under("internal/store")
	edges   = either(answers, stores, under("internal/mail", "internal/federation"))

	// outside is what no program contains.
	outside = under("internal/testenv", "internal/archtest")

	own = func(imp string) bool { return imp == module || strings.HasPrefix(imp, module+"/") }
)

var rules = []rule{
	{
		name:    "the base stands alone",
		reason:  "every package may import it, so whatever it imported, every package would",
		binds:   base,
		forbids: but(own, base),
		tests:   true,
	},
	{
		name:    "the domain knows only the domain",
		reason:  "it says what an account, a session or a grant is; pages, protocols and stores are built on it, never the reverse",
		binds:   domain,
		forbids: but(own, either(base, domain)),
		through: true,
	},
	{
		name:   "the domain knows no transport and no database",
		reason: "its rules are tested without a server, and hold for every page, protocol and store alike",
		binds:  domain,
		forbids: exactly("net/http", "net/http/httptest", "net/rpc", "net/smtp", "html/template",
			"database/sql", "database/sql/driver"),
		through: true,
		tests:   true,
	},
	{
		name:    "op does not know web",
		reason:  "a sign-in under way is a flow in internal/session, which both work on; cmd joins them",
		binds:   under("internal/op"),
		forbids: under("internal/web", "internal/api"),
		through: true,
	},
	{
		name:    "web does not know op",
		reason:  "a page answers people and needs no word of the protocol; what it must know of a request is in the flow",
		binds:   under("internal/web"),
		forbids: under("internal/op", "internal/api"),
		through: true,
	},
	{
		name:    "the management API knows neither op nor web",
		reason:  "what a token is worth the protocol says, and what is done the domain does; cmd joins them",
		binds:   under("internal/api"),
		forbids: under("internal/op", "internal/web"),
		through: true,
	},
	{
		name:    "who answers requests knows no store",
		reason:  "handlers call the domain, which names the few store methods it needs; cmd gives it a store",
		binds:   answers,
		forbids: stores,
		through: true,
	},
	{
		name:    "what is shared knows no edge",
		reason:  "pages, protocol and management API all stand on it",
		binds:   shared,
		forbids: edges,
		through: true,
	},
	{
		name:    "stores know no pages and no protocol",
		reason:  "a store keeps what the domain gives it; it must serve a page, an endpoint and a command alike",
		binds:   stores,
		forbids: but(edges, stores),
		through: true,
	},
	{
		name:    "nobody imports the program",
		reason:  "cmd joins the packages; arrows point inward",
		binds:   but(own, under("cmd", "test", "internal/testenv")), // which boot it
		forbids: under("cmd"),
		tests:   true,
	},
	{
		name:    "settings know nobody",
		reason:  "a package takes what it needs as arguments; package config is read by cmd, and must not pull the program in",
		binds:   under("config"),
		forbids: but(own, either(base, under("config"))),
		through: true,
	},
	{
		name:    "the middleware is everybody's",
		reason:  "pkg/relyingparty is imported by apps that are not Signet and must bring nothing of the provider with it",
		binds:   under("pkg"),
		forbids: but(own, under("pkg")),
		through: true,
	},
	{
		name:    "the test environment is for tests",
		reason:  "it boots the program with throw-away stores",
		binds:   but(own, under("internal/testenv")),
		forbids: under("internal/testenv"),
	},
	only("gorm", "one package owns queries and their transactions; nobody else builds SQL",
		within("gorm.io"), under("internal/store/sql")),
	only("the database drivers", "which database it is, is the store's own matter",
		within("modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3"),
		under("internal/store/sql")),
	only("database/sql", "handles of a database stay inside the stores",
		within("database/sql"), under("internal/store")),
	only("go-redis", "one small interface has two backends, and nobody may lean on what only one of them can do",
		within("github.com/redis/go-redis/v9"), under("internal/store/kv")),
	only("zitadel/oidc's op", "it is experimental until its v4, and its storage model is not ours (docs/adr/0003)",
		within("github.com/zitadel/oidc/v3/pkg/op"), under("internal/op")),
	only("argon2", "hashes take turns in memory that is bounded; one beside them would not be",
		within(module+"/internal/argon2", "golang.org/x/crypto/argon2", "github.com/go-crypt/x"), under("internal/account")),
	only("go-oidc", "what another provider says is checked in one place",
		within("github.com/coreos/go-oidc/v3"), under("internal/federation", "cmd/console")),
	only("go-mail", "messages leave through the outbox, or they are lost when the mail server is down",
		within("github.com/wneessen/go-mail"), under("internal/mail")),
	only("captcha", "pictures of digits are one kind of challenge; nobody else may lean on the store that the library brings",
		within("github.com/dchest/captcha"), under("internal/challenge")),
	only("miekg/dns", "it is a server for tests; the program asks by package net",
		within("github.com/miekg/dns"), under("internal/outbound/dnstest")),
	only("QR codes", "one program shows them in a terminal",
		within("github.com/mdp/qrterminal/v3", "rsc.io/qr"), under("cmd/console/agent")),
	only("SAML and XML signatures", "what of a signed document is believed is decided in one place, and XML is where it goes wrong",
		within("github.com/crewjam/saml", "github.com/russellhaering/goxmldsig", "github.com/beevik/etree"), under("internal/federation/saml")),
	only("huma", "one package describes operations; pages and protocol have no use for it",
		within("github.com/danielgtaylor/huma/v2"), under("internal/api")),
	only("cobra", "commands are the program's; no library of ours parses flags",
		within("github.com/spf13/cobra", "github.com/spf13/pflag"), under("cmd")),
}

// only is the rule that one library has one importer. Tests may use it freely:
// a test checks a store's effects with a client of its own.
func only(what, reason string, library, importer func(string) bool) rule {
	return rule{
		name:    "one importer of " + what,
		reason:  reason,
		binds:   but(but(own, importer), under("test", "internal/testenv", "internal/store/storetest")),
		forbids: library,
	}
}

func TestArrows(t *testing.T) {
	g := load(t)
	for _, r := range rules {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) {
			for _, broken := range r.check(g) {
				t.Errorf("%s\n\trule: %s\n\twhy:  %s", broken, r.name, r.reason)
			}
		})
	}
}

// TestEveryPackageHasAPlace keeps a new package from standing outside the rules.
func TestEveryPackageHasAPlace(t *testing.T) {
	placed := either(base, domain, shared, edges, outside)
	for _, pkg := range load(t).packages() {
		if under("internal")(pkg) && !placed(pkg) {
			t.Errorf("%s is in none of the layers at the top of arrows_test.go; say where it belongs", short(pkg))
		}
	}
}

// check returns one line per import that breaks the rule: where it is and, if
// it is reached through other packages, the way to it.
func (r rule) check(g graph) []string {
	var broken []string
	for _, pkg := range g.packages() {
		if !r.binds(pkg) {
			continue
		}
		broken = append(broken, r.walk(g, pkg, []string{pkg}, map[string]bool{pkg: true})...)
	}
	slices.Sort(broken)
	return slices.Compact(broken)
}

// walk looks at one package's imports; way is how it was reached, the bound
// package first.
func (r rule) walk(g graph, pkg string, way []string, seen map[string]bool) []string {
	var broken []string
	for _, imp := range g[pkg] {
		if imp.test && (!r.tests || len(way) > 1) {
			continue
		}
		if r.forbids(imp.path) {
			line := fmt.Sprintf("%s: %s imports %s", imp.pos, short(pkg), short(imp.path))
			if len(way) > 1 {
				line += ", reached by " + short(strings.Join(way, " -> "))
			}
			broken = append(broken, line)
			continue
		}
		if _, ours := g[imp.path]; r.through && ours && !imp.test && !seen[imp.path] {
			seen[imp.path] = true
			broken = append(broken, r.walk(g, imp.path, append(slices.Clone(way), imp.path), seen)...)
		}
	}
	return broken
}

// TestRulesBite gives each rule the import that it exists to forbid: a rule
// whose paths have gone stale would otherwise hold for ever in silence.
func TestRulesBite(t *testing.T) {
	samples := map[string][2]string{ // rule -> importer, imported
		"the base stands alone":                         {"internal/fault", "internal/session"},
		"the domain knows only the domain":              {"internal/session", "internal/store/kv"},
		"the domain knows no transport and no database": {"internal/account", "!net/http"},
		"op does not know web":                          {"internal/op", "internal/web/view"},
		"web does not know op":                          {"internal/web/signin", "internal/op"},
		"the management API knows neither op nor web":   {"internal/api", "internal/op"},
		"who answers requests knows no store":           {"internal/web/signin", "internal/store/sql"},
		"what is shared knows no edge":                  {"internal/limit", "internal/store/kv"},
		"stores know no pages and no protocol":          {"internal/store/sql", "internal/op"},
		"nobody imports the program":                    {"internal/web", "cmd/signet"},
		"settings know nobody":                          {"config", "internal/op"},
		"the middleware is everybody's":                 {"pkg/relyingparty", "internal/fault"},
		"the test environment is for tests":             {"internal/web", "internal/testenv"},
		"one importer of gorm":                          {"internal/store/kv", "!gorm.io/gorm"},
		"one importer of the database drivers":          {"cmd/signet", "!modernc.org/sqlite"},
		"one importer of database/sql":                  {"internal/keys", "!database/sql"},
		"one importer of go-redis":                      {"internal/limit", "!github.com/redis/go-redis/v9"},
		"one importer of zitadel/oidc's op":             {"internal/web", "!github.com/zitadel/oidc/v3/pkg/op"},
		"one importer of argon2":                        {"internal/web", "internal/argon2"},
		"one importer of go-oidc":                       {"internal/web", "!github.com/coreos/go-oidc/v3"},
		"one importer of go-mail":                       {"internal/web", "!github.com/wneessen/go-mail"},
		"one importer of captcha":                       {"internal/web", "!github.com/dchest/captcha"},
		"one importer of miekg/dns":                     {"internal/outbound", "!github.com/miekg/dns"},
		"one importer of QR codes":                      {"internal/web", "!github.com/mdp/qrterminal/v3"},
		"one importer of SAML and XML signatures":       {"internal/web", "!github.com/crewjam/saml/samlsp"},
		"one importer of huma":                          {"internal/web", "!github.com/danielgtaylor/huma/v2"},
		"one importer of cobra":                         {"config", "!github.com/spf13/cobra"},
	}
	for _, r := range rules {
		sample, ok := samples[r.name]
		if !ok {
			t.Errorf("rule %q has no sample here", r.name)
			continue
		}
		from, to := module+"/"+sample[0], strings.TrimPrefix(sample[1], "!")
		if to == sample[1] {
			to = module + "/" + to
		}
		g := graph{from: {{path: to, pos: "x.go:1"}}, module + "/internal/fault": nil}
		if got := r.check(g); len(got) != 1 {
			t.Errorf("rule %q: %s importing %s gave %q, want one fault", r.name, from, to, got)
		}
		if !r.through {
			continue
		}
		between := module + "/templates/between"
		g = graph{from: {{path: between, pos: "x.go:1"}}, between: {{path: to, pos: "y.go:2"}}}
		if got := r.check(g); len(got) == 0 {
			t.Errorf("rule %q: %s reaching %s through another package gave no fault", r.name, from, to)
		}
	}
}
