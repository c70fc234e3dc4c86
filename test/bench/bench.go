package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// bench is one run.
type bench struct {
	*plan
	say                       func(format string, args ...any)
	dir                       string
	serverCore, generatorCore int
	limits                    Limits
}

// all measures the machine, and then the provider on each of the stores with
// each number of accounts. With an error it returns what it has until then.
func (b *bench) all(ctx context.Context) (*Result, error) {
	result := &Result{When: time.Now().UTC().Truncate(time.Second), Machine: describeMachine(), Seconds: b.spell.counted.Seconds()}
	b.say("measuring what the machine can do")
	if err := b.measureCoreApart(); err != nil {
		return result, fmt.Errorf("limits: %w", err)
	}
	if err := b.measureBare(); err != nil {
		return result, fmt.Errorf("bare handler: %w", err)
	}
	for _, backend := range b.backends {
		if err := b.onBackend(ctx, backend, result); err != nil {
			result.Limits = b.limits
			return result, fmt.Errorf("%s: %w", backend, err)
		}
	}
	result.Limits = b.limits
	// The ratios hold if the core is as fast at the end as it was at the start.
	if err := b.measureCoreApart(); err != nil {
		return result, fmt.Errorf("limits, again: %w", err)
	}
	result.Drift = ratio(b.limits.RS256, result.Limits.RS256) - 1
	return result, nil
}

func (b *bench) onBackend(ctx context.Context, backend string, result *Result) (err error) {
	var s *stores
	if backend == servers {
		if s, err = openStores(ctx, b.serverCore, strconv.Itoa(os.Getpid())); err != nil {
			return err
		}
		defer func() {
			if dropErr := s.drop(context.WithoutCancel(ctx)); err == nil {
				err = dropErr
			}
		}()
		result.Stores = s.versions
		if err := s.measure(ctx, min(b.spell.counted, 2*time.Second), &b.limits); err != nil {
			return err
		}
	}
	for _, n := range b.accounts {
		if s != nil {
			if err := s.empty(ctx); err != nil {
				return err
			}
		}
		dir := filepath.Join(b.dir, backend+"-"+strconv.Itoa(n))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := b.withAccounts(ctx, dir, backend, s, n, result); err != nil {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// withAccounts fills empty stores and runs the table.
func (b *bench) withAccounts(ctx context.Context, dir, backend string, s *stores, accounts int, result *Result) (err error) {
	p, err := newProvider(b.binary, dir, b.serverCore, s)
	if err != nil {
		return err
	}
	b.say("%s: making %d accounts", backend, accounts)
	began := time.Now()
	if err := p.declare(ctx, dir, accounts); err != nil {
		return err
	}
	idle := Idle{Backend: backend, Accounts: accounts, SeedSeconds: time.Since(began).Seconds()}
	r := running{metrics: p.metrics}
	if s != nil {
		if err := s.settle(ctx); err != nil {
			return err
		}
		r.stores = s.pids
	}
	// A million new rows must not be on their way to the disk while the first
	// commits are measured.
	unix.Sync()
	if _, err := p.starts(1); err != nil { // the first start makes the keys
		return err
	}
	start, err := p.starts(5)
	if err != nil {
		return err
	}
	idle.StartMS = ms(start)
	if _, err := p.start(); err != nil {
		return err
	}
	defer func() {
		if stopErr := p.stop(); err == nil {
			err = stopErr
		}
	}()
	time.Sleep(3 * time.Second) // its first work is done, its garbage is not
	if idle.RSS, idle.Own, err = memory(p.cmd.Process.Pid); err != nil {
		return err
	}
	result.Idle = append(result.Idle, idle)
	t, err := p.target(accounts)
	if err != nil {
		return err
	}
	r.server = p.cmd.Process.Pid
	return b.table(ctx, t, r, Row{Backend: backend, Accounts: accounts}, result)
}

// table runs every scenario with every number of workers.
func (b *bench) table(ctx context.Context, t *target, r running, of Row, result *Result) error {
	for _, s := range b.scenarios {
		for _, n := range b.workers {
			if err := ctx.Err(); err != nil {
				return err
			}
			profiled := b.startProfile(r, fmt.Sprintf("%s-%d-%s-%d", of.Backend, of.Accounts, s.name, n))
			row, err := b.measure(t, s, n, r)
			if err := errors.Join(err, profiled()); err != nil {
				return err
			}
			row.Backend, row.Accounts = of.Backend, of.Accounts
			row.compareWith(s, &b.limits)
			b.say("%s, %d accounts: %s, %d workers: %.0f ops/s, %d errors", row.Backend, row.Accounts, s.name, n, row.Rate, row.Errors)
			result.Rows = append(result.Rows, row)
		}
	}
	return nil
}
