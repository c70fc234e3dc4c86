package kv

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Dialect says which SQL engine is behind a *sql.DB.
type Dialect string

// The engines that the SQL backend knows.
const (
	SQLite   Dialect = "sqlite"   // 3.35 or later (RETURNING)
	Postgres Dialect = "postgres" // through pgx
)

// SQLOptions are the parts of a SQL backend.
type SQLOptions struct {
	Dialect Dialect
	// Writer and Reader stay their owner's: Close leaves them open. They may
	// be the same. On SQLite the writer should hold one connection, which the
	// backend borrows for each group of writes; both need WAL mode, and a
	// busy_timeout of about Timeout if several processes share the file.
	Writer, Reader *sql.DB
	Now            func() time.Time // the clock that ends things; nil: time.Now
	Timeout        time.Duration    // 0: DefaultTimeout
	SweepEvery     time.Duration    // pause of the sweeper between batches; 0: one second; negative: no sweeper
}

// SQL is the Backend in three tables of a SQL database, for installations
// without Redis. What has ended is invisible at once and swept away later.
type SQL struct {
	engine  engine
	reader  *sql.DB
	text    statements
	timeout time.Duration
	now     func() time.Time
	trips   atomic.Int64
	stop    context.CancelFunc
	swept   chan struct{} // closed when the sweeper has ended
}

var _ Backend = (*SQL)(nil)

// engine runs statements in the way that is fastest for a dialect. The
// function may be called again after a conflict, and may still run after the
// call ended with an error: nobody may then look at what it leaves behind.
type engine interface {
	read(ctx context.Context, f func(runner) error) error
	// write is atomic. single says that f is one statement, so that the engine
	// may spare the transaction.
	write(ctx context.Context, single bool, f func(runner) error) error
	close() error
}

// runner runs one statement. Rows come as the driver gives them: []byte,
// int64, string.
type runner interface {
	exec(query string, args ...any) (affected int64, err error)
	query(query string, args []any, row func(columns []any)) error
}

// OpenSQL makes the tables where they are missing, starts the sweeper and
// returns the backend.
func OpenSQL(ctx context.Context, o SQLOptions) (*SQL, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Second
	}
	s := &SQL{reader: o.Reader, text: statements{dialect: o.Dialect}, timeout: o.Timeout, now: o.Now, swept: make(chan struct{})}
	switch o.Dialect {
	case SQLite:
		s.engine = newSQLiteEngine(o.Writer, o.Reader)
	case Postgres:
		s.engine = &postgresEngine{db: o.Writer}
	default:
		return nil, fmt.Errorf("no key-value store on the SQL dialect %q", o.Dialect)
	}
	if err := s.createTables(ctx); err != nil {
		return nil, err
	}
	sweeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	if o.SweepEvery < 0 {
		close(s.swept)
	} else {
		go s.sweep(sweeping, o.SweepEvery)
	}
	return s, nil
}

