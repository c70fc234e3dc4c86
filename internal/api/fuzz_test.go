package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"signet/internal/account"
	"signet/internal/api"
	"signet/internal/client"
	"signet/internal/grant"
	"signet/internal/keys"
	"signet/internal/org"
	"signet/internal/repeat"
	"signet/internal/resource"
	"signet/internal/store/storetest"
)

// bearer takes every request for one of the same caller.
type bearer struct{ access grant.Access }

// Access implements api.Tokens.
func (b *bearer) Access(http.ResponseWriter, *http.Request) (*grant.Access, error) {
	access := b.access
	return &access, nil
}

// lenient does nothing to accounts but what is asked for.
type lenient struct{}

// SignOut implements api.Operator.
func (lenient) SignOut(context.Context, string) error { return nil }

// ShutOut implements api.Operator.
func (lenient) ShutOut(_ context.Context, _ string, change func() error) error { return change() }

// Erase implements api.Operator.
func (lenient) Erase(context.Context, *account.Account) ([]*org.Sole, error) { return nil, nil }

// FuzzRequests sends what a program that has a token can send: it is answered, or
// refused with a problem, and nothing is our fault.
func FuzzRequests(f *testing.F) {
	db, clock := storetest.OpenSQL(f, storetest.SQLiteURL(f)), storetest.NewClock()
	id := uuid.Must(uuid.NewV7()).String()
	err := db.CreateAccount(f.Context(), &account.Account{
		ID: id, Email: "ada@example.com", EmailKey: "ada@example.com", Status: account.Active, CreatedAt: clock.Now(), UpdatedAt: clock.Now(),
	})
	if err != nil {
		f.Fatal(err)
	}
	orgs := org.NewService(db, org.Rules{Grace: time.Hour, MostOwned: 20}, clock.Now)
	o, err := orgs.Create(f.Context(), "Engines", "engines", id, org.Operator)
	if err != nil {
		f.Fatal(err)
	}
	clients := client.NewRegistry(db, client.NewSecrets(make([]byte, 32)), client.Rules{Algs: []string{"RS256"}}, clock.Now)
	if err := clients.Put(f.Context(), &client.Client{ID: "shop", Metadata: client.Metadata{RedirectURIs: []string{"https://shop.example/cb"}}}, ""); err != nil {
		f.Fatal(err)
	}
	by := &bearer{}
	hers := grant.Access{ClientID: "desk", AccountID: id, Scopes: resource.Managing, Scheme: "Bearer"}
	operators := grant.Access{ClientID: "robot", Trusted: true, Scopes: resource.OfAPI, Scheme: "Bearer"}
	a := api.New(api.Services{
		Issuer: "https://id.example", Tokens: by, Clients: clients,
		Gate:     func(context.Context, *grant.Access, string) (time.Duration, error) { return 0, nil },
		Accounts: account.NewService(db, nil, nil, clock.Now), Operator: lenient{}, Arrivals: org.NewArrivals(db, db, nil, clock.Now), Organizations: orgs,
		Domains: org.NewDomains(orgs, db, nil, org.DomainRules{}, clock.Now),
		Repeats: repeat.NewService(db, keys.Master{}.Sealer("answers"), clock.Now), Audit: db, Now: clock.Now,
	})
	routes := a.Routes()
	for i := range routes {
		f.Add(i, false, o.ID, id, "limit=1&cursor=", `{"name":"Mills","role":"viewer","to":"`+id+`","domain":"mills.example"}`, "key")
		for _, body := range []string{
			`{"client_id":"till","client_name":"Till","redirect_uris":["https://till.example/cb"],"jwks":{"keys":[]},"localized":{"client_name#ja":"x"}}`,
			`{"jwks":{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]},"token_endpoint_auth_method":"private_key_jwt"}`, `{"jwks":7,"scopes":null}`,
			`{"software_id":"\u0000","contacts":["\ufffe"],"assertion_issuer":"\u0000"}`, `{"redirect_uris":["%zz"],"grant_types":["x"],"trusted":true}`,
		} {
			f.Add(i, true, o.ID, "shop", "", body, "")
		}
	}
	f.Add(1, false, "engines", "..", "limit=-1&cursor=\x00", "{\"name\":\"\u202e\"}", strings.Repeat("k", 300))
	f.Add(2, true, "", "ADA@example.com", "", "", "")
	f.Add(3, false, "%00", "\xff", "limit=1e9", `[{}]`, "")
	f.Fuzz(func(t *testing.T, n int, operator bool, first, second, query, body, key string) {
		if by.access = hers; operator {
			by.access = operators
		}
		r := routes[((n%len(routes))+len(routes))%len(routes)]
		if strings.Contains(r.Path, "/check") || strings.Contains(r.Path, "invitations") || strings.Contains(r.Path, "organization}/connections") {
			return // ask others than the store
		}
		req := httptest.NewRequest(r.Method, "/api/v1", strings.NewReader(body))
		req.URL.RawQuery = query
		req.Header["Idempotency-Key"] = []string{key}
		req.Header.Set("Content-Type", "application/json")
		for _, name := range []string{"account", "domain", "user", "client", "connection"} {
			req.SetPathValue(name, second)
		}
		req.SetPathValue("organization", first)
		rec := httptest.NewRecorder()
		if err := r.Do(rec, req); err != nil && rec.Body.Len() == 0 {
			a.WriteError(rec, req, err)
		}
		if rec.Code >= 500 {
			t.Fatalf("%s %s: %d %s", r.Method, r.Path, rec.Code, rec.Body)
		}
		if rec.Code >= 400 && (rec.Header().Get("Content-Type") != "application/problem+json" || !json.Valid(rec.Body.Bytes())) {
			t.Fatalf("%s %s: %d is no problem: %v %s", r.Method, r.Path, rec.Code, rec.Header(), rec.Body)
		}
	})
}
