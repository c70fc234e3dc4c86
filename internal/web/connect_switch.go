package web

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/web/view"
)

// postSwitch switches the connection off, on, or on for everybody of its domains.
func (w *Web) postSwitch(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, err := w.ownConnection(r, s)
	if err != nil {
		return err
	}
	to := org.Policy(r.PostFormValue("to"))
	if !slices.Contains(org.Policies, to) {
		return fault.New(fault.Invalid, "switch it to off, on or required").On("to")
	}
	refuse := func(why view.Message) error {
		return w.showSettings(rw, r, s, c, entered{typed: typedOf(c), faults: map[string]view.Message{"": why}})
	}
	if to != org.PolicyOff {
		if proven, err := w.Domains.AnyProven(r.Context(), s.org.ID); err != nil || !proven && !c.TestedAt.IsZero() {
			if err != nil {
				return err
			}
			return refuse(view.FaultNoDomain)
		}
	}
	begins, err := w.Connections.Switch(r.Context(), c.ID, s.org.ID, to)
	if fault.Is(err, fault.Conflict) {
		return refuse(view.FaultUntried)
	}
	if err != nil {
		return err
	}
	if err := w.recordConnection(r, s, "connection.switch", c, "to", string(to)); err != nil {
		return err
	}
	if to == org.PolicyRequired {
		if err := w.BeginSignOuts(r.Context(), s.org.ID); err != nil {
			return err
		}
	}
	if begins {
		if err := w.tellRequired(r.Context(), s, c); err != nil {
			return err
		}
	}
	w.send(rw, w.setupAt(s, aboutPart(partConnection, c.ID), "done", "connection-"+string(to))+"#switch")
	return nil
}

// passwordless ends, step by step, what members of an organization signed in to by a
// password, once they cannot any more: they sign in again, at their provider. Owners
// keep theirs, and so does who came by a connection of the organization.
type passwordless struct {
	orgID string
	after string // the account id of the last member who was looked at
}

// signOuts are the organizations whose members are still being signed out. They
// are remembered by the node where it began: a node that ends leaves the rest to
// the ends of the sessions, or to who switches it once more.
type signOuts struct {
	mu   sync.Mutex
	list []passwordless
}

func (d *signOuts) add(p passwordless) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, p)
}

func (d *signOuts) take() (passwordless, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.list) == 0 {
		return passwordless{}, false
	}
	p := d.list[0]
	d.list = d.list[1:]
	return p, true
}

// BeginSignOuts signs out as many members as one request may wait for, and leaves
// the others to SignOutMembers.
func (w *Web) BeginSignOuts(ctx context.Context, orgID string) error {
	return w.signOutMore(ctx, passwordless{orgID: orgID})
}

// SignOutMembers goes on with what BeginSignOuts has left, for some pages of members.
func (w *Web) SignOutMembers(ctx context.Context) error {
	for range mostShown {
		p, some := w.signOuts.take()
		if !some {
			return nil
		}
		if err := w.signOutMore(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// signOutMore takes the next page of members, and remembers what is left. Where the
// provider is required no more, nothing is.
func (w *Web) signOutMore(ctx context.Context, p passwordless) error {
	realm, err := w.Realms.OfOrganization(ctx, p.orgID)
	if err == nil && (realm == nil || !realm.Enforced) {
		return nil
	}
	done := false
	if err == nil {
		done, err = w.signOutSome(ctx, &p)
	}
	if !done {
		w.signOuts.add(p)
	}
	return err
}

// signOutSome looks at a page of members, and reports whether it was the last one.
func (w *Web) signOutSome(ctx context.Context, p *passwordless) (done bool, err error) {
	domains, err := w.Domains.List(ctx, p.orgID, "", mostShown)
	if err != nil {
		return false, err
	}
	proven := map[string]bool{}
	for _, d := range domains {
		proven[d.Name] = d.Proven()
	}
	own, err := w.Connections.Of(ctx, p.orgID)
	if err != nil {
		return false, err
	}
	people, err := w.Organizations.Members(ctx, p.orgID, p.after, mostShown)
	if err != nil {
		return false, err
	}
	for _, m := range people {
		_, key, malformed := account.NormalizeEmail(m.Email)
		if malformed == nil && m.Role != org.Owner && proven[org.DomainOf(key)] {
			if err := w.endOtherSessions(ctx, m.AccountID, own); err != nil {
				return false, err
			}
		}
		p.after = m.AccountID
	}
	return len(people) < mostShown, nil
}

// endOtherSessions ends the sessions of the account that began otherwise than by
// one of the connections, and, if there were any, what apps were granted by them.
func (w *Web) endOtherSessions(ctx context.Context, accountID string, own []*org.Connection) error {
	live, err := w.Sessions.Live(ctx, accountID)
	if err != nil {
		return err
	}
	ended := false
	for _, sess := range live {
		if u := sess.Upstream; u != nil && slices.ContainsFunc(own, func(c *org.Connection) bool { return c.ID == u.Connection }) {
			continue
		}
		if err := w.Sessions.End(ctx, sess); err != nil {
			return err
		}
		ended = true
	}
	if !ended && len(live) > 0 {
		return nil
	}
	return w.Grants.RevokeAll(ctx, accountID, "")
}
