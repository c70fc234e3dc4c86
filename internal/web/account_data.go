package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/org"
	"signet/internal/web/view"
)

// data offers what is kept about the person.
func (w *Web) data(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	return w.showData(rw, r, a, "")
}

func (w *Web) showData(rw http.ResponseWriter, r *http.Request, a *account.Account, bad view.Message) error {
	fr, err := w.accountFrame(r, a, pathData)
	if err != nil {
		return err
	}
	page := &view.Download{AccountFrame: fr, Form: view.Form{Action: w.at(pathData)}, Current: current(a, bad)}
	return w.show(rw, r, nil, statusOf(bad), page)
}

// postData answers with the file.
func (w *Web) postData(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	bad, err := w.prove(rw, r, a)
	if err != nil {
		return err
	}
	if bad != "" {
		return w.showData(rw, r, a, bad)
	}
	if err := w.record(r, nil, "account.download", a.ID, a.ID); err != nil {
		return err
	}
	file, err := w.gather(r, a)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	h := rw.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="`+w.Now().UTC().Format("2006-01-02")+`-account.json"`)
	rw.Write(append(body, '\n')) // a reader that went away is no error of ours
	return nil
}

// ownData is what is kept about a person, as it is handed out: everything but
// secrets and their hashes.
type ownData struct {
	At         time.Time       `json:"at"`
	Issuer     string          `json:"issuer"`
	Account    ownAccount      `json:"account"`
	Profile    account.Profile `json:"profile"`
	Agreements []ownAgreement  `json:"agreements"`
	Sessions   []ownSession    `json:"sessions"`
	Apps       []ownApp        `json:"apps"`
	Orgs       []ownOrg        `json:"organizations"`
	Identities []ownIdentity   `json:"identities"`
	Browsers   []ownBrowser    `json:"known_browsers"`
	History    []ownEntry      `json:"history"`
}

type ownAccount struct {
	ID          string         `json:"id"`
	Email       string         `json:"email"`
	Verified    bool           `json:"email_verified"`
	Status      account.Status `json:"status"`
	HasPassword bool           `json:"has_password"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
}

type ownAgreement struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"`
	Given    bool      `json:"given"`
	Wording  string    `json:"wording"`
	Version  string    `json:"version"`
	Language string    `json:"language"`
	Source   string    `json:"source"`
	ClientID string    `json:"client_id,omitempty"`
}

type ownSession struct {
	SignedIn  time.Time `json:"signed_in_at"`
	LastUsed  time.Time `json:"last_used_at"`
	ExpiresAt time.Time `json:"expires_at"`
	UserAgent string    `json:"user_agent"`
	IP        string    `json:"ip"`
	Apps      []string  `json:"apps,omitempty"`
}

type ownApp struct {
	ClientID string    `json:"client_id"`
	Scopes   []string  `json:"scopes"`
	Since    time.Time `json:"since"`
}

type ownOrg struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Role    org.Role   `json:"role"`
	EraseAt *time.Time `json:"erase_at,omitempty"` // it was deleted, and can come back
}

// ownIdentity is who the person is at a provider through which they sign in.
type ownIdentity struct {
	ConnectionID string    `json:"connection_id"`
	Issuer       string    `json:"issuer,omitempty"`
	Subject      string    `json:"subject"`
	Email        string    `json:"email,omitempty"`
	Since        time.Time `json:"since"`
	LastSignIn   time.Time `json:"last_sign_in_at"`
}

type ownBrowser struct {
	FirstSeen time.Time `json:"first_seen_at"`
	LastSeen  time.Time `json:"last_seen_at"`
}

type ownEntry struct {
	At       time.Time         `json:"at"`
	Action   string            `json:"action"`
	ByYou    bool              `json:"by_you"`
	ClientID string            `json:"client_id,omitempty"`
	IP       string            `json:"ip,omitempty"`
	Detail   map[string]string `json:"detail,omitempty"`
}

func (w *Web) gather(r *http.Request, a *account.Account) (*ownData, error) {
	ctx := r.Context()
	d := &ownData{
		At: w.Now().UTC(), Issuer: w.Letters.Home, Profile: a.Profile,
		Account: ownAccount{
			ID: a.ID, Email: a.Email, Verified: a.EmailVerified, Status: a.Status, HasPassword: a.PasswordHash != "",
			CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
		},
		Agreements: []ownAgreement{}, Sessions: []ownSession{}, Apps: []ownApp{}, Identities: []ownIdentity{}, Browsers: []ownBrowser{}, History: []ownEntry{},
	}
	agreements, err := w.Ledger.Of(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, g := range agreements {
		d.Agreements = append(d.Agreements, ownAgreement{g.At, string(g.Kind), g.Given, g.Wording, g.Version, g.Language, string(g.Source), g.ClientID})
	}
	sessions, err := w.Sessions.Live(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		d.Sessions = append(d.Sessions, ownSession{s.AuthTime, s.LastSeen, s.ExpiresAt, s.UserAgent, s.IP, s.Clients})
	}
	consents, err := w.Grants.Consents(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range consents {
		d.Apps = append(d.Apps, ownApp{c.ClientID, c.Scopes, c.GrantedAt})
	}
	if d.Orgs, err = w.organizationsOf(ctx, a.ID); err != nil {
		return nil, err
	}
	identities, err := w.Arrivals.Of(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, i := range identities {
		d.Identities = append(d.Identities, ownIdentity{i.ConnectionID, i.Issuer, i.Subject, i.Email, i.CreatedAt, i.LastSignIn})
	}
	browsers, err := w.Browsers.Of(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, b := range browsers {
		d.Browsers = append(d.Browsers, ownBrowser(b))
	}
	d.History, err = w.history(r, a)
	return d, err
}

// organizationsOf are the organizations that the account belongs to, and the
// deleted ones that it can have back.
func (w *Web) organizationsOf(ctx context.Context, accountID string) ([]ownOrg, error) {
	out := []ownOrg{}
	for after := ""; ; {
		list, err := w.Organizations.Of(ctx, accountID, after, 1000)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		for _, m := range list {
			out = append(out, ownOrg{ID: m.ID, Name: m.Name, Role: m.Role})
		}
		after = list[len(list)-1].ID
	}
	deleted, err := w.Organizations.DeletedOf(ctx, accountID, "", 1000)
	for _, m := range deleted {
		out = append(out, ownOrg{ID: m.ID, Name: m.Name, Role: m.Role, EraseAt: &m.EraseAt})
	}
	return out, err
}

// mostHistory bounds the file: more than anybody's account has seen.
const mostHistory = 100_000

// history is what the audit log has about the account.
func (w *Web) history(r *http.Request, a *account.Account) ([]ownEntry, error) {
	out := []ownEntry{}
	for q := (audit.Query{Subject: a.ID, Limit: 1000}); len(out) < mostHistory; {
		some, err := w.Audit.Audit(r.Context(), q)
		if err != nil || len(some) == 0 {
			return out, err
		}
		for _, e := range some {
			out = append(out, ownEntry{e.At, e.Action, e.Actor == a.ID, e.ClientID, e.IP, e.Detail})
		}
		q.After = some[len(some)-1].ID
	}
	return out, nil
}
