package org_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/outbound"
	"signet/internal/outbound/dnstest"
)

// realm is a house whose organizations prove domains by a real DNS server.
type realm struct {
	*house
	dns     *dnstest.Server
	domains *org.Domains
}

func newRealm(t *testing.T) *realm {
	t.Helper()
	h, dns := newHouse(t), dnstest.New(t)
	return &realm{h, dns, org.NewDomains(h.Service, h.db, outbound.NewResolver(dns.Addr), org.DomainRules{Recheck: 24 * time.Hour, Grace: 7 * 24 * time.Hour}, h.clock.Now)}
}

// other makes another organization, whose owner is the stranger.
func (r *realm) other() (*org.Organization, org.Actor) {
	r.t.Helper()
	o, err := r.Create(r.t.Context(), "Others", "", r.ids["stranger"], org.Operator)
	r.ok(err)
	return o, r.as("stranger")
}

func (r *realm) add(o *org.Organization, name string, by org.Actor) *org.Domain {
	r.t.Helper()
	d, err := r.domains.Add(r.t.Context(), o.ID, name, by)
	r.ok(err)
	return d
}

// check looks for the record of the domain, later than anybody did.
func (r *realm) check(d *org.Domain, by org.Actor) *org.Finding {
	r.t.Helper()
	r.clock.Pass(time.Minute)
	found, err := r.domains.Check(r.t.Context(), d.OrgID, d.Name, by)
	r.ok(err)
	return found
}

func (r *realm) proves(d *org.Domain) {
	name, text := d.Record()
	r.dns.Set(name, text)
}

func (r *realm) proven(name string) string {
	r.t.Helper()
	d, err := r.domains.Proven(r.t.Context(), name)
	r.ok(err)
	if d == nil {
		return ""
	}
	return d.OrgID
}

// TestProvingADomain: the record alone proves it, and each way to put it wrong is
// told with what to change.
func TestProvingADomain(t *testing.T) {
	r := newRealm(t)
	owner := r.as("owner1")
	d := r.add(r.o, " Ada@Engines.EXAMPLE. ", owner)
	if d.Name != "engines.example" || d.Proven() {
		t.Fatalf("added: %+v", d)
	}
	if again := r.add(r.o, "engines.example", owner); again.Token != d.Token {
		t.Error("added twice, it has another record")
	}
	name, text := d.Record()
	for _, step := range []struct {
		what string
		set  map[string][]string
		want org.DomainProblem
		says string
	}{
		{"nothing", nil, org.RecordMissing, "add one with the text " + text},
		{"another text", map[string][]string{name: {"v=spf1 -all", "signet-domain-proof=x\x01"}}, org.RecordOther, "v=spf1 -all signet-domain-proof=x?"},
		{"at the domain", map[string][]string{"engines.example": {"v=spf1 -all", text}}, org.RecordAtDomain, "move it to " + name},
		{"doubled", map[string][]string{name + ".engines.example": {text}}, org.RecordDoubled, "without the domain at its end"},
		{"right", map[string][]string{name: {"something else", ` "` + text + `" `}}, "", "proven"},
	} {
		for at, texts := range step.set {
			r.dns.Set(at, texts...)
		}
		found := r.check(d, owner)
		if found.Problem != step.want || found.Proven != (step.want == "") || !strings.Contains(found.Sentence(d), step.says) {
			t.Errorf("%s: %+v, %s", step.what, found, found.Sentence(d))
		}
		for at := range step.set {
			if step.want != "" {
				r.dns.Set(at)
			}
		}
	}
	if r.proven("engines.example") != r.o.ID {
		t.Error("not proven by its record")
	}
	_, err := r.domains.Check(t.Context(), d.OrgID, d.Name, owner)
	r.want("checked again at once", err, fault.Limited)
	r.dns.Fail(true)
	if found := r.check(d, owner); found.Problem != org.RecordUnanswered || r.proven(d.Name) == "" {
		t.Errorf("no answer: %+v", found)
	}
}

