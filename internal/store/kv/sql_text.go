package kv

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// statements writes the SQL of a dialect. Texts are made once each, so that
// they can be prepared once each: what has a number of rows takes a power of
// two of them.
type statements struct {
	dialect Dialect
	made    sync.Map // shape -> text
}

type shape struct {
	name string
	rows int
}

// maxRows bounds a statement.
const maxRows = 32

// powersOfTwo cuts s into pieces whose lengths are powers of two.
func powersOfTwo[T any](s []T) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for size := maxRows; len(s) > 0; {
			for size > len(s) {
				size /= 2
			}
			if !yield(s[:size]) {
				return
			}
			s = s[size:]
		}
	}
}

func anys[T any](s []T) []any {
	out := make([]any, len(s), len(s)+1)
	for i, v := range s {
		out[i] = v
	}
	return out
}

// text returns the statement of the shape: the template with its "?" numbered
// where the dialect wants that. "{row}" stands for rows times what follows the
// colon, as in "{row:(?, ?)}".
func (s *statements) text(name string, rows int, template string) string {
	if t, ok := s.made.Load(shape{name, rows}); ok {
		return t.(string)
	}
	if before, rest, ok := strings.Cut(template, "{"); ok {
		row, after, _ := strings.Cut(rest, "}")
		template = before + strings.Repeat(row+", ", rows-1) + row + after
	}
	if s.dialect == Postgres {
		template = numbered(template)
	}
	t, _ := s.made.LoadOrStore(shape{name, rows}, template)
	return t.(string)
}

func numbered(template string) string {
	var b strings.Builder
	n := 0
	for _, c := range template {
		if c == '?' {
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// tables makes what is missing. On Postgres the tables are not logged: a crash
// empties them, which costs a new sign-in, and every write is cheaper for it.
//
// On SQLite they have rowids, so that rows lie in the order of their making:
// a key is a random number, and a tree by key (WITHOUT ROWID) writes a page of
// its own for almost every row, which costs half as much again. None has an
// index by its end: the sweeper walks the rows instead of making each write
// pay for another tree.
func (s *statements) tables() []string {
	create, text, blob := "CREATE TABLE IF NOT EXISTS", "TEXT", "BLOB"
	if s.dialect == Postgres {
		create, text, blob = "CREATE UNLOGGED TABLE IF NOT EXISTS", `TEXT COLLATE "C"`, "BYTEA"
	}
	return []string{
		create + " kv (key " + text + " PRIMARY KEY NOT NULL, value " + blob + " NOT NULL, expires_at BIGINT NOT NULL)",
		create + " kv_member (name " + text + " NOT NULL, member " + text + " NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (name, member))",
		create + " kv_counter (key " + text + " PRIMARY KEY NOT NULL, n BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
	}
}

func (s *statements) get(keys int) string {
	return s.text("get", keys, "SELECT key, value FROM kv WHERE key IN ({?}) AND expires_at > ?")
}

func (s *statements) getOne() string {
	return s.text("getOne", 1, "SELECT value FROM kv WHERE key = ? AND expires_at > ?")
}

func (s *statements) set() string {
	return s.text("set", 1, "UPDATE kv SET value = ?, expires_at = ? WHERE key = ?")
}

func (s *statements) create() string {
	return s.text("create", 1, `INSERT INTO kv (key, value, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at WHERE kv.expires_at <= ?`)
}

func (s *statements) take() string {
	return s.text("take", 1, "DELETE FROM kv WHERE key = ? RETURNING value, expires_at")
}

// swap is for Postgres. The subquery waits for the row's lock and then reads
// the row as the last transaction left it.
func (s *statements) swap() string {
	return s.text("swap", 1, `WITH old AS (SELECT key, value FROM kv WHERE key = ? AND expires_at > ? FOR UPDATE)
		UPDATE kv SET value = ?, expires_at = ? FROM old WHERE kv.key = old.key RETURNING old.value`)
}

func (s *statements) putUnless() string {
	return s.text("putUnless", 1, `INSERT INTO kv (key, value, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
		WHERE kv.value <> ? OR kv.expires_at <= ?`)
}

func (s *statements) replace() string {
	return s.text("replace", 1, "UPDATE kv SET value = ? WHERE key = ? AND expires_at > ? AND value = ?")
}

func (s *statements) counter() string {
	return s.text("counter", 1, "SELECT n FROM kv_counter WHERE key = ? AND expires_at > ?")
}

func (s *statements) count() string {
	// The fourth value is bound twice on SQLite, whose "?4" Postgres writes "$4".
	t := `INSERT INTO kv_counter (key, n, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET
		n = CASE WHEN kv_counter.expires_at <= ?4 THEN excluded.n ELSE kv_counter.n + excluded.n END,
		expires_at = CASE WHEN kv_counter.expires_at <= ?4 THEN excluded.expires_at ELSE kv_counter.expires_at END
		RETURNING n`
	if s.dialect == Postgres {
		t = strings.ReplaceAll(t, "?", "$")
	}
	return t
}

func (s *statements) members() string {
	return s.text("members", 1, "SELECT member FROM kv_member WHERE name = ? AND expires_at > ?")
}

// step is one statement of a Write, with its arguments.
type step struct {
	text string
	args []any
}

func runSteps(r runner, steps []step) error {
	for _, st := range steps {
		if _, err := r.exec(st.text, st.args...); err != nil {
			return err
		}
	}
	return nil
}

// steps turns operations into as few statements as there are kinds of them.
// Rows are in the order of their keys, so that two transactions which meet in
// several rows wait for each other instead of locking each other out.
func (s *SQL) steps(ops []Op) []step {
	if len(ops) == 0 {
		return nil
	}
	ops = slices.Clone(ops)
	slices.SortStableFunc(ops, func(a, b Op) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key), cmp.Compare(a.member, b.member))
	})
	var out []step
	for len(ops) > 0 {
		n := 1
		for n < len(ops) && ops[n].kind == ops[0].kind {
			n++
		}
		for part := range powersOfTwo(ops[:n]) {
			out = append(out, s.step(part))
		}
		ops = ops[n:]
	}
	return out
}

// step makes the statement of operations of one kind.
func (s *SQL) step(ops []Op) step {
	args := make([]any, 0, 3*len(ops))
	n := len(ops)
	switch ops[0].kind {
	case opPut:
		for _, op := range ops {
			args = append(args, op.key, op.value, s.end(op.ttl))
		}
		return step{s.text.text("put", n, `INSERT INTO kv (key, value, expires_at) VALUES {(?, ?, ?)}
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`), args}
	case opDelete:
		for _, op := range ops {
			args = append(args, op.key)
		}
		return step{s.text.text("delete", n, "DELETE FROM kv WHERE key IN ({?})"), args}
	case opAdd:
		for _, op := range ops {
			args = append(args, op.key, op.member, s.end(op.ttl))
		}
		return step{s.text.text("add", n, `INSERT INTO kv_member (name, member, expires_at) VALUES {(?, ?, ?)}
			ON CONFLICT (name, member) DO UPDATE SET expires_at = excluded.expires_at`), args}
	default:
		for _, op := range ops {
			args = append(args, op.key, op.member)
		}
		return step{s.text.text("remove", n, "DELETE FROM kv_member WHERE (name, member) IN (VALUES {(?, ?)})"), args}
	}
}
