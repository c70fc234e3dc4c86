package storetest

import (
	"testing"
	"time"

	"signet/internal/repeat"
)

func testRequests(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	begin := func(key, print string) *repeat.Earlier {
		t.Helper()
		e, err := db.BeginRequest(ctx, key, print, epoch)
		ok(t, err)
		return e
	}
	if e := begin("a", "1"); e != nil {
		t.Fatalf("the first: %+v", e)
	}
	if e := begin("a", "2"); e == nil || e.Print != "1" || e.Answer != nil {
		t.Errorf("while it is under way: %+v", e)
	}
	ok(t, db.AnswerRequest(ctx, "a", repeat.Answer{Status: 201, Body: []byte("{\"a\": \"\x00\"}")}))
	if e := begin("a", "1"); e == nil || e.Answer == nil || e.Answer.Status != 201 || string(e.Answer.Body) != "{\"a\": \"\x00\"}" {
		t.Errorf("once it was answered: %+v", e)
	}
	begin("b", "1")
	ok(t, db.AnswerRequest(ctx, "b", repeat.Answer{Status: 204}))
	if e := begin("b", "1"); e == nil || e.Answer == nil || len(e.Answer.Body) != 0 {
		t.Errorf("answered without a body: %+v", e)
	}
	ok(t, db.DropRequest(ctx, "b"))
	if e := begin("b", "2"); e != nil {
		t.Errorf("after it was dropped: %+v", e)
	}
	ok(t, db.AnswerRequest(ctx, "nobody", repeat.Answer{Status: 200}))

	for _, c := range []struct {
		before time.Time
		want   int
	}{{epoch, 0}, {epoch.Add(time.Second), 2}, {epoch.Add(time.Second), 0}} {
		n, err := db.DeleteRequests(ctx, c.before, 10)
		ok(t, err)
		if n != c.want {
			t.Errorf("%d removed, want %d", n, c.want)
		}
	}
}

func testRequestRaces(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	db, peer := OpenSQL(t, address), OpenSQL(t, address)
	for _, key := range []string{"a", "b", "c"} {
		if won := race(t, func(i int) (bool, error) {
			node := db
			if i%2 == 1 {
				node = peer
			}
			e, err := node.BeginRequest(t.Context(), key, "1", epoch)
			return e == nil, err
		}); won != 1 {
			t.Errorf("%d callers began the request", won)
		}
	}
}
