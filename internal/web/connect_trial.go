package web

import (
	"net/http"
	"slices"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// postTry begins a trial sign-in, which signs nobody in.
func (w *Web) postTry(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, err := w.ownConnection(r, s)
	if err != nil {
		return err
	}
	if !complete(c) {
		w.send(rw, w.setupAt(s, aboutPart(partConnection, c.ID)))
		return nil
	}
	return w.beginTrial(rw, r, c, s.base+aboutPart(partTry, c.ID))
}

// connectTrial shows what arrived and what it would become.
func (w *Web) connectTrial(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, err := w.ownConnection(r, s)
	if err != nil {
		return err
	}
	at := w.setupAt(s, aboutPart(partConnection, c.ID))
	t, err := w.trialOf(r, c.ID)
	if fault.Is(err, fault.Expired) {
		w.send(rw, at+"#try")
		return nil
	}
	if err != nil {
		return err
	}
	fr, err := w.connectFrame(r, s, r.URL.RequestURI())
	if err != nil {
		return err
	}
	page := &view.ConnectTrial{
		ConnectFrame: fr, Name: c.Name, Failed: t.Fault, Again: view.Form{Action: w.setupAt(s, aboutPart(partTry, c.ID))}, BackURL: at,
		Confirm: view.Form{Action: w.setupAt(s, aboutPart(partPassed, c.ID)), Hidden: []view.Pair{{Name: "trial", Value: r.URL.Query().Get("trial")}}},
	}
	if t.Arrival != nil {
		out, err := w.Arrivals.Foresee(r.Context(), c, t.Arrival)
		if err != nil {
			return err
		}
		fillTrial(page, c, t.Arrival, out)
		page.Good = page.Good && t.Version == c.Version
		if t.Version != c.Version {
			page.Outcome = view.Sentence{Say: view.ConnectOutcomeChanged}
		}
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// fillTrial says what arrived, by which name, and what becomes of it.
func fillTrial(page *view.ConnectTrial, c *org.Connection, a *org.Arrival, out *org.Outlook) {
	say := func(m view.Message, values ...string) view.Sentence { return view.Sentence{Say: m, Values: values} }
	name := strings.TrimSpace(a.GivenName + " " + a.FamilyName)
	if name == "" {
		name = a.Name
	}
	email := view.TrialRow{Label: view.ConnectRowEmail, From: c.Mapping.Email, Arrived: a.Email}
	_, key, malformed := account.NormalizeEmail(a.Email)
	switch {
	case a.Email == "" || malformed != nil:
		email.Becomes, email.Bad = say(view.ConnectBecomesNoEmail), true
	case a.EmailRefused:
		email.Becomes, email.Bad = say(view.ConnectBecomesRefused), true
	case !out.Believed:
		email.Becomes, email.Bad = say(view.ConnectBecomesUnproven, "Domain", org.DomainOf(key)), true
	default:
		email.Becomes = say(view.ConnectBecomesEmail, "Email", key)
	}
	given := view.TrialRow{Label: view.ConnectRowName, From: strings.Trim(c.Mapping.GivenName+" "+c.Mapping.FamilyName, " "), Arrived: name, Becomes: say(view.ConnectBecomesName, "Name", name)}
	if name == "" {
		given.Becomes = say(view.ConnectBecomesNoName)
	}
	role := c.Mapping.RoleFor(a.Groups)
	groups := view.TrialRow{Label: view.ConnectRowGroups, From: c.Mapping.Groups, Arrived: strings.Join(a.Groups, ", "), Becomes: roleSentence(role)}
	page.Rows = []view.TrialRow{
		{Label: view.ConnectRowSubject, Arrived: a.Subject, Becomes: say(view.ConnectBecomesSubject)}, email, given, groups,
	}
	for attribute, values := range a.Attributes {
		page.Raw = append(page.Raw, view.Pair{Name: attribute, Value: strings.Join(values, ", ")})
	}
	slices.SortFunc(page.Raw, func(a, b view.Pair) int { return strings.Compare(a.Name, b.Name) })
	page.Good = passes(out)
	switch {
	case out.AccountID != "":
		page.Outcome = say(view.ConnectOutcomeKnown)
	case !out.Believed:
		page.Outcome = say(view.ConnectOutcomeRefused)
	case out.Taken:
		page.Outcome = say(view.ConnectOutcomeLink, "Email", key)
	default:
		page.Outcome = say(view.ConnectOutcomeNew, "Email", key)
	}
}

func roleSentence(role org.Role) view.Sentence {
	if role == org.Admin {
		return view.Sentence{Say: view.ConnectBecomesAdmin}
	}
	return view.Sentence{Say: view.ConnectBecomesViewer}
}

// passes reports whether people like the one who arrived could sign in.
func passes(out *org.Outlook) bool { return out.AccountID != "" || out.Believed }

// postPassed notes that the trial passed: somebody looked at it and says so.
func (w *Web) postPassed(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, err := w.ownConnection(r, s)
	if err != nil {
		return err
	}
	at := w.setupAt(s, aboutPart(partConnection, c.ID))
	t, err := w.trialOf(r, c.ID)
	if fault.Is(err, fault.Expired) {
		w.send(rw, at+"#try")
		return nil
	}
	if err != nil {
		return err
	}
	if err := w.trialPassed(r, c, t); fault.Is(err, fault.Conflict) {
		w.send(rw, at+"#try") // it was changed meanwhile: to be tried again
		return nil
	} else if err != nil {
		return err
	}
	if err := w.recordConnection(r, s, "connection.try", c); err != nil {
		return err
	}
	w.send(rw, w.setupAt(s, aboutPart(partConnection, c.ID), "done", "connection-passed")+"#switch")
	return nil
}

func (w *Web) trialPassed(r *http.Request, c *org.Connection, t *session.Trial) error {
	if t.Arrival == nil {
		return fault.New(fault.Conflict, "nothing arrived")
	}
	out, err := w.Arrivals.Foresee(r.Context(), c, t.Arrival)
	if err != nil {
		return err
	}
	if !passes(out) {
		return fault.New(fault.Conflict, "what arrived is not enough to sign in")
	}
	return w.Connections.Passed(r.Context(), c.ID, t.Version)
}

// postSwitch switches the connection off, on, or on for everybody of its domains.
func (w *Web) postSwitch(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, err := w.ownConnection(r, s)
	if err != nil {
		return err
	}
	to := r.PostFormValue("to")
	done := map[string]string{"off": "connection-off", "on": "connection-on", "required": "connection-required"}[to]
	if done == "" {
		return fault.New(fault.Invalid, "switch it to off, on or required").On("to")
	}
	if to != "off" {
		if bad, err := w.mayNotSwitch(r, s, c); err != nil || bad != "" {
			if err != nil {
				return err
			}
			return w.showSettings(rw, r, s, c, entered{typed: typedOf(c), faults: map[string]view.Message{"": bad}})
		}
	}
	_, err = w.Connections.Edit(r.Context(), c.ID, func(c *org.Connection, _ *org.Secrets) error {
		c.Enabled = to != "off"
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := w.Connections.Enforce(r.Context(), c.ID, s.org.ID, to == "required"); err != nil {
		return err
	}
	if err := w.recordConnection(r, s, "connection.switch", c, "to", to); err != nil {
		return err
	}
	if to == "required" {
		if err := w.signOutMembers(r, s); err != nil {
			return err
		}
	}
	w.send(rw, w.setupAt(s, aboutPart(partConnection, c.ID), "done", done)+"#switch")
	return nil
}

// mayNotSwitch says what is missing before anybody is led to the connection.
func (w *Web) mayNotSwitch(r *http.Request, s *setup, c *org.Connection) (view.Message, error) {
	if c.TestedAt.IsZero() {
		return view.FaultUntried, nil
	}
	domains, err := w.Domains.List(r.Context(), s.org.ID, "", mostShown)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(domains, (*org.Domain).Proven) {
		return view.FaultNoDomain, nil
	}
	return "", nil
}

// signOutMembers ends what members signed in to otherwise than by a connection of
// the organization, once they cannot any more: they sign in again, at their
// provider. Owners keep theirs.
func (w *Web) signOutMembers(r *http.Request, s *setup) error {
	domains, err := w.Domains.List(r.Context(), s.org.ID, "", mostShown)
	if err != nil {
		return err
	}
	proven := map[string]bool{}
	for _, d := range domains {
		proven[d.Name] = d.Proven()
	}
	own, err := w.Connections.Of(r.Context(), s.org.ID)
	if err != nil {
		return err
	}
	for after := ""; ; {
		people, err := w.Organizations.Members(r.Context(), s.org.ID, after, mostShown)
		if err != nil || len(people) == 0 {
			return err
		}
		for _, p := range people {
			after = p.AccountID
			_, key, err := account.NormalizeEmail(p.Email)
			if err != nil || p.Role == org.Owner || !proven[org.DomainOf(key)] {
				continue
			}
			if err := w.endOtherSessions(r, p.AccountID, own); err != nil {
				return err
			}
		}
	}
}

// endOtherSessions ends the sessions of the account that began otherwise than by
// one of the connections, and, if there were any, what apps were granted by them.
func (w *Web) endOtherSessions(r *http.Request, accountID string, own []*org.Connection) error {
	live, err := w.Sessions.Live(r.Context(), accountID)
	if err != nil {
		return err
	}
	ended := false
	for _, sess := range live {
		if u := sess.Upstream; u != nil && slices.ContainsFunc(own, func(c *org.Connection) bool { return c.ID == u.Connection }) {
			continue
		}
		if err := w.Sessions.End(r.Context(), sess); err != nil {
			return err
		}
		ended = true
	}
	if !ended && len(live) > 0 {
		return nil
	}
	return w.Grants.RevokeAll(r.Context(), accountID, "")
}
