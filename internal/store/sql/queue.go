package sqlstore

import (
	"context"
	"strings"
	"time"

	"signet/internal/outbox"
)

// queued is what the rows of the queues have in common, in the order of
// queuedColumns.
type queued struct {
	CreatedAt instant
	Attempts  int
	LastError string
	DueAt     instant
	SentAt    instant
	DeadAt    instant
}

const queuedColumns = "created_at, attempts, last_error, due_at, sent_at, dead_at"

func (q *queued) targets() []any {
	return []any{&q.CreatedAt, &q.Attempts, &q.LastError, &q.DueAt, &q.SentAt, &q.DeadAt}
}

func (q *queued) state() outbox.State {
	return outbox.State{Attempts: q.Attempts, LastError: q.LastError, DueAt: q.DueAt.Time, SentAt: q.SentAt.Time, DeadAt: q.DeadAt.Time}
}

// storableReason is what another server said, as every database takes it.
func storableReason(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// claimsTried is how many things that were due a caller tries to claim, when
// other workers are faster, before it waits for its next look.
const claimsTried = 16

// claim takes what has been due longest in the table of a queue, whose rows the key
// names, by the statement that checks and changes one row. Where nothing is due it
// costs one read.
func (db *DB) claim(ctx context.Context, table, key, text string, now, ends time.Time, targets func() []any) (found bool, err error) {
	var keys []string
	err = db.view(ctx, func(ctx context.Context, c *conn) error {
		keys = nil
		return c.orm(ctx).Table(table).Select(key).Where("due_at <= ?", at(now)).Order("due_at").Limit(claimsTried).Scan(&keys).Error
	})
	if err != nil {
		return false, err
	}
	for _, k := range keys {
		err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
			found, err = c.row(ctx, text, []any{k, at(now), at(ends)}, targets()...)
			return err
		})
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}
