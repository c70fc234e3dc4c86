package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// target is a running provider with its accounts.
type target struct {
	host     string // address:port
	issuer   string
	keys     jose.JSONWebKeySet
	accounts int
	password string
	people   []*person // signed-in browsers, one for each worker
	seen     *seen
}

// worker is one caller that waits for each answer before it asks again.
type worker struct {
	*target
	id       int
	conn     *conn
	req      request
	person   *person
	token    *tokenAnswer
	expected []byte // the answer that must come every time
	answers  int    // of the token endpoint
	took     []time.Duration
	errors   int
	lastErr  error
}

// spell is how long a measurement lasts, after a time that is not counted.
type spell struct{ warm, counted time.Duration }

// load is what the workers saw.
type load struct {
	took    []time.Duration // of each good operation, sorted
	errors  int
	lastErr error
	lasted  time.Duration
}

const (
	phaseWarm int32 = iota
	phaseCounted
	phaseOver
)

// run lets n workers do the scenario. edge is called at the beginning and at
// the end of the counted time.
func (t *target) run(s *scenario, n int, sp spell, edge func()) (*load, error) {
	workers, err := t.workers(s, n)
	defer func() {
		for _, w := range workers {
			w.conn.close()
		}
	}()
	if err != nil {
		return nil, err
	}
	var phase atomic.Int32
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() { w.loop(s, &phase) })
	}
	time.Sleep(sp.warm)
	edge()
	began := time.Now()
	phase.Store(phaseCounted)
	time.Sleep(sp.counted)
	phase.Store(phaseOver)
	lasted := time.Since(began)
	edge()
	wg.Wait()
	return collect(workers, lasted), nil
}

func (t *target) workers(s *scenario, n int) ([]*worker, error) {
	var list []*worker
	for id := range n {
		w := &worker{target: t, id: id, conn: newConn(t.host)}
		list = append(list, w)
		if s.prepare != nil {
			if err := s.prepare(w); err != nil {
				return list, fmt.Errorf("%s: preparing: %w", s.name, err)
			}
		}
	}
	return list, nil
}

// maxErrors ends a worker: what fails so often is broken, and says so.
const maxErrors = 20

func (w *worker) loop(s *scenario, phase *atomic.Int32) {
	for phase.Load() != phaseOver && w.errors < maxErrors {
		began := time.Now()
		err := s.once(w)
		took := time.Since(began)
		switch {
		case err != nil:
			w.errors++ // counted whenever it happens: none is forgiven
			w.lastErr = err
		case phase.Load() == phaseCounted:
			w.took = append(w.took, took)
		}
	}
}

func collect(workers []*worker, lasted time.Duration) *load {
	l := &load{lasted: lasted}
	for _, w := range workers {
		l.took = append(l.took, w.took...)
		l.errors += w.errors
		if w.lastErr != nil {
			l.lastErr = w.lastErr
		}
	}
	slices.Sort(l.took)
	return l
}

// quantile returns the time within which the part q of the operations ended.
func (l *load) quantile(q float64) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	i := int(q*float64(len(l.took))+0.5) - 1
	return l.took[min(max(i, 0), len(l.took)-1)]
}
