package op

// RFC 7591 and OpenID Connect Dynamic Client Registration 1.0: apps that
// register themselves. RFC 7592, how they look after that, is in manage.go.

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/handle"
)

// Registration is who may register an app, and as what.
type Registration struct {
	Open   bool     // everybody may
	Token  string   // whoever has this may (RFC 7591 §1.2); "": nobody
	Scopes []string // that such an app may have
	Statements
	Gate func(ctx context.Context, ip string) error // a fault of kind Limited when too many come from there
}

// offered reports whether there is anybody who may register.
func (r Registration) offered() bool { return r.Open || r.Token != "" }

// registration is a client as the protocol writes it (RFC 7591 §2, §3.2.1,
// OpenID Connect Registration §2). What an operator alone may say has no place
// here; members that are not known are ignored.
type registration struct {
	ID            string `json:"client_id,omitempty"`
	Secret        string `json:"client_secret,omitempty"`
	SecretExpires *int64 `json:"client_secret_expires_at,omitempty"` // 0: never
	IssuedAt      int64  `json:"client_id_issued_at,omitempty"`
	Token         string `json:"registration_access_token,omitempty"`
	URI           string `json:"registration_client_uri,omitempty"`
	Scope         string `json:"scope,omitempty"`
	Statement     string `json:"software_statement,omitempty"` // §2.3; told as it came
	client.Metadata

	localized client.Localized // client_name#ja and the like, which stand beside the others
}

// registrationOf is what a client is told about itself: all that is registered,
// defaults included (RFC 7591 §3.2.1).
func (p *Provider) registrationOf(c *client.Client) *registration {
	return &registration{
		ID: c.ID, IssuedAt: c.CreatedAt.Unix(), URI: p.cfg.Issuer + pathRegister + "/" + c.ID,
		Scope: strings.Join(c.Scopes, " "), Metadata: c.Metadata, localized: c.Localized, Statement: c.SoftwareStatement,
	}
}

// encode writes it as one JSON object.
func (m *registration) encode() ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil || len(m.localized) == 0 {
		return body, err
	}
	more, err := json.Marshal(m.localized)
	if err != nil {
		return nil, err
	}
	return append(append(body[:len(body)-1], ','), more[1:]...), nil // it always has its client_id
}

// register registers an app (RFC 7591 §3).
func (p *Provider) register(w http.ResponseWriter, r *http.Request) error {
	if oerr := p.mayRegister(r); oerr != nil {
		return oerr
	}
	if err := p.cfg.Registration.Gate(r.Context(), infoOf(r).Address); err != nil {
		return err
	}
	m, oerr := readRegistration(r)
	if oerr != nil {
		return oerr
	}
	c, oerr := p.selfRegistered(r.Context(), handle.Short(), m)
	if oerr != nil {
		return oerr
	}
	token := handle.New()
	c.RegistrationHash = handle.Sum(token)
	return p.putRegistered(w, r, nil, c, p.Clients.FitSecret(c), token)
}

// mayRegister checks the initial access token, where one is needed (§1.2).
func (p *Provider) mayRegister(r *http.Request) *oauthError {
	reg := p.cfg.Registration
	if reg.Open {
		return nil
	}
	token, oerr := bearerHeader(r)
	if oerr != nil {
		return oerr
	}
	if subtle.ConstantTimeCompare([]byte(handle.Sum(token)), []byte(handle.Sum(reg.Token))) != 1 {
		return bearerError(ruleRegistrationToken.broken("the initial access token is wrong"))
	}
	return nil
}

// readRegistration reads the metadata that an app sends (§3.1).
func readRegistration(r *http.Request) (*registration, *oauthError) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, badMetadata("send the metadata as Content-Type: application/json")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, badMetadata("the body is too large or broke off").because(err)
	}
	var m *registration
	err = json.Unmarshal(body, &m)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return nil, badMetadata("%s is of the wrong type: a %s", printable(strings.TrimPrefix(wrong.Field, "Metadata.")), printable(wrong.Value)).because(err)
	case err != nil || m == nil:
		return nil, badMetadata("the body is not a JSON object of client metadata").because(err)
	}
	m.localized = client.ReadLocalized(body)
	return m, nil
}

