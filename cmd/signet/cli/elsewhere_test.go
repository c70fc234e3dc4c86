package cli

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"signet/internal/account"
	"signet/internal/org"
	"signet/internal/outbound/dnstest"
	"signet/internal/outbox"
	"signet/internal/telemetry"
)

// elsewhere is a node with an organization that has proven a domain.
type elsewhere struct {
	*server
	org    *org.Organization
	domain *org.Domain
	dns    *dnstest.Server
	owner  string // account id
}

func newElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{dns: dnstest.New(t)}
	h := newProgram(t, "SIGNET_DNS_SERVER="+e.dns.Addr, "SIGNET_ORGANIZATIONS_DOMAIN_GRACE=0s").house()
	e.server = &server{house: h, log: slog.New(slog.DiscardHandler), metrics: telemetry.NewMetrics("test")}
	if _, err := e.handler(serveOptions{mailbox: true}); err != nil {
		t.Fatal(err)
	}
	e.owner, _ = signedIn(t, h, "owner@contoso.example", "correct-Horse-9")
	var err error
	if e.org, err = h.orgs.Create(t.Context(), "Contoso", "contoso", e.owner, org.Operator); err != nil {
		t.Fatal(err)
	}
	if e.domain, err = h.domains.Add(t.Context(), e.org.ID, "contoso.example", org.Operator); err != nil {
		t.Fatal(err)
	}
	name, text := e.domain.Record()
	e.dns.Set(name, text)
	if found, err := h.domains.Check(t.Context(), e.org.ID, e.domain.Name, org.Operator); err != nil || !found.Proven {
		t.Fatalf("%+v, %v", found, err)
	}
	return e
}

// require makes the organization's people sign in by a connection alone.
func (e *elsewhere) require(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	c := &org.Connection{
		Name: "Contoso", Protocol: org.OIDC, Uses: []org.Use{{OrgID: e.org.ID}},
		OIDC: org.OIDCSettings{MetadataURL: "https://login.contoso.example/.well-known/openid-configuration", ClientID: "house"},
	}
	if err := e.upstreams.Create(ctx, c, org.Secrets{ClientSecret: "the-secret-of-the-house"}); err != nil {
		t.Fatal(err)
	}
	if err := e.upstreams.Passed(ctx, c.ID, org.Trial{By: org.Operator, Version: c.Version, Outlook: &org.Outlook{Believed: true}}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.upstreams.Change(ctx, c.ID, org.ConnectionChange{OrgID: e.org.ID, By: org.Operator, To: org.PolicyRequired}); err != nil {
		t.Fatal(err)
	}
}

// TestManyAreSignedOut: when a provider is required, the sessions of everybody in its
// domains end, however many they are, members or not. Owners and people of other
// domains keep theirs.
func TestManyAreSignedOut(t *testing.T) {
	e, ctx := newElsewhere(t), t.Context()
	hash, err := bcrypt.GenerateFromPassword([]byte("correct-Horse-9"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := signedIn(t, e.house, "first@contoso.example", "correct-Horse-9")
	guest, _ := signedIn(t, e.house, "guest@example.com", "correct-Horse-9")
	members := []string{first, guest}
	for i := range 250 {
		a, err := e.accounts.Create(ctx, account.New{Email: fmt.Sprintf("m%d@contoso.example", i), PasswordHash: string(hash)})
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, a.ID)
	}
	last, _ := signedIn(t, e.house, "last@contoso.example", "correct-Horse-9")
	var c org.Change
	for _, id := range members {
		c.Set = append(c.Set, org.Member{OrgID: e.org.ID, AccountID: id, Role: org.Viewer, JoinedAt: time.Now()})
	}
	if done, err := e.db.UpdateOrganization(ctx, e.org, c); err != nil || !done {
		t.Fatal(done, err)
	}
	wantIn := func(in map[string]bool) {
		t.Helper()
		for id, want := range in {
			live, err := e.sessions.Live(ctx, id)
			if err != nil || (len(live) > 0) != want {
				t.Errorf("%d sessions, %v; want some: %v", len(live), err, want)
			}
		}
	}
	wantIn(map[string]bool{first: true, last: true, e.owner: true, guest: true})
	e.require(t)
	work, stop := context.WithCancel(ctx)
	defer stop()
	worker := e.signOutWorker()
	go worker.Run(work)
	for sent := int64(0); sent == 0; sent, _, _ = worker.Stats() {
		time.Sleep(10 * time.Millisecond)
	}
	wantIn(map[string]bool{first: false, last: false, e.owner: true, guest: true})
}

// TestDomainIsLost: the owners are told when the record of a domain stays away, once.
func TestDomainIsLost(t *testing.T) {
	e, ctx := newElsewhere(t), t.Context()
	name, _ := e.domain.Record()
	e.dns.Set(name)
	for range 2 {
		// It was looked for the last time two days ago.
		if _, err := e.db.BeginDomainCheck(ctx, e.org.ID, e.domain.Name, time.Now().Add(time.Minute), time.Now().Add(-48*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := e.recheckDomains(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := e.domains.Get(ctx, e.org.ID, e.domain.Name); err != nil || d.Proven() {
		t.Errorf("the domain: %+v, %v", d, err)
	}
	mails, err := e.db.Mails(ctx, 10)
	if err != nil {
		t.Fatal(err)
	}
	mails = slices.DeleteFunc(mails, func(m *outbox.Mail) bool { return m.Kind != "organization.domain_lost" })
	if len(mails) != 1 || mails[0].To != "owner@contoso.example" {
		t.Errorf("%d mails say so: %+v", len(mails), mails)
	}
}
