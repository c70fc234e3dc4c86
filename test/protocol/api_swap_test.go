package protocol

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// side is one of two organizations, with the ids of all that is in it, by the
// names that paths have for them.
type side map[string]string

// newSide fills an organization by its owner's token.
func newSide(t *testing.T, e *testenv.Env, owner *manager, name string, second testenv.Person) side {
	t.Helper()
	s := side{"organization": owner.want(http.StatusCreated, "POST", "/organizations", `{"name":"`+name+`"}`).Str("id"), "domain": name + ".example"}
	s["account"] = idOf(t, e, second)
	s["user"], s["client"] = s["account"], owner.app.ID
	itself(t, e.App(t, robot)).want(http.StatusOK, "PUT", s.fill("/organizations/{organization}/members/{account}"), `{"role":"viewer"}`)
	owner.want(http.StatusCreated, "POST", s.fill("/organizations/{organization}/domains"), s.fill(`{"domain":"{domain}"}`))
	owner.want(http.StatusOK, "POST", s.fill("/organizations/{organization}/invitations"), s.fill(`{"role":"viewer","addresses":["guest@{domain}"]}`))
	s["connection"] = owner.want(http.StatusCreated, "POST", s.fill("/organizations/{organization}/connections"), `{"name":"`+name+`","protocol":"oidc"}`).Str("id")
	s["invitation"] = owner.all(s.fill("/organizations/{organization}/invitations"), "10")[0]["id"].(string)
	return s
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// fill puts the side's ids into a path or a body.
func (s side) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		id, ok := s[m[1:len(m)-1]]
		if !ok {
			panic("no side has " + m)
		}
		return id
	})
}

// swapBodies are good bodies of the operations that take one. An operation that is
// not here takes none.
var swapBodies = map[string]string{
	"update-organization":   `{"name":"Taken"}`,
	"set-member":            `{"role":"admin"}`,
	"transfer-organization": `{"to":"{account}"}`,
	"invite":                `{"role":"admin","addresses":["mallory@example.com"]}`,
	"add-domain":            `{"domain":"taken.example"}`,
	"add-connection":        `{"name":"Taken","protocol":"saml"}`,
	"update-connection":     `{"name":"Taken","oidc":{"client_id":"taken"},"enabled":true,"enforced":true}`,
	"update-client":         `{"client_name":"Taken"}`,
}

// stateOf is all that the operator sees of the organizations.
func stateOf(t *testing.T, e *testenv.Env, sides ...side) string {
	t.Helper()
	operator := itself(t, e.App(t, robot))
	var b strings.Builder
	for _, s := range sides {
		b.WriteString(operator.want(http.StatusOK, "GET", s.fill("/organizations/{organization}"), "").Body)
		for _, list := range []string{"members", "invitations", "domains", "connections"} {
			fmt.Fprintln(&b, operator.all(s.fill("/organizations/{organization}/")+list, "100"))
		}
	}
	return b.String()
}

// operations are those of the description whose path names something.
func operations(t *testing.T, m *manager) map[string][2]string {
	t.Helper()
	var d struct {
		Paths map[string]map[string]struct {
			ID string `json:"operationId"`
		}
	}
	if err := json.Unmarshal([]byte(m.call("GET", "/openapi.json", "").Body), &d); err != nil {
		t.Fatal(err)
	}
	out := map[string][2]string{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			if placeholder.MatchString(path) {
				out[o.ID] = [2]string{strings.ToUpper(method), strings.TrimPrefix(path, "/api/v1")}
			}
		}
	}
	return out
}

// TestAPIIdsOfOthers swaps each id that an operation's path or body names, one by
// one and all together, for that of another organization: it is refused, and
// neither organization is another one after.
func TestAPIIdsOfOthers(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: mailed(mailtest.Start(t, mailtest.Options{}))}) // invitations are sent
	e.Apply(managed)
	e.Apply("users:\n  - {email: eve@example.com, password: Wander-berg-31, verified: true}\n  - {email: dan@example.com, password: Wander-berg-32, verified: true}\n")
	hers, his := behalf(t, e, e.App(t, desk), ada), behalf(t, e, e.App(t, desk), bob)
	mine, theirs := newSide(t, e, hers, "mills", testenv.Person{Email: "eve@example.com"}), newSide(t, e, his, "works", testenv.Person{Email: "dan@example.com"})
	before := stateOf(t, e, mine, theirs)
	tried := 0
	all := operations(t, hers)
	for id := range swapBodies {
		if _, ok := all[id]; !ok {
			t.Errorf("there is no operation %s", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		method, path, body := all[id][0], all[id][1], swapBodies[id]
		var names []string
		for _, m := range placeholder.FindAllStringSubmatch(path+body, -1) {
			if !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
		// Each subset of the ids, but none of them, is the other organization's.
		for subset := 1; subset < 1<<len(names); subset++ {
			mixed := maps.Clone(mine)
			for i, name := range names {
				if subset&(1<<i) != 0 {
					mixed[name] = theirs[name]
				}
			}
			got := hers.call(method, mixed.fill(path), mixed.fill(body))
			if tried++; got.Status != http.StatusNotFound && got.Status != http.StatusForbidden {
				t.Errorf("%s with others' ids (%b of %v): %d %s", id, subset, names, got.Status, got.Body)
			}
		}
	}
	if after := stateOf(t, e, mine, theirs); after != before {
		t.Errorf("changed:\n%s\nwas\n%s", after, before)
	}
	if tried < 40 {
		t.Errorf("%d calls were tried", tried)
	}
}
