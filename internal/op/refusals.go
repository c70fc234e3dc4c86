package op

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"signet/internal/refusal"
	"signet/internal/session"
	"signet/internal/yamltree"
)

// What is kept of a request that was refused. Every value that could be a secret,
// or is about a person, is left out.
var (
	// told are parameters whose values are no secrets and help to see the mistake.
	told = []string{
		"client_id", "redirect_uri", "response_type", "response_mode", "scope", "prompt", "max_age", "display", "ui_locales",
		"claims_locales", "acr_values", "code_challenge_method", "grant_type", "resource", "audience", "client_assertion_type",
		"token_type_hint", "post_logout_redirect_uri", "subject_token_type", "actor_token_type", "requested_token_type", "requested_expiry",
	}
	// named are parameters of which only the name is kept.
	named = []string{
		"state", "nonce", "login_hint", "id_token_hint", "claims", "code_challenge", "request", "request_uri", "registration",
		"code", "code_verifier", "refresh_token", "client_secret", "client_assertion", "token", "access_token", "assertion",
		"subject_token", "actor_token", "device_code", "user_code", "auth_req_id", "binding_message", "login_hint_token",
		"client_notification_token", "authorization_details", "dpop_jkt", "username", "password", "logout_hint",
	}
	known = slices.Concat(told, named)
)

// Bounds of what is kept: of a value, in bytes, and of parameters.
const (
	maxTold    = 200
	maxArrived = 50
)

// explained keeps why the request was refused and returns the description of
// the error: how the rule was broken, its name, and that of the request, by which
// signet explain tells more.
func (p *Provider) explained(r *http.Request, o *oauthError, req *session.Request) string {
	if !p.keep(r, o, req) {
		return o.Message
	}
	return o.Message + " (" + o.rule.Name + ", request " + infoOf(r).RequestID() + ")"
}

// keep keeps why the request was refused, and reports whether there is a rule
// that it broke; what went wrong on our side is explained in the log alone. req
// is the request that was read, or nil.
func (p *Provider) keep(r *http.Request, o *oauthError, req *session.Request) bool {
	if o.rule == nil {
		return false
	}
	info := infoOf(r)
	info.Rule = o.rule.Name
	why := &refusal.Record{
		Request: info.RequestID(), At: p.Now().UTC(), Method: r.Method, Path: r.URL.Path, ClientID: info.ClientID,
		Code: o.code, Rule: o.rule.Name, Clause: o.rule.Clause, Problem: o.Message, Remedy: o.rule.Remedy,
	}
	if o.Cause != nil {
		why.Cause = printableAll(o.Cause.Error())
	}
	why.Arrived, why.Unknown = arrived(info.Asked, req)
	// That there is no room, or no store, changes no answer: the log has it all.
	_ = p.Refusals.Keep(r.Context(), info.Address, why)
	return true
}

// arrived is what may be kept of the parameters, and how many more there were. A
// name that is not known may be anything, a secret among them, so it is kept only
// where it looks like a misspelling.
func arrived(asked params, req *session.Request) (kept []refusal.Parameter, unknown int) {
	all := params{}
	if req != nil {
		all = asSent(req)
	}
	for name, values := range asked {
		all[name] = values
	}
	for _, name := range known {
		for _, v := range all[name] {
			p := refusal.Parameter{Name: name}
			if slices.Contains(told, name) {
				p.Value = shorten(v)
			}
			kept = append(kept, p)
		}
		delete(all, name)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if near := yamltree.Nearest(name, known); near != "" {
			kept = append(kept, refusal.Parameter{Name: printable(name), Meant: near})
			continue
		}
		unknown++
	}
	if more := len(kept) - maxArrived; more > 0 {
		kept, unknown = kept[:maxArrived], unknown+more
	}
	return kept, unknown
}

func shorten(v string) string {
	if len(v) > maxTold {
		v = v[:maxTold] + "..."
	}
	return headerSafe(v)
}

// asSent is a request that was read and stored, as its app may have sent it.
func asSent(req *session.Request) params {
	ps := params{}
	for _, f := range []Field{
		{"client_id", req.ClientID}, {"redirect_uri", req.RedirectURI}, {"response_type", req.ResponseType.String()},
		{"response_mode", req.ResponseMode}, {"scope", strings.Join(req.Scopes, " ")}, {"prompt", strings.Join(req.Prompt, " ")},
		{"display", req.Display}, {"ui_locales", req.UILocales}, {"acr_values", strings.Join(req.ACRValues, " ")},
	} {
		if f.Value != "" {
			ps[f.Name] = []string{f.Value}
		}
	}
	if req.MaxAge != nil {
		ps["max_age"] = []string{strconv.Itoa(*req.MaxAge)}
	}
	return ps
}
