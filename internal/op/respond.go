package op

// The one responder: every answer to an authorization request, good or bad,
// leaves through it (OAuth 2.0 Multiple Response Types, Form Post Response
// Mode, RFC 9207).

import (
	"net/http"
	"net/url"
	"strings"

	"signet/internal/fault"
	"signet/internal/session"
)

// answer sends the browser back to the app with the fields, in the mode of the
// request. state and iss are added here, to every answer.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, req *session.Request, fields ...Field) error {
	if req.State != "" {
		fields = append(fields, Field{"state", req.State})
	}
	fields = append(fields, Field{"iss", p.cfg.Issuer})
	way, signed := session.SplitMode(req.ResponseMode)
	if signed {
		var err error
		if fields, err = p.signAnswer(r.Context(), req, fields); err != nil {
			return err
		}
	}
	switch way {
	case session.ModeFormPost:
		return p.Pages.FormPost(w, r, req.RedirectURI, fields)
	case session.ModeFragment:
		redirect(w, req.RedirectURI+"#"+encode(fields))
	default:
		redirect(w, withQuery(req.RedirectURI, fields))
	}
	return nil
}

// answerError tells the app what went wrong; what is wrong on our side is no
// error of the request and goes to the guards, which tell the person.
func (p *Provider) answerError(w http.ResponseWriter, r *http.Request, req *session.Request, err error) error {
	o := asOAuth(err)
	info := infoOf(r)
	info.Kind, info.Cause = o.Kind, o
	if o.Kind == fault.Internal || o.Kind == fault.Unavailable {
		return err
	}
	if req.Device != nil {
		return p.refuseDevice(w, r, req)
	}
	return p.answer(w, r, req, Field{"error", o.code}, Field{"error_description", p.explained(r, o, req)})
}

// redirect is 303, so that a POST is not repeated at the app (RFC 9700 §4.12).
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// withQuery adds the fields to the query of the address and changes nothing
// that is there (RFC 6749 §3.1.2).
func withQuery(uri string, fields []Field) string {
	if len(fields) == 0 {
		return uri
	}
	separator := "?"
	if i := strings.IndexByte(uri, '?'); i >= 0 {
		separator = "&"
		if i == len(uri)-1 {
			separator = ""
		}
	}
	return uri + separator + encode(fields)
}

func encode(fields []Field) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(f.Name)
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(f.Value))
	}
	return b.String()
}
