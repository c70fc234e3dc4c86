package web

import (
	"net/http"
	"strings"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/web/view"
)

// domainFaults are what the overview says of a domain that cannot be added.
var domainFaults = map[org.DomainProblem]view.Message{
	org.DomainMalformed: view.FaultDomainMalformed, org.DomainSuffix: view.FaultDomainSuffix,
	org.DomainFreeMail: view.FaultDomainFreeMail, org.DomainMixed: view.FaultDomainMixed,
}

// postDomain adds a domain, which waits for its record.
func (w *Web) postDomain(rw http.ResponseWriter, r *http.Request, s *setup) error {
	typed := clip(strings.TrimSpace(r.PostFormValue("domain")))
	page := &view.ConnectHome{Typed: typed, FaultDomain: typed}
	if typed == "" {
		page.Fault = view.FaultDomainMissing
		return w.showConnectHome(rw, r, s, page)
	}
	d, err := w.Domains.Add(r.Context(), s.org.ID, typed, s.by)
	if page.Fault = domainFaults[problemOf(err)]; page.Fault != "" {
		return w.showConnectHome(rw, r, s, page)
	}
	if fault.Is(err, fault.Limited) {
		page.Fault = view.FaultDomainMost
		return w.showConnectHome(rw, r, s, page)
	}
	if err != nil {
		return err
	}
	if err := w.recordSetup(r, s, "organization.domain_add", "domain", d.Name); err != nil {
		return err
	}
	w.send(rw, w.setupAt(s, aboutPart(partDomain, d.Name), "done", "domain-added"))
	return nil
}

// connectDomain shows the record that proves a domain.
func (w *Web) connectDomain(rw http.ResponseWriter, r *http.Request, s *setup) error {
	return w.showDomain(rw, r, s, view.Sentence{})
}

func (w *Web) showDomain(rw http.ResponseWriter, r *http.Request, s *setup, found view.Sentence) error {
	d, err := w.Domains.Get(r.Context(), s.org.ID, r.PathValue("domain"))
	if err != nil {
		return err
	}
	fr, err := w.connectFrame(r, s, w.setupAt(s, aboutPart(partDomain, d.Name)))
	if err != nil {
		return err
	}
	form := func(part string) view.Form { return view.Form{Action: w.setupAt(s, aboutPart(part, d.Name))} }
	name, text := d.Record()
	page := &view.ConnectDomain{
		ConnectFrame: fr, Domain: d.Name, State: domainState(d), Found: found, Proven: d.Proven(), Vouched: d.Vouched,
		Checked: d.CheckedAt, Missed: d.MissedAt, Check: form(partCheck), Remove: form(partDrop), Lead: form(partLead),
		Record: []view.Copied{
			{Label: view.ConnectRecordType, Value: "TXT"}, {Label: view.ConnectRecordName, Value: strings.TrimSuffix(name, "."+d.Name)},
			{Label: view.ConnectRecordFull, Value: name}, {Label: view.ConnectRecordText, Value: text},
		},
	}
	if page.Choices, err = w.leads(r, s, d); err != nil {
		return err
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// leads are the connections by one of which the domain's people sign in, where
// there are several.
func (w *Web) leads(r *http.Request, s *setup, d *org.Domain) ([]view.Chosen, error) {
	list, err := w.Connections.Of(r.Context(), s.org.ID)
	if err != nil || len(list) < 2 {
		return nil, err
	}
	var out []view.Chosen
	for _, c := range list {
		out = append(out, view.Chosen{Value: c.ID, Text: c.Name, Selected: c.ID == d.ConnectionID})
	}
	return out, nil
}

// findings are what the page says of a look at a record.
var findings = map[org.DomainProblem]view.Message{
	org.RecordMissing: view.ConnectFoundMissing, org.RecordOther: view.ConnectFoundOther, org.RecordAtDomain: view.ConnectFoundAtDomain,
	org.RecordDoubled: view.ConnectFoundDoubled, org.RecordUnanswered: view.ConnectFoundUnanswered,
	org.DomainTaken: view.ConnectFoundTaken, org.DomainAlike: view.ConnectFoundAlike,
}

// postCheckDomain looks for the record, now.
func (w *Web) postCheckDomain(rw http.ResponseWriter, r *http.Request, s *setup) error {
	d, err := w.Domains.Get(r.Context(), s.org.ID, r.PathValue("domain"))
	if err != nil {
		return err
	}
	found, err := w.Domains.Check(r.Context(), s.org.ID, d.Name, s.by)
	if fault.Is(err, fault.Limited) {
		return w.showDomain(rw, r, s, view.Sentence{Say: view.ConnectFoundSoon})
	}
	if err != nil {
		return err
	}
	if !found.Proven {
		name, _ := d.Record()
		return w.showDomain(rw, r, s, view.Sentence{Say: findings[found.Problem], Values: []string{
			"Record", name, "Label", strings.TrimSuffix(name, "."+d.Name), "Where", found.Where, "Seen", strings.Join(found.Seen, " "), "Domain", d.Name,
		}})
	}
	if !d.Proven() {
		if err := w.recordSetup(r, s, "organization.domain_prove", "domain", d.Name); err != nil {
			return err
		}
	}
	w.send(rw, w.setupAt(s, aboutPart(partDomain, d.Name), "done", "domain-proven"))
	return nil
}

// postLeadDomain chooses the connection by which the domain's people sign in.
func (w *Web) postLeadDomain(rw http.ResponseWriter, r *http.Request, s *setup) error {
	name, id := r.PathValue("domain"), r.PostFormValue("connection")
	if err := w.Domains.Lead(r.Context(), s.org.ID, name, id, s.by); err != nil {
		return err
	}
	if err := w.recordSetup(r, s, "organization.domain_lead", "domain", name, "connection", id); err != nil {
		return err
	}
	w.send(rw, w.setupAt(s, aboutPart(partDomain, name), "done", "domain-led"))
	return nil
}

// postRemoveDomain gives the domain up.
func (w *Web) postRemoveDomain(rw http.ResponseWriter, r *http.Request, s *setup) error {
	name := r.PathValue("domain")
	if err := w.Domains.Remove(r.Context(), s.org.ID, name, s.by); err != nil {
		return err
	}
	if err := w.recordSetup(r, s, "organization.domain_remove", "domain", name); err != nil {
		return err
	}
	w.send(rw, w.setupAt(s, "", "done", "domain-removed"))
	return nil
}
