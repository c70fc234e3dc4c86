package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crewjam/saml"
)

// Single Logout (Profiles §4.4) by the HTTP-Redirect binding.

const (
	maxQuery = 16 << 10 // characters of a message in a query
	// maxInflated bounds what a message in a query becomes, in bytes: compressed text
	// can become a thousand times longer.
	maxInflated = 64 << 10
)

// Name is a person's name as the provider said it, to be said again when the
// person's session is to end.
func (a *Answer) Name() string { return a.Format + " " + a.name }

// splitName reverses Answer.Name: no format has a space.
func splitName(s string) (format, value string) {
	format, value, _ = strings.Cut(s, " ")
	return format, value
}

// AskLogout makes a signed request to end the session of the person with the name
// (Core §3.7.1); nil when the provider takes none.
func (s *Service) AskLogout(name, session, relay string) (*Asked, error) {
	if s.idp.Logout == "" || name == "" {
		return nil, nil
	}
	sp, err := s.library()
	if err != nil {
		return nil, err
	}
	format, value := splitName(name)
	req, err := sp.MakeLogoutRequest(s.idp.Logout, value)
	if err != nil {
		return nil, err
	}
	req.NameID = &saml.NameID{Format: format, Value: value}
	if session != "" {
		saml.WithSessionIndex(session)(req)
	}
	address, err := sp.RedirectLogoutRequestURL(req, relay)
	if err != nil {
		return nil, err
	}
	return &Asked{ID: req.ID, Address: address.String()}, nil
}

// Logout is the provider's wish that sessions end.
type Logout struct {
	ID       string // which our answer names
	Relay    string // goes back with it
	Name     string // of the person, as Answer.Name has it
	Sessions []string
}

// Ends reports whether the session of the name at the provider is to end: all of
// the person's, or those that are named (Core §3.7.1).
func (l *Logout) Ends(name, session string) bool {
	mine, its := "", ""
	_, mine = splitName(l.Name)
	_, its = splitName(name)
	return its != "" && mine == its && (len(l.Sessions) == 0 || slices.Contains(l.Sessions, session))
}

// ReadLogout believes the request in the query, or says why not.
func (s *Service) ReadLogout(query string, once Once) (*Logout, error) {
	r, err := s.message(query, "SAMLRequest", "LogoutRequest")
	if err != nil {
		return nil, err
	}
	sp, err := s.library()
	if err != nil {
		return nil, err
	}
	seen := &replays{once: once}
	sp.ReplayCache = seen
	req, err := sp.ValidateLogoutRequest(r)
	switch {
	case seen.failed != nil:
		return nil, seen.failed
	case err != nil:
		return nil, refusal(err)
	}
	out := &Logout{ID: req.ID, Relay: r.URL.Query().Get("RelayState"), Name: req.NameID.Format + " " + strings.TrimSpace(req.NameID.Value)}
	for _, index := range req.AllSessionIndexes() {
		out.Sessions = append(out.Sessions, index.Value)
	}
	return out, nil
}

// AnswerLogout returns where the browser goes with our answer: it is done.
func (s *Service) AnswerLogout(l *Logout) (string, error) {
	sp, err := s.library()
	if err != nil {
		return "", err
	}
	if s.idp.LogoutAnswer == "" {
		return "", refuse(Malformed, errors.New("the provider's metadata does not say where answers about sign-outs go"))
	}
	entity := *s.idp.entity // the library knows no ResponseLocation of its own (Metadata §2.2.2)
	entity.IDPSSODescriptors = slices.Clone(entity.IDPSSODescriptors)
	entity.IDPSSODescriptors[0].SingleLogoutServices = []saml.Endpoint{{Binding: saml.HTTPRedirectBinding, Location: s.idp.LogoutAnswer}}
	sp.IDPMetadata = &entity
	u, err := sp.MakeRedirectLogoutResponse(l.ID, l.Relay)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// message looks at what a query brings before anything reads it, and returns it
// as the library wants it.
func (s *Service) message(query, field, root string) (*http.Request, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, refuse(Malformed, err)
	}
	if values.Get("Signature") == "" {
		return nil, refuse(Unsigned, errors.New("the query is not signed"))
	}
	posted := values.Get(field)
	if posted == "" || len(query) > maxQuery {
		return nil, refuse(Malformed, fmt.Errorf("a query has a %s, and at most %d characters", field, maxQuery))
	}
	raw, err := base64.StdEncoding.DecodeString(posted)
	if err != nil {
		return nil, refuse(Malformed, err)
	}
	doc, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), maxInflated+1))
	if err != nil || len(doc) > maxInflated {
		return nil, refuse(Malformed, fmt.Errorf("what is compressed is broken or has more than %d bytes: %w", maxInflated, err))
	}
	err = scan(doc, maxElements, func(e *element) error {
		if e.depth() == 1 && (e.name() != xml.Name{Space: nsProtocol, Local: root}) {
			return fmt.Errorf("the root is no %s of SAML 2.0", root)
		}
		return nil
	})
	if err != nil {
		return nil, refuse(Malformed, err)
	}
	return &http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: query}}, nil
}
