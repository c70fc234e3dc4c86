package declare

import (
	"context"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"signet/internal/resource"
)

// declaredServer is one entry of resources.
type declaredServer struct {
	entry
	server resource.Server
}

// serverKeys are what an API can have besides its id.
var serverKeys = []key[resource.Server]{
	{"name", func(s *resource.Server) any { return &s.Name }},
	{"scopes", func(s *resource.Server) any { return &s.Scopes }},
	{"access_token_format", func(s *resource.Server) any { return &s.TokenFormat }},
	{"access_token_lifetime", func(s *resource.Server) any { return &s.TokenLife }},
	{"clients", func(s *resource.Server) any { return &s.Clients }},
}

var serverAliases = map[string]string{"scope": "scopes", "identifier": "id", "resource": "id", "audience": "id"}

func (p *parser) server(e entry, pairs []*ast.MappingValueNode) {
	p.name(&e, pairs)
	s := &declaredServer{entry: e}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		s.places[name] = p.at(pair.Value)
		switch k := find(serverKeys, name); {
		case k != nil:
			p.value(&s.entry, name, pair, k.field(&s.server))
		case name == "id":
			p.value(&s.entry, name, pair, &s.server.ID)
		default:
			s.faulty = true
			p.unknown(Fault{Where: p.at(pair.Key), What: s.what()}, name, names(serverKeys, "id"), serverAliases)
		}
	}
	p.refuse(&s.entry, "id", s.server.ID == "", "is missing", "every API needs one: its address, such as https://api.example.com")
	p.servers = append(p.servers, s)
}

func (s Services) planServer(ctx context.Context, d *declaredServer) (*Step, error) {
	want := d.server
	want.Fill()
	if err := want.Check(); err != nil {
		return nil, err
	}
	is, err := s.Resources.Server(ctx, want.ID)
	if err != nil {
		return nil, err
	}
	step := &Step{Kind: "resource", ID: want.ID, Subject: want.ID, Action: Create}
	step.do = func(ctx context.Context) (string, error) { return want.ID, s.Resources.PutServer(ctx, &want) }
	if is == nil {
		return step, nil
	}
	step.Action, step.Differences = Update, differences(serverKeys, is, &want)
	if len(step.Differences) == 0 {
		step.Action = Keep
	}
	return step, nil
}

// declaredType is one entry of authorization_details_types.
type declaredType struct {
	entry
	detail resource.Type
}

// typeKeys are what a type of authorization details can have besides its name,
// and besides show#de: how it is shown in a language.
var typeKeys = []key[resource.Type]{
	{"fields", func(t *resource.Type) any { return &t.Fields }},
	{"required", func(t *resource.Type) any { return &t.Required }},
	{"show", func(t *resource.Type) any { return &t.Show }},
}

func (p *parser) detailType(e entry, pairs []*ast.MappingValueNode) {
	p.name(&e, pairs)
	t := &declaredType{entry: e}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		t.places[name] = p.at(pair.Value)
		base, lang, _ := strings.Cut(name, "#")
		switch k := find(typeKeys, name); {
		case base == "show":
			var text string
			p.value(&t.entry, name, pair, &text)
			if t.detail.Show == nil {
				t.detail.Show = map[string]string{}
			}
			t.detail.Show[lang] = text
		case k != nil:
			p.value(&t.entry, name, pair, k.field(&t.detail))
		case name == "type":
			p.value(&t.entry, name, pair, &t.detail.ID)
		default:
			t.faulty = true
			p.unknown(Fault{Where: p.at(pair.Key), What: t.what()}, name, names(typeKeys, "type"), map[string]string{"id": "type", "name": "type"})
		}
	}
	p.refuse(&t.entry, "type", t.detail.ID == "", "is missing", "every type needs a name, such as payment_initiation")
	p.types = append(p.types, t)
}

func (s Services) planType(ctx context.Context, d *declaredType) (*Step, error) {
	want := d.detail
	if err := want.Check(); err != nil {
		return nil, err
	}
	is, err := s.Resources.Type(ctx, want.ID)
	if err != nil {
		return nil, err
	}
	step := &Step{Kind: "authorization_details_type", ID: want.ID, Subject: want.ID, Action: Create}
	step.do = func(ctx context.Context) (string, error) { return want.ID, s.Resources.PutType(ctx, &want) }
	if is == nil {
		return step, nil
	}
	step.Action, step.Differences = Update, differences(typeKeys, is, &want)
	if len(step.Differences) == 0 {
		step.Action = Keep
	}
	return step, nil
}
