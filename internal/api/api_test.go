package api_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"signet/internal/api"
	"signet/internal/client"
	"signet/internal/org"
	"signet/internal/resource"
)

// document is what the tests read of the description.
type document struct {
	Paths map[string]map[string]struct {
		ID         string                `json:"operationId"`
		Summary    string                `json:"summary"`
		Tags       []string              `json:"tags"`
		Security   []map[string][]string `json:"security"`
		Parameters []struct{ Name, In string }
	}
	Tags []struct{ Name string }
}

func described(t *testing.T) (*api.API, *document) {
	t.Helper()
	a := api.New(api.Services{Issuer: "https://id.example"})
	raw, err := a.Document()
	if err != nil {
		t.Fatal(err)
	}
	d := &document{}
	if err := json.Unmarshal(raw, d); err != nil {
		t.Fatal(err)
	}
	return a, d
}

// TestEveryOperationIsDescribed: each route is in the description with one scope
// that there is, which fits what the method does, and with what its path names.
func TestEveryOperationIsDescribed(t *testing.T) {
	a, d := described(t)
	inPath := regexp.MustCompile(`\{(\w+)\}`)
	for _, r := range a.Routes() {
		if r.Path == api.PathDocument || r.Method == "" {
			continue
		}
		o, ok := d.Paths[r.Path][strings.ToLower(r.Method)]
		if !ok || o.Summary == "" || len(o.Tags) != 1 || !slices.ContainsFunc(d.Tags, func(tag struct{ Name string }) bool { return tag.Name == o.Tags[0] }) {
			t.Errorf("%s %s is not described: %+v", r.Method, r.Path, o)
			continue
		}
		scope := o.Security[0]["signet"]
		if len(o.Security) != 1 || len(scope) != 1 || !slices.Contains(append(resource.Managing, resource.Operating...), scope[0]) {
			t.Errorf("%s asks for %v", o.ID, o.Security)
		} else if strings.HasSuffix(scope[0], ":read") != (r.Method == "GET") {
			t.Errorf("%s is a %s for the scope %s", o.ID, r.Method, scope[0])
		}
		for _, m := range inPath.FindAllStringSubmatch(r.Path, -1) {
			if !slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.Name == m[1] && p.In == "path" }) {
				t.Errorf("%s does not read %s of its path", o.ID, m[1])
			}
		}
	}
}

// TestEverySettingOfAClientIsThere: what an operator declares of an app by a file can
// be said here.
func TestEverySettingOfAClientIsThere(t *testing.T) {
	shown := map[string]bool{
		// What the house alone writes.
		"registration_access_token_hash": true, "software_statement": true, "metadata_document": true,
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[api.Client]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		shown[name] = true
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[client.Client]()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" && !shown[name] {
			t.Errorf("%s cannot be said", name)
		}
	}
}

// TestEverySettingOfAConnectionIsThere: what replaces settings must know them all,
// or it would take away those that it does not know.
func TestEverySettingOfAConnectionIsThere(t *testing.T) {
	names := func(v any) map[string]bool {
		out, of := map[string]bool{}, reflect.TypeOf(v)
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			out[name] = true
		}
		return out
	}
	for _, pair := range [][2]any{
		{org.OIDCSettings{}, api.OIDCConnection{}}, {org.SAMLSettings{}, api.SAMLConnection{}}, {org.Mapping{}, api.Mapping{}},
	} {
		shown := names(pair[1])
		for name := range names(pair[0]) {
			if name != "fetched_at" && !shown[name] {
				t.Errorf("%T has no %s", pair[1], name)
			}
		}
	}
}
