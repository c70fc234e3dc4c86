package api

// RFC 9457: problem details. The kind of a fault and the status are one and the
// same, so that no type says more than the status does (§4.2.1).

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"signet/internal/fault"
	"signet/internal/httpd"
)

// typeProblem is the media type (§3).
const typeProblem = "application/problem+json"

// problemOf tells an error to a program: the sentence that may be shown, the
// input that is to blame, and by what name the log has the request.
func problemOf(err error, r *http.Request) *huma.ErrorModel {
	p := problem(statusOf(fault.KindOf(err)), r, "")
	var all []string
	for _, one := range fault.All(err) {
		all = append(all, fault.Public(one))
		if field := fieldOf(one); field != "" {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Message: fault.Public(one), Location: "body." + field})
		}
	}
	p.Detail = strings.Join(all, "; ")
	return p
}

func problem(status int, r *http.Request, detail string) *huma.ErrorModel {
	return &huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail, Instance: instance(r)}
}

// statusOf is the status of the kind. What is wrong with an input is told as the
// checks of the description tell it.
func statusOf(kind fault.Kind) int {
	if kind == fault.Invalid {
		return http.StatusUnprocessableEntity
	}
	return httpd.Status(kind)
}

// instance names the occurrence of a problem (§3.1.5).
func instance(r *http.Request) string { return "urn:signet:request:" + httpd.InfoOf(r).RequestID() }

// WriteError answers with an error that ended a request before an operation
// began.
func (a *API) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err, r)
	if h := w.Header(); (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests) && h.Get("Retry-After") == "" {
		httpd.RetryAfter(w, time.Second)
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p *huma.ErrorModel) {
	w.Header().Set("Content-Type", typeProblem)
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) // a reader that went away is no error of ours
}

// complete makes what the library says of an input a problem like the others:
// with its name in the log, and without repeating the input, which may be a secret.
func complete(ctx huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*huma.ErrorModel)
	if !ok || p.Instance != "" {
		return v, nil
	}
	if c, ok := ctx.Context().Value(callKey{}).(*call); ok {
		p.Instance = instance(c.request)
		c.failed = fault.New(fault.Invalid, "%s", p.Detail)
	}
	for _, d := range p.Errors {
		d.Value = nil
	}
	return p, nil
}

// fieldOf is the input that the fault blames, or "".
func fieldOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Field
	}
	return ""
}
