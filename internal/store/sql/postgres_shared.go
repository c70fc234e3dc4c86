package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"signet/internal/store/group"
)

// Bounds of groups: statements that share a commit, and groups under way at once
// where one waits for something.
const (
	maxShared   = 64
	sharedLanes = 4
)

// postgresShared sends changes that arrive at the same time together: in one trip
// and one transaction, and so with one commit. Most of what a small change costs,
// here and at the server, is the trip and the commit.
//
// The first argument of each statement is a text that names the row. Groups change
// rows in its order, so that no two of them wait for each other.
type postgresShared struct {
	*postgresPool
	deadline time.Duration
	queue    *group.Queue[*sharedChange]
}

// sharedChange is one statement that waits for its group.
type sharedChange struct {
	ctx   context.Context
	text  string
	args  []any
	dest  []any
	found bool
	err   error
	alone bool // the group was undone: nothing was changed yet
	done  chan struct{}
}

func newPostgresShared(conns *postgresPool, deadline time.Duration) *postgresShared {
	p := &postgresShared{postgresPool: conns, deadline: deadline}
	p.queue = group.New(maxShared, sharedLanes, p.send)
	return p
}

// row queues the statement and waits for its group. When the deadline comes first,
// it is not known whether the change was made, and dest may not be looked at.
func (p *postgresShared) row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	c := &sharedChange{ctx: ctx, text: text, args: args, dest: dest, done: make(chan struct{})}
	p.queue.Add(c)
	select {
	case <-c.done:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if c.alone {
		return p.postgresPool.row(ctx, text, args, dest...)
	}
	return c.found, c.err
}

// send makes the changes of the group. When one of them fails the server undoes
// all, and each is made alone, so that nobody fails for another's reason.
func (p *postgresShared) send(changes []*sharedChange) {
	defer func() {
		for _, c := range changes {
			close(c.done)
		}
	}()
	if len(changes) == 1 {
		c := changes[0]
		c.found, c.err = p.postgresPool.row(c.ctx, c.text, c.args, c.dest...)
		return
	}
	slices.SortFunc(changes, func(a, b *sharedChange) int {
		return strings.Compare(a.args[0].(string), b.args[0].(string))
	})
	ctx, cancel := context.WithTimeout(context.Background(), p.deadline)
	defer cancel()
	p.sent.Add(int64(len(changes)))
	err := p.borrow(ctx, func(conn *pgx.Conn) error { return sendShared(ctx, conn, changes) })
	if err == nil {
		return
	}
	failed, answered := errors.AsType[*pgconn.PgError](err)
	for _, c := range changes {
		c.err = err
		c.alone = answered && failed.SeverityUnlocalized == "ERROR"
	}
}

// sendShared sends the statements with one Sync at their end, which makes one
// transaction of them (PostgreSQL, Message Flow, Pipelining).
func sendShared(ctx context.Context, conn *pgx.Conn, changes []*sharedChange) error {
	batch := &pgx.Batch{}
	for _, c := range changes {
		batch.Queue(c.text, c.args...)
	}
	results := conn.SendBatch(ctx, batch)
	for _, c := range changes {
		err := results.QueryRow().Scan(c.dest...)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return errors.Join(err, results.Close())
		}
		c.found = err == nil
	}
	return results.Close() // only now it is committed
}
