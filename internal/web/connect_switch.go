package web

import (
	"errors"
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
	_, err = w.Connections.Change(r.Context(), c.ID, org.ConnectionChange{OrgID: s.org.ID, By: s.by, To: to})
	if problem, ok := errors.AsType[org.ConnectionProblem](err); ok {
		why := map[org.ConnectionProblem]view.Message{org.Untried: view.FaultUntried, org.Unproven: view.FaultNoDomain}[problem]
		return w.showSettings(rw, r, s, c, entered{typed: typedOf(c), faults: map[string]view.Message{"": why}})
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
