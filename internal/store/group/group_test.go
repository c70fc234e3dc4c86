package group_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"signet/internal/store/group"
)

func TestJobsThatArriveDuringAGroupAreTheNextOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		q := group.New(4, 1, func(jobs []int) {
			sizes = append(sizes, len(jobs))
			time.Sleep(time.Minute) // one lane waits however long it takes
		})
		q.Add(0)
		synctest.Wait()
		for i := range 6 {
			q.Add(i)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(sizes) != 3 || sizes[0] != 1 || sizes[1] != 4 || sizes[2] != 2 {
			t.Errorf("groups of %v, want 1, 4, 2", sizes)
		}
	})
}

func TestAGroupThatIsHeldUpHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := map[string]time.Duration{}
		began := time.Now()
		var mu sync.Mutex
		q := group.New(8, 2, func(jobs []string) {
			if jobs[0] == "stuck" {
				time.Sleep(time.Second)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, j := range jobs {
				done[j] = time.Since(began)
			}
		})
		q.Add("stuck")
		synctest.Wait()
		q.Add("behind")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if done["behind"] != 20*time.Millisecond || done["stuck"] != time.Second {
			t.Errorf("done after %v", done)
		}
	})
}

func TestEveryJobIsDoneOnce(t *testing.T) {
	const callers, each = 16, 200
	var done sync.WaitGroup
	var sum atomic.Int64
	q := group.New(8, 3, func(jobs []int64) {
		for _, j := range jobs {
			sum.Add(j)
			done.Done()
		}
	})
	done.Add(callers * each)
	for range callers {
		go func() {
			for i := range int64(each) {
				q.Add(i)
			}
		}()
	}
	done.Wait()
	if want := int64(callers * each * (each - 1) / 2); sum.Load() != want {
		t.Errorf("sum %d, want %d", sum.Load(), want)
	}
}
