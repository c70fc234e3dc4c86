package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is one run, as -json writes it and -compare reads it.
type Result struct {
	When    time.Time `json:"when"`
	Machine string    `json:"machine"`
	Stores  string    `json:"stores,omitempty"`
	Seconds float64   `json:"seconds_each"`
	Limits  Limits    `json:"limits"`
	Drift   float64   `json:"drift"` // of the core's RS256 rate, from the start to the end
	Idle    []Idle    `json:"idle"`
	Rows    []Row     `json:"rows"`
}

// mostIdle is what the idle server on the embedded stores may have resident, in MiB.
const mostIdle = 40

// Idle is the server that nobody has asked for anything yet.
type Idle struct {
	Backend     string  `json:"backend"`
	Accounts    int     `json:"accounts"`
	RSS         float64 `json:"rss_mib"`
	Own         float64 `json:"own_mib"`  // of that, not mapped from files
	StartMS     float64 `json:"start_ms"` // to the first 200 of /readyz
	SeedSeconds float64 `json:"seed_seconds"`
}

// describeMachine says what the figures were measured on.
func describeMachine() string {
	cpu := "unknown processor"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		cpu = field(string(raw), "model name\t: ")
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %d cores, Linux %s, %s", cpu, runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.Version())
}

func readResult(file string) (*Result, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Result{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("%s is no result of -json: %w", file, err)
	}
	return r, nil
}

// write prints the tables, and the JSON where it is wanted.
func (r *Result) write(file string, stdout io.Writer) error {
	if file != "-" {
		r.print(stdout)
	}
	if file == "" {
		return nil
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	raw = append(raw, '\n')
	if file == "-" {
		_, err = stdout.Write(raw)
		return err
	}
	return os.WriteFile(file, raw, 0o644)
}

func (r *Result) errors() int {
	n := 0
	for _, row := range r.Rows {
		n += row.Errors
	}
	return n
}

func (r *Result) print(out io.Writer) {
	fmt.Fprintf(out, "%s\n%s\n", r.When.Format("2006-01-02 15:04 MST"), r.Machine)
	if r.Stores != "" {
		fmt.Fprintln(out, r.Stores)
	}
	r.printLimits(out)
	for i, idle := range r.Idle {
		fmt.Fprintf(out, "\n%s, %d accounts (made in %.1f s): first 200 after %.0f ms, idle %.1f MiB resident (%d at most), of that %.1f MiB its own\n",
			title(idle.Backend), idle.Accounts, idle.SeedSeconds, idle.StartMS, idle.RSS, mostIdle, idle.Own)
		r.printTable(out, &r.Idle[i])
	}
	if r.Drift < -mostDrift || r.Drift > mostDrift {
		fmt.Fprintf(out, "\nThe machine was not quiet: from the start to the end its core's rate of signatures changed by %+.0f %%. Take no ratio of this run for exact.\n", 100*r.Drift)
	}
	for _, row := range r.Rows {
		if row.Errors > 0 {
			fmt.Fprintf(out, "\n%s, %s, %d workers: %d errors, the last: %s\n", row.Backend, row.Scenario, row.Workers, row.Errors, row.Error)
		}
	}
}

// mostDrift is how much the core may change its speed during a run.
const mostDrift = 0.1

func title(backend string) string {
	if backend == embedded {
		return "Embedded (SQLite)"
	}
	return "PostgreSQL and Redis"
}

func (r *Result) printLimits(out io.Writer) {
	l := &r.Limits
	fmt.Fprintf(out, "\nThis machine's limits. One core: %.0f RS256, %.0f ES256, %.0f EdDSA signatures/s, %.1f argon2id hashes/s (19 MiB, t2, p1).\n",
		l.RS256, l.ES256, l.EdDSA, l.Argon2)
	fmt.Fprintf(out, "SQLite insert and commit %.0f/s.", l.SQLiteCommits)
	if len(l.PgCommits) > 0 {
		fmt.Fprintf(out, " PostgreSQL %.0f/s on one connection, %.0f/s on eight. Redis GET %.0f/s for one caller, %.0f/s for 32.",
			l.PgCommits[1], l.PgCommits[8], l.RedisGets[1], l.RedisGets[32])
	}
	fmt.Fprint(out, "\nA bare net/http handler, which is also the generator's own ceiling here:\n")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "workers\tops/s\tp50 ms\tp99 ms\tserver ms/op\tops/core-s\tgenerator %\tothers %\t\n")
	for _, row := range sortedBare(l.Bare) {
		fmt.Fprintf(t, "%d\t%.0f\t%.2f\t%.2f\t%.4f\t%.0f\t%.0f\t%.0f\t\n",
			row.Workers, row.Rate, row.P50, row.P99, row.ServerCPU, row.PerCore, 100*row.Generator, 100*row.Others)
	}
	t.Flush()
}

