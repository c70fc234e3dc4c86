package web

import (
	"net/http"
	"slices"

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
	err = w.Connections.Switch(r.Context(), c.ID, s.org.ID, to, s.by)
	if fault.Is(err, fault.Conflict) {
		return refuse(view.FaultUntried)
	}
	if err != nil {
		return err
	}
	if err := w.recordConnection(r, s, "connection.switch", c, "to", string(to)); err != nil {
		return err
	}
	w.send(rw, w.setupAt(s, aboutPart(partConnection, c.ID), "done", "connection-"+string(to))+"#switch")
	return nil
}
