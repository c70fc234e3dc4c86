package op

// RFC 7592: how an app that registered itself reads, replaces and removes its
// registration, by the token that it was given for it. To read and to replace one
// counts as to register: each leaves a line in the audit log, and who may register
// may be anybody.

import (
	"crypto/subtle"
	"net/http"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/handle"
)

// managed returns the client at whose address the request came, with the token
// that proves that it is its own (§2). A client that is not there, was not
// registered by itself, or is another's, is told in the same words.
func (p *Provider) managed(r *http.Request) (*client.Client, string, error) {
	token, oerr := bearerHeader(r)
	if oerr != nil {
		return nil, "", oerr
	}
	c, err := p.Clients.Get(r.Context(), r.PathValue("client"))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, "", err
	}
	if err != nil || c.RegistrationHash == "" || subtle.ConstantTimeCompare([]byte(handle.Sum(token)), []byte(c.RegistrationHash)) != 1 {
		return nil, "", bearerError(ruleRegistrationToken.broken("the registration access token is not one of this client"))
	}
	infoOf(r).ClientID = c.ID
	return c, token, nil
}

// readClient tells a client what is registered of it (§2.1), but for its secret,
// which is not kept in a form that could be told.
func (p *Provider) readClient(w http.ResponseWriter, r *http.Request) error {
	c, token, err := p.managed(r)
	if err != nil {
		return err
	}
	if err := p.cfg.Registration.Gate(r.Context(), infoOf(r).Address); err != nil {
		return err
	}
	if err := p.recordClient(r, "client.read", c, nil); err != nil {
		return err
	}
	return p.tellRegistration(w, r, c, "", token, http.StatusOK)
}

// updateClient replaces the registration by what is sent (§2.2): what is left
// out goes back to its default.
func (p *Provider) updateClient(w http.ResponseWriter, r *http.Request) error {
	c, token, err := p.managed(r)
	if err != nil {
		return err
	}
	if err := p.cfg.Registration.Gate(r.Context(), infoOf(r).Address); err != nil {
		return err
	}
	m, oerr := readRegistration(r)
	if oerr != nil {
		return oerr
	}
	switch {
	case m.ID != c.ID:
		return badMetadata("client_id must be there, and be the client's own")
	case m.Token != "" || m.URI != "" || m.SecretExpires != nil || m.IssuedAt != 0:
		return badMetadata("registration_access_token, registration_client_uri, client_secret_expires_at and client_id_issued_at must not be sent (RFC 7592, section 2.2)")
	case m.Secret != "" && !p.Clients.Verify(c, m.Secret):
		return badMetadata("client_secret is not the client's: it cannot choose one")
	}
	next, oerr := p.selfRegistered(r.Context(), c.ID, m)
	if oerr != nil {
		return oerr
	}
	next.RegistrationHash = c.RegistrationHash
	next.SecretHash = c.SecretHash
	return p.putRegistered(w, r, c, next, p.Clients.FitSecret(next), token)
}

// deleteClient removes the client, and with it all that it was granted (§2.3).
func (p *Provider) deleteClient(w http.ResponseWriter, r *http.Request) error {
	c, _, err := p.managed(r)
	if err != nil {
		return err
	}
	if err := p.Clients.Delete(r.Context(), c.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err := p.recordClient(r, "client.delete", c, nil); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
