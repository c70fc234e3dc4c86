package storetest

import (
	"reflect"
	"testing"
	"time"

	"signet/internal/grant"
	"signet/internal/handle"
	"signet/internal/store/kv"
)

// Codes holds the store of codes on a backend to what grant.Codes says.
func Codes(t *testing.T, open KVOpener) {
	cases := []struct {
		name string
		test func(t *testing.T, b KVStore, s grant.Codes)
	}{
		{"A code is used once, and a second use is recognised for a while", codeUse},
		{"Of many callers one uses the code, and the others learn that it was used", codeRace},
		{"A grant lives as long as was said last, and does not come back once ended", grantLife},
		{"An opaque token lives beside its grant", opaqueLife},
		{"A grant that ends while an answer is under way stays ended", grantRace},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			c.test(t, b, kv.NewCodes(b.Backend))
		})
	}
}

func newCode(b KVStore) *grant.Code {
	return &grant.Code{
		Grant: grant.Grant{
			ID: grant.NewID(), ClientID: "console", AccountID: "ada", Scopes: []string{"openid", "email"}, Audience: []string{"https://api.example/"},
			SID: handle.Short(), AuthTime: b.Now().UTC().Truncate(time.Millisecond), ACR: "1", AMR: []string{"pwd"}, Claims: []byte(`{"userinfo":{"email":null}}`),
		},
		RedirectURI: "https://app.example/cb?a=<b>&c=d", Nonce: "n-\"1\"", CodeChallenge: handle.New(),
	}
}

func wantGrant(t *testing.T, s grant.Codes, id string, want *grant.Grant) {
	t.Helper()
	got, _, err := s.Grant(t.Context(), id)
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Grant = %+v, want %+v", got, want)
	}
}

func wantEnded(t *testing.T, s grant.Codes, id string, want bool) {
	t.Helper()
	if g, ended, err := s.Grant(t.Context(), id); g != nil || ended != want || err != nil {
		t.Errorf("Grant = %+v, ended %t, %v; want none, ended %t", g, ended, err, want)
	}
}

// useCode is one UseCode with what it should answer.
func useCode(t *testing.T, s grant.Codes, key, grantID string, keep time.Duration, want *grant.Code, wantUsed bool) {
	t.Helper()
	got, used, err := s.UseCode(t.Context(), key, grantID, keep)
	must(t, err)
	if !reflect.DeepEqual(got, want) || used != wantUsed {
		t.Errorf("UseCode = %+v, %t; want %+v, %t", got, used, want, wantUsed)
	}
}

func codeUse(t *testing.T, b KVStore, s grant.Codes) {
	ctx, c := t.Context(), newCode(b)
	useCode(t, s, "never", c.Grant.ID, time.Minute, nil, false)
	wantTrips(t, b, 1, "PutCode", func() error { return s.PutCode(ctx, "k1", c, 250*time.Millisecond, time.Minute) })
	wantGrant(t, s, c.Grant.ID, &c.Grant)
	wantTrips(t, b, 1, "UseCode", func() error { useCode(t, s, "k1", c.Grant.ID, 500*time.Millisecond, c, false); return nil })
	useCode(t, s, "k1", c.Grant.ID, 500*time.Millisecond, nil, true)
	b.Pass(300 * time.Millisecond) // the code's own time is over, the mark stays
	useCode(t, s, "k1", c.Grant.ID, 250*time.Millisecond, nil, true)
	b.Pass(300 * time.Millisecond)
	useCode(t, s, "k1", c.Grant.ID, time.Minute, nil, false)

	must(t, s.PutCode(ctx, "k2", c, 150*time.Millisecond, time.Minute))
	b.Pass(200 * time.Millisecond)
	useCode(t, s, "k2", c.Grant.ID, time.Minute, nil, false)
	wantGrant(t, s, c.Grant.ID, &c.Grant)

	must(t, s.PutCode(ctx, "k3", c, time.Minute, time.Minute))
	must(t, s.EndGrants(ctx, time.Minute, c.Grant.ID))
	useCode(t, s, "k3", c.Grant.ID, time.Minute, nil, false)
	useCode(t, s, "k3", c.Grant.ID, time.Minute, nil, true)
}

