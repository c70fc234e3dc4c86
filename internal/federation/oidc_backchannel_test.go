package federation

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/fault"
)

// memory is Memory of one process.
type memory struct {
	mu   sync.Mutex
	seen map[string]time.Duration
}

func (m *memory) First(_ context.Context, name string, life time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[string]time.Duration{}
	}
	_, came := m.seen[name]
	m.seen[name] = life
	return !came, nil
}

func (m *memory) Forget(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seen, name)
	return nil
}

// logoutOf are the claims of a good logout token, with changes; nil takes one away.
func (p *idp) logoutOf(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": p.URL, "aud": "signet", "iat": clock.Unix(), "exp": clock.Add(2 * time.Minute).Unix(), "jti": "j1", "sub": "s1", "sid": "there",
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// take has the token taken, and returns who is to be signed out.
func (tr *trip) take(t testing.TB, once Memory, raw string) (out *SignedOut, err error) {
	t.Helper()
	err = tr.TakeLogout(t.Context(), tr.c, once, raw, func(s *SignedOut) error { out = s; return nil })
	return out, err
}

func TestTakeLogout(t *testing.T) {
	p := newIDP(t)
	tr := newTrip(t, p)
	for name, good := range map[string]struct {
		change map[string]any
		typ    string
		want   SignedOut
	}{
		"sub and sid":        {nil, "logout+jwt", SignedOut{p.URL, "s1", "there"}},
		"sub":                {map[string]any{"sid": nil}, "application/logout+jwt", SignedOut{p.URL, "s1", ""}},
		"sid":                {map[string]any{"sub": nil}, "JWT", SignedOut{p.URL, "", "there"}},
		"several audiences":  {map[string]any{"aud": []string{"other", "signet"}}, "", SignedOut{p.URL, "s1", "there"}},
		"clocks that differ": {map[string]any{"iat": clock.Add(time.Minute).Unix(), "exp": clock.Add(-time.Minute).Unix()}, "", SignedOut{p.URL, "s1", "there"}},
	} {
		if out, err := tr.take(t, &memory{}, p.sign(t, p.logoutOf(good.change), good.typ)); err != nil || out == nil || *out != good.want {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}

	event := func(v any) map[string]any { return map[string]any{"events": v} }
	for name, bad := range map[string]map[string]any{
		"another issuer":      {"iss": "https://evil.example"},
		"no issuer":           {"iss": nil},
		"another client":      {"aud": "other"},
		"no audience":         {"aud": nil},
		"from the future":     {"iat": clock.Add(time.Hour).Unix()},
		"no time":             {"iat": nil},
		"expired":             {"exp": clock.Add(-time.Hour).Unix()},
		"without an end":      {"exp": nil},
		"good for ever":       {"exp": 1e300},
		"good for too long":   {"exp": clock.Add(48 * time.Hour).Unix()},
		"without a name":      {"jti": nil},
		"with a long name":    {"jti": strings.Repeat("j", 600)},
		"about nobody":        {"sub": nil, "sid": nil},
		"with a nonce":        {"nonce": "n"},
		"without events":      {"events": nil},
		"of another event":    event(map[string]any{"https://example.com/event": map[string]any{}}),
		"an event of null":    event(map[string]any{logoutEvent: nil}),
		"an event of a text":  event(map[string]any{logoutEvent: "x"}),
		"events that are one": event(logoutEvent),
	} {
		if out, err := tr.take(t, &memory{}, p.sign(t, p.logoutOf(bad), "logout+jwt")); out != nil || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	if out, err := tr.take(t, &memory{}, p.sign(t, p.logoutOf(nil), "at+jwt")); out != nil || !fault.Is(err, fault.Invalid) {
		t.Errorf("another type: %+v, %v", out, err)
	}
	p.nonce = "n"
	if out, err := tr.take(t, &memory{}, p.idToken(t)); out != nil || !fault.Is(err, fault.Invalid) {
		t.Errorf("an ID token: %+v, %v", out, err)
	}
}

// TestTakeLogoutSignatures: what nobody signed, or somebody else, is not taken; where
// the keys cannot be had there is no verdict.
func TestTakeLogoutSignatures(t *testing.T) {
	p := newIDP(t)
	tr := newTrip(t, p)
	good := p.sign(t, p.logoutOf(nil), "logout+jwt")
	own := p.key
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.key = other
	foreign := p.sign(t, p.logoutOf(nil), "logout+jwt")
	p.key, p.alg = own, jose.HS256
	secret := p.sign(t, p.logoutOf(nil), "logout+jwt")
	parts := strings.Split(good, ".")
	for name, raw := range map[string]string{
		"another key": foreign, "the client's secret": secret, "no signature": parts[0] + "." + parts[1] + ".", "none": "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"nothing": "", "no token": "x", "a long one": good + strings.Repeat("A", maxLogoutToken),
	} {
		if out, err := tr.take(t, &memory{}, raw); out != nil || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	p.Close()
	if out, err := newTripLike(t, tr).take(t, &memory{}, good); out != nil || !fault.Is(err, fault.Unavailable) {
		t.Errorf("without the provider: %+v, %v", out, err)
	}
}

// TestTakeLogoutOnce: a token is taken once, and once more if it came to nothing.
func TestTakeLogoutOnce(t *testing.T) {
	p := newIDP(t)
	tr, once := newTrip(t, p), &memory{}
	raw := p.sign(t, p.logoutOf(nil), "logout+jwt")
	broken := errors.New("the store is away")
	if err := tr.TakeLogout(t.Context(), tr.c, once, raw, func(*SignedOut) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("the store is away: %v", err)
	}
	if out, err := tr.take(t, once, raw); out == nil || err != nil {
		t.Errorf("once more: %+v, %v", out, err)
	}
	if out, err := tr.take(t, once, raw); out != nil || !fault.Is(err, fault.Invalid) {
		t.Errorf("again: %+v, %v", out, err)
	}
	for _, life := range once.seen {
		if life < 2*time.Minute || life > 5*time.Minute {
			t.Errorf("remembered for %s", life)
		}
	}
}

// TestTakeLogoutDirectories: of a provider of many directories, a token is about the
// people of one.
func TestTakeLogoutDirectories(t *testing.T) {
	const mine, other = "8e4d3a52-1111-4c3b-9b7d-0123456789ab", "9188040d-6c67-4c5b-b112-36a304b66dad"
	p := newIDP(t)
	p.metadata["issuer"] = p.URL + "/{tenantid}/v2.0"
	tr := newTrip(t, p)
	tr.c.OIDC.MetadataURL, tr.c.OIDC.Tenants = p.URL+"/organizations/v2.0"+wellKnown, []string{mine}
	of := func(issuer, tid string) string {
		return p.sign(t, p.logoutOf(map[string]any{"iss": p.URL + "/" + issuer + "/v2.0", "tid": tid}), "logout+jwt")
	}
	if out, err := tr.take(t, &memory{}, of(mine, mine)); err != nil || out.Subject != mine+"/s1" {
		t.Errorf("%+v, %v", out, err)
	}
	for _, wrong := range [][2]string{{other, other}, {mine, other}, {other, mine}, {mine, ""}} {
		if out, err := tr.take(t, &memory{}, of(wrong[0], wrong[1])); out != nil || !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %+v, %v", wrong, out, err)
		}
	}
}

// FuzzLogout: what is not signed by the provider signs nobody out, and what is, but
// says something else, is refused or read.
func FuzzLogout(f *testing.F) {
	p := newIDP(f)
	tr := newTrip(f, p)
	good := p.sign(f, p.logoutOf(nil), "logout+jwt")
	f.Add(good, `{"iss":"x"}`)
	f.Add("a.b.c", `{"iss":"`+p.URL+`","aud":["signet"],"iat":1,"exp":1e300,"jti":"","events":{"`+logoutEvent+`":{}},"sub":1}`)
	f.Add("", `[]`)
	f.Fuzz(func(t *testing.T, raw, claims string) {
		if out, err := tr.take(t, &memory{}, raw); err == nil && raw != good {
			t.Errorf("%q signs out %+v", raw, out)
		}
		var said logoutToken
		if json.Unmarshal([]byte(claims), &said) != nil {
			return
		}
		if m, err := tr.Metadata(t.Context(), &tr.c.OIDC); err == nil && said.problem(m, &tr.c, clock) == "" && (said.Issuer != p.URL || said.ID == "" || said.Nonce != nil) {
			t.Errorf("%s is taken", claims)
		}
	})
}
