package protocol

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// organizationPaths are the addresses of pages about one organization, as their
// source declares them: a page that is new is tried, too.
func organizationPaths(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../internal/web/*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`"(/orgs/\{id\}[^"]*)"`)
	below := regexp.MustCompile(`\bpart\w+\s+= "(/[^"]+)"`) // the sign-in of the organization
	var out []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
			out = append(out, m[1])
		}
		for _, m := range below.FindAllStringSubmatch(string(source), -1) {
			out = append(out, "/orgs/{id}/signin"+m[1])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestPagesIdsOfOthers swaps each id in the address of an organization's page, and
// in its form, for that of another organization: there is no such page, nothing
// is changed, and nothing of the other organization is shown.
func TestPagesIdsOfOthers(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: mailed(mailtest.Start(t, mailtest.Options{}))}) // invitations are sent
	e.Apply(managed)
	e.Apply("users:\n  - {email: eve@example.com, password: Wander-berg-31, verified: true}\n  - {email: dan@example.com, password: Wander-berg-32, verified: true}\n")
	hers, his := behalf(t, e, e.App(t, desk), ada), behalf(t, e, e.App(t, desk), bob)
	mine, theirs := newSide(t, e, hers, "mills", testenv.Person{Email: "eve@example.com"}), newSide(t, e, his, "works", testenv.Person{Email: "dan@example.com"})
	for _, s := range []side{mine, theirs} {
		s["id"], s["member"] = s["organization"], s["account"]
	}
	b := signedIn(t, e, e.App(t, web), ada)
	before := stateOf(t, e, mine, theirs)
	paths := organizationPaths(t)
	tried := 0
	for _, path := range paths {
		var names []string
		for _, m := range placeholder.FindAllStringSubmatch(path, -1) {
			names = append(names, m[1])
		}
		switch { // named in the form
		case strings.Contains(path, "/invitations/"):
			names = append(names, "invitation")
		case strings.HasSuffix(path, "/lead"):
			names = append(names, "connection")
		}
		for subset := 1; subset < 1<<len(names); subset++ {
			mixed := maps.Clone(mine)
			for i, name := range names {
				if subset&(1<<i) != 0 {
					mixed[name] = theirs[name]
				}
			}
			form := url.Values{
				"name": {"Taken"}, "role": {"owner"}, "addresses": {"mallory@example.com"}, "invitation": {mixed["invitation"]}, "connection": {mixed["connection"]}, "domain": {"taken.example"},
				"to": {"off"}, "guide": {"okta"}, "confirm": {"works"}, "client_id": {"taken"}, "metadata_url": {"https://taken.example"}, "client_secret": {"taken"},
			}
			for _, p := range []*testenv.Page{b.Get(mixed.fill(path)), b.Post(mixed.fill(path), form)} {
				if tried++; p.Status != http.StatusNotFound && p.Status != http.StatusForbidden && p.Status != http.StatusMethodNotAllowed {
					t.Errorf("%s with others' ids (%b of %v): %s %d", path, subset, names, p.URL.Path, p.Status)
				}
				if strings.Contains(p.Body, "dan@example.com") || strings.Contains(p.Body, "signet-domain-proof") {
					t.Errorf("%s with others' ids (%b of %v) shows what is theirs", path, subset, names)
				}
			}
		}
	}
	if after := stateOf(t, e, mine, theirs); after != before {
		t.Errorf("changed:\n%s\nwas\n%s", after, before)
	}
	if len(paths) < 20 || tried < 60 {
		t.Errorf("%d addresses, %d requests", len(paths), tried)
	}
}