func codeRace(t *testing.T, b KVStore, s grant.Codes) {
	nodes := [2]grant.Codes{s, kv.NewCodes(b.Peer)}
	for _, key := range []string{"r1", "r2", "r3", "r4", "r5"} {
		code := newCode(b)
		must(t, s.PutCode(t.Context(), key, code, time.Minute, time.Minute))
		if won := race(t, func(i int) (bool, error) {
			c, used, err := nodes[i%2].UseCode(t.Context(), key, code.Grant.ID, time.Minute)
			if err == nil && (c != nil) == used {
				t.Errorf("UseCode = %v, %t", c, used)
			}
			if err == nil && used { // who comes second ends the grant, and takes nothing from the first
				err = nodes[i%2].EndGrants(t.Context(), time.Minute, code.Grant.ID)
			}
			return c != nil, err
		}); won != 1 {
			t.Errorf("%d callers used the code", won)
		}
	}
}

func grantLife(t *testing.T, b KVStore, s grant.Codes) {
	ctx, g := t.Context(), &newCode(b).Grant
	// A Redis node may be asked for the script here for the first time.
	if ok, err := s.PutGrant(ctx, g, time.Millisecond, "", nil); err != nil || !ok {
		t.Errorf("PutGrant = %t, %v", ok, err)
	}
	b.Pass(20 * time.Millisecond)
	put := func(life time.Duration, want bool) {
		t.Helper()
		wantTrips(t, b, 1, "PutGrant", func() error {
			ok, err := s.PutGrant(ctx, g, life, "", nil)
			if ok != want {
				t.Errorf("PutGrant = %t", ok)
			}
			return err
		})
	}
	wantGrant(t, s, g.ID, nil)
	wantEnded(t, s, g.ID, false)
	put(200*time.Millisecond, true)
	put(600*time.Millisecond, true)
	b.Pass(250 * time.Millisecond)
	wantGrant(t, s, g.ID, g)
	b.Pass(400 * time.Millisecond)
	wantGrant(t, s, g.ID, nil)
	put(time.Minute, true)
	other := &newCode(b).Grant
	if ok, err := s.PutGrant(ctx, other, time.Minute, "", nil); err != nil || !ok {
		t.Errorf("PutGrant = %t, %v", ok, err)
	}
	wantTrips(t, b, 1, "EndGrants", func() error { return s.EndGrants(ctx, 200*time.Millisecond, g.ID, other.ID, grant.NewID()) })
	wantGrant(t, s, g.ID, nil)
	wantGrant(t, s, other.ID, nil)
	wantEnded(t, s, g.ID, true)
	put(time.Minute, false)
	wantGrant(t, s, g.ID, nil)
	b.Pass(250 * time.Millisecond)
	wantEnded(t, s, g.ID, false)
	put(time.Minute, true)
	must(t, s.EndGrants(ctx, time.Minute))
}

func opaqueLife(t *testing.T, b KVStore, s grant.Codes) {
	ctx, g := t.Context(), &newCode(b).Grant
	now := b.Now().UTC().Truncate(time.Millisecond)
	o := &grant.Opaque{GrantID: g.ID, IssuedAt: now, ExpiresAt: now.Add(250 * time.Millisecond), Scopes: []string{"openid"}}
	want := func(key string, want *grant.Opaque) {
		t.Helper()
		got, err := s.Opaque(ctx, key)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Opaque = %+v, want %+v", got, want)
		}
	}
	want("o1", nil)
	if ok, err := s.PutGrant(ctx, g, time.Minute, "", nil); err != nil || !ok {
		t.Errorf("PutGrant = %t, %v", ok, err)
	}
	wantTrips(t, b, 1, "PutGrant with an opaque token", func() error {
		ok, err := s.PutGrant(ctx, g, time.Minute, "o1", o)
		if !ok {
			t.Error("PutGrant = false")
		}
		return err
	})
	wantGrant(t, s, g.ID, g)
	want("o1", o)
	b.Pass(300 * time.Millisecond)
	want("o1", nil)
	wantGrant(t, s, g.ID, g)
	must(t, s.EndGrants(ctx, time.Minute, g.ID))
	o.ExpiresAt = o.IssuedAt.Add(time.Minute)
	if ok, err := s.PutGrant(ctx, g, time.Minute, "o2", o); err != nil || ok {
		t.Errorf("PutGrant of an ended grant = %t, %v", ok, err)
	}
	want("o2", nil)
	wantGrant(t, s, g.ID, nil)
}

func grantRace(t *testing.T, b KVStore, s grant.Codes) {
	g := &newCode(b).Grant
	nodes := [2]grant.Codes{s, kv.NewCodes(b.Peer)}
	race(t, func(i int) (bool, error) {
		if i == racers/2 {
			return true, s.EndGrants(t.Context(), time.Minute, g.ID)
		}
		return nodes[i%2].PutGrant(t.Context(), g, time.Minute, "", nil)
	})
	wantGrant(t, s, g.ID, nil)
}
