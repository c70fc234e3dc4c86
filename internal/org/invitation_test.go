package org_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/outbox"
)

const week = 7 * 24 * time.Hour

// lobby is a house whose people invite others.
type lobby struct {
	*house
	*org.Invitations
	link string  // of the last letter
	gate []error // what the guard says next
}

// Guard says what is next in the gate.
func (l *lobby) Guard(context.Context, string, string, string) error {
	if len(l.gate) == 0 {
		return nil
	}
	err := l.gate[0]
	l.gate = l.gate[1:]
	return err
}

type guardFunc func(context.Context, string, string, string) error

func (f guardFunc) Invite(ctx context.Context, accountID, orgID, emailKey string) error {
	return f(ctx, accountID, orgID, emailKey)
}

func newLobby(t *testing.T) *lobby {
	l := &lobby{house: newHouse(t)}
	l.Invitations = org.NewInvitations(l.db, l.Service, guardFunc(l.Guard), week, l.clock.Now)
	return l
}

func (l *lobby) compose(i *org.Invitation, link string) (*outbox.Mail, error) {
	l.link = link
	return outbox.New(outbox.Mail{Kind: "invitation", To: i.Email, Language: "en", Subject: "S", Text: "T", HTML: "H"}, l.clock.Now()), nil
}

func (l *lobby) ask(by org.Actor, role org.Role, addresses ...string) ([]org.Report, error) {
	return l.Invite(l.t.Context(), by, org.Wish{OrgID: l.o.ID, Role: role}, addresses, l.compose)
}

func (l *lobby) one(by org.Actor, role org.Role, address string) *org.Invitation {
	l.t.Helper()
	reports, err := l.ask(by, role, address)
	l.ok(err)
	if len(reports) != 1 || reports[0].Verdict != org.Sent {
		l.t.Fatalf("inviting %s: %+v", address, reports)
	}
	return reports[0].Invitation
}

// account is that of an address, which has one.
func (l *lobby) account(address string) *account.Account {
	l.t.Helper()
	l.person(address)
	a, err := l.db.Account(l.t.Context(), l.ids[address])
	l.ok(err)
	a.EmailVerified = true
	return a
}

func (l *lobby) standing() org.Standing {
	l.t.Helper()
	seen, err := l.ByLink(l.t.Context(), l.link)
	l.ok(err)
	return seen.Standing
}

func TestWhoMayInviteWhom(t *testing.T) {
	l := newLobby(t)
	for _, who := range []string{"owner1", "admin1", "viewer1", "stranger"} {
		for _, role := range org.Roles {
			_, err := l.ask(l.as(who), role, who+"-"+string(role)+"@example.com")
			kind := fault.Forbidden
			switch {
			case who == "stranger":
				kind = fault.NotFound
			case org.Role(strings.TrimRight(who, "1")).Manages(role):
				kind = ""
			}
			l.want(who+" invites "+string(role), err, kind)
		}
		_, err := l.Invite(t.Context(), l.as(who), org.Wish{}, []string{"x@example.com"}, l.compose)
		l.want(who+" invites into the house", err, fault.Forbidden)
		_, _, err = l.Invitations.List(t.Context(), l.as(who), l.o.ID, "", "", 10)
		l.want(who+" lists", err, map[string]fault.Kind{"viewer1": fault.Forbidden, "stranger": fault.NotFound}[who])
	}
	_, err := l.ask(l.as("owner1"), "boss", "x@example.com")
	l.want("no role", err, fault.Invalid)
	i := l.one(l.as("owner1"), org.Owner, "next@example.com")
	_, err = l.Revoke(t.Context(), l.as("admin1"), l.o.ID, i.ID)
	l.want("an admin takes back an owner's", err, fault.Forbidden)
	_, err = l.Resend(t.Context(), l.as("admin1"), l.o.ID, i.ID, l.compose)
	l.want("an admin sends an owner's again", err, fault.Forbidden)
	other, err := l.Create(t.Context(), "Another", "", l.ids["stranger"], org.Operator)
	l.ok(err)
	_, err = l.Revoke(t.Context(), l.as("stranger"), other.ID, i.ID)
	l.want("the owner of another organization", err, fault.NotFound)
}