// TestADomainIsOneOrganizations: who has it proven keeps it, until it lets go.
func TestADomainIsOneOrganizations(t *testing.T) {
	r := newRealm(t)
	others, stranger := r.other()
	mine, theirs := r.add(r.o, "engines.example", r.as("owner1")), r.add(others, "engines.example", stranger)
	alike := r.add(others, "englnes.example", stranger)
	for _, d := range []*org.Domain{mine, theirs, alike} {
		name, text := d.Record()
		if d == mine {
			_, second := theirs.Record()
			r.dns.Set(name, text, second)
			continue
		}
		if d == alike {
			r.dns.Set(name, text)
		}
	}
	if mine.Token == theirs.Token {
		t.Fatal("two organizations have the same record")
	}
	if found := r.check(mine, r.as("owner1")); !found.Proven {
		t.Fatalf("the first: %+v", found)
	}
	if found := r.check(theirs, stranger); found.Problem != org.DomainTaken {
		t.Errorf("the second: %+v", found)
	}
	if found := r.check(alike, stranger); found.Problem != org.DomainAlike {
		t.Errorf("one that looks the same: %+v", found)
	}
	if r.proven("engines.example") != r.o.ID || r.proven("englnes.example") != "" {
		t.Error("somebody else has it")
	}

	// What is deleted decides about nobody, and lets go when somebody else proves.
	_, err := r.Delete(t.Context(), r.o.ID, r.as("owner1"))
	r.ok(err)
	if r.proven("engines.example") != "" {
		t.Error("a deleted organization decides")
	}
	if found := r.check(theirs, stranger); !found.Proven || r.proven("engines.example") != others.ID {
		t.Errorf("after the first is deleted: %+v", found)
	}
	r.ok(r.domains.Remove(t.Context(), others.ID, "engines.example", stranger))
	if r.proven("engines.example") != "" {
		t.Error("proven after it was removed")
	}
}

// TestOwnersDecideAboutDomains: nobody else does, and to strangers there is nothing.
func TestOwnersDecideAboutDomains(t *testing.T) {
	r := newRealm(t)
	d := r.add(r.o, "engines.example", r.as("owner1"))
	r.proves(d)
	for who, kind := range map[string]fault.Kind{"admin1": fault.Forbidden, "viewer1": fault.Forbidden, "stranger": fault.NotFound} {
		_, err := r.domains.Add(t.Context(), r.o.ID, "more.example", r.as(who))
		r.want(who+" adds", err, kind)
		_, err = r.domains.Check(t.Context(), r.o.ID, d.Name, r.as(who))
		r.want(who+" checks", err, kind)
		r.want(who+" removes", r.domains.Remove(t.Context(), r.o.ID, d.Name, r.as(who)), kind)
	}
	others, stranger := r.other()
	_, err := r.domains.Check(t.Context(), others.ID, d.Name, stranger)
	r.want("checks what another organization has", err, fault.NotFound)
	r.want("removes it", r.domains.Remove(t.Context(), others.ID, d.Name, stranger), fault.NotFound)
	if all, err := r.domains.List(t.Context(), r.o.ID, "", 10); err != nil || len(all) != 1 || r.proven(d.Name) != "" {
		t.Errorf("after all that: %+v, %v", all, err)
	}
}

