package org_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"

	"github.com/google/uuid"
)

// house is an organization with two owners, two admins and two viewers.
type house struct {
	*org.Service
	t     *testing.T
	db    *sqlstore.DB
	clock *storetest.Clock
	o     *org.Organization
	ids   map[string]string // by name: owner1, owner2, admin1, ...
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, db: storetest.OpenSQL(t, storetest.SQLiteURL(t)), clock: storetest.NewClock(), ids: map[string]string{}}
	h.Service = org.NewService(h.db, org.Rules{Grace: 30 * 24 * time.Hour}, h.clock.Now)
	for _, role := range org.Roles {
		for i := range 2 {
			h.person(fmt.Sprint(role, i+1))
		}
	}
	h.person("stranger")
	var err error
	if h.o, err = h.Create(t.Context(), "Analytical Engines", "engines", h.ids["owner1"], org.Operator); err != nil {
		t.Fatal(err)
	}
	for name, id := range h.ids {
		if name != "stranger" {
			h.ok(h.Put(t.Context(), h.o.ID, id, org.Role(name[:len(name)-1])))
		}
	}
	return h
}

func (h *house) person(name string) {
	h.t.Helper()
	id, err := uuid.NewV7()
	h.ok(err)
	h.ids[name] = id.String()
	h.ok(h.db.CreateAccount(h.t.Context(), &account.Account{
		ID: id.String(), Email: name, EmailKey: name, Status: account.Active, CreatedAt: h.clock.Now(), UpdatedAt: h.clock.Now(),
	}))
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) want(what string, err error, kind fault.Kind) {
	h.t.Helper()
	if fault.KindOf(err) != kind {
		h.t.Errorf("%s: %v, want a fault of kind %q", what, err, kind)
	}
}

func (h *house) role(name string) org.Role {
	h.t.Helper()
	m, err := h.db.Member(h.t.Context(), h.o.ID, h.ids[name])
	h.ok(err)
	if m == nil {
		return ""
	}
	return m.Role
}

func (h *house) as(name string) org.Actor { return org.Actor{AccountID: h.ids[name]} }

// TestWhoMayChangeWhom tries each role on each other with each new role: nobody
// gives what he has not, takes from one above him, or makes himself mightier.
func TestWhoMayChangeWhom(t *testing.T) {
	may := map[string]bool{ // who, whom, what they become
		"owner owner": true, "owner admin": true, "owner viewer": true,
		"admin admin admin": true, "admin admin viewer": true, "admin viewer admin": true, "admin viewer viewer": true,
	}
	for _, who := range org.Roles {
		for _, whom := range org.Roles {
			for _, to := range org.Roles {
				h := newHouse(t)
				allowed := may[fmt.Sprint(who, " ", whom)] || may[fmt.Sprint(who, " ", whom, " ", to)]
				for _, target := range []string{string(whom) + "2", string(who) + "1"} {
					if target[:len(target)-1] != string(whom) {
						continue // himself, in the round of his own role
					}
					before := h.role(target)
					err := h.SetRole(t.Context(), h.o.ID, h.ids[target], to, h.as(string(who)+"1"))
					if after := h.role(target); (err == nil) != allowed || allowed && after != to || !allowed && after != before {
						t.Errorf("%s makes %s a %s: %v, and he is %s", who, target, to, err, after)
					}
					if err != nil {
						h.want("refused", err, fault.Forbidden)
						continue
					}
					h.ok(h.Put(t.Context(), h.o.ID, h.ids[target], before))
				}
			}
			h := newHouse(t)
			err := h.Remove(t.Context(), h.o.ID, h.ids[string(whom)+"2"], h.as(string(who)+"1"))
			if allowed := who == org.Owner || who == org.Admin && whom != org.Owner; (err == nil) != allowed || (h.role(string(whom)+"2") == "") != allowed {
				t.Errorf("%s removes a %s: %v", who, whom, err)
			}
		}
	}
}

