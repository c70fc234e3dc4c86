package storetest

import (
	"reflect"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/grant"
)

func testConsents(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	a := makeAccount(t, db, "ada")
	makeClient(t, db, "console")
	makeClient(t, db, "shop")

	add := func(clientID string, scopes []string, at time.Time, wantAll ...string) {
		t.Helper()
		got, err := db.AddConsent(ctx, a.ID, clientID, scopes, at)
		ok(t, err)
		if !reflect.DeepEqual(got, wantAll) {
			t.Errorf("AddConsent gave %v, want %v", got, wantAll)
		}
	}
	add("console", []string{"openid", "email", "openid"}, epoch, "openid", "email")
	add("console", []string{"email"}, epoch.Add(time.Minute), "openid", "email")
	add("console", []string{"profile", "openid"}, epoch.Add(time.Hour), "openid", "email", "profile")
	add("shop", []string{"openid"}, epoch.Add(time.Second), "openid")

	for _, ids := range [][2]string{{newID(t), "console"}, {a.ID, "nobody"}, {"ada", "console"}, {a.ID, "\x00"}} {
		_, err := db.AddConsent(ctx, ids[0], ids[1], []string{"openid"}, epoch)
		want(t, err, fault.NotFound)
		none, err := db.Consent(ctx, ids[0], ids[1])
		ok(t, err)
		was, err := db.WithdrawConsent(ctx, ids[0], ids[1])
		ok(t, err)
		if none != nil || was {
			t.Errorf("%q: consent %v, withdrawn %v", ids, none, was)
		}
	}
	_, err := db.AddConsent(ctx, a.ID, "shop", []string{"a\x00"}, epoch)
	want(t, err, fault.Invalid)

	console := &grant.Consent{
		AccountID: a.ID, ClientID: "console", Scopes: []string{"openid", "email", "profile"},
		GrantedAt: epoch.UTC(), UpdatedAt: epoch.Add(time.Hour).UTC(),
	}
	got, err := db.Consent(ctx, a.ID, "console")
	ok(t, err)
	if !reflect.DeepEqual(got, console) {
		t.Errorf("got %+v, want %+v", got, console)
	}
	all, err := db.ConsentsOf(ctx, a.ID)
	ok(t, err)
	if len(all) != 2 || all[0].ClientID != "shop" || !reflect.DeepEqual(all[1], console) {
		t.Errorf("ConsentsOf gave %v, want shop's and then console's", all)
	}
	for _, id := range []string{newID(t), "nobody"} {
		if none, err := db.ConsentsOf(ctx, id); err != nil || len(none) != 0 {
			t.Errorf("ConsentsOf(%s) = %v, %v", id, none, err)
		}
	}

	for _, wantWas := range []bool{true, false} {
		was, err := db.WithdrawConsent(ctx, a.ID, "console")
		ok(t, err)
		if was != wantWas {
			t.Errorf("WithdrawConsent = %v, want %v", was, wantWas)
		}
	}
	add("console", []string{"phone"}, epoch, "phone")
}
