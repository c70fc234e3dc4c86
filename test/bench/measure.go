package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Row is one line of the result.
type Row struct {
	Backend  string `json:"backend"`
	Accounts int    `json:"accounts"`
	Scenario string `json:"scenario"`
	Workers  int    `json:"workers"`

	Operations int     `json:"operations"`
	Seconds    float64 `json:"seconds"`
	Rate       float64 `json:"ops_per_second"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
	Errors     int     `json:"errors"`
	Error      string  `json:"error,omitempty"` // the last one

	ServerCPU float64 `json:"server_cpu_ms_per_op"`
	StoresCPU float64 `json:"stores_cpu_ms_per_op"`
	// PerCore is the operations per second of CPU, server and stores together:
	// what one core does when nothing else runs on it.
	PerCore float64 `json:"ops_per_core_second"`
	RSS     float64 `json:"rss_mib"` // of the server, at the end

	// What the server asked of its stores, as its metrics count it.
	SQL float64 `json:"sql_statements_per_op"`
	KV  float64 `json:"kv_round_trips_per_op"`

	// Parts of a core: of the server's, what others took; of its own, what the
	// generator used. A disturbed or generator-bound row says so here.
	Others    float64 `json:"others_share"`
	Generator float64 `json:"generator_share"`

	// Ratio to the machine's limit, by the clock and by CPU; 0 where there is none.
	Of       limit   `json:"ratio_of,omitempty"`
	Ratio    float64 `json:"ratio,omitempty"`
	RatioCPU float64 `json:"ratio_cpu,omitempty"`
	Least    float64 `json:"least,omitempty"`
	Aim      float64 `json:"aim,omitempty"`
}

// running is which processes serve.
type running struct {
	server  int
	stores  []int
	metrics string // address:port of the server's metrics, or ""
}

// moment is the state of the clocks and counters at one edge of a measurement.
type moment struct {
	server, stores, core, own time.Duration
	sql, kv                   float64
}

func (b *bench) moment(r running) (moment, error) {
	var m moment
	stat, err := readStat(r.server)
	if err != nil {
		return m, err
	}
	m.server = stat.own
	for _, pid := range r.stores {
		cpu, err := treeCPU(pid)
		if err != nil {
			return m, err
		}
		m.stores += cpu
	}
	m.own = ownCPU()
	if m.core, err = coreBusy(b.serverCore); err != nil || r.metrics == "" {
		return m, err
	}
	m.sql, m.kv, err = counters(r.metrics)
	return m, err
}

// counters reads what the server counts of its own calls.
func counters(address string) (sql, kv float64, err error) {
	c := newConn(address)
	defer c.close()
	var q request
	a, err := c.do(q.get(address, "/metrics"))
	if err != nil {
		return 0, 0, err
	}
	read := func(name string) float64 {
		_, rest, ok := strings.Cut(string(a.body), "\n"+name+" ")
		line, _, _ := strings.Cut(rest, "\n")
		v, parseErr := strconv.ParseFloat(line, 64)
		if !ok || parseErr != nil {
			err = fmt.Errorf("the metrics have no %s", name)
		}
		return v
	}
	return read("signet_database_statements_total"), read("signet_kv_round_trips_total"), err
}

// measure lets n workers do the scenario and counts what it costs.
func (b *bench) measure(t *target, s *scenario, n int, r running) (Row, error) {
	row := Row{Scenario: s.name, Workers: n}
	var edges []moment
	var failed error
	l, err := t.run(s, n, b.spell, func() {
		m, err := b.moment(r)
		edges, failed = append(edges, m), errors.Join(failed, err)
	})
	if err := errors.Join(err, failed); err != nil {
		return row, err
	}
	row.Operations, row.Seconds, row.Errors = len(l.took), l.lasted.Seconds(), l.errors
	if l.lastErr != nil {
		row.Error = l.lastErr.Error()
	}
	row.Rate = float64(row.Operations) / row.Seconds
	row.P50, row.P99, row.Max = ms(l.quantile(0.5)), ms(l.quantile(0.99)), ms(l.quantile(1))
	row.charge(edges[0], edges[1], b.serverCore != b.generatorCore)
	row.RSS, _, err = memory(r.server)
	return row, err
}

// charge fills in what the operations cost.
func (row *Row) charge(from, to moment, apart bool) {
	server, stores := to.server-from.server, to.stores-from.stores
	if n := float64(row.Operations); n > 0 {
		row.ServerCPU, row.StoresCPU = ms(server)/n, ms(stores)/n
		row.SQL, row.KV = (to.sql-from.sql)/n, (to.kv-from.kv)/n
	}
	if both := (server + stores).Seconds(); both > 0 {
		row.PerCore = float64(row.Operations) / both
	}
	row.Generator = (to.own - from.own).Seconds() / row.Seconds
	others := to.core - from.core - server - stores
	if !apart {
		others -= to.own - from.own
	}
	row.Others = max(0, others.Seconds()/row.Seconds)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// compareWith fills in the ratios to the machine's limits.
func (row *Row) compareWith(s *scenario, l *Limits) {
	row.Of, row.Least, row.Aim = s.of, s.least, s.aim
	switch s.of {
	case limitBare:
		bare := l.Bare[row.Workers]
		row.Ratio, row.RatioCPU = ratio(row.Rate, bare.Rate), ratio(row.PerCore, bare.PerCore)
	case limitRS256:
		row.Ratio, row.RatioCPU = ratio(row.Rate, l.RS256), ratio(row.PerCore, l.RS256)
	case limitHash:
		row.Ratio, row.RatioCPU = ratio(row.Rate, l.Argon2), ratio(row.PerCore, l.Argon2)
	}
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