func TestAccepting(t *testing.T) {
	l := newLobby(t)
	eve, bob := l.account("eve@example.com"), l.account("bob@example.com")
	i := l.one(l.as("admin1"), org.Viewer, "Eve@example.com")
	_, err := l.Accept(t.Context(), i, bob)
	l.want("somebody else", err, fault.Forbidden)
	_, err = l.Accept(t.Context(), i, eve)
	l.ok(err)
	if l.role("eve@example.com") != org.Viewer || l.standing() != org.Accepted {
		t.Errorf("role %q, standing %s", l.role("eve@example.com"), l.standing())
	}
	_, err = l.Accept(t.Context(), i, eve)
	l.want("again", err, fault.Expired)

	// Who became a member on another way stays what it is.
	i = l.one(l.as("owner1"), org.Admin, "bob@example.com")
	l.ok(l.Put(t.Context(), l.o.ID, bob.ID, org.Viewer))
	_, err = l.Accept(t.Context(), i, bob)
	l.ok(err)
	if l.role("bob@example.com") != org.Viewer || l.standing() != org.Accepted {
		t.Errorf("a member became %q", l.role("bob@example.com"))
	}
}

// TestWhatIsNotOpen: nothing can be accepted that nobody stands behind any more.
func TestWhatIsNotOpen(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*lobby, *org.Invitation) error
		want org.Standing
	}{
		{"time passes", func(l *lobby, _ *org.Invitation) error { l.clock.Pass(week); return nil }, org.Expired},
		{"taken back", func(l *lobby, i *org.Invitation) error {
			_, err := l.Revoke(l.t.Context(), l.as("admin2"), l.o.ID, i.ID)
			return err
		}, org.Revoked},
		{"declined", func(l *lobby, i *org.Invitation) error { _, err := l.Decline(l.t.Context(), i); return err }, org.Declined},
		{"who invited was removed", func(l *lobby, _ *org.Invitation) error {
			return l.Remove(l.t.Context(), l.o.ID, l.ids["admin1"], l.as("owner1"))
		}, org.Void},
		{"who invited sees only", func(l *lobby, _ *org.Invitation) error {
			return l.SetRole(l.t.Context(), l.o.ID, l.ids["admin1"], org.Viewer, l.as("owner1"))
		}, org.Void},
		{"who invited is disabled", func(l *lobby, _ *org.Invitation) error {
			a, err := l.db.Account(l.t.Context(), l.ids["admin1"])
			if err != nil {
				return err
			}
			before := a.UpdatedAt
			a.Status, a.UpdatedAt = account.Disabled, before.Add(time.Second)
			return l.db.UpdateAccount(l.t.Context(), a, before)
		}, org.Void},
		{"who invited is erased", func(l *lobby, _ *org.Invitation) error {
			return l.db.DeleteAccount(l.t.Context(), l.ids["admin1"], time.Time{}, time.Time{})
		}, org.Void},
		{"the organization is deleted", func(l *lobby, _ *org.Invitation) error {
			_, err := l.Delete(l.t.Context(), l.o.ID, l.as("owner1"))
			return err
		}, org.Void},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLobby(t)
			eve := l.account("eve@example.com")
			i := l.one(l.as("admin1"), org.Admin, "eve@example.com")
			l.ok(c.do(l, i))
			if got := l.standing(); got != c.want {
				t.Errorf("standing %s, want %s", got, c.want)
			}
			_, err := l.Accept(t.Context(), i, eve)
			l.want("accepting", err, fault.Expired)
			if l.role("eve@example.com") != "" {
				t.Error("it made a member")
			}
			if mine, err := l.For(t.Context(), eve, 10); err != nil || len(mine) != 0 {
				t.Errorf("it still waits: %+v, %v", mine, err)
			}
		})
	}
}

// TestSentAgainBySomebodyElse: who sends it answers for it from then on.
func TestSentAgainBySomebodyElse(t *testing.T) {
	l := newLobby(t)
	eve := l.account("eve@example.com")
	i := l.one(l.as("admin1"), org.Viewer, "eve@example.com")
	old := l.link
	l.ok(l.Remove(t.Context(), l.o.ID, l.ids["admin1"], l.as("owner1")))
	_, err := l.Resend(t.Context(), l.as("admin2"), l.o.ID, i.ID, l.compose)
	l.ok(err)
	_, err = l.ByLink(t.Context(), old)
	l.want("the old link", err, fault.NotFound)
	if mine, err := l.For(t.Context(), eve, 10); err != nil || len(mine) != 1 || mine[0].Organization.ID != l.o.ID {
		t.Errorf("what waits for her: %+v, %v", mine, err)
	}
	eve.EmailVerified = false
	if mine, err := l.For(t.Context(), eve, 10); err != nil || len(mine) != 0 {
		t.Errorf("what waits for an address that was not proven: %+v, %v", mine, err)
	}
	_, err = l.Accept(t.Context(), i, eve)
	l.ok(err)
	_, err = l.Resend(t.Context(), l.as("admin2"), l.o.ID, i.ID, l.compose)
	l.want("sending what was accepted", err, fault.Expired)
}

