package declare

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"

	"signet/internal/account"
	"signet/internal/client"
)

// files are what a secret_file or password_file may name here.
func files(path string) ([]byte, error) {
	switch path {
	case "one":
		return []byte("the-secret-of-the-file\r\n"), nil
	case "empty":
		return []byte("\n"), nil
	case "lines":
		return []byte("a\nb\n"), nil
	}
	return nil, &os.PathError{Op: "open", Path: path, Err: errors.New("there is\nnone")}
}

func parse(text string) *Declaration { return Parse("f.yaml", []byte(text), files) }

func TestParse(t *testing.T) {
	d := parse(`
users:
  - {email: ada@example.com, password_file: one, verified: true, phone_number: +44 20 7946 0000,
     address: {locality: London, country: null}, given_name: null}
clients: # in any order
  - id: 0042
    name: "Notes: the app"
    secret_file: one
    scopes: [openid, "urn:example:a"]
    redirect_uris:
      - https://notes.example.com/callback?a=b
    trusted: true
    default_max_age: 60
  - {id: b, secret: 007, application_type: native, jwks: {keys: [{kty: EC, kid: 2026}]}}
`)
	if err := d.faults.err(); err != nil {
		t.Fatal(err)
	}
	wantClients := []*declaredClient{
		{secret: "the-secret-of-the-file", client: client.Client{
			ID: "0042", Scopes: []string{"openid", "urn:example:a"}, Trusted: true,
			Metadata: client.Metadata{
				Name:          "Notes: the app",
				RedirectURIs:  []string{"https://notes.example.com/callback?a=b"},
				DefaultMaxAge: 60,
			},
		}},
		{secret: "007", client: client.Client{ID: "b", Metadata: client.Metadata{ApplicationType: "native", JWKS: `{"keys":[{"kid":"2026","kty":"EC"}]}`}}},
	}
	for i, want := range wantClients {
		if got := d.clients[i]; !reflect.DeepEqual(got.client, want.client) || got.secret != want.secret {
			t.Errorf("client %d:\n%+v %q\nwant\n%+v %q", i, got.client, got.secret, want.client, want.secret)
		}
	}
	wantUser := account.New{
		Email: "ada@example.com", Password: "the-secret-of-the-file", Verified: true,
		Profile: account.Profile{PhoneNumber: "+44 20 7946 0000", Address: &account.Address{Locality: "London"}},
	}
	if got := d.users[0].account; !reflect.DeepEqual(got, wantUser) {
		t.Errorf("user:\n%+v\nwant\n%+v", got, wantUser)
	}
	if !d.users[0].says("given_name") || d.users[0].says("family_name") {
		t.Error("what the entry says, and what it does not say, is not kept apart")
	}
}

