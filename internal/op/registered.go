package op

import (
	"net/http"
	"slices"
	"strings"

	"signet/internal/audit"
	"signet/internal/client"
)

// The actor of what an app does to its own registration.
const actorApp = "app"

// recordClient notes what an app did to its registration, from where, and which
// fields it changed; nil: none to speak of.
func (p *Provider) recordClient(r *http.Request, action string, c *client.Client, fields []string) error {
	info := infoOf(r)
	e := &audit.Entry{At: p.Now(), Actor: actorApp, Action: action, Subject: c.ID, ClientID: c.ID, IP: info.Address}
	if len(fields) > 0 {
		e.Detail = map[string]string{"fields": strings.Join(fields, " ")}
	}
	return p.Audit.AppendAudit(r.Context(), e)
}

// changedFields are the names of what is told of one client otherwise than of
// the other; nothing of that is secret, but the values may be long.
func (p *Provider) changedFields(is, was *client.Client) ([]string, error) {
	after, err := p.registrationOf(is).encode()
	if err != nil {
		return nil, err
	}
	before, err := p.registrationOf(was).encode()
	if err != nil {
		return nil, err
	}
	fields, err := client.Differing(after, before)
	return slices.DeleteFunc(fields, func(name string) bool { return name == "client_id_issued_at" }), err
}
