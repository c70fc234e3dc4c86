package config

import (
	"math"
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "90s": 90 * time.Second, "10m": 10 * time.Minute,
		"1h30m": 90 * time.Minute, "1d": 24 * time.Hour, "30d": 720 * time.Hour, "1d12h": 36 * time.Hour,
		"106751d": 106751 * 24 * time.Hour,
	} {
		got, err := parseDuration(text)
		if err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-1s", "1", "1w", "d1h", "1.5d", "1d-1h", "1d1d", "106752d", "106751d24h", "+1d", "1 d"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("parseDuration(%q) = %v", text, got)
		}
	}
}

// TestWrittenAsRead: what format writes, decode reads.
func TestWrittenAsRead(t *testing.T) {
	for _, d := range []time.Duration{0, 1, time.Second, time.Minute, 10 * time.Minute, time.Hour, time.Hour + time.Second,
		day, day + time.Minute, 36 * time.Hour, 365 * day, math.MaxInt64} {
		text := formatDuration(d)
		if got, err := parseDuration(text); err != nil || got != d {
			t.Errorf("%d is written %q and read %d, %v", d, text, got, err)
		}
	}
	for _, size := range []Size{0, 1, 1023, 1024, 1536, 19 << 20, 1 << 30, 5<<30 + 1} {
		var got Size
		if err := got.UnmarshalText([]byte(size.String())); err != nil || got != size {
			t.Errorf("%d is written %q and read %d, %v", size, size, got, err)
		}
	}
	for _, rate := range []Rate{{1, time.Second}, {10, 15 * time.Minute}, {math.MaxInt32, 36 * time.Hour}} {
		var got Rate
		if err := got.UnmarshalText([]byte(rate.String())); err != nil || got != rate {
			t.Errorf("%v is read %v, %v", rate, got, err)
		}
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"redis_url": "redis.url", "Redis.URL": "redis.url", "log-level": "log.level", "trusted_proxy": "trusted_proxies",
		"tls.key_file": "tls.key", "master_key_fiel": "master_key_file", "lifetimes.acess_token": "lifetimes.access_token",
		"metrics.rsa_bits": "keys.rsa_bits", "completely_different": "", "x": "",
	} {
		if got := nearestPath(name); got != want {
			t.Errorf("nearestPath(%q) = %q, want %q", name, got, want)
		}
	}
}
