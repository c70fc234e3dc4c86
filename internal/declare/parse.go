package declare

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/yamltree"
)

// Declaration is what a file declares, in its order, and what is wrong with it.
type Declaration struct {
	servers       []*declaredServer
	types         []*declaredType
	clients       []*declaredClient
	users         []*declaredUser
	organizations []*declaredOrganization
	connections   []*declaredConnection
	faults        Faults
}

// declaredClient is one entry of clients.
type declaredClient struct {
	entry
	client client.Client
	secret string
}

// declaredUser is one entry of users.
type declaredUser struct {
	entry
	account account.New
}

// entry is what a client and a user have in common: a name for people, and
// where in the file each of its keys stands.
type entry struct {
	kind, id string
	where    string
	places   map[string]string
	faulty   bool // a fault of it is known
}

func (e *entry) what() string { return strings.TrimSuffix(e.kind+" "+e.id, " ") }

func (e *entry) says(key string) bool { return e.places[key] != "" }

// place returns where the key stands, or the entry where it says no such key.
func (e *entry) place(key string) string {
	if where := e.places[key]; where != "" {
		return where
	}
	return e.where
}

// Parse reads a declaration. name is the file's, for messages; read returns what
// is in a file that a secret_file or password_file names. It never fails: what
// is wrong with the text is told by Plan, with all that is wrong otherwise.
func Parse(name string, text []byte, read func(path string) ([]byte, error)) *Declaration {
	p := &parser{file: name, read: read}
	body, bad := yamltree.Document(name, text)
	if bad != nil {
		p.add(Fault{Where: bad.Where, Problem: bad.Problem, Fix: bad.Fix})
	}
	entries, ok := yamltree.Entries(body)
	if !ok {
		p.add(Fault{Where: p.at(body), Problem: "is not a declaration", Fix: "write clients:, users:, organizations: or resources:, and a list under it"})
	}
	for _, e := range entries {
		p.top(e)
	}
	p.checkTwice()
	return &p.Declaration
}

type parser struct {
	Declaration
	file string
	read func(path string) ([]byte, error)
}

func (p *parser) add(f Fault) { p.faults.List = append(p.faults.List, f) }

func (p *parser) at(n ast.Node) string {
	if n == nil {
		return p.file
	}
	return yamltree.Place(p.file, n.GetToken())
}

// top takes one key of the file's outermost level.
func (p *parser) top(e *ast.MappingValueNode) {
	switch name := e.Key.GetToken().Value; name {
	case "clients":
		p.each(e, "client", p.client)
	case "users":
		p.each(e, "user", p.user)
	case "resources":
		p.each(e, "resource", p.server)
	case "authorization_details_types":
		p.each(e, "authorization_details_type", p.detailType)
	case "organizations":
		p.each(e, "organization", p.organization)
	case "connections":
		p.each(e, "connection", p.connection)
	default:
		p.unknown(Fault{Where: p.at(e.Key)}, name, []string{"clients", "users", "organizations", "connections", "resources", "authorization_details_types"}, nil)
	}
}

// each takes the elements of a list of mappings.
func (p *parser) each(list *ast.MappingValueNode, kind string, take func(entry, []*ast.MappingValueNode)) {
	if _, empty := list.Value.(*ast.NullNode); empty {
		return
	}
	sequence, ok := list.Value.(*ast.SequenceNode)
	if !ok {
		p.add(Fault{Where: p.at(list.Key), Key: kind + "s", Problem: "is not a list", Fix: "begin each " + kind + " with a dash"})
		return
	}
	for _, node := range sequence.Values {
		pairs, ok := yamltree.Entries(node)
		if !ok || len(pairs) == 0 {
			p.add(Fault{Where: p.at(node), Problem: "is not a " + kind, Fix: "write lines key: value after the dash"})
			continue
		}
		take(entry{kind: kind, where: p.at(pairs[0].Key), places: map[string]string{}}, pairs)
	}
}

// nameKeys say whom an entry is about, by its kind.
var nameKeys = map[string]string{"client": "id", "user": "email", "resource": "id", "authorization_details_type": "type", "organization": "slug", "connection": "id"}

// name finds out whom the entry is about before anything else is read, so that
// every message can say it.
func (p *parser) name(e *entry, pairs []*ast.MappingValueNode) {
	if pair := pairOf(pairs, nameKeys[e.kind]); pair != nil {
		texts, ok := yamltree.Scalars(pair.Value)
		if _, isList := pair.Value.(*ast.SequenceNode); ok && !isList && len(texts) == 1 {
			e.id = texts[0]
		}
	}
	if strings.ContainsFunc(e.id, isControl) || len(e.id) > 254 {
		e.id = quote(e.id)
	}
}

func pairOf(pairs []*ast.MappingValueNode, key string) *ast.MappingValueNode {
	for _, pair := range pairs {
		if pair.Key.GetToken().Value == key {
			return pair
		}
	}
	return nil
}

