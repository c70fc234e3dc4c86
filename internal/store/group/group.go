// Package group does together what arrives at the same time: group commit,
// wherever a commit, or a trip to where it is made, costs more than the change.
// It knows nothing of what is done.
package group

import (
	"runtime"
	"sync"
	"time"
)

// slow is how long jobs wait for the groups under way before another one is begun
// beside these.
const slow = 20 * time.Millisecond

// Queue hands jobs over in groups. While one group is under way the next
// gathers, so that under load many jobs share what a group costs, and a lone job
// waits for nobody.
type Queue[J any] struct {
	do    func([]J)
	most  int // jobs in a group: bounds how long the first waits for the last
	lanes int // groups at once

	mu      sync.Mutex
	waiting []J
	since   time.Time // when the first of them began to wait
	running int
}

// New returns a queue that calls do with groups of up to most jobs: one group
// after the other, and up to lanes of them at once where groups take so long that
// something must be holding them up.
func New[J any](most, lanes int, do func([]J)) *Queue[J] {
	return &Queue[J]{do: do, most: most, lanes: lanes}
}

// Add hands the job over; do learns of it on another goroutine.
func (q *Queue[J]) Add(j J) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, j)
	switch {
	case q.running == 0:
		q.begin()
	case len(q.waiting) == 1:
		q.wait()
	}
}

func (q *Queue[J]) begin() {
	q.running++
	go q.run()
}

// wait has an eye on the first job that waits.
func (q *Queue[J]) wait() {
	if q.lanes > 1 {
		q.since = time.Now()
		time.AfterFunc(slow, q.relieve)
	}
}

// relieve begins a group beside those under way, if jobs have waited long.
func (q *Queue[J]) relieve() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 && q.running < q.lanes && time.Since(q.since) >= slow {
		q.begin()
	}
}

// run does group after group until no job waits.
func (q *Queue[J]) run() {
	for {
		// On a busy processor others are about to arrive: let them.
		runtime.Gosched()
		jobs := q.take()
		if jobs == nil {
			return
		}
		q.do(jobs)
	}
}

// take returns the next group; nil, and the lane is closed, where none waits.
func (q *Queue[J]) take() []J {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), q.most)
	if n == 0 {
		q.running--
		return nil
	}
	jobs := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	} else {
		q.wait()
	}
	return jobs
}
