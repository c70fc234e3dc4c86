package storetest

import (
	"reflect"
	"testing"
	"time"

	"signet/internal/refusal"
	"signet/internal/store/kv"
)

// Refusals holds the store of refusals on a backend to what refusal.Store says.
func Refusals(t *testing.T, open KVOpener) {
	ctx, b := t.Context(), open(t)
	s := kv.NewRefusals(b.Backend)
	want := &refusal.Record{
		Request: "r1", At: time.Unix(1_700_000_000, 0).UTC(), Method: "POST", Path: "/token", ClientID: "web", Code: "invalid_grant",
		Rule: "code", Clause: "RFC 6749 §5.2", Problem: "p", Cause: "c", Remedy: "r",
		Arrived: []refusal.Parameter{{Name: "grant_type", Value: "authorization_code"}, {Name: "code"}}, Unknown: 2,
	}
	wantTrips(t, b, 1, "PutRefusal", func() error { return s.PutRefusal(ctx, want, 150*time.Millisecond) })
	got, err := kv.NewRefusals(b.Peer).Refusal(ctx, "r1")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("another node reads %+v, want %+v", got, want)
	}
	b.Pass(200 * time.Millisecond)
	for _, request := range []string{"r1", "never"} {
		if got, err := s.Refusal(ctx, request); got != nil || err != nil {
			t.Errorf("Refusal(%s) = %+v, %v; want none", request, got, err)
		}
	}
}