// TestRefusals has one fault each; scripts of the command show many at once.
func TestRefusals(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"clients: {id: a}", "f.yaml:1:1: clients: is not a list; begin each client with a dash"},
		{"users: ada", "f.yaml:1:1: users: is not a list; begin each user with a dash"},
		{"clients:\n  - []", "f.yaml:2:5: is not a client; write lines key: value after the dash"},
		{"clients:\n  - id: a\n---\nclients:\n", "f.yaml:3:1: a second document begins; keep everything in one"},
		{"clients:\n  - id: a\n    id: b", `f.yaml:3:5: not YAML: mapping key "id" already defined at [2:5]; check the indentation and the quotes there`},
		{"users:\n  - email: a@b.example\n    email#de: x", `f.yaml:3:5: user a@b.example: "email#de": is not a claim in a language; write one such as name#fr or family_name#ja-Kana-JP`},
		{"organizations:\n  - name: A", "f.yaml:2:5: organization: slug: is missing; every organization needs one here: a short name of its own, such as engines"},
		{"organizations:\n  - slug: a1\n    owner: [a@b.example]", "f.yaml:3:5: organization a1: owner: no such key; write owners"},
		{"connections: {}", "f.yaml:1:1: connections: is not a list; begin each connection with a dash"},
		{"connections:\n  - name: A", "f.yaml:2:5: connection: id: is no UUID in small letters; make one, once, with uuidgen"},
		{"connections:\n  - id: 0198c0de-0000-7000-8000-000000000001\n    secret: x", "f.yaml:3:5: connection 0198c0de-0000-7000-8000-000000000001: secret: no such key; write client_secret"},
		{"connections:\n  - id: 0198c0de-0000-7000-8000-000000000001\n    metadata_file: none", `f.yaml:3:20: connection 0198c0de-0000-7000-8000-000000000001: metadata_file: the file "none" cannot be read; name a readable file`},
		{"client: []", "f.yaml:1:1: client: no such key; did you mean clients?"},
		{"clients:\n  - id: a\n    scope: [openid]", "f.yaml:3:5: client a: scope: no such key; write scopes"},
		{"clients:\n  - id: a\n    scopes#de: A", "f.yaml:3:16: client a: scopes#de: not supported by this version; leave it out"},
		{"clients:\n  - id: a\n    software_statement: [x]", "f.yaml:3:25: client a: software_statement: not supported by this version; leave it out"},
		{"clients:\n  - id: a\n    <<: {name: b}", "f.yaml:3:5: client a: <<: no such key; the keys are name"},
		{"clients:\n  - id: [a]", "f.yaml:2:9: client: id: is a list; write one value"},
		{"clients:\n  - id: a\n    name: {b: c}", "f.yaml:3:5: client a: name: cannot be read"},
		{"clients:\n  - id: a\n    name: !!str b", "f.yaml:3:5: client a: name: cannot be read"},
		{"clients:\n  - id: a\n    name: \"b\\nc\"", "f.yaml:3:11: client a: name: holds a control character"},
		{"clients:\n  - id: a\n    scopes: openid profile", "f.yaml:3:13: client a: scopes: is not a list; write [openid, profile]"},
		{"clients:\n  - id: a\n    scopes: [openid, [profile]]", "f.yaml:3:5: client a: scopes: cannot be read"},
		{"clients:\n  - id: a\n    scopes: [openid, openid]", `f.yaml:3:13: client a: scopes: names "openid" twice; leave one out`},
		{"clients:\n  - id: a\n    grant_types: []", "f.yaml:3:18: client a: grant_types: is empty"},
		{"clients:\n  - id: a\n    trusted: on", `f.yaml:3:14: client a: trusted: "on" is not true or false`},
		{"clients:\n  - id: a\n    default_max_age: 99999999999", `f.yaml:3:22: client a: default_max_age: "99999999999" is not a whole number`},
		{"clients:\n  - id: a\n    jwks: x", "f.yaml:3:5: client a: jwks: this is not a JSON Web Key Set; write an object with the list keys"},
		{"clients:\n  - id: a\n    jwks: [x]", "f.yaml:3:5: client a: jwks: this is not a JSON Web Key Set"},
		{"clients:\n  - id: a\n    jwks: {keys: &x []}", "f.yaml:3:5: client a: jwks: cannot be read"},
		{"clients:\n  - id: a\n    secret: ''", "f.yaml:3:13: client a: secret: is empty; leave it out for a public client"},
		{"clients:\n  - id: a\n    secret_file: none", "f.yaml:3:18: client a: secret_file: the file cannot be read: open none: there is none"},
		{"clients:\n  - id: a\n    secret_file: empty", `f.yaml:3:18: client a: secret_file: the file "empty" is empty`},
		{"clients:\n  - id: a\n    secret_file: lines", `f.yaml:3:18: client a: secret_file: the file "lines" holds more than one line`},
		{"clients:\n  - id: a\n    secret_file:", "f.yaml:3:18: client a: secret_file: is empty; name a file"},
		{"clients:\n  - id: a\n    secret_file: one\n    secret: hunter2", "f.yaml:3:18: client a: secret_file: is said, and secret too"},
		{"users:\n  - name: Ada", "f.yaml:2:5: user: email: is missing; every user needs one"},
		{"users:\n  - email: a@b.example\n    email_verified: true", "f.yaml:3:5: user a@b.example: email_verified: no such key; write verified"},
		{"users:\n  - email: a@b.example\n    last_nam: Ada", "f.yaml:3:5: user a@b.example: last_nam: no such key; did you mean family_name?"},
		{"users:\n  - email: a@b.example\n    password: hunter2${X}", "f.yaml:3:15: user a@b.example: password: holds ${, and nothing is put in its place here"},
		{"users:\n  - email: a@b.example\n    address: London", "f.yaml:3:5: user a@b.example: address: is not an address; write its parts below it: formatted"},
		{"users:\n  - email: a@b.example\n    address: {locality: [London]}", "f.yaml:3:25: user a@b.example: address.locality: is a list"},
		{"users:\n  - email: a@b.example\n  - email: A@B.example", "f.yaml:3:12: user A@B.example: is declared twice; the first is at f.yaml:2:12"},
	} {
		err := parse(test.text).faults.err()
		switch {
		case err == nil:
			t.Errorf("%q is accepted", test.text)
		case !strings.HasPrefix(err.Error(), test.want):
			t.Errorf("%q:\n %s\nwant\n %s", test.text, err, test.want)
		case strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%q: a secret is shown: %s", test.text, err)
		}
	}
}