// TestStrangersSeeNothing: to who is no member there is no such organization,
// whatever is asked.
func TestStrangersSeeNothing(t *testing.T) {
	h := newHouse(t)
	ctx, who, id := t.Context(), h.as("stranger"), h.o.ID
	for what, do := range map[string]func(id string) error{
		"see":      func(id string) error { _, err := h.Seen(ctx, id, who.AccountID); return err },
		"rename":   func(id string) error { _, err := h.Rename(ctx, id, "Mine", who); return err },
		"delete":   func(id string) error { _, err := h.Delete(ctx, id, who); return err },
		"restore":  func(id string) error { _, err := h.Restore(ctx, id, who); return err },
		"role":     func(id string) error { return h.SetRole(ctx, id, h.ids["viewer1"], org.Admin, who) },
		"self":     func(id string) error { return h.SetRole(ctx, id, who.AccountID, org.Owner, who) },
		"remove":   func(id string) error { return h.Remove(ctx, id, h.ids["viewer1"], who) },
		"leave":    func(id string) error { return h.Leave(ctx, id, who.AccountID) },
		"transfer": func(id string) error { return h.Transfer(ctx, id, who.AccountID, h.ids["viewer1"]) },
	} {
		there, none := do(id), do(uuid.NewString())
		h.want(what, there, fault.NotFound)
		h.want(what+" none", none, fault.NotFound)
	}
	if got, err := h.Get(ctx, id); err != nil || got.Name != h.o.Name || got.Deleted() || h.role("viewer1") != org.Viewer {
		t.Errorf("it was changed: %+v, %v", got, err)
	}
}

func TestAnOwnerRemains(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.ok(h.Leave(ctx, h.o.ID, h.ids["owner2"]))
	h.want("the last leaves", h.Leave(ctx, h.o.ID, h.ids["owner1"]), fault.Conflict)
	h.want("the last steps down", h.SetRole(ctx, h.o.ID, h.ids["owner1"], org.Viewer, h.as("owner1")), fault.Conflict)
	h.want("the last is removed", h.Remove(ctx, h.o.ID, h.ids["owner1"], org.Operator), fault.Conflict)
	h.want("the last is made a viewer", h.Put(ctx, h.o.ID, h.ids["owner1"], org.Viewer), fault.Conflict)
	h.want("to himself", h.Transfer(ctx, h.o.ID, h.ids["owner1"], h.ids["owner1"]), fault.Invalid)
	h.want("by an admin", h.Transfer(ctx, h.o.ID, h.ids["admin1"], h.ids["viewer1"]), fault.Forbidden)
	h.want("to a stranger", h.Transfer(ctx, h.o.ID, h.ids["owner1"], h.ids["stranger"]), fault.NotFound)
	h.ok(h.Transfer(ctx, h.o.ID, h.ids["owner1"], h.ids["viewer1"]))
	if h.role("owner1") != org.Admin || h.role("viewer1") != org.Owner {
		t.Errorf("handed over: %s and %s", h.role("owner1"), h.role("viewer1"))
	}
	h.ok(h.Leave(ctx, h.o.ID, h.ids["owner1"]))

	// Who cannot sign in is no owner to count on.
	h.ok(h.Put(ctx, h.o.ID, h.ids["admin1"], org.Owner))
	a, err := h.db.Account(ctx, h.ids["admin1"])
	h.ok(err)
	prev := a.UpdatedAt
	a.Status = account.Disabled
	h.ok(h.db.UpdateAccount(ctx, a, prev))
	h.want("the last who can sign in leaves", h.Leave(ctx, h.o.ID, h.ids["viewer1"]), fault.Conflict)
	h.want("the last who can sign in hands it over to who cannot", h.Transfer(ctx, h.o.ID, h.ids["viewer1"], h.ids["admin1"]), fault.Conflict)
}

