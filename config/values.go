package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written with a binary unit: 512KiB, 19MiB, 1GiB.
type Size uint64

var sizeUnits = []struct {
	suffix string
	bytes  uint64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// UnmarshalText reads "19MiB".
func (s *Size) UnmarshalText(text []byte) error {
	for _, unit := range sizeUnits {
		digits, found := strings.CutSuffix(string(text), unit.suffix)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
		if err != nil || n > math.MaxInt64/unit.bytes {
			break
		}
		*s = Size(n * unit.bytes)
		return nil
	}
	return errors.New("is not a size: write a whole number and a unit (B, KiB, MiB, GiB), such as 19MiB")
}

// String returns the size with the largest unit that divides it.
func (s Size) String() string {
	for _, unit := range sizeUnits {
		if n := uint64(s); n >= unit.bytes && n%unit.bytes == 0 {
			return strconv.FormatUint(n/unit.bytes, 10) + unit.suffix
		}
	}
	return "0B"
}

// Rate is how often something may happen: Count times in any Window.
// It is written 10/15m: ten times in fifteen minutes.
type Rate struct {
	Count  int
	Window time.Duration
}

// UnmarshalText reads "10/15m". Both parts must be above zero.
func (r *Rate) UnmarshalText(text []byte) error {
	usage := errors.New("is not a rate: write how often, a slash and the time, such as 10/15m")
	count, window, found := strings.Cut(string(text), "/")
	if !found {
		return usage
	}
	n, err := strconv.ParseInt(strings.TrimSpace(count), 10, 32)
	if err != nil || n < 1 {
		return usage
	}
	d, err := parseDuration(strings.TrimSpace(window))
	if err != nil || d == 0 {
		return usage
	}
	*r = Rate{Count: int(n), Window: d}
	return nil
}

// String returns "10/15m".
func (r Rate) String() string {
	return strconv.Itoa(r.Count) + "/" + formatDuration(r.Window)
}

const day = 24 * time.Hour

// parseDuration reads what time.ParseDuration reads and whole days before it
// (30d, 1d12h). A duration of this package is never negative.
func parseDuration(text string) (time.Duration, error) {
	usage := errors.New("is not a duration: write a number and a unit (ms, s, m, h, d), such as 90s, 10m or 30d")
	var days time.Duration
	if count, rest, found := strings.Cut(text, "d"); found {
		n, err := strconv.ParseUint(count, 10, 32)
		if err != nil || n > uint64(math.MaxInt64/day) {
			return 0, usage
		}
		days = time.Duration(n) * day
		if text = rest; text == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || days > math.MaxInt64-d {
		return 0, usage
	}
	return days + d, nil
}

// formatDuration writes a duration so that parseDuration reads it, without the
// zero parts that time.Duration.String leaves (30d, not 720h0m0s).
func formatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	if days := d / day; days > 0 {
		fmt.Fprintf(&b, "%dd", days)
		d -= days * day
	}
	if d == 0 {
		return b.String()
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	b.WriteString(text)
	return b.String()
}
