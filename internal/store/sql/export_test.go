package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
)

// Statement is one that was sent to the database.
type Statement struct {
	Text string
	Args []any
}

// Recorder keeps what a database is sent.
type Recorder struct {
	mu   sync.Mutex
	sent []Statement
}

// Record has the recorder keep whatever the database is sent from now on.
func (r *Recorder) Record(db *DB) {
	db.read = &recordingReader{db.read, r}
	db.write = &recordingWriter{db.write, r}
}

// Take returns what was sent since it was last asked, and nothing twice.
func (r *Recorder) Take() []Statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

func (r *Recorder) add(text string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, Statement{text, slices.Clone(args)})
}

// recordingSource notes what goes through the source. All that the short ways
// and gorm send for rows and changes goes by these.
type recordingSource struct {
	source
	r *Recorder
}

func (s *recordingSource) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	s.r.add(text, args)
	return s.source.ExecContext(ctx, text, args...)
}

func (s *recordingSource) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s.r.add(text, args)
	return s.source.QueryContext(ctx, text, args...)
}

func (s *recordingSource) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	s.r.add(text, args)
	return s.source.QueryRowContext(ctx, text, args...)
}

func (s *recordingSource) row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	s.r.add(text, args)
	return s.source.row(ctx, text, args, dest...)
}

func (s *recordingSource) change(ctx context.Context, text string, args ...any) (int64, error) {
	s.r.add(text, args)
	return s.source.change(ctx, text, args...)
}

type recordingReader struct {
	reader
	r *Recorder
}

func (s *recordingReader) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return (&recordingSource{s.reader, s.r}).ExecContext(ctx, text, args...)
}

func (s *recordingReader) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return (&recordingSource{s.reader, s.r}).QueryContext(ctx, text, args...)
}

func (s *recordingReader) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	return (&recordingSource{s.reader, s.r}).QueryRowContext(ctx, text, args...)
}

func (s *recordingReader) row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	return (&recordingSource{s.reader, s.r}).row(ctx, text, args, dest...)
}

func (s *recordingReader) change(ctx context.Context, text string, args ...any) (int64, error) {
	return (&recordingSource{s.reader, s.r}).change(ctx, text, args...)
}

type recordingWriter struct {
	writer
	r *Recorder
}

func (w *recordingWriter) run(ctx context.Context, several bool, f func(context.Context, *conn) error) error {
	return w.writer.run(ctx, several, func(ctx context.Context, c *conn) error {
		return f(ctx, &conn{&recordingSource{c.source, w.r}, c.base})
	})
}

// Exec sends the texts, in one transaction.
func (db *DB) Exec(ctx context.Context, texts ...string) error {
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		for _, text := range texts {
			if _, err := c.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// Plan is how the database would carry out the statement, a line for each step.
func (db *DB) Plan(ctx context.Context, s Statement) (string, error) {
	explain := "EXPLAIN QUERY PLAN "
	if db.dialect.migrations == "migrations/postgres" {
		explain = "EXPLAIN "
	}
	var lines []string
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		lines = nil
		rows, err := c.QueryContext(ctx, explain+s.Text, s.Args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			cells := make([]any, len(columns))
			for i := range cells {
				cells[i] = new(sql.NullString)
			}
			if err := rows.Scan(cells...); err != nil {
				return err
			}
			lines = append(lines, cells[len(cells)-1].(*sql.NullString).String)
		}
		return rows.Err()
	})
	return strings.Join(lines, "\n"), err
}