func TestDeletion(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	for _, name := range []string{"admin1", "viewer1"} {
		_, err := h.Delete(ctx, h.o.ID, h.as(name))
		h.want(name+" deletes", err, fault.Forbidden)
	}
	o, err := h.Delete(ctx, h.o.ID, h.as("owner1"))
	h.ok(err)
	if !o.EraseAt.Equal(h.clock.Now().Add(30 * 24 * time.Hour)) {
		t.Errorf("erased at %s", o.EraseAt)
	}
	for _, name := range []string{"admin1", "viewer1"} {
		_, err := h.Seen(ctx, h.o.ID, h.ids[name])
		h.want(name+" looks", err, fault.NotFound)
		_, err = h.Restore(ctx, h.o.ID, h.as(name))
		h.want(name+" restores", err, fault.NotFound)
		if of, err := h.Of(ctx, h.ids[name], "", 10); err != nil || len(of) != 0 {
			t.Errorf("%s has %+v, %v", name, of, err)
		}
	}
	h.want("a member of what is deleted", h.SetRole(ctx, h.o.ID, h.ids["viewer1"], org.Admin, h.as("owner1")), fault.NotFound)
	_, err = h.Rename(ctx, h.o.ID, "New", h.as("owner1"))
	h.want("renamed when deleted", err, fault.NotFound)
	if _, err := h.Restore(ctx, h.o.ID, h.as("owner2")); err != nil {
		t.Error(err)
	}
	if of, err := h.Of(ctx, h.ids["viewer1"], "", 10); err != nil || len(of) != 1 {
		t.Errorf("after the restoration: %+v, %v", of, err)
	}
	_, err = h.Delete(ctx, h.o.ID, h.as("owner1"))
	h.ok(err)
	h.clock.Pass(30*24*time.Hour + time.Second)
	h.ok(h.Erase(ctx))
	_, err = h.Restore(ctx, h.o.ID, h.as("owner1"))
	h.want("restored when erased", err, fault.NotFound)
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		" Analytical\tEngines ": "Analytical Engines", "株式会社": "株式会社", "e\u0301": "\u00e9",
		"": "", "   ": "", strings.Repeat("x", 81): "", "a\u202eb": "", "a\x00b": "", "a\u200bb": "",
	} {
		if got, err := org.CheckName(name); got != want || (err == nil) != (want != "") || err != nil && !namesField(err, "name") {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	for slug, good := range map[string]bool{
		"engines": true, "a1": true, "a-b": true, "a": false, "": false, "-a": false, "a-": false, "A1": false, "ä1": false, "a b": false,
		strings.Repeat("x", 41): false, "019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55": false,
	} {
		if err := org.CheckSlug(slug); (err == nil) != good || err != nil && !namesField(err, "slug") {
			t.Errorf("%q: %v", slug, err)
		}
	}
}

func namesField(err error, field string) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Field == field
}

// TestAskedFor: which organization an app gets that asks for one, for whom.
func TestAskedFor(t *testing.T) {
	h := newHouse(t)
	other, err := h.Create(t.Context(), "Tables & Sons", "tables", h.ids["owner1"], org.Operator)
	h.ok(err)
	gone, err := h.Create(t.Context(), "Gone", "gone", h.ids["viewer1"], org.Operator)
	h.ok(err)
	_, err = h.Delete(t.Context(), gone.ID, org.Operator)
	h.ok(err)
	for _, c := range []struct{ asked, who, want string }{
		{"engines", "owner1", h.o.ID}, {h.o.ID, "viewer2", h.o.ID}, {"tables", "owner1", other.ID},
		{org.Any, "owner1", ""}, // who has several chooses
		{org.Any, "viewer1", h.o.ID}, {org.Any, "stranger", ""},
		{"tables", "viewer1", ""}, {other.ID, "stranger", ""}, {"none", "owner1", ""}, {"gone", "viewer1", ""},
	} {
		m, err := h.Asked(t.Context(), c.asked, h.ids[c.who])
		h.ok(err)
		got := ""
		if m != nil {
			got = m.ID
		}
		if got != c.want {
			t.Errorf("%s asked for %s: %q, want %q", c.who, c.asked, got, c.want)
		}
	}
	for asked, want := range map[string]bool{
		"engines": true, h.o.ID: true, org.Any: true, "": false, "a": false, "**": false, "Engines": false, "an engine": false,
		"urn:uuid:" + h.o.ID: false, strings.Repeat("a", 41): false,
	} {
		if org.Askable(asked) != want {
			t.Errorf("Askable(%q) is %t", asked, !want)
		}
	}
}
