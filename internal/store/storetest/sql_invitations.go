package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/org"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
)

const week = 7 * 24 * time.Hour

// freely lets everybody invite.
type freely struct{}

func (freely) Invite(context.Context, string, string, string) error { return nil }

func invitations(db *sqlstore.DB, now time.Time) *org.Invitations {
	return org.NewInvitations(db, organizations(db, now), freely{}, week, func() time.Time { return now })
}

// linked writes letters that hold nothing but the link.
func linked(link *string) org.ComposeInvitation {
	return func(i *org.Invitation, l string) (*outbox.Mail, error) {
		*link = l
		return letter(i.Email, i.SentAt), nil
	}
}

// inviteOne invites and returns the invitation with its link.
func inviteOne(t testing.TB, s *org.Invitations, by org.Actor, w org.Wish, address string) (*org.Invitation, string) {
	t.Helper()
	var link string
	reports, err := s.Invite(t.Context(), by, w, []string{address}, linked(&link))
	ok(t, err)
	if len(reports) != 1 || reports[0].Verdict != org.Sent || reports[0].Invitation == nil || !handle.Valid(link) {
		t.Fatalf("inviting %s: %+v", address, reports)
	}
	return reports[0].Invitation, link
}

func testInvitations(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx, s := t.Context(), invitations(db, epoch)
	ada, bob := makeAccount(t, db, "ada@example.com"), makeAccount(t, db, "bob@example.com")
	o := makeOrganization(t, db, ada)
	owner, viewer := org.Actor{AccountID: ada.ID}, org.Wish{OrgID: o.ID, Role: org.Viewer, ClientID: "console"}
	i, link := inviteOne(t, s, owner, viewer, "Eve@Example.com")

	t.Run("what is stored is read", func(t *testing.T) {
		stored := &org.Invitation{
			ID: i.ID, OrgID: o.ID, Email: "Eve@example.com", EmailKey: "eve@example.com", Role: org.Viewer, InviterID: ada.ID,
			ClientID: "console", LinkKey: handle.Sum(link), CreatedAt: epoch.UTC(), SentAt: epoch.UTC(), ExpiresAt: epoch.Add(week).UTC(),
		}
		for _, read := range []func() (*org.Invitation, error){
			func() (*org.Invitation, error) { return db.Invitation(ctx, i.ID) },
			func() (*org.Invitation, error) { return db.InvitationByLink(ctx, handle.Sum(link)) },
		} {
			if got, err := read(); err != nil || !reflect.DeepEqual(got, stored) {
				t.Errorf("%+v, %v; want %+v", got, err, stored)
			}
		}
		if m := claim(t, db, epoch, epoch.Add(time.Minute)); m == nil || m.To != "Eve@example.com" {
			t.Errorf("its letter is %+v", m)
		}
		for _, none := range []string{"", "x", newID(t), "a\x00"} {
			_, err := db.Invitation(ctx, none)
			want(t, err, fault.NotFound)
			_, err = db.InvitationByLink(ctx, none)
			want(t, err, fault.NotFound)
		}
	})

	t.Run("an address waits once", func(t *testing.T) {
		reports, err := s.Invite(ctx, owner, viewer, []string{"EVE@example.com", "ada@example.com", "bob@example.com", "bob", "BOB@example.com"}, linked(new(string)))
		ok(t, err)
		var got []org.Verdict
		for _, r := range reports {
			got = append(got, r.Verdict)
		}
		expected := []org.Verdict{org.AlreadyInvited, org.AlreadyMember, org.Sent, org.NoAddress, org.AlreadyInvited}
		if !reflect.DeepEqual(got, expected) {
			t.Errorf("verdicts %v, want %v", got, expected)
		}
		other := makeOrganization(t, db, bob)
		inviteOne(t, s, org.Actor{AccountID: bob.ID}, org.Wish{OrgID: other.ID, Role: org.Admin}, "eve@example.com")
		waiting, err := db.InvitationsFor(ctx, "eve@example.com", epoch, 10)
		ok(t, err)
		if len(waiting) != 2 {
			t.Errorf("%d invitations wait for the address, want 2", len(waiting))
		}
		if late, err := db.InvitationsFor(ctx, "eve@example.com", epoch.Add(week), 10); err != nil || len(late) != 0 {
			t.Errorf("after their time %d wait, %v", len(late), err)
		}
	})

	t.Run("pages, the newest first", func(t *testing.T) {
		var seen []string
		for before := ""; ; before = seen[len(seen)-1] {
			some, err := db.Invitations(ctx, o.ID, before, 1)
			ok(t, err)
			if len(some) == 0 {
				break
			}
			seen = append(seen, some[0].ID)
		}
		if len(seen) != 2 || seen[0] < seen[1] || seen[1] != i.ID {
			t.Errorf("pages: %v", seen)
		}
	})

	t.Run("sent again", func(t *testing.T) {
		var next string
		later := invitations(db, epoch.Add(week+time.Hour))
		_, err := later.Resend(ctx, owner, o.ID, i.ID, linked(&next))
		ok(t, err)
		_, err = later.ByLink(ctx, link)
		want(t, err, fault.NotFound)
		got, err := later.ByLink(ctx, next)
		ok(t, err)
		if got.ID != i.ID || got.Standing != org.Open || !got.ExpiresAt.Equal(epoch.Add(2*week+time.Hour)) {
			t.Errorf("by the new link: %+v", got)
		}
	})

	t.Run("what expired makes room", func(t *testing.T) {
		inviteOne(t, s, owner, viewer, "late@example.com")
		inviteOne(t, invitations(db, epoch.Add(week)), owner, viewer, "late@example.com")
	})

	t.Run("an organization that is erased takes them along", func(t *testing.T) {
		gone := makeOrganization(t, db, bob)
		i, _ := inviteOne(t, s, org.Actor{AccountID: bob.ID}, org.Wish{OrgID: gone.ID, Role: org.Viewer}, "x@example.com")
		_, err := organizations(db, epoch).Delete(ctx, gone.ID, org.Operator)
		ok(t, err)
		_, err = db.EraseOrganizations(ctx, epoch.Add(grace), 10)
		ok(t, err)
		_, err = db.Invitation(ctx, i.ID)
		want(t, err, fault.NotFound)
	})

	t.Run("who accepted and is erased takes it along", func(t *testing.T) {
		grace := makeAccount(t, db, "grace@example.com")
		i, _ := inviteOne(t, s, owner, viewer, grace.Email)
		_, err := s.Accept(ctx, i, grace)
		ok(t, err)
		if got, err := db.Invitation(ctx, i.ID); err != nil || got.AccountID != grace.ID || got.Outcome != org.Accepted || !got.EndedAt.Equal(epoch) {
			t.Errorf("accepted: %+v, %v", got, err)
		}
		ok(t, db.DeleteAccount(ctx, grace.ID, epoch, epoch))
		_, err = db.Invitation(ctx, i.ID)
		want(t, err, fault.NotFound)
	})

	t.Run("swept", func(t *testing.T) {
		db := OpenSQL(t, fresh(t))
		inviteOne(t, invitations(db, epoch), org.Operator, org.Wish{}, "x@example.com")
		if n, err := db.DeleteInvitations(ctx, epoch.Add(week-time.Second), 10); err != nil || n != 0 {
			t.Errorf("swept too early: %d, %v", n, err)
		}
		if n, err := db.DeleteInvitations(ctx, epoch.Add(week), 10); err != nil || n != 1 {
			t.Errorf("swept: %d, %v", n, err)
		}
	})
}

