package fault

import (
	"fmt"
	"testing"
	"time"

	"signet/internal/org"
	"signet/internal/testenv"
)

// killedWhileSigningOut: all nodes are killed while they sign out the people of a
// domain, whose provider is required from now on. Nobody stays signed in but an
// owner of the organization. Redis is slow, so that it takes its time. What a dead
// node had taken in hand is another's after a minute.
func killedWhileSigningOut(t *testing.T, program string) {
	t.Parallel()
	const people = 8
	who := func(i int) testenv.Person {
		return testenv.Person{Email: fmt.Sprintf("p%d@contoso.example", i), Password: "correct-Horse-9"}
	}
	more := "  - {email: boss@contoso.example, password: correct-Horse-9, verified: true}\n"
	for i := range people {
		more += fmt.Sprintf("  - {email: %s, password: %s, verified: true}\n", who(i).Email, who(i).Password)
	}
	e := testenv.Start(t, testenv.Options{
		Backend: testenv.Full, Nodes: 2, Proxies: true, Program: program,
		Declare: declared + more + "organizations:\n  - {slug: contoso, name: Contoso, owners: [boss@contoso.example]}\n",
		Env:     map[string]string{"SIGNET_LIMITS_EXEMPT": "127.0.0.0/8,::1/128"},
	})
	in := func(v *visitor) bool {
		page := insist(t, v.who.Email, func() *testenv.Page { return v.browser.Get("/account") })
		return page.URL.Path == "/account"
	}
	owner := arrive(t, e, testenv.Person{Email: "boss@contoso.example", Password: "correct-Horse-9"})
	var visitors []*visitor
	for i := range people {
		visitors = append(visitors, arrive(t, e, who(i)))
	}
	e.Redis.Slow(300 * time.Millisecond)
	requireProvider(t, e, "contoso", "contoso.example")
	for end := time.Now().Add(time.Minute); in(visitors[0]); {
		if time.Now().After(end) {
			t.Fatal("nobody is signed out")
		}
	}
	for node := range e.Nodes {
		e.Kill(node)
	}
	e.Redis.Mend()
	for node := range e.Nodes {
		e.Restart(node)
	}
	left := 0
	for end := time.Now().Add(4 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		still := 0
		for _, v := range visitors {
			if in(v) {
				still++
			}
		}
		if left = max(left, still); still == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d are still signed in", still, people)
		}
	}
	if left == 0 {
		t.Error("everybody was signed out before the nodes died: nothing was tried")
	}
	for _, v := range visitors {
		if got := v.app.Refresh(v.refresh); got.Str("error") != "invalid_grant" {
			t.Errorf("%s: the refresh token: %d %s", v.who.Email, got.Status, got.Body)
		}
	}
	if !in(owner) || !owner.use() {
		t.Error("the owner is signed out")
	}
}

// requireProvider makes the people of the domain sign in at a provider of the
// organization and nowhere else, as if its trial had passed.
func requireProvider(t *testing.T, e *testenv.Env, slug, domain string) {
	t.Helper()
	ctx, db := t.Context(), e.OpenDatabase()
	if code, _, errs := e.Run("", "org", "domain", "add", slug, domain, "--proven"); code != 0 {
		t.Fatal(errs)
	}
	o, err := db.Organization(ctx, slug)
	if err != nil {
		t.Fatal(err)
	}
	domains := org.NewDomains(org.NewService(db, org.Rules{}, time.Now), db, nil, org.DomainRules{}, time.Now)
	s := org.NewConnections(domains, db, nil, time.Now)
	c := &org.Connection{Name: "Contoso", Protocol: org.OIDC, Uses: []org.Use{{OrgID: o.ID}}}
	if err := s.Create(ctx, c, org.Secrets{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Passed(ctx, c.ID, org.Trial{By: org.Operator, Version: c.Version, Outlook: &org.Outlook{Believed: true}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Change(ctx, c.ID, org.ConnectionChange{OrgID: o.ID, By: org.Operator, To: org.PolicyRequired}); err != nil {
		t.Fatal(err)
	}
}
