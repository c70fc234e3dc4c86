package op

import (
	"encoding/json"
	"maps"
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
	var members [2]map[string]json.RawMessage
	for i, c := range []*client.Client{is, was} {
		raw, err := p.registrationOf(c).encode()
		if err == nil {
			err = json.Unmarshal(raw, &members[i])
		}
		if err != nil {
			return nil, err
		}
	}
	all := maps.Clone(members[0])
	maps.Copy(all, members[1])
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool {
		return name == "client_id_issued_at" || string(members[0][name]) == string(members[1][name])
	}), nil
}