func (s *SQL) createTables(ctx context.Context) error {
	return s.write(ctx, false, func(r runner) error {
		if s.text.dialect == Postgres {
			// Where two nodes start at once, IF NOT EXISTS alone fails for one.
			if err := r.query("SELECT pg_advisory_xact_lock(hashtext('signet kv'))", nil, func([]any) {}); err != nil {
				return err
			}
		}
		for _, ddl := range s.text.tables() {
			if _, err := r.exec(ddl); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *SQL) read(ctx context.Context, f func(runner) error) error {
	return s.do(ctx, func(ctx context.Context) error { return s.engine.read(ctx, f) })
}

func (s *SQL) write(ctx context.Context, single bool, f func(runner) error) error {
	return s.do(ctx, func(ctx context.Context) error { return s.engine.write(ctx, single, f) })
}

// do puts the deadline on a request, counts it, and makes a fault of any error.
func (s *SQL) do(ctx context.Context, request func(context.Context) error) error {
	s.trips.Add(1)
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := request(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// blob returns a column's bytes: not nil, which means that there is no row.
func blob(column any) []byte {
	if b := column.([]byte); b != nil {
		return b
	}
	return []byte{}
}

func (s *SQL) nowMillis() int64 { return s.now().UnixMilli() }

// end returns when what lives for ttl from now ends.
func (s *SQL) end(ttl time.Duration) int64 { return s.nowMillis() + life(ttl).Milliseconds() }

// Get returns the values of the keys.
func (s *SQL) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	out := make([][]byte, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	now := s.nowMillis()
	err := s.read(ctx, func(r runner) error {
		found := make(map[string][]byte, len(keys))
		for part := range powersOfTwo(keys) {
			args := append(anys(part), now)
			if err := r.query(s.text.get(len(part)), args, func(c []any) {
				found[c[0].(string)] = blob(c[1])
			}); err != nil {
				return err
			}
		}
		for i, key := range keys {
			out[i] = found[key]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Write applies the operations in one transaction.
func (s *SQL) Write(ctx context.Context, ops ...Op) error {
	steps := s.steps(ops)
	if len(steps) == 0 {
		return nil
	}
	return s.write(ctx, len(steps) == 1, func(r runner) error { return runSteps(r, steps) })
}

// Create inserts the key, or takes over one that has ended.
func (s *SQL) Create(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	var affected int64
	now := s.nowMillis()
	err := s.write(ctx, true, func(r runner) (err error) {
		affected, err = r.exec(s.text.create(), key, value, s.end(ttl), now)
		return err
	})
	if err != nil {
		return false, err
	}
	return affected == 1, nil
}

// Take is DELETE ... RETURNING.
func (s *SQL) Take(ctx context.Context, key string, also ...Op) ([]byte, error) {
	steps := s.steps(also)
	var value []byte
	now := s.nowMillis()
	err := s.write(ctx, len(steps) == 0, func(r runner) error {
		value = nil
		if err := r.query(s.text.take(), []any{key}, func(c []any) {
			if c[1].(int64) > now {
				value = blob(c[0])
			}
		}); err != nil {
			return err
		}
		return runSteps(r, steps)
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Swap replaces the value of a key that exists and returns the one before.
func (s *SQL) Swap(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	before, _, err := s.SwapBeside(ctx, key, value, ttl, "")
	return before, err
}

// SwapBeside is Swap, and reads the other key, if it is not "", in the same
// transaction.
func (s *SQL) SwapBeside(ctx context.Context, key string, value []byte, ttl time.Duration, other string) (before, beside []byte, err error) {
	now, end := s.nowMillis(), s.end(ttl)
	err = s.write(ctx, s.text.dialect == Postgres && other == "", func(r runner) error {
		before, beside = nil, nil
		if err := s.swap(r, key, value, now, end, &before); err != nil || other == "" {
			return err
		}
		return r.query(s.text.getOne(), []any{other, now}, func(c []any) { beside = blob(c[0]) })
	})
	if err != nil {
		return nil, nil, err
	}
	return before, beside, nil
}

func (s *SQL) swap(r runner, key string, value []byte, now, end int64, before *[]byte) error {
	keep := func(c []any) { *before = blob(c[0]) }
	if s.text.dialect == Postgres {
		return r.query(s.text.swap(), []any{key, now, value, end}, keep)
	}
	// One writer at a time, so nothing comes between the two.
	if err := r.query(s.text.getOne(), []any{key, now}, keep); err != nil || *before == nil {
		return err
	}
	_, err := r.exec(s.text.set(), value, end, key)
	return err
}

// PutUnless stores the value unless the key's value is mark.
func (s *SQL) PutUnless(ctx context.Context, mark []byte, key string, value []byte, ttl time.Duration, also ...Op) (bool, error) {
	steps := s.steps(also)
	var affected int64
	now, end := s.nowMillis(), s.end(ttl)
	err := s.write(ctx, len(steps) == 0, func(r runner) (err error) {
		if affected, err = r.exec(s.text.putUnless(), key, value, end, mark, now); err != nil {
			return err
		}
		return runSteps(r, steps)
	})
	if err != nil {
		return false, err
	}
	return affected == 1, nil
}

// Replace is an UPDATE where the value is still the old one.
func (s *SQL) Replace(ctx context.Context, key string, old, value []byte, also ...Op) (bool, error) {
	steps := s.steps(also)
	var affected int64
	now := s.nowMillis()
	err := s.write(ctx, len(steps) == 0, func(r runner) (err error) {
		if affected, err = r.exec(s.text.replace(), value, key, now, old); err != nil {
			return err
		}
		return runSteps(r, steps)
	})
	if err != nil {
		return false, err
	}
	return affected == 1, nil
}

// Count adds to the counters in one transaction.
func (s *SQL) Count(ctx context.Context, tallies ...Tally) ([]int64, error) {
	if len(tallies) == 0 {
		return nil, nil
	}
	out := make([]int64, len(tallies))
	now := s.nowMillis()
	// In the order of the keys: two transactions that meet in several counters
	// then wait for each other instead of locking each other out.
	order := make([]int, len(tallies))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(tallies[a].Key, tallies[b].Key) })
	count := func(r runner) error {
		for _, i := range order {
			t := tallies[i]
			text, args := s.text.count(), []any{t.Key, t.N, s.end(t.TTL), now}
			if t.N == 0 {
				text, args = s.text.counter(), []any{t.Key, now}
			}
			out[i] = 0
			if err := r.query(text, args, func(c []any) { out[i] = c[0].(int64) }); err != nil {
				return err
			}
		}
		return nil
	}
	run := func(f func(runner) error) error { return s.write(ctx, len(tallies) == 1, f) }
	if readsOnly(tallies) {
		run = func(f func(runner) error) error { return s.read(ctx, f) }
	}
	if err := run(count); err != nil {
		return nil, err
	}
	return out, nil
}

func readsOnly(tallies []Tally) bool {
	for _, t := range tallies {
		if t.N != 0 {
			return false
		}
	}
	return true
}

// Members returns the living members of the set.
func (s *SQL) Members(ctx context.Context, set string) ([]string, error) {
	var members []string
	now := s.nowMillis()
	err := s.read(ctx, func(r runner) error {
		members = nil
		return r.query(s.text.members(), []any{set, now}, func(c []any) { members = append(members, c[0].(string)) })
	})
	if err != nil {
		return nil, err
	}
	return members, nil
}

// Ping asks the database for a sign of life, by way of a table of ours.
func (s *SQL) Ping(ctx context.Context) error {
	return s.read(ctx, func(r runner) error { return r.query(s.text.getOne(), []any{"", int64(0)}, func([]any) {}) })
}

// RoundTrips counts the transactions.
func (s *SQL) RoundTrips() int64 { return s.trips.Load() }

// Stats describes the reader's pool.
func (s *SQL) Stats() Stats {
	st := s.reader.Stats()
	return Stats{Open: st.OpenConnections, Idle: st.Idle}
}

// Close ends the sweeper and the prepared statements. Call it before the
// database is closed.
func (s *SQL) Close() error {
	s.stop()
	<-s.swept
	return s.engine.close()
}

// isConflict reports whether the database asks to try again.
func isConflict(err error) bool {
	var state interface{ SQLState() string } // Postgres
	if errors.As(err, &state) {
		switch state.SQLState() {
		case "40001", "40P01": // serialization failure, deadlock
			return true
		}
		return false
	}
	var code interface{ Code() int } // SQLite
	if errors.As(err, &code) {
		switch code.Code() & 0xff {
		case 5, 6: // SQLITE_BUSY, SQLITE_LOCKED
			return true
		}
	}
	return false
}
