package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain lets the test's own binary run in the roles that bench runs itself in.
func TestMain(m *testing.M) {
	if ours, err := asRole(os.Args[1:], os.Stdin, os.Stdout); ours {
		exit(err)
	}
	os.Exit(m.Run())
}

// TestRun builds the real provider and runs every scenario on it for a moment:
// what bench says of each step must be what the provider does today.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	args := []string{"-quick", "-workers", "2", "-duration", "300ms", "-warm", "50ms", "-accounts", "3", "-json", file}
	var out, log bytes.Buffer
	if err := run(t.Context(), args, &out, &log); err != nil {
		t.Fatalf("%v\n%s%s", err, out.Bytes(), log.Bytes())
	}
	result, err := readResult(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Rows) != len(scenarios) || len(result.Idle) != 1 {
		t.Fatalf("%d rows of %d scenarios, %d idle servers", len(result.Rows), len(scenarios), len(result.Idle))
	}
	for _, row := range result.Rows {
		if row.Operations == 0 || row.Errors != 0 || row.Rate <= 0 || row.P50 <= 0 || row.P99 < row.P50 || row.RSS <= 0 || row.Ratio <= 0 {
			t.Errorf("not a measurement: %+v", row)
		}
		if !strings.Contains(out.String(), row.Scenario) {
			t.Errorf("the table leaves out %s", row.Scenario)
		}
	}
	if idle := result.Idle[0]; idle.RSS > mostIdle {
		t.Errorf("idle: %.1f MiB resident, %.1f of them its own; at most %d", idle.RSS, idle.Own, mostIdle)
	}
	for _, row := range result.Rows {
		switch {
		case strings.HasPrefix(row.Scenario, "silent") && (row.SQL > 0.2 || row.KV > 6):
			t.Errorf("%s: %.1f SQL statements and %.1f round trips, at most 0 and 6", row.Scenario, row.SQL, row.KV)
		case strings.HasPrefix(row.Scenario, "refresh") && row.SQL == 0:
			t.Errorf("%s commits nothing", row.Scenario)
		}
	}
	if l := result.Limits; l.RS256 <= 0 || l.ES256 <= l.RS256 || l.Argon2 <= 0 || l.SQLiteCommits <= 0 || l.Bare[2].Rate <= 0 {
		t.Errorf("not limits: %+v", l)
	}
}

func TestParse(t *testing.T) {
	p, err := parse([]string{"-quick", "-workers", "4", "-scenarios", "silent,jwks"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.backends) != 1 || p.backends[0] != embedded || len(p.workers) != 1 || p.workers[0] != 4 || p.spell.counted != 2*time.Second {
		t.Errorf("-quick sets what was not set itself, and nothing else: %+v", p)
	}
	if len(p.scenarios) != 3 {
		t.Errorf("%d scenarios begin with silent or jwks", len(p.scenarios))
	}
	for _, args := range [][]string{
		{"-workers", "0"}, {"-workers", "many"}, {"-workers", ""}, {"-accounts", "-1"}, {"-cores", "1"}, {"-cores", "0,1,2"},
		{"-backends", "mysql"}, {"-scenarios", "nothing"}, {"-unknown"}, {"-duration", "x"},
	} {
		var said bytes.Buffer
		if _, err := parse(args, &said); !errors.Is(err, errUsage) || said.Len() == 0 {
			t.Errorf("%q: %v, said %q", args, err, said.String())
		}
	}
	if _, err := parse([]string{"-h"}, &bytes.Buffer{}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

func TestLoadCountsEveryError(t *testing.T) {
	var calls atomic.Int64
	s := &scenario{name: "third fails", once: func(*worker) error {
		time.Sleep(time.Millisecond)
		if calls.Add(1)%3 == 0 {
			return errors.New("every third")
		}
		return nil
	}}
	edges := 0
	l, err := (&target{}).run(s, 2, spell{10 * time.Millisecond, 100 * time.Millisecond}, func() { edges++ })
	if err != nil || edges != 2 {
		t.Fatalf("%v, %d edges", err, edges)
	}
	if l.errors == 0 || l.errors > 2*maxErrors || l.lastErr == nil || len(l.took) == 0 || int64(len(l.took)) >= calls.Load() {
		t.Errorf("%d errors (%v), %d good of %d", l.errors, l.lastErr, len(l.took), calls.Load())
	}
	if l.quantile(0.5) < time.Millisecond || l.quantile(1) < l.quantile(0.5) {
		t.Errorf("half within %v, all within %v", l.quantile(0.5), l.quantile(1))
	}
}

func TestQuantile(t *testing.T) {
	l := &load{}
	if l.quantile(0.99) != 0 {
		t.Error("of nothing")
	}
	for i := 1; i <= 100; i++ {
		l.took = append(l.took, time.Duration(i))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		if got := l.quantile(q); got != want {
			t.Errorf("%v: %d, want %d", q, got, want)
		}
	}
}

func TestCharge(t *testing.T) {
	row := Row{Operations: 1000, Seconds: 2}
	row.charge(moment{}, moment{server: time.Second, stores: 500 * time.Millisecond, core: 1800 * time.Millisecond, own: 400 * time.Millisecond, sql: 3000, kv: 1000}, true)
	for name, pair := range map[string][2]float64{
		"server ms": {row.ServerCPU, 1}, "stores ms": {row.StoresCPU, 0.5}, "per core": {row.PerCore, 1000 / 1.5},
		"generator": {row.Generator, 0.2}, "others": {row.Others, 0.15}, "sql": {row.SQL, 3}, "kv": {row.KV, 1},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	shared := Row{Operations: 1, Seconds: 2}
	shared.charge(moment{}, moment{server: time.Second, core: 1500 * time.Millisecond, own: 500 * time.Millisecond}, false)
	if shared.Others > 1e-9 {
		t.Errorf("on one core the generator is not somebody else: %v", shared.Others)
	}
}

func TestChangeIsOfTheSameLine(t *testing.T) {
	old := &Result{Rows: []Row{{Backend: embedded, Accounts: 1000, Scenario: "jwks", Workers: 8, Rate: 100, ServerCPU: 2}}}
	now := &Result{Rows: []Row{
		{Backend: embedded, Accounts: 1000, Scenario: "jwks", Workers: 8, Rate: 150, ServerCPU: 1, StoresCPU: 0.5},
		{Backend: servers, Accounts: 1000, Scenario: "jwks", Workers: 8, Rate: 999},
	}}
	var out bytes.Buffer
	now.printChange(&out, old)
	if s := out.String(); !strings.Contains(s, "+50.0 %") || !strings.Contains(s, "-25.0 %") || strings.Contains(s, "999") {
		t.Errorf("\n%s", s)
	}
}

func TestRunStopsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, []string{"-quick"}, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
		t.Error("it went on")
	}
}
