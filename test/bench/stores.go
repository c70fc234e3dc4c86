package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// stores are a PostgreSQL and a Redis on this machine, given by their
// addresses; scripts/services starts private ones. The run keeps to a database
// and a Redis database of its own.
type stores struct {
	admin    string // superuser's URL
	database string
	postgres string // URL of the run's database
	redis    string // URL of the run's Redis database
	pids     []int  // of the two servers
	versions string
}

// redisDB is the Redis database of the run. It must be empty.
const redisDB = "15"

// openStores makes the run's databases and holds the servers on the core.
func openStores(ctx context.Context, core int, tag string) (*stores, error) {
	s := &stores{admin: os.Getenv("SIGNET_TEST_POSTGRES_URL"), database: "signet_bench_" + tag}
	redisURL := os.Getenv("SIGNET_TEST_REDIS_URL")
	if s.admin == "" || redisURL == "" {
		return nil, errors.New(`SIGNET_TEST_POSTGRES_URL and SIGNET_TEST_REDIS_URL are not set: "make bench" starts both, or choose -backends embedded`)
	}
	var err error
	if s.postgres, err = withPath(s.admin, s.database); err != nil {
		return nil, err
	}
	if s.redis, err = withPath(redisURL, redisDB); err != nil {
		return nil, err
	}
	if err := s.findPostgres(ctx); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := s.findRedis(ctx); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	for _, root := range s.pids {
		all, err := tree(root)
		if err != nil {
			return nil, err
		}
		for _, pid := range all {
			if err := pinProcess(pid, core); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func withPath(raw, path string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("an address of a test server is not a URL")
	}
	u.Path = "/" + path
	return u.String(), nil
}

// findPostgres makes the database and learns which process the server is: the
// parent of the one that answers.
func (s *stores) findPostgres(ctx context.Context) error {
	c, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	var backend int
	var version, fsync, commit string
	err = c.QueryRow(ctx, `SELECT pg_backend_pid(), current_setting('server_version'),
		current_setting('fsync'), current_setting('synchronous_commit')`).Scan(&backend, &version, &fsync, &commit)
	if err != nil {
		return err
	}
	if fsync != "on" || commit == "off" {
		return fmt.Errorf("fsync is %s and synchronous_commit %s: figures of a server that may forget mean nothing", fsync, commit)
	}
	stat, err := readStat(backend)
	if err != nil {
		return fmt.Errorf("the server does not run on this machine: %w", err)
	}
	s.pids = append(s.pids, stat.parent)
	s.versions = "PostgreSQL " + version + " (fsync on)"
	_, err = c.Exec(ctx, "CREATE DATABASE "+s.database)
	return err
}

func (s *stores) findRedis(ctx context.Context) error {
	return s.withRedis(func(r *redis.Client) error {
		info, err := r.Info(ctx, "server").Result()
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(field(info, "process_id:"))
		if err != nil {
			return err
		}
		if _, err := readStat(pid); err != nil {
			return fmt.Errorf("the server does not run on this machine: %w", err)
		}
		n, err := r.DBSize(ctx).Result()
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("database %s holds %d keys, and the run needs an empty one", redisDB, n)
		}
		persistence, err := r.ConfigGet(ctx, "appendonly").Result()
		if err != nil {
			return err
		}
		s.pids = append(s.pids, pid)
		s.versions += ", Redis " + field(info, "redis_version:") + " (appendonly " + persistence["appendonly"] + ")"
		return nil
	})
}

func field(info, name string) string {
	_, rest, _ := strings.Cut(info, name)
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}

func (s *stores) withRedis(do func(*redis.Client) error) error {
	o, err := redis.ParseURL(s.redis)
	if err != nil {
		return err
	}
	r := redis.NewClient(o)
	defer r.Close()
	return do(r)
}

// empty clears both for the next number of accounts.
func (s *stores) empty(ctx context.Context) error {
	if err := s.withRedis(func(r *redis.Client) error { return r.FlushDB(ctx).Err() }); err != nil {
		return err
	}
	return s.asAdmin(ctx, "DROP DATABASE IF EXISTS "+s.database+" WITH (FORCE)", "CREATE DATABASE "+s.database)
}

// drop removes what the run made.
func (s *stores) drop(ctx context.Context) error {
	return errors.Join(
		s.withRedis(func(r *redis.Client) error { return r.FlushDB(ctx).Err() }),
		s.asAdmin(ctx, "DROP DATABASE IF EXISTS "+s.database+" WITH (FORCE)"))
}

func (s *stores) asAdmin(ctx context.Context, statements ...string) error {
	return execute(ctx, s.admin, statements...)
}

// settle does what autovacuum would do later, in the middle of a measurement.
func (s *stores) settle(ctx context.Context) error {
	return execute(ctx, s.postgres, "VACUUM (ANALYZE)", "CHECKPOINT")
}

func execute(ctx context.Context, dsn string, statements ...string) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, text := range statements {
		if _, err := c.Exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// measure counts single inserts, each with its commit, and Redis's GETs.
func (s *stores) measure(ctx context.Context, span time.Duration, l *Limits) error {
	l.PgCommits, l.RedisGets = map[int]float64{}, map[int]float64{}
	if err := execute(ctx, s.postgres, "CREATE TABLE limits (id bigserial PRIMARY KEY, v text NOT NULL)"); err != nil {
		return err
	}
	for _, n := range []int{1, 8} {
		rate, err := together(n, span, func() (func() error, func(), error) {
			c, err := pgx.Connect(ctx, s.postgres)
			if err != nil {
				return nil, nil, err
			}
			insert := func() error {
				_, err := c.Exec(ctx, "INSERT INTO limits (v) VALUES ($1)", "a value of some length, as a row has")
				return err
			}
			return insert, func() { c.Close(ctx) }, nil
		})
		if err != nil {
			return err
		}
		l.PgCommits[n] = rate
	}
	for _, n := range []int{1, 32} {
		rate, err := together(n, span, s.getter)
		if err != nil {
			return err
		}
		l.RedisGets[n] = rate
	}
	return nil
}

// getter sends GET of a key that is not there over a bare connection: what is
// measured is the round trip, not a client library.
func (s *stores) getter() (func() error, func(), error) {
	o, err := redis.ParseURL(s.redis)
	if err != nil {
		return nil, nil, err
	}
	c, err := net.DialTimeout(o.Network, o.Addr, 5*time.Second)
	if err != nil {
		return nil, nil, err
	}
	r := bufio.NewReader(c)
	ask := []byte("*2\r\n$3\r\nGET\r\n$5\r\nlimit\r\n")
	get := func() error {
		if _, err := c.Write(ask); err != nil {
			return err
		}
		line, err := r.ReadString('\n')
		if err == nil && line != "$-1\r\n" {
			err = fmt.Errorf("redis answered %q", line)
		}
		return err
	}
	return get, func() { c.Close() }, nil
}

// together runs n callers for the span and returns their calls per second.
func together(n int, span time.Duration, open func() (call func() error, end func(), err error)) (float64, error) {
	var wg sync.WaitGroup
	var calls atomic.Int64
	failed := make(chan error, n)
	began := time.Now()
	for range n {
		call, end, err := open()
		if err != nil {
			return 0, err
		}
		defer end()
		wg.Go(func() {
			for time.Since(began) < span {
				if err := call(); err != nil {
					failed <- err
					return
				}
				calls.Add(1)
			}
		})
	}
	wg.Wait()
	rate := float64(calls.Load()) / time.Since(began).Seconds()
	select {
	case err := <-failed:
		return 0, err
	default:
		return rate, nil
	}
}
