package sqlstore

import (
	"database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"signet/internal/fault"
)

// instant is a point in time as a row holds it. PostgreSQL takes and gives
// time.Time; SQLite's driver writes time.Time as microseconds and gives the
// number. The zero instant is NULL.
type instant struct{ time.Time }

func at(t time.Time) instant { return instant{t} }

// Scan implements sql.Scanner.
func (i *instant) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		i.Time = time.Time{}
	case time.Time:
		i.Time = v.UTC()
	case int64:
		i.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("a time came as %T", v)
	}
	return nil
}

// Value implements driver.Valuer.
func (i instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.UTC().Truncate(time.Microsecond), nil
}

// pointer returns the time, or nil for NULL.
func (i instant) pointer() *time.Time {
	if i.IsZero() {
		return nil
	}
	return &i.Time
}

// maybe is the instant of a time that may be missing.
func maybe(t *time.Time) instant {
	if t == nil {
		return instant{}
	}
	return instant{*t}
}

// day is the number of the day since 1970 by which t is over: rounded up.
func day(t time.Time) int64 {
	const length = int64(24 * time.Hour / time.Second)
	return (t.Unix() + length) / length
}

// document is a value kept as JSON.
type document[T any] struct{ V T }

// Scan implements sql.Scanner.
func (d *document[T]) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case []byte:
		return json.Unmarshal(v, &d.V)
	case string:
		return json.Unmarshal([]byte(v), &d.V)
	default:
		return fmt.Errorf("a document came as %T", v)
	}
}

// Value implements driver.Valuer.
func (d document[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(d.V)
	if err != nil {
		return nil, err
	}
	if escapedNUL(b) {
		return nil, errUnstorable()
	}
	return string(b), nil
}

// escapedNUL reports whether a JSON text holds \u0000, which PostgreSQL's
// jsonb refuses. An escaped backslash before u0000 is none.
func escapedNUL(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if i+6 <= len(b) && string(b[i:i+6]) == `\u0000` {
			return true
		}
		i++ // what is escaped
	}
	return false
}

// storable reports whether both databases can hold the texts as they are.
func storable(texts ...string) bool {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return true
}

func errUnstorable() error {
	return fault.New(fault.Invalid, "A value holds characters that cannot be stored.")
}

// validID reports whether id is a UUID in its canonical text form, as both
// databases give it back.
func validID(id string) bool {
	return len(id) == 36 && uuid.Validate(id) == nil && strings.ToLower(id) == id
}

// FirstID is the least UUIDv7 of the millisecond (RFC 9562 §5.7): ids of what was
// made before it are smaller. A time before 1970 counts as 1970.
func FirstID(t time.Time) string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(max(t.UnixMilli(), 0))<<16|7<<12)
	id[8] = 0x80
	return id.String()
}
