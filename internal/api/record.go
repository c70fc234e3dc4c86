package api

import (
	"context"

	"signet/internal/audit"
	"signet/internal/httpd"
)

// operatorName is who an app of the house acts as, in the audit log.
const operatorName = "operator"

// record adds what was done to the audit log: by the person or the operator,
// through the app. pairs are names and values of the detail, which holds no secret.
func (a *API) record(ctx context.Context, c *call, action, subject string, pairs ...string) error {
	e := &audit.Entry{
		At: a.Now(), Actor: c.AccountID, Action: action, Subject: subject, ClientID: c.ClientID,
		IP: httpd.InfoOf(c.request).Address, Detail: map[string]string{},
	}
	if c.operator() {
		e.Actor = operatorName
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Detail[pairs[i]] = pairs[i+1]
	}
	return a.Audit.AppendAudit(ctx, e)
}