func TestTooManyLetters(t *testing.T) {
	l := newLobby(t)
	l.gate = []error{nil, fault.New(fault.Limited, "too many")}
	reports, err := l.ask(l.as("owner1"), org.Viewer, "a@example.com", "b@example.com", "c@example.com")
	l.ok(err)
	for n, want := range []org.Verdict{org.Sent, org.TooMany, org.Sent} {
		if reports[n].Verdict != want {
			t.Errorf("letter %d: %s, want %s", n+1, reports[n].Verdict, want)
		}
	}
}

// TestInvitingTellsNothing: who invites learns from neither answer nor cost
// whether an address has an account.
func TestInvitingTellsNothing(t *testing.T) {
	l := newLobby(t)
	l.account("known@example.com")
	l.one(l.as("owner1"), org.Viewer, "warm@example.com") // statements are prepared
	cost := func(address string) int64 {
		before := l.db.Statements()
		l.one(l.as("owner1"), org.Viewer, address)
		return l.db.Statements() - before
	}
	if known, fresh := cost("known@example.com"), cost("fresh@example.com"); known != fresh {
		t.Errorf("an invitation costs %d statements with an account and %d without", known, fresh)
	}
}

func TestAddresses(t *testing.T) {
	list, more := org.Addresses("ada@example.com, bob@example.com\r\n\"Lovelace, Ada\" <Ada@example.com>; \n  Eve <eve@example.com>\nnobody\n", 10)
	want := []string{"ada@example.com", "bob@example.com", "eve@example.com", "nobody"}
	if !slices.Equal(list, want) || more {
		t.Errorf("%q, %v; want %q", list, more, want)
	}
	list, _ = org.Addresses(`"Carol, the first" <carol@example.com>; dan@example.com`+"\n"+`O"Brien <pat@example.com>, grace@example.com`, 10)
	want = []string{"carol@example.com", "dan@example.com", "pat@example.com", "grace@example.com"}
	if !slices.Equal(list, want) {
		t.Errorf("%q, want %q", list, want)
	}
	if list, more := org.Addresses("a@example.com\nb@example.com\nc@example.com", 2); len(list) != 2 || !more {
		t.Errorf("%q, %v; want two, and more", list, more)
	}
}

func FuzzAddresses(f *testing.F) {
	for _, seed := range []string{"", "ada@example.com", "\"Lovelace, Ada\" <ada@example.com>; bob", "<<>>,;\x00", "group: a@b.c, d@e.f;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pasted string) {
		const most = 5
		list, _ := org.Addresses(pasted, most)
		if len(list) > most {
			t.Errorf("%d of at most %d", len(list), most)
		}
		for _, a := range list {
			if a == "" || len(a) > len(pasted) {
				t.Errorf("%q out of %q", a, pasted)
			}
		}
	})
}

// TestInvitationsByHand: a link that is handed over is not found as one that came
// by mail, nor one that came by mail as one that is handed over; and by the next
// letter the invitation proves the address again.
func TestInvitationsByHand(t *testing.T) {
	l := newLobby(t)
	reports, err := l.Invite(t.Context(), l.as("owner1"), org.Wish{OrgID: l.o.ID, Role: org.Viewer}, []string{"new@example.com", "nobody"}, nil)
	l.ok(err)
	if reports[0].Verdict != org.Handed || reports[1].Verdict != org.NoAddress {
		t.Fatalf("reports: %+v", reports)
	}
	i, byMail := reports[0].Invitation, strings.TrimPrefix(reports[0].Invitation.Link, "hand.")
	for link, there := range map[string]bool{i.Link: true, byMail: false, "hand." + i.Link: false, "hand.": false, "": false} {
		seen, err := l.ByLink(t.Context(), link)
		if (err == nil) != there || there && (!seen.ByHand() || seen.Link != "" || seen.Standing != org.Open) {
			t.Errorf("%q: %+v, %v", link, seen, err)
		}
	}
	_, err = l.Resend(t.Context(), l.as("owner1"), l.o.ID, i.ID, l.compose)
	l.ok(err)
	for link, there := range map[string]bool{i.Link: false, l.link: true, "hand." + l.link: false} {
		seen, err := l.ByLink(t.Context(), link)
		if (err == nil) != there || there && seen.ByHand() {
			t.Errorf("sent by mail, %q: %+v, %v", link, seen, err)
		}
	}
	again, err := l.Resend(t.Context(), l.as("owner2"), l.o.ID, i.ID, nil)
	l.ok(err)
	if seen, err := l.ByLink(t.Context(), again.Link); err != nil || !seen.ByHand() {
		t.Errorf("by hand again: %+v, %v", seen, err)
	}
}
