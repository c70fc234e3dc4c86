package kv

import (
	"context"
	"time"
)

// sweepRows is how many rows one batch of the sweeper walks over: about a
// millisecond, after which others get their turn.
const sweepRows = 500

// sweep removes what has ended, batch by batch along the primary key, until
// ctx ends. It pauses between batches unless a batch found mostly rubbish,
// so that it keeps up with however much is written.
func (s *SQL) sweep(ctx context.Context, every time.Duration) {
	defer close(s.swept)
	tables := []*walk{{table: "kv", key: "key"}, {table: "kv_member", key: "name"}, {table: "kv_counter", key: "key"}}
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := every
		for _, w := range tables {
			// A failed batch is tried again after the pause; what has ended
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
	table, key string
	after      string // the last key of the last batch; "" at the start
}

// sweepBatch walks over the next rows of the table, removes those that have
// ended, and returns how many. It is nobody's request, so it does not count as
// a round trip.
func (s *SQL) sweepBatch(ctx context.Context, w *walk) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	upTo, rows := "", int64(0)
	err := s.engine.read(ctx, func(r runner) error {
		return r.query(s.text.text("walk "+w.table, 1,
			"SELECT count(*), coalesce(max(k), '') FROM (SELECT "+w.key+" AS k FROM "+w.table+" WHERE "+w.key+" > ? ORDER BY "+w.key+" LIMIT ?) AS ahead"),
			[]any{w.after, int64(sweepRows)}, func(c []any) { rows, upTo = c[0].(int64), c[1].(string) })
	})
	if err != nil {
		return 0, err
	}
	if rows == 0 {
		w.after = ""
		return 0, nil
	}
	var removed int64
	now := s.nowMillis()
	err = s.engine.write(ctx, true, func(r runner) (err error) {
		removed, err = r.exec(s.text.text("sweep "+w.table, 1,
			"DELETE FROM "+w.table+" WHERE "+w.key+" > ? AND "+w.key+" <= ? AND expires_at <= ?"), w.after, upTo, now)
		return err
	})
	if err != nil {
		return 0, err
	}
	w.after = upTo
	return removed, nil
}
