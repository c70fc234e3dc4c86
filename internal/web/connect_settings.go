package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/federation"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// connectProviders asks which provider the organization has.
func (w *Web) connectProviders(rw http.ResponseWriter, r *http.Request, s *setup) error {
	fr, err := w.connectFrame(r, s, w.setupAt(s, partProviders))
	if err != nil {
		return err
	}
	page := &view.ConnectProviders{ConnectFrame: fr, Form: view.Form{Action: w.setupAt(s, partProviders)}}
	for _, g := range guides {
		page.Guides = append(page.Guides, view.GuideChoice{Value: string(g.id), Name: g.product, About: aboutProtocol(g.protocol)})
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// postProvider makes the connection, of which nothing is known yet but our side:
// its addresses are to be told there.
func (w *Web) postProvider(rw http.ResponseWriter, r *http.Request, s *setup) error {
	g := guideNamed(r.PostFormValue("guide"))
	if g == nil {
		return fault.New(fault.Invalid, "choose a provider").On("guide")
	}
	c := &org.Connection{Name: g.name, Protocol: g.protocol, OIDC: org.OIDCSettings{Scopes: g.scopes}}
	if err := w.Connections.Add(r.Context(), s.org.ID, c, org.Secrets{}, s.by); err != nil {
		return err
	}
	if err := w.recordConnection(r, s, "connection.create", c); err != nil {
		return err
	}
	w.send(rw, w.setupAt(s, aboutPart(partConnection, c.ID)))
	return nil
}

// connectSettings is the wizard of one connection.
func (w *Web) connectSettings(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, err := w.ownConnection(r, s)
	if err != nil {
		return err
	}
	return w.showSettings(rw, r, s, c, entered{typed: typedOf(c)})
}

// entered is the form of a connection as it was typed, and what is wrong with it.
type entered struct {
	typed   map[string]string
	faults  map[string]view.Message // by field; "": above the form
	line    string                  // of the roles, the one that is at fault
	trouble string
}

func (e *entered) fault(field string, m view.Message) {
	if e.faults == nil {
		e.faults = map[string]view.Message{}
	}
	if e.faults[field] == "" {
		e.faults[field] = m
	}
}

// typedOf is the form as it would have been typed for the connection as it is.
func typedOf(c *org.Connection) map[string]string {
	m := c.Mapping
	t := map[string]string{
		"name": c.Name, "client_id": c.OIDC.ClientID, "email": m.Email, "given_name": m.GivenName, "family_name": m.FamilyName, "groups": m.Groups,
		"metadata_url": c.OIDC.MetadataURL, "metadata": c.OIDC.Metadata,
	}
	tick := func(name string, on bool) {
		if on {
			t[name] = "1"
		}
	}
	tick("sign_out", c.OIDC.SignOut || c.SAML.SignOut)
	if c.Protocol == org.SAML {
		tick("one_signature", c.SAML.OneSignature)
		tick("idp_initiated", c.SAML.IDPInitiated)
		t["claim_subject"] = c.SAML.Subject
		t["metadata_url"], t["metadata"] = c.SAML.MetadataURL, ""
		if c.SAML.MetadataURL == "" {
			t["metadata"] = c.SAML.Metadata
		}
	}
	var roles strings.Builder
	for _, rule := range m.Roles {
		roles.WriteString(rule.Value + " = " + string(rule.Role) + "\n")
	}
	t["roles"] = roles.String()
	return t
}

func (w *Web) showSettings(rw http.ResponseWriter, r *http.Request, s *setup, c *org.Connection, e entered) error {
	fr, err := w.connectFrame(r, s, w.setupAt(s, aboutPart(partConnection, c.ID)))
	if err != nil {
		return err
	}
	form := func(part string) view.Form { return view.Form{Action: w.setupAt(s, aboutPart(part, c.ID))} }
	page := &view.ConnectSettings{
		ConnectFrame: fr, Form: form(partConnection), Name: c.Name, State: connectionState(c, s.org.ID), Steps: guideOf(c).Steps(w.guideAddresses(c)),
		SAML: c.Protocol == org.SAML, Typed: e.typed, Faults: e.faults, Line: e.line, Kept: len(c.Sealed) > 0, Fault: e.faults[""], Trouble: e.trouble, Complete: complete(c), Try: form(partTry), TriedAt: c.TestedAt,
		Switch: form(partSwitch), On: c.Enabled, Required: c.PolicyFor(s.org.ID) == org.PolicyRequired, Remove: form(partDisconnect),
	}
	if page.Proven, err = w.Domains.AnyProven(r.Context(), s.org.ID); err != nil {
		return err
	}
	if page.Owners, err = w.ownersOf(r.Context(), s.org.ID); err != nil {
		return err
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// ownersOf names who keeps a way in when the connection is required.
func (w *Web) ownersOf(ctx context.Context, orgID string) (string, error) {
	const most = 5
	owners, err := w.Organizations.Owners(ctx, orgID, most+1)
	if err != nil {
		return "", err
	}
	var names []string
	for i, id := range owners {
		if i == most {
			names = append(names, "…")
			break
		}
		a, err := w.Accounts.Get(ctx, id)
		if err != nil {
			return "", err
		}
		names = append(names, a.Email)
	}
	return strings.Join(names, ", "), nil
}

// postSettings keeps what was entered, and looks at once whether it leads to a
// provider.
func (w *Web) postSettings(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, err := w.ownConnection(r, s)
	if err != nil {
		return err
	}
	e, err := readSettings(r, c)
	if err != nil {
		return err
	}
	if len(e.faults) > 0 {
		return w.showSettings(rw, r, s, c, e)
	}
	before := c.PolicyFor(s.org.ID)
	c, err = w.Connections.Change(r.Context(), c.ID, org.ConnectionChange{OrgID: s.org.ID, By: s.by, Edit: e.apply})
	if fault.Is(err, fault.Invalid) {
		e.faults, e.trouble = map[string]view.Message{"": view.FaultSettings}, fault.Public(err)
		if c, err = w.ownConnection(r, s); err != nil {
			return err
		}
		return w.showSettings(rw, r, s, c, e)
	}
	if err != nil {
		return err
	}
	if err := w.recordConnection(r, s, "connection.update", c, "policy", string(c.PolicyFor(s.org.ID))); err != nil {
		return err
	}
	if e.typed = typedOf(c); complete(c) {
		if e.trouble, err = w.troubleOf(r.Context(), c); err != nil {
			return err
		}
	}
	if e.trouble != "" {
		e.fault("", view.FaultMetadataURL)
		return w.showSettings(rw, r, s, c, e)
	}
	w.send(rw, w.setupAt(s, aboutPart(partConnection, c.ID), "done", savedAs(before, c.PolicyFor(s.org.ID)))+"#try")
	return nil
}

// savedAs is the notice about settings that were saved: whether they have taken away
// how far people signed in by the connection.
func savedAs(before, after org.Policy) string {
	switch {
	case before == after:
		return "connection-saved"
	case after == org.PolicyOff:
		return "connection-stopped"
	}
	return "connection-eased"
}

// troubleOf is what keeps the connection from sending anybody to its provider, in
// words for who set it up; "" for nothing.
func (w *Web) troubleOf(ctx context.Context, c *org.Connection) (string, error) {
	_, err := w.Upstream.Begin(ctx, c, federation.Ask{State: session.NewState()})
	if t, ok := errors.AsType[*federation.Trouble](err); ok {
		return t.Detail, nil
	}
	return "", err
}

// readSettings reads the form and says what is wrong with it.
func readSettings(r *http.Request, c *org.Connection) (entered, error) {
	e := entered{typed: map[string]string{}}
	if err := r.ParseMultipartForm(org.MaxMetadata); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return e, fault.Wrap(fault.Invalid, err, "the form could not be read")
	}
	for _, name := range []string{"name", "metadata_url", "metadata", "client_id", "client_secret", "email", "given_name", "family_name", "groups", "roles", "sign_out", "one_signature", "idp_initiated", "claim_subject"} {
		e.typed[name] = strings.TrimSpace(r.PostFormValue(name))
	}
	file, _, err := r.FormFile("metadata_file")
	switch {
	case err == nil:
		defer file.Close()
		raw, err := io.ReadAll(io.LimitReader(file, org.MaxMetadata+1))
		if err != nil {
			return e, fault.Wrap(fault.Invalid, err, "the file could not be read")
		}
		if len(raw) > 0 { // a document by hand replaces the address
			e.typed["metadata"], e.typed["metadata_url"] = string(raw), ""
		}
	case !errors.Is(err, http.ErrMissingFile) && !errors.Is(err, http.ErrNotMultipart):
		return e, fault.Wrap(fault.Invalid, err, "the file could not be read")
	}
	e.check(c)
	return e, nil
}

func (e *entered) check(c *org.Connection) {
	if _, err := org.CheckName(e.typed["name"]); err != nil {
		e.fault("name", view.FaultConnectionName)
	}
	if len(e.typed["metadata"]) > org.MaxMetadata {
		e.fault("metadata", view.FaultTooLong)
		e.typed["metadata"] = ""
	}
	address := e.typed["metadata_url"]
	if address == "" && e.typed["metadata"] == "" {
		e.fault("metadata_url", view.FaultMetadataNeeded)
	}
	if u, err := url.Parse(address); address != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		e.fault("metadata_url", view.FaultMetadataURL)
	}
	if c.Protocol == org.OIDC {
		if e.typed["client_id"] == "" {
			e.fault("client_id", view.FaultClientID)
		}
		switch {
		case e.typed["client_secret"] != "":
		case len(c.Sealed) == 0:
			e.fault("client_secret", view.FaultClientSecret)
		case c.OIDC.AuthMethod != client.AuthPrivateKeyJWT && !c.OIDC.SameProvider(address, e.typed["metadata"]):
			e.fault("client_secret", view.FaultOtherProvider)
		}
	}
	if _, line := rolesIn(e.typed["roles"]); line > 0 {
		e.fault("roles", view.FaultRoleLine)
		e.line = strconv.Itoa(line)
	}
}

// rolesIn reads the rules of roles, one in a line: the group, an equals sign, and
// the role. line is the number of the first that cannot be read; 0: none.
func rolesIn(text string) (rules []org.RoleRule, line int) {
	for i, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		at := strings.LastIndexByte(l, '=')
		if at < 1 {
			return nil, i + 1
		}
		rule := org.RoleRule{Value: strings.TrimSpace(l[:at]), Role: org.Role(strings.ToLower(strings.TrimSpace(l[at+1:])))}
		if rule.Value == "" || rule.Role != org.Admin && rule.Role != org.Viewer {
			return nil, i + 1
		}
		rules = append(rules, rule)
	}
	return rules, 0
}

// apply writes what was entered into the connection.
func (e *entered) apply(c *org.Connection, secrets *org.Secrets) error {
	c.Name = e.typed["name"]
	c.Mapping.Email, c.Mapping.GivenName, c.Mapping.FamilyName = e.typed["email"], e.typed["given_name"], e.typed["family_name"]
	c.Mapping.Groups = e.typed["groups"]
	c.Mapping.Roles, _ = rolesIn(e.typed["roles"])
	address, document := e.typed["metadata_url"], e.typed["metadata"]
	if c.Protocol == org.SAML {
		if address != c.SAML.MetadataURL || document != "" {
			c.SAML.Metadata = document // what was fetched from the other address is not of this one
		}
		c.SAML.MetadataURL, c.SAML.Subject = address, e.typed["claim_subject"]
		c.SAML.SignOut, c.SAML.OneSignature, c.SAML.IDPInitiated = e.typed["sign_out"] != "", e.typed["one_signature"] != "", e.typed["idp_initiated"] != ""
		return nil
	}
	if address != "" {
		document = ""
	}
	c.OIDC.MetadataURL, c.OIDC.Metadata, c.OIDC.ClientID = address, document, e.typed["client_id"]
	c.OIDC.SignOut = e.typed["sign_out"] != ""
	if secret := e.typed["client_secret"]; secret != "" {
		secrets.ClientSecret = secret
	}
	return nil
}

// postDisconnect removes the connection.
func (w *Web) postDisconnect(rw http.ResponseWriter, r *http.Request, s *setup) error {
	c, err := w.ownConnection(r, s)
	if err != nil {
		return err
	}
	if err := w.Connections.Remove(r.Context(), s.org.ID, c.ID, s.by); err != nil {
		return err
	}
	if err := w.recordConnection(r, s, "connection.delete", c, "name", c.Name); err != nil {
		return err
	}
	w.send(rw, w.setupAt(s, "", "done", "connection-removed"))
	return nil
}
