package cli

import (
	"context"
	"sync"
	"testing"
	"time"
)

// TestManyWhoAskForReadinessCostOneQuestion each half second.
func TestManyWhoAskForReadinessCostOneQuestion(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	r := readiness{now: func() time.Time { return now }}
	asked, answer := 0, "ok"
	crowd := func(want string, questions int) {
		t.Helper()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				got := r.look(func(context.Context) map[string]string {
					asked++ // by one at a time
					return map[string]string{"database": answer}
				})
				if got["database"] != want {
					t.Errorf("%v, want %s", got, want)
				}
			})
		}
		all.Wait()
		if asked != questions {
			t.Errorf("%d questions, want %d", asked, questions)
		}
	}
	crowd("ok", 1)
	answer = "unreachable"
	crowd("ok", 1)
	now = now.Add(readyFor)
	crowd("unreachable", 2)
}
