package kv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"signet/internal/fault"
	"signet/internal/handle"
)

// testRedis opens a backend with a prefix of its own on the tests' server,
// through the proxy if there is one.
func testRedis(t *testing.T, timeout time.Duration, through *proxy) *Redis {
	t.Helper()
	raw := os.Getenv("SIGNET_TEST_REDIS_URL")
	if raw == "" {
		t.Fatal(`SIGNET_TEST_REDIS_URL is not set: run "make test", which starts what the tests need`)
	}
	u, err := ParseRedisURL(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.Prefix = handle.Short() + ":"
	if through != nil {
		if u.Cluster || u.Master != "" || u.TLS {
			t.Fatal("SIGNET_TEST_REDIS_URL must be one plain server: the tests put a proxy before it")
		}
		through.start(t, u.Addrs[0])
		u.Addrs = []string{through.addr}
	}
	r := newRedis(u, DefaultPoolSize, timeout)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// proxy stands between a client and a server and misbehaves on demand.
type proxy struct {
	addr   string
	server string
	delay  atomic.Int64 // most nanoseconds by which an answer comes late
	mute   atomic.Bool  // answers are never passed on
	ln     net.Listener
	mu     sync.Mutex
	conns  []net.Conn
	wg     sync.WaitGroup
}

func (p *proxy) start(t *testing.T, server string) {
	t.Helper()
	p.server = server
	p.listen(t, "127.0.0.1:0")
	p.addr = p.ln.Addr().String()
	t.Cleanup(p.stop)
}

func (p *proxy) listen(t *testing.T, addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	p.ln = ln
	p.wg.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return // closed by stop
			}
			server, err := net.Dial("tcp", p.server)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, client, server)
			p.mu.Unlock()
			p.wg.Go(func() { io.Copy(server, client); server.Close() })
			p.wg.Go(func() { p.answer(client, server); client.Close() })
		}
	})
}