// testAdmissions: an account is made by an open invitation of its address, and
// by nothing else.
func testAdmissions(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx, s := t.Context(), invitations(db, epoch)
	i, _ := inviteOne(t, s, org.Operator, org.Wish{}, "eve@example.com")
	stranger := signUp(t, "eve@example.com")
	_, err := db.AddSignUp(ctx, stranger, answers(stranger), often)
	ok(t, err)
	for _, c := range []struct {
		email, invitation string
		at                time.Time
	}{
		{"mallory@example.com", i.ID, epoch}, {"eve@example.com", newID(t), epoch}, {"eve@example.com", i.ID, epoch.Add(week)},
	} {
		_, err := db.AdmitSignUp(ctx, signUp(t, c.email), c.invitation, true, c.at)
		want(t, err, fault.Expired)
	}
	mine := signUp(t, "eve@example.com")
	a, err := db.AdmitSignUp(ctx, mine, i.ID, true, epoch)
	ok(t, err)
	if got, err := db.Account(ctx, mine.ID); err != nil || !got.EmailVerified || got.PasswordHash != mine.PasswordHash || got.Profile.GivenName != "Ada" {
		t.Errorf("the account is %+v, %v", got, err)
	}
	if agreed, err := db.Agreements(ctx, a.ID, 10); err != nil || len(agreed) != 1 {
		t.Errorf("agreements %+v, %v", agreed, err)
	}
	_, err = db.SignUpByLink(ctx, stranger.LinkKey, epoch)
	want(t, err, fault.NotFound) // who signed up with the address waits in vain
	_, err = db.AdmitSignUp(ctx, signUp(t, "eve@example.com"), i.ID, true, epoch)
	want(t, err, fault.Conflict)
	_, err = s.Accept(ctx, i, a)
	ok(t, err)
	_, err = db.AdmitSignUp(ctx, signUp(t, "eve@example.com"), i.ID, true, epoch)
	want(t, err, fault.Expired)

	// By a link that was handed over, without a letter, the address is not proven.
	reports, err := s.Invite(ctx, org.Operator, org.Wish{OrgID: i.OrgID, Role: org.Viewer}, []string{"grace@example.com"}, nil)
	ok(t, err)
	i = reports[0].Invitation
	handed, err := s.ByLink(ctx, i.Link)
	ok(t, err)
	if handed.ID != i.ID || !handed.ByHand() || handed.Standing != org.Open {
		t.Errorf("by its link: %+v", handed.Invitation)
	}
	a, err = db.AdmitSignUp(ctx, signUp(t, "grace@example.com"), i.ID, false, epoch)
	ok(t, err)
	if got, err := db.Account(ctx, a.ID); err != nil || got.EmailVerified || a.EmailVerified {
		t.Errorf("the account is %+v, %v", got, err)
	}
	again, err := s.Resend(ctx, org.Operator, i.OrgID, i.ID, nil)
	ok(t, err)
	if _, err := s.ByLink(ctx, again.Link); err != nil || again.Link == i.Link {
		t.Errorf("its next link: %v", err)
	}
}

