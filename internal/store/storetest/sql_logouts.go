package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
)

func testLogouts(t *testing.T, fresh func(testing.TB) string) {
	t.Run("a notice's life", func(t *testing.T) { testLogoutLife(t, OpenSQL(t, fresh(t))) })
	t.Run("workers race", func(t *testing.T) { testLogoutRace(t, fresh(t)) })
	t.Run("unstorable", func(t *testing.T) {
		db := OpenSQL(t, fresh(t))
		good, bad := notice(t), notice(t)
		bad.SID = "a\x00b"
		want(t, db.AddLogouts(t.Context(), []*outbox.Logout{good, bad}), fault.Invalid)
		want(t, db.AddLogouts(t.Context(), []*outbox.Logout{good, good}), fault.Conflict)
		if list, err := db.Logouts(t.Context(), 9); err != nil || len(list) != 0 {
			t.Errorf("half of the notices are stored: %d, %v", len(list), err)
		}
	})
}

func notice(t testing.TB) *outbox.Logout {
	return outbox.NewLogout("console", newID(t), handle.Short(), epoch)
}

func testLogoutLife(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	l, other := notice(t), notice(t)
	ok(t, db.AddLogouts(ctx, []*outbox.Logout{l, other}))
	select {
	case <-db.Ended():
	default:
		t.Error("the worker was not woken")
	}
	claim := func(now, ends time.Time) *outbox.Logout {
		t.Helper()
		got, err := db.ClaimLogout(ctx, now, ends)
		ok(t, err)
		return got
	}
	ends := epoch.Add(time.Minute)
	if early := claim(epoch.Add(-time.Second), ends); early != nil {
		t.Errorf("claimed before it was due: %+v", early)
	}
	first, second := claim(epoch, ends), claim(epoch, ends)
	if first.ID == other.ID {
		first, second = second, first
	}
	expect := *l
	expect.CreatedAt, expect.Attempts, expect.DueAt = l.CreatedAt.UTC(), 1, ends.UTC()
	if !reflect.DeepEqual(first, &expect) {
		t.Fatalf("claimed %+v, want %+v", first, &expect)
	}
	if third := claim(epoch, ends); third != nil {
		t.Errorf("claimed twice: %+v", third)
	}
	// One is tried again, by a worker that takes it after the first died; what
	// the first had delivered counts.
	second.DueAt = epoch.Add(time.Hour)
	ok(t, db.LogoutFailed(ctx, second, "status 503 \xff\x00", ends))
	again := claim(epoch.Add(2*time.Minute), epoch.Add(3*time.Minute))
	if again == nil || again.ID != l.ID || again.Attempts != 2 {
		t.Fatalf("after the claim: %+v", again)
	}
	ok(t, db.LogoutSent(ctx, first, ends))
	again.DueAt = epoch
	ok(t, db.LogoutFailed(ctx, again, "too late", epoch.Add(3*time.Minute)))
	if n, err := db.DeleteLogouts(ctx, epoch.Add(1000*time.Hour), 9); err != nil || n != 1 {
		// The id of a notice has the time of today, which the stories are ahead of.
		t.Errorf("deleted %d, %v; want the one that was sent", n, err)
	}
	list, err := db.Logouts(ctx, 9)
	ok(t, err)
	if len(list) != 1 || list[0].ID != second.ID || list[0].Attempts != 1 || list[0].LastError == "" {
		t.Errorf("listed %+v", list)
	}
}

// testLogoutRace has workers of two nodes claim what is due: each notice goes to
// one of them.
func testLogoutRace(t *testing.T, address string) {
	const notices, workers = 40, 8
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	var all []*outbox.Logout
	for range notices {
		all = append(all, notice(t))
	}
	ok(t, nodes[0].AddLogouts(t.Context(), all))
	var mu sync.Mutex
	claimed := map[string]int{}
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			for misses := 0; misses < 3; {
				l, err := nodes[i%2].ClaimLogout(t.Context(), epoch, epoch.Add(time.Hour))
				if err != nil {
					t.Error(err)
					return
				}
				if l == nil {
					misses++ // others were faster with all that it saw
					continue
				}
				mu.Lock()
				claimed[l.ID]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
	if len(claimed) != notices {
		t.Errorf("%d of %d notices were claimed", len(claimed), notices)
	}
}
