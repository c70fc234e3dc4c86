package kv

import (
	"context"
	"time"
)

// sweepRows is how many rows one batch of the sweeper walks over: a
// millisecond or two, after which others get their turn.
const sweepRows = 200

// sweep removes what has ended, batch by batch, until ctx ends. It pauses
// between batches unless one found mostly rubbish, so that it keeps up with
// however much is written.
func (s *SQL) sweep(ctx context.Context, every time.Duration) {
	defer close(s.swept)
	walks := s.walks()
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := every
		for _, w := range walks {
			// A failed batch is tried again after the pause. What has ended
			// is invisible in the meantime, so nothing depends on it.
			if removed, err := s.sweepBatch(ctx, w); err == nil && removed > sweepRows/2 {
				wait = time.Millisecond
			}
		}
		timer.Reset(wait)
	}
}

// walk is where the sweeper is in a table.
type walk struct {
	table string
	by    string // the column whose order it walks along
	start any    // before the first row
	after any    // the last row of the last batch
}

// walks returns one walk for each table: on SQLite in the order in which the
// rows lie, on Postgres in that of the primary key.
func (s *SQL) walks() []*walk {
	if s.text.dialect == SQLite {
		first := any(int64(-1))
		return []*walk{{"kv", "rowid", first, first}, {"kv_member", "rowid", first, first}, {"kv_counter", "rowid", first, first}}
	}
	first := any("")
	return []*walk{{"kv", "key", first, first}, {"kv_member", "name", first, first}, {"kv_counter", "key", first, first}}
}

// sweepBatch walks over the next rows of the table, removes those that have
// ended, and returns how many. It is nobody's request, so it does not count as
// a round trip.
func (s *SQL) sweepBatch(ctx context.Context, w *walk) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var (
		upTo any
		now  = s.nowMillis()
		look = s.text.text("walk "+w.table, 1, "SELECT max(k) FROM (SELECT "+w.by+" AS k FROM "+w.table+" WHERE "+w.by+" > ? ORDER BY "+w.by+" LIMIT ?) AS ahead")
		drop = s.text.text("sweep "+w.table, 1, "DELETE FROM "+w.table+" WHERE "+w.by+" > ? AND "+w.by+" <= ? AND expires_at <= ?")
	)
	if err := s.engine.read(ctx, func(r runner) error {
		return r.query(look, []any{w.after, int64(sweepRows)}, func(c []any) { upTo = c[0] })
	}); err != nil {
		return 0, err
	}
	if upTo == nil { // the end: from the start again
		w.after = w.start
		return 0, nil
	}
	var removed int64
	if err := s.engine.write(ctx, true, func(r runner) (err error) {
		removed, err = r.exec(drop, w.after, upTo, now)
		return err
	}); err != nil {
		return 0, err
	}
	w.after = upTo
	return removed, nil
}
