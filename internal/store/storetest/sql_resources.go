package storetest

import (
	"reflect"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/resource"
)

func testResources(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	before, err := db.Changes(ctx)
	ok(t, err)
	s := &resource.Server{
		ID: "https://api.example.com/v1", Name: "API", Scopes: []string{"read", "write"}, TokenFormat: "opaque", TokenLife: 60, Clients: []string{"gateway"},
	}
	ok(t, db.PutServer(ctx, s, epoch))
	ok(t, db.PutServer(ctx, &resource.Server{ID: "https://a.example"}, epoch))
	s.Name = "The API"
	ok(t, db.PutServer(ctx, s, epoch.Add(time.Hour)))
	s.CreatedAt, s.UpdatedAt = epoch.UTC(), epoch.Add(time.Hour).UTC()
	got, err := db.Servers(ctx)
	ok(t, err)
	if len(got) != 2 || got[0].ID != "https://a.example" || !reflect.DeepEqual(got[1], s) {
		t.Errorf("got %+v, want %+v last", got, s)
	}
	want(t, db.DeleteServer(ctx, "https://b.example"), fault.NotFound)
	want(t, db.PutServer(ctx, &resource.Server{ID: "\x00"}, epoch), fault.Invalid)
	ok(t, db.DeleteServer(ctx, s.ID))
	want(t, db.DeleteServer(ctx, s.ID), fault.NotFound)
	dt := &resource.Type{ID: "payment", Fields: []string{"amount"}, Required: []string{"amount"}, Show: map[string]string{"": "Pay {amount}", "de": "{amount} zahlen"}}
	ok(t, db.PutType(ctx, dt, epoch))
	dt.CreatedAt, dt.UpdatedAt = epoch.UTC(), epoch.UTC()
	types, err := db.Types(ctx)
	ok(t, err)
	if len(types) != 1 || !reflect.DeepEqual(types[0], dt) {
		t.Errorf("got %+v, want %+v", types, dt)
	}
	ok(t, db.DeleteType(ctx, dt.ID))
	want(t, db.DeleteType(ctx, dt.ID), fault.NotFound)
	after, err := db.Changes(ctx)
	ok(t, err)
	if after["resources"] != before["resources"]+6 || after["clients"] != before["clients"] {
		t.Errorf("changes: %v, then %v", before, after)
	}
}
