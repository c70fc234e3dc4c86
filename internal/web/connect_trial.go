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

// atTrial returns the connection and its trial; who has none any more is led to
// where it begins, and t is nil.
func (w *Web) atTrial(rw http.ResponseWriter, r *http.Request, s *setup) (c *org.Connection, t *session.Trial, err error) {
	if c, err = w.ownConnection(r, s); err != nil {
		return nil, nil, err
	}
	t, err = w.trialOf(r, c.ID)
	if fault.Is(err, fault.Expired) {
		w.send(rw, w.setupAt(s, aboutPart(partConnection, c.ID))+"#try")
		return nil, nil, nil
	}
	return c, t, err
}

// connectTrial shows what arrived and what it would become.
func (w *Web) connectTrial(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, t, err := w.atTrial(rw, r, s)
	if err != nil || t == nil {
		return err
	}
	at := w.setupAt(s, aboutPart(partConnection, c.ID))
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
	page.Good = out.Enters()
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

// postPassed notes that the trial passed: somebody looked at it and says so.
func (w *Web) postPassed(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, t, err := w.atTrial(rw, r, s)
	if err != nil || t == nil {
		return err
	}
	at := w.setupAt(s, aboutPart(partConnection, c.ID))
	if err := w.trialPassed(r, s, c, t); fault.Is(err, fault.Conflict) {
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

func (w *Web) trialPassed(r *http.Request, s *setup, c *org.Connection, t *session.Trial) error {
	if t.Arrival == nil {
		return fault.New(fault.Conflict, "nothing arrived")
	}
	out, err := w.Arrivals.Foresee(r.Context(), c, t.Arrival)
	if err != nil {
		return err
	}
	return w.Connections.Passed(r.Context(), c.ID, org.Trial{OrgID: s.org.ID, By: s.by, Version: t.Version, Outlook: out})
}