func (p *parser) client(e entry, pairs []*ast.MappingValueNode) {
	p.name(&e, pairs)
	c := &declaredClient{entry: e}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		c.places[name] = p.at(pair.Value)
		switch k := find(clientKeys, name); {
		case k != nil:
			p.value(&c.entry, name, pair, k.field(&c.client))
		case name == "id":
			p.value(&c.entry, name, pair, &c.client.ID)
		case name == "secret":
			p.value(&c.entry, name, pair, &c.secret)
			p.refuse(&c.entry, name, c.secret == "", "is empty", "leave it out for a public client")
		case name == "secret_file":
			p.fromFile(&c.entry, "secret", pairs, pair, &c.secret)
		case client.Translated(metadataName(name)):
			p.localized(&c.entry, name, pair, &c.client)
		case notYet(name):
			p.refuse(&c.entry, name, true, "not supported by this version", "leave it out")
		default:
			c.faulty = true
			p.unknown(Fault{Where: p.at(pair.Key), What: c.what()}, name,
				names(clientKeys, "id", "secret", "secret_file"), clientAliases)
		}
	}
	p.refuse(&c.entry, "id", c.client.ID == "", "is missing", "every client needs one")
	p.refuse(&c.entry, "scopes", c.says("scopes") && len(c.client.Scopes) == 0, "is empty", "leave it out for openid, profile and email")
	p.refuse(&c.entry, "grant_types", c.says("grant_types") && len(c.client.GrantTypes) == 0, "is empty", "leave it out for authorization_code")
	p.clients = append(p.clients, c)
}

func (p *parser) user(e entry, pairs []*ast.MappingValueNode) {
	p.name(&e, pairs)
	u := &declaredUser{entry: e}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		u.places[name] = p.at(pair.Value)
		switch k := find(userKeys, name); {
		case strings.Contains(name, "#"):
			p.claimIn(u, name, pair)
		case k != nil && name != localized:
			p.value(&u.entry, name, pair, k.field(&u.account))
		case name == "password":
			p.value(&u.entry, name, pair, &u.account.Password)
			p.refuse(&u.entry, name, u.account.Password == "", "is empty", "leave it out for no password")
		case name == "password_file":
			p.fromFile(&u.entry, "password", pairs, pair, &u.account.Password)
		default:
			u.faulty = true
			p.unknown(Fault{Where: p.at(pair.Key), What: u.what()}, name,
				names(userKeys, "password", "password_file"), userAliases)
		}
	}
	p.refuse(&u.entry, "email", u.account.Email == "", "is missing", "every user needs one")
	p.users = append(p.users, u)
}

// claimIn reads a claim in another language (OpenID Connect Core §5.2).
func (p *parser) claimIn(u *declaredUser, name string, pair *ast.MappingValueNode) {
	spelled, _, ok := account.LocalizedName(name)
	if !ok {
		u.faulty = true
		p.add(Fault{Where: p.at(pair.Key), What: u.what(), Key: quote(name), Problem: "is not a claim in a language", Fix: "write one such as name#fr or family_name#ja-Kana-JP"})
		return
	}
	var text string
	if p.value(&u.entry, name, pair, &text); text == "" {
		return
	}
	if u.account.Profile.Localized == nil {
		u.account.Profile.Localized = map[string]string{}
		u.places[localized] = p.at(pair.Key)
	}
	u.account.Profile.Localized[spelled] = text
}

// refuse adds a fault at the key if something is wrong, unless one stands there.
func (p *parser) refuse(e *entry, key string, wrong bool, problem, fix string) {
	where := e.place(key)
	if wrong && !p.faults.at(where) {
		e.faulty = true
		p.add(Fault{Where: where, What: e.what(), Key: key, Problem: problem, Fix: fix})
	}
}

// unknown refuses a key, and says what was probably meant.
func (p *parser) unknown(f Fault, name string, known []string, aliases map[string]string) {
	f.Key, f.Problem = name, "no such key"
	if strings.ContainsFunc(name, isControl) || len(name) > 64 {
		f.Key = quote(name)
	}
	meant := yamltree.Nearest(name, slices.AppendSeq(slices.Clone(known), maps.Keys(aliases)))
	if real := aliases[meant]; real != "" {
		meant = real
	}
	switch {
	case aliases[name] != "":
		f.Fix = "write " + meant
	case meant != "":
		f.Fix = "did you mean " + meant + "?"
	default:
		f.Fix = "the keys are " + strings.Join(known, ", ")
	}
	p.add(f)
}

// checkTwice refuses what is declared more than once, and could be two things.
func (p *parser) checkTwice() {
	first := map[string]string{}
	once := func(e *entry, id string) {
		if before, twice := first[e.kind+id]; twice && id != "" {
			p.add(Fault{Where: e.place(nameKeys[e.kind]), What: e.what(), Problem: "is declared twice", Fix: "the first is at " + before})
			return
		}
		first[e.kind+id] = e.place(nameKeys[e.kind])
	}
	for _, s := range p.servers {
		once(&s.entry, s.server.ID)
	}
	for _, t := range p.types {
		once(&t.entry, t.detail.ID)
	}
	for _, o := range p.organizations {
		once(&o.entry, o.slug)
	}
	for _, c := range p.connections {
		once(&c.entry, c.id)
	}
	for _, c := range p.clients {
		once(&c.entry, c.client.ID)
	}
	for _, u := range p.users {
		if _, key, err := account.NormalizeEmail(u.account.Email); err == nil {
			once(&u.entry, key)
		}
	}
}