// selfRegistered makes the client, with the defaults of registration, and checks
// what only an app that registers itself must keep to.
func (p *Provider) selfRegistered(ctx context.Context, id string, m *registration) (*client.Client, *oauthError) {
	if oerr := p.believe(ctx, m); oerr != nil {
		return nil, oerr
	}
	if m.AuthMethod == "" {
		m.AuthMethod = client.AuthBasic // §2
	}
	c, err := client.NewGuest(id, m.Scope, m.Metadata, m.localized, p.cfg.Registration.Scopes)
	if err != nil {
		return nil, metadataError(err)
	}
	c.SoftwareStatement = m.Statement
	if c.SectorURI != "" {
		if oerr := p.checkSector(ctx, c); oerr != nil {
			return nil, oerr
		}
	}
	return c, nil
}

// maxSector bounds what a sector_identifier_uri leads to.
const maxSector = 64 << 10

// checkSector holds the redirect URIs to the list at the sector's address
// (OpenID Connect Registration §5): whoever has that address says which clients
// may know that two of their people are one.
func (p *Provider) checkSector(ctx context.Context, c *client.Client) *oauthError {
	body, err := p.Outbound.Get(ctx, c.SectorURI, maxSector)
	if fault.Is(err, fault.Invalid) {
		return badMetadata("the sector_identifier_uri cannot be fetched: %s", fault.Public(err)).because(err)
	}
	if err != nil {
		return asOAuth(err)
	}
	var list []string
	if err := json.Unmarshal(body, &list); err != nil {
		return badMetadata("the sector_identifier_uri does not lead to a JSON list of redirect URIs").because(err)
	}
	for _, uri := range c.RedirectURIs {
		if !slices.Contains(list, uri) {
			return badMetadata("the redirect URI %s is not in the list at the sector_identifier_uri", printable(uri))
		}
	}
	return nil
}

// putRegistered stores the client, in the place of the one before it if there is
// one, and tells it all about itself.
func (p *Provider) putRegistered(w http.ResponseWriter, r *http.Request, before, c *client.Client, secret, token string) error {
	err := p.Clients.Put(r.Context(), c, secret)
	if fault.Is(err, fault.Invalid) {
		return metadataError(err)
	}
	if err != nil {
		return err
	}
	stored, err := p.Clients.Get(r.Context(), c.ID)
	if err != nil {
		return err
	}
	action, status, fields := "client.register", http.StatusCreated, []string(nil)
	if before != nil {
		action, status = "client.update", http.StatusOK
		if fields, err = p.changedFields(stored, before); err != nil {
			return err
		}
	}
	if err := p.recordClient(r, action, stored, fields); err != nil {
		return err
	}
	return p.tellRegistration(w, r, stored, secret, token, status)
}

func (p *Provider) tellRegistration(w http.ResponseWriter, r *http.Request, c *client.Client, secret, token string, status int) error {
	infoOf(r).ClientID = c.ID
	out := p.registrationOf(c)
	if out.Token = token; secret != "" {
		never := int64(0)
		out.Secret, out.SecretExpires = secret, &never
	}
	body, err := out.encode()
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	w.Write(body)
	return nil
}

// metadataError tells all that is wrong with the metadata (RFC 7591 §3.2.2).
func metadataError(err error) *oauthError {
	rule := ruleMetadata
	if client.Blames(err, "redirect_uris") {
		rule = ruleMetadataRedirect
	}
	return rule.broken("%s", printableAll(client.Reasons(err))).because(err)
}

func badMetadata(format string, args ...any) *oauthError {
	return ruleMetadata.broken(format, args...)
}

// printableAll is printable for several sentences of ours about a stranger's
// values.
func printableAll(s string) string {
	const most = 1000
	s = headerSafe(strings.ReplaceAll(strings.ReplaceAll(s, `"`, "'"), "§", "section "))
	if len(s) > most {
		s = s[:most] + "..."
	}
	return s
}