// testInvitationRaces: however many use an invitation at once, one does.
func testInvitationRaces(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	ada, bob := makeAccount(t, db, "ada@example.com"), makeAccount(t, db, "bob@example.com")
	owner := org.Actor{AccountID: ada.ID}
	race := func(t *testing.T, kinds []fault.Kind, do func(*org.Invitations, int) error) int {
		t.Helper()
		return raceNodes(t, nodes, func(db *sqlstore.DB, n int) (bool, error) {
			err := do(invitations(db, epoch), n)
			for _, k := range kinds {
				if fault.Is(err, k) {
					return false, nil
				}
			}
			return err == nil, err
		})
	}

	t.Run("all accept", func(t *testing.T) {
		o := makeOrganization(t, db, ada)
		i, _ := inviteOne(t, invitations(db, epoch), owner, org.Wish{OrgID: o.ID, Role: org.Viewer}, bob.Email)
		won := race(t, []fault.Kind{fault.Expired}, func(s *org.Invitations, _ int) error { _, err := s.Accept(ctx, i, bob); return err })
		if won != 1 {
			t.Errorf("%d accepted, want 1", won)
		}
		wantRoles(t, db, o, map[string]org.Role{ada.Email: org.Owner, bob.Email: org.Viewer})
	})

	t.Run("accepted, declined and revoked", func(t *testing.T) {
		o := makeOrganization(t, db, makeAccount(t, db, "first@example.com"))
		i, _ := inviteOne(t, invitations(db, epoch), org.Operator, org.Wish{OrgID: o.ID, Role: org.Viewer}, bob.Email)
		won := race(t, []fault.Kind{fault.Expired}, func(s *org.Invitations, n int) error {
			switch n / 2 % 3 {
			case 0:
				_, err := s.Accept(ctx, i, bob)
				return err
			case 1:
				_, err := s.Revoke(ctx, org.Operator, o.ID, i.ID)
				return err
			}
			if ended, err := s.Decline(ctx, i); err != nil || ended {
				return err
			}
			return fault.New(fault.Expired, "too late")
		})
		got, err := db.Invitation(ctx, i.ID)
		ok(t, err)
		m, err := db.Member(ctx, o.ID, bob.ID)
		ok(t, err)
		if won != 1 || (got.Outcome == org.Accepted) != (m != nil) {
			t.Errorf("%d won, it is %s, the member is %+v", won, got.Outcome, m)
		}
	})

	t.Run("the admin who invited is sent away", func(t *testing.T) {
		for range 10 {
			o := makeOrganization(t, db, makeAccount(t, db, newID(t)+"@example.com"))
			admin := makeAccount(t, db, newID(t)+"@example.com")
			ok(t, organizations(db, epoch).Put(ctx, o.ID, admin.ID, org.Admin))
			i, _ := inviteOne(t, invitations(db, epoch), org.Actor{AccountID: admin.ID}, org.Wish{OrgID: o.ID, Role: org.Admin}, bob.Email)
			race(t, []fault.Kind{fault.Expired}, func(s *org.Invitations, n int) error {
				if n > 0 {
					gone, err := db.Member(ctx, o.ID, admin.ID)
					ok(t, err)
					_, err = s.Accept(ctx, i, bob)
					if err == nil && gone == nil {
						t.Error("accepted after the admin was gone")
					}
					return err
				}
				return organizations(db, epoch).Remove(ctx, o.ID, admin.ID, org.Operator)
			})
			_, err := invitations(db, epoch).Accept(ctx, i, bob)
			want(t, err, fault.Expired)
		}
	})

	t.Run("one address is invited", func(t *testing.T) {
		o := makeOrganization(t, db, makeAccount(t, db, "second@example.com"))
		won := race(t, []fault.Kind{fault.Conflict}, func(s *org.Invitations, _ int) error {
			reports, err := s.Invite(ctx, org.Operator, org.Wish{OrgID: o.ID, Role: org.Viewer}, []string{"eve@example.com"}, linked(new(string)))
			if err == nil && reports[0].Verdict != org.Sent {
				return fault.New(fault.Conflict, "too late")
			}
			return err
		})
		if won != 1 {
			t.Errorf("%d invited, want 1", won)
		}
	})

	t.Run("the account is made once", func(t *testing.T) {
		i, _ := inviteOne(t, invitations(db, epoch), org.Operator, org.Wish{}, "new@example.com")
		won := raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			su := signUp(t, "new@example.com")
			su.News = nil
			_, err := db.AdmitSignUp(ctx, su, i.ID, true, epoch)
			if fault.Is(err, fault.Conflict) {
				return false, nil
			}
			return err == nil, err
		})
		if won != 1 {
			t.Errorf("%d made the account, want 1", won)
		}
	})
}