func sortedBare(m map[int]Row) []Row {
	var rows []Row
	for n := 1; len(rows) < len(m) && n < 1<<16; n++ {
		if row, ok := m[n]; ok {
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *Result) printTable(out io.Writer, idle *Idle) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "scenario\tworkers\tops/s\tp50 ms\tp99 ms\tserver ms/op\tstores ms/op\tops/core-s\tSQL/op\tKV/op\tRSS MiB\tratio\tby CPU\tleast\taim\tof\tgen %\tothers %\terrors\t\n")
	for _, row := range r.Rows {
		if row.Backend != idle.Backend || row.Accounts != idle.Accounts {
			continue
		}
		least, aim := "", ""
		if row.Workers == 8 {
			least, aim = fmt.Sprintf("%.3f", row.Least), fmt.Sprintf("%.3f", row.Aim)
		}
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.2f\t%.2f\t%.3f\t%.3f\t%.0f\t%.1f\t%.1f\t%.0f\t%.3f\t%.3f\t%s\t%s\t%s\t%.0f\t%.0f\t%d\t\n",
			row.Scenario, row.Workers, row.Rate, row.P50, row.P99, row.ServerCPU, row.StoresCPU, row.PerCore, row.SQL, row.KV, row.RSS,
			row.Ratio, row.RatioCPU, least, aim, row.Of, 100*row.Generator, 100*row.Others, row.Errors)
	}
	t.Flush()
}

// printChange compares with an older result, line by line. CPU per operation
// is the steadier of the two on a machine that does other work.
func (r *Result) printChange(out io.Writer, old *Result) {
	type key struct {
		backend, scenario string
		accounts, workers int
	}
	of := func(row Row) key { return key{row.Backend, row.Scenario, row.Accounts, row.Workers} }
	before := map[key]Row{}
	for _, row := range old.Rows {
		before[of(row)] = row
	}
	fmt.Fprintf(out, "\nSince %s:\n", old.When.Format("2006-01-02 15:04 MST"))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "backend\taccounts\tscenario\tworkers\tops/s before\tnow\tchange\tCPU ms/op before\tnow\tchange\t\n")
	for _, row := range r.Rows {
		was, ok := before[of(row)]
		if !ok {
			continue
		}
		cpuWas, cpu := was.ServerCPU+was.StoresCPU, row.ServerCPU+row.StoresCPU
		fmt.Fprintf(t, "%s\t%d\t%s\t%d\t%.0f\t%.0f\t%s\t%.3f\t%.3f\t%s\t\n", row.Backend, row.Accounts, row.Scenario, row.Workers,
			was.Rate, row.Rate, change(was.Rate, row.Rate), cpuWas, cpu, change(cpuWas, cpu))
	}
	t.Flush()
}

func change(was, now float64) string {
	if was == 0 {
		return "-"
	}
	return fmt.Sprintf("%+.1f %%", 100*(now/was-1))
}