// TestKeys keeps the tables in step with the types that they fill.
func TestKeys(t *testing.T) {
	// The id is read by itself; the others are nobody's to declare.
	apart := []string{"client_id", "created_at", "updated_at", "registration_access_token_hash", "metadata_document", "localized", "software_statement"}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[client.Client]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if short := clientAliases[name]; short != "" && name != "client_id" {
			name = short
		}
		if !field.Anonymous && name != "-" && !slices.Contains(apart, name) && find(clientKeys, name) == nil {
			t.Errorf("a client's %s (%s) cannot be declared", field.Name, name)
		}
	}
	for field := range reflect.TypeFor[account.Profile]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); find(userKeys, name) == nil {
			t.Errorf("a person's %s (%s) cannot be declared", field.Name, name)
		}
	}
	for _, name := range laterClientKeys {
		if find(clientKeys, name) != nil {
			t.Errorf("%s is supported, and refused", name)
		}
	}
}

// FuzzParse: whatever the text, each fault is one line that says where and
// what; and what has none, written out and read again, declares the same.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"../../config/deploy/apply.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("clients: [{id: a, secret: b, scopes: [openid], default_max_age: 1, trusted: true}]\nusers: [{email: a@b.example, address: {locality: x}}]"))
	f.Add([]byte("clients: [{id: a, name#fr: Café, client_name#de-CH: b, tos_uri#x: ~, scopes#fr: [a]}]"))
	f.Add([]byte("clients:\n  - id: a\n    secret_file: one\n    name: |\n      x\nusers:\n- email: \"a\\0\"\n"))
	f.Add([]byte("clients: [{id: a, jwks: {keys: [{kty: EC, x: 1.5}], more: [a, {b: ~}]}}, {id: b, jwks: '{\"keys\":[1e3,null]}'}]"))
	f.Add([]byte("? clients\n: - &x {id: a}\n  - *x\n--- !!str\n*x"))
	f.Add([]byte("users:\n  - {email: a, verified: yes, birthdate: 0000-01-01, password: ${X}}\n  - !!map {email: .nan}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 8<<10 {
			return
		}
		d := Parse("f.yaml", text, files)
		for _, fault := range d.faults.List {
			line := fault.String()
			if fault.Problem == "" || !strings.HasPrefix(fault.Where, "f.yaml") || strings.ContainsFunc(line, unicode.IsControl) {
				t.Errorf("not one line that says where and what: %q", line)
			}
		}
		if len(d.faults.List) > 0 {
			return
		}
		written, err := yaml.Marshal(rendered(d))
		if err != nil {
			t.Fatal(err)
		}
		again := Parse("again.yaml", written, files)
		if err := again.faults.err(); err != nil {
			t.Fatalf("a declaration, written out, is refused: %v\n%s", err, written)
		}
		if got, want := rendered(again), rendered(d); !reflect.DeepEqual(got, want) {
			t.Errorf("written out and read again:\n%v\nwas\n%v", got, want)
		}
	})
}

// rendered is the declaration as a document.
func rendered(d *Declaration) map[string]any {
	clients, users := []any{}, []any{}
	for _, c := range d.clients {
		m := entryOf(clientKeys, &c.client)
		m["id"] = c.client.ID
		for name, text := range c.client.Localized {
			m[name] = text
		}
		if c.secret != "" {
			m["secret"] = c.secret
		}
		clients = append(clients, m)
	}
	for _, u := range d.users {
		m := entryOf(userKeys, &u.account)
		if u.account.Password != "" {
			m["password"] = u.account.Password
		}
		if a := u.account.Profile.Address; a != nil {
			m["address"] = entryOf(addressKeys, a)
		}
		users = append(users, m)
	}
	return map[string]any{"clients": clients, "users": users}
}

// entryOf writes what is said; "" and 0 are what is not.
func entryOf[T any](keys []key[T], of *T) map[string]any {
	m := map[string]any{}
	for _, k := range keys {
		v := shown(k.field(of))
		if list, ok := v.([]string); ok && len(list) == 0 || reflect.ValueOf(v).IsZero() {
			continue
		}
		m[k.name] = v
	}
	return m
}