// TestRecordsThatGo: a proven domain is lost when its record is gone for long, not
// when the DNS fails, and not when the record comes back.
func TestRecordsThatGo(t *testing.T) {
	r := newRealm(t)
	kept, gone := r.add(r.o, "kept.example", r.as("owner1")), r.add(r.o, "gone.example", r.as("owner1"))
	word := r.add(r.o, "word.corp", r.as("owner1"))
	_, err := r.domains.Vouch(t.Context(), r.o.ID, word.Name)
	r.ok(err)
	for _, d := range []*org.Domain{kept, gone} {
		r.proves(d)
		r.check(d, r.as("owner1"))
	}
	var lost []string
	day := func() {
		r.clock.Pass(25 * time.Hour)
		r.ok(r.domains.Recheck(t.Context(), func(_ context.Context, d *org.Domain) error {
			lost = append(lost, d.Name)
			return nil
		}))
	}
	for _, d := range []*org.Domain{kept, gone} {
		name, _ := d.Record()
		r.dns.Set(name)
	}
	for range 3 {
		day()
	}
	r.proves(kept)
	r.dns.Fail(true)
	for range 9 {
		day()
	}
	if len(lost) > 0 {
		t.Fatalf("lost while the DNS fails: %q", lost)
	}
	r.dns.Fail(false)
	day()
	if !slices.Equal(lost, []string{"gone.example"}) || r.proven("gone.example") != "" || r.proven("kept.example") == "" || r.proven("word.corp") == "" {
		t.Errorf("lost: %q", lost)
	}
	asked := r.dns.Asked("_signet-challenge.kept.example")
	r.ok(r.domains.Recheck(t.Context(), nil))
	if r.dns.Asked("_signet-challenge.kept.example") != asked {
		t.Error("looked for again at once")
	}
	if d, err := r.domains.Get(t.Context(), r.o.ID, "kept.example"); err != nil || !d.MissedAt.IsZero() {
		t.Errorf("the one that came back: %+v, %v", d, err)
	}
}

func TestNamesOfDomains(t *testing.T) {
	for typed, want := range map[string]string{
		"Example.COM": "example.com", " ada@Example.com ": "example.com", "https://www.example.com/about": "www.example.com", "example.com.": "example.com",
		"bücher.example": "xn--bcher-kva.example", "xn--bcher-kva.example": "xn--bcher-kva.example", "corp.internal": "corp.internal", "例え.jp": "xn--r8jz45g.jp",
		"почта.рф": "xn--80a1acny.xn--p1ai", "a.example.co.uk": "a.example.co.uk",
	} {
		if got, err := org.CheckDomain(typed); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
	for typed, want := range map[string]org.DomainProblem{
		"": org.DomainMalformed, "localhost": org.DomainMalformed, "192.0.2.1": org.DomainMalformed, "a b.example": org.DomainMalformed,
		"_dmarc.example.com": org.DomainMalformed, "exa\u200bmple.com\x00": org.DomainMalformed, strings.Repeat("a.", 130) + "example": org.DomainMalformed,
		"[::1].example": org.DomainMalformed, "-a.example": org.DomainMalformed, "example.com:25": org.DomainMalformed,
		"co.uk": org.DomainSuffix, "github.io": org.DomainSuffix, "gmail.com": org.DomainFreeMail, "QQ.com": org.DomainFreeMail,
		"exаmple.com": org.DomainMixed, // a Cyrillic a
	} {
		_, err := org.CheckDomain(typed)
		if p, ok := errors.AsType[org.DomainProblem](err); !ok || p != want || !namesField(err, "domain") {
			t.Errorf("%q: %v, want %s", typed, err, want)
		}
	}
	for a, b := range map[string]string{
		"example.com": "examp1e.com", "modern.example": "modem.example", "google.example": "g00gle.example", "apple.com": "xn--80ak6aa92e.com",
		"sound.example": "sound.example", "ace.com": "аcе.com",
	} {
		if (&org.Domain{Name: a}).Skeleton() != (&org.Domain{Name: b}).Skeleton() {
			t.Errorf("%s and %s look different", a, b)
		}
	}
}

func FuzzDomainNames(f *testing.F) {
	for _, seed := range []string{"example.com", "ada@bücher.example", "https://x/", "..", "xn--", "exаmple.com", "\xff.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		name, err := org.CheckDomain(typed)
		if err != nil {
			return
		}
		if again, err := org.CheckDomain(name); err != nil || again != name {
			t.Errorf("%q becomes %q, and that %q, %v", typed, name, again, err)
		}
		if record, _ := (&org.Domain{Name: name}).Record(); len(record) > 253 {
			t.Errorf("%q: the record's name has %d bytes", name, len(record))
		}
	})
}