// answer passes the server's answers on, late or never.
func (p *proxy) answer(client, server net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if most := p.delay.Load(); most > 0 {
			time.Sleep(time.Duration(rand.Int64N(most)))
		}
		if p.mute.Load() {
			continue
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// stop breaks all connections and refuses new ones.
func (p *proxy) stop() {
	p.ln.Close()
	p.mu.Lock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.wg.Wait()
}

// TestALateAnswerReachesNobody: callers give up at all moments while answers
// are late. Whoever gets an answer gets his own, then and afterwards.
func TestALateAnswerReachesNobody(t *testing.T) {
	var p proxy
	r := testRedis(t, 2*time.Second, &p)
	const callers, rounds = 32, 60
	key := func(i, j int) string { return fmt.Sprintf("k:{%d.%d}", i, j) }
	for i := range callers {
		for j := range 3 {
			if err := r.Write(t.Context(), Put(key(i, j), []byte(key(i, j)), time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var answered, gaveUp atomic.Int64
	ask := func(ctx context.Context, i int) {
		keys := []string{key(i, 0), key(i, 1), key(i, 2)}[:1+rand.IntN(3)]
		got, err := r.Get(ctx, keys...)
		if err != nil {
			gaveUp.Add(1)
			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("giving up is not Unavailable: %v", err)
			}
			return
		}
		answered.Add(1)
		for n, v := range got {
			if string(v) != keys[n] {
				t.Errorf("asked for %s, got the answer %q", keys[n], v)
			}
		}
	}
	storm := func(patience func() time.Duration) {
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				for n := range rounds {
					ctx, cancel := context.WithCancel(t.Context())
					if n%2 == 0 { // one half gives up by a deadline, the other by a call
						ctx, cancel = context.WithTimeout(t.Context(), patience())
					} else {
						time.AfterFunc(patience(), cancel)
					}
					ask(ctx, i)
					cancel()
				}
			})
		}
		wg.Wait()
	}
	p.delay.Store(int64(10 * time.Millisecond))
	storm(func() time.Duration { return rand.N(12 * time.Millisecond) })
	if answered.Load() < callers || gaveUp.Load() < callers {
		t.Fatalf("the storm proves nothing: %d answered, %d gave up", answered.Load(), gaveUp.Load())
	}
	p.delay.Store(0)
	gaveUp.Store(0)
	storm(func() time.Duration { return time.Minute })
	if n := gaveUp.Load(); n != 0 {
		t.Errorf("%d callers gave up after the storm", n)
	}
}

// wantUnavailable runs one of each kind of request and expects each to be
// given up within the time.
func wantUnavailable(t *testing.T, r *Redis, within time.Duration) {
	t.Helper()
	ctx := t.Context()
	requests := map[string]func() error{
		"Get":        func() error { _, err := r.Get(ctx, "a"); return err },
		"Get two":    func() error { _, err := r.Get(ctx, "a", "b"); return err },
		"Write":      func() error { return r.Write(ctx, Put("a", nil, time.Minute)) },
		"Create":     func() error { _, err := r.Create(ctx, "a", nil, time.Minute); return err },
		"Take":       func() error { _, err := r.Take(ctx, "a", Delete("b")); return err },
		"Swap":       func() error { _, err := r.Swap(ctx, "a", nil, time.Minute); return err },
		"SwapBeside": func() error { _, _, err := r.SwapBeside(ctx, "a", nil, time.Minute, "b"); return err },
		"Replace":    func() error { _, err := r.Replace(ctx, "a", nil, nil); return err },
		"Count":      func() error { _, err := r.Count(ctx, Tally{"c", 1, time.Minute}); return err },
		"Members":    func() error { _, err := r.Members(ctx, "s"); return err },
		"Ping":       func() error { return r.Ping(ctx) },
	}
	for name, request := range requests {
		began := time.Now()
		if err := request(); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s = %v, want a fault of kind Unavailable", name, err)
		}
		if took := time.Since(began); took > within {
			t.Errorf("%s was given up after %v", name, took)
		}
	}
}

func TestRedisHangs(t *testing.T) {
	var p proxy
	r := testRedis(t, 150*time.Millisecond, &p)
	if err := r.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.mute.Store(true)
	wantUnavailable(t, r, time.Second)
	p.mute.Store(false)
	if err := r.Ping(t.Context()); err != nil {
		t.Errorf("no recovery: %v", err)
	}
}

func TestRedisIsAwayAndComesBack(t *testing.T) {
	var p proxy
	r := testRedis(t, 2*time.Second, &p)
	var wg sync.WaitGroup
	for range 8 { // several connections in the pool, all of which will break
		wg.Go(func() {
			if err := r.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p.stop()
	wantUnavailable(t, r, 500*time.Millisecond) // refused at once, not at the deadline
	p.listen(t, p.addr)
	for range 16 {
		if err := r.Ping(t.Context()); err != nil {
			t.Fatalf("no recovery: %v", err)
		}
	}
}

// TestRedisCallersDeadline: a caller may have less patience than the backend,
// and one who has gone already costs no request.
func TestRedisCallersDeadline(t *testing.T) {
	var p proxy
	r := testRedis(t, 2*time.Second, &p)
	p.mute.Store(true)
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	for _, ctx := range []context.Context{soon, gone} {
		began := time.Now()
		if _, err := r.Get(ctx, "a"); !fault.Is(err, fault.Unavailable) || !errors.Is(err, ctx.Err()) && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Get = %v, want %v", err, ctx.Err())
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the caller's end was noticed after %v", took)
		}
	}
}

// TestRedisDoesNotKnowTheScript: after a restart, or on a node of a Cluster
// that it never ran on, a script costs one more round trip, once. The script
// is new in each run, because flushing the server's would reach other tests.
func TestRedisDoesNotKnowTheScript(t *testing.T) {
	r := testRedis(t, 2*time.Second, nil)
	ctx := t.Context()
	run := func(script *redis.Script, want int64, also ...Op) {
		t.Helper()
		before := r.RoundTrips()
		ok, err := r.script(ctx, script, "a", []any{[]byte("value"), 60_000}, also)
		if trips := r.RoundTrips() - before; err != nil || !ok || trips != want {
			t.Errorf("script = %t, %v in %d round trips, want %d", ok, err, trips, want)
		}
		if got, err := r.Get(ctx, "a"); err != nil || string(got[0]) != "value" {
			t.Errorf("Get = %q, %v", got, err)
		}
		if err := r.Write(ctx, Delete("a")); err != nil {
			t.Fatal(err)
		}
	}
	text := "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1 -- " + handle.Short()
	alone := redis.NewScript(text)
	run(alone, 2)
	run(alone, 1)
	along := redis.NewScript(text + " with operations")
	run(along, 2, Put("b", []byte("4"), time.Minute))
	run(along, 1, Put("b", []byte("4"), time.Minute))
	if got, err := r.Get(ctx, "b"); err != nil || string(got[0]) != "4" {
		t.Errorf("Get = %q, %v", got, err)
	}
}

// TestNothingStaysForGood looks at Redis itself: whatever was done to a key,
// it has an end.
func TestNothingStaysForGood(t *testing.T) {
	r := testRedis(t, 2*time.Second, nil)
	ctx := t.Context()
	steps := []func() error{
		func() error {
			return r.Write(ctx, Put("put", nil, time.Minute), Add("set", "a", time.Minute), Add("set", "b", time.Second), Add("set2", "a", time.Second), Add("set2", "b", time.Hour))
		},
		func() error { _, err := r.Create(ctx, "created", nil, time.Minute); return err },
		func() error { _, err := r.Swap(ctx, "put", []byte("x"), time.Minute); return err },
		func() error { _, _, err := r.SwapBeside(ctx, "put", []byte("x"), time.Minute, "x"); return err },
		func() error { _, err := r.Replace(ctx, "put", []byte("x"), []byte("y")); return err },
		func() error { _, err := r.PutUnless(ctx, []byte("m"), "unless", nil, time.Minute); return err },
		func() error {
			_, err := r.Count(ctx, Tally{"up", 1, time.Minute}, Tally{"down", -1, time.Minute}, Tally{"read", 0, 0})
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	var keys int
	iter := r.client.Scan(ctx, 0, r.prefix+"*", 0).Iterator()
	for iter.Next(ctx) {
		keys++
		ttl, err := r.client.PTTL(ctx, iter.Val()).Result()
		if err != nil || ttl <= 0 {
			t.Errorf("%s ends in %v, %v", iter.Val(), ttl, err)
		}
		if strings.HasSuffix(iter.Val(), "set2") && ttl < 59*time.Minute {
			t.Errorf("the set ends in %v, before its last member", ttl)
		}
	}
	if err := iter.Err(); err != nil || keys != 7 {
		t.Errorf("%d keys, %v", keys, err)
	}
}
