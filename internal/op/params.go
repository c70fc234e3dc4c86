package op

import (
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// params are the parameters of a request, each at most once (RFC 6749 §3.1,
// §3.2), but for those that may repeat.
type params url.Values

// repeatable are the parameters that may come more than once.
var repeatable = map[string]bool{"resource": true, "audience": true} // RFC 8707 §2, RFC 8693 §2.1

// parseParams reads and checks an encoded query or form.
func parseParams(encoded string) (params, *oauthError) {
	v, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, ruleEncoding.broken("the parameters are not application/x-www-form-urlencoded").because(err)
	}
	for name, values := range v {
		if len(values) > 1 && !repeatable[name] {
			return params(v), repeated(name, len(values))
		}
	}
	return params(v), nil
}

// formParams reads the parameters of a POST from its body alone: credentials
// and codes in an address end up in logs (RFC 6749 §2.3.1).
func formParams(r *http.Request) (params, *oauthError) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, ruleEncoding.broken("send the parameters as Content-Type: application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, ruleEncoding.broken("the body is too large or broke off").because(err)
	}
	ps, oerr := parseParams(string(body))
	infoOf(r).Asked = maps.Clone(ps)
	return ps, oerr
}

// queryParams reads the parameters of a GET.
func queryParams(r *http.Request) (params, *oauthError) {
	ps, oerr := parseParams(r.URL.RawQuery)
	infoOf(r).Asked = ps
	return ps, oerr
}

// get returns the parameter; one without a value counts as left out
// (RFC 6749 §3.1).
func (p params) get(name string) string {
	if v := p[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (p params) list(name string) []string { return strings.Fields(p.get(name)) }

func (p params) has(name string) bool { return p.get(name) != "" }

// printable is a stranger's text as it may stand in an error_description:
// RFC 6749 §5.2 allows printable ASCII without " and \.
func printable(s string) string {
	const most = 100
	s = headerSafe(s)
	if len(s) > most {
		s = s[:most] + "..."
	}
	return s
}

// require returns the parameter or an error that names it.
func (p params) require(name string) (string, *oauthError) {
	if v := p.get(name); v != "" {
		return v, nil
	}
	return "", ruleMissing.broken("the parameter %s is missing", name)
}

// only is require for what must be certain before anything is answered: a
// parameter that comes twice has no value that could be trusted.
func (p params) only(name string) (string, *oauthError) {
	if n := len(p[name]); n > 1 {
		return "", repeated(name, n)
	}
	return p.require(name)
}

func repeated(name string, n int) *oauthError {
	return ruleRepeated.broken("the parameter %s comes %d times; send it once", printable(name), n)
}
