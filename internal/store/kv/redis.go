package kv

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Redis is the Backend on a Redis server, Sentinel set or Cluster; 7.0 or
// later, or Valkey.
type Redis struct {
	client  redis.UniversalClient
	cluster bool
	prefix  string
	timeout time.Duration
	now     func() time.Time
	trips   atomic.Int64
}

var _ Backend = (*Redis)(nil)

// DefaultPoolSize is how many connections a node keeps to one Redis server.
const DefaultPoolSize = 32

// OpenRedis returns the backend that the URL describes; see ParseRedisURL for
// its forms. It connects at the first use, so that a server may start before
// its Redis does. It keeps poolSize connections to each server (0:
// DefaultPoolSize); timeout 0 is DefaultTimeout.
func OpenRedis(url string, poolSize int, timeout time.Duration) (*Redis, error) {
	u, err := ParseRedisURL(url)
	if err != nil {
		return nil, err
	}
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	if poolSize <= 0 {
		poolSize = DefaultPoolSize
	}
	return newRedis(u, poolSize, timeout), nil
}

func newRedis(u *RedisURL, poolSize int, timeout time.Duration) *Redis {
	return &Redis{
		client: redis.NewUniversalClient(u.options(poolSize, timeout)), cluster: u.Cluster, prefix: u.Prefix, timeout: timeout, now: time.Now,
	}
}

// go-redis prints what goes wrong in its pools. What matters of it comes back
// as an error, and the layer that answers a request logs it once.
func init() { redis.SetLogger(silence{}) }

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// options holds what is the same for every Redis: give up in time, never ask
// again on our behalf (a second GETDEL would find nothing where the first one
// won), and keep connections once opened. A Cluster's client does ask again
// where a connection breaks, as it must where a slot has moved; what may be
// used once then looks used, which is the safe side.
func (u *RedisURL) options(poolSize int, timeout time.Duration) *redis.UniversalOptions {
	return &redis.UniversalOptions{
		Addrs: u.Addrs, DB: u.DB, MasterName: u.Master, IsClusterMode: u.Cluster,
		Username: u.Username, Password: u.Password,
		SentinelUsername: u.SentinelUsername, SentinelPassword: u.SentinelPassword,
		TLSConfig: u.tlsConfig(),
		PoolSize:  poolSize, MaxIdleConns: poolSize, ConnMaxIdleTime: -1,
		// Pipelines use the same connections as everything else.
		PipelinePoolSize: -1,
		// Values are small. 32 KiB each way per connection would be most of
		// the memory of a quiet server.
		ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10,
		DialTimeout: timeout, DialerRetries: 1, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		ContextTimeoutEnabled: true, MaxRetries: -1,
		// RESP3 would bring messages that nobody asked for, and a look for them
		// before each answer.
		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// do runs one request under the deadline, counts it, and turns what went wrong
// into a fault. A missing value is no error here. A caller's own deadline
// counts where it is sooner; that he goes away without one is noticed at the
// deadline: go-redis does not interrupt a read, and a goroutine per request to
// do so would cost all for the sake of those who have gone.
//
// When the deadline passes while the answer is still on its way, go-redis
// closes the connection: a late answer finds nobody, least of all the next
// caller. TestALateAnswerReachesNobody holds that.
func (r *Redis) do(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	r.trips.Add(1)
	if err := request(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return unavailable(err)
	}
	return nil
}

// exec sends the pipeline and returns the first error that is more than a
// missing value.
func exec(ctx context.Context, pipe redis.Pipeliner) error {
	cmds, err := pipe.Exec(ctx)
	if err == nil || !errors.Is(err, redis.Nil) {
		return err
	}
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

// Get is MGET; on a Cluster, where that asks one slot only, a pipeline.
func (r *Redis) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	out := make([][]byte, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = r.prefix + key
	}
	get := r.mget
	if r.cluster {
		get = r.getEach
	}
	if err := r.do(ctx, func(ctx context.Context) error { return get(ctx, names, out) }); err != nil {
		return nil, err
	}
	return out, nil
}

func (r *Redis) mget(ctx context.Context, names []string, out [][]byte) error {
	values, err := r.client.MGet(ctx, names...).Result()
	for i, v := range values {
		if s, ok := v.(string); ok {
			out[i] = []byte(s)
		}
	}
	return err
}

func (r *Redis) getEach(ctx context.Context, names []string, out [][]byte) error {
	cmds := make([]*redis.StringCmd, len(names))
	pipe := r.client.Pipeline()
	for i, name := range names {
		cmds[i] = pipe.Get(ctx, name)
	}
	if err := exec(ctx, pipe); err != nil {
		return err
	}
	for i, cmd := range cmds {
		if v, err := cmd.Bytes(); err == nil {
			out[i] = v
		}
	}
	return nil
}

// Write applies the operations in one pipeline.
func (r *Redis) Write(ctx context.Context, ops ...Op) error {
	if len(ops) == 0 {
		return nil
	}
	return r.do(ctx, func(ctx context.Context) error {
		pipe := r.client.Pipeline()
		r.queue(ctx, pipe, ops)
		return exec(ctx, pipe)
	})
}

// queue puts the operations into the pipeline.
func (r *Redis) queue(ctx context.Context, pipe redis.Pipeliner, ops []Op) {
	for _, op := range ops {
		key := r.prefix + op.key
		switch op.kind {
		case opPut:
			pipe.Set(ctx, key, op.value, life(op.ttl))
		case opDelete:
			pipe.Del(ctx, key)
		case opAdd:
			// The score is the membership's end; the set ends with its last
			// member. PEXPIRE GT alone would leave a new set without an end.
			ttl := life(op.ttl)
			pipe.ZAdd(ctx, key, redis.Z{Score: float64(r.now().Add(ttl).UnixMilli()), Member: op.member})
			pipe.Do(ctx, "PEXPIRE", key, ttl.Milliseconds(), "NX")
			pipe.Do(ctx, "PEXPIRE", key, ttl.Milliseconds(), "GT")
		case opRemove:
			pipe.ZRem(ctx, key, op.member)
		}
	}
}

// Create is SET NX.
func (r *Redis) Create(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	var created bool
	err := r.do(ctx, func(ctx context.Context) error {
		err := r.client.SetArgs(ctx, r.prefix+key, value, redis.SetArgs{Mode: "NX", TTL: life(ttl)}).Err()
		created = err == nil
		return err
	})
	return created, err
}

// Take is GETDEL.
func (r *Redis) Take(ctx context.Context, key string, also ...Op) ([]byte, error) {
	var value []byte
	err := r.do(ctx, func(ctx context.Context) error {
		if len(also) == 0 {
			var err error
			value, err = r.client.GetDel(ctx, r.prefix+key).Bytes()
			return err
		}
		pipe := r.client.Pipeline()
		cmd := pipe.GetDel(ctx, r.prefix+key)
		r.queue(ctx, pipe, also)
		err := exec(ctx, pipe)
		if v, takeErr := cmd.Bytes(); takeErr == nil {
			value = v
		}
		return err
	})
	return value, err
}

// Swap is SET XX GET.
func (r *Redis) Swap(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	var before []byte
	err := r.do(ctx, func(ctx context.Context) error {
		old, err := r.client.SetArgs(ctx, r.prefix+key, value, redis.SetArgs{Mode: "XX", Get: true, TTL: life(ttl)}).Result()
		if err == nil {
			before = []byte(old)
		}
		return err
	})
	return before, err
}

// SwapBeside is Swap and GET in one pipeline.
func (r *Redis) SwapBeside(ctx context.Context, key string, value []byte, ttl time.Duration, other string) (before, beside []byte, err error) {
	err = r.do(ctx, func(ctx context.Context) error {
		pipe := r.client.Pipeline()
		swapped := pipe.SetArgs(ctx, r.prefix+key, value, redis.SetArgs{Mode: "XX", Get: true, TTL: life(ttl)})
		got := pipe.Get(ctx, r.prefix+other)
		if err := exec(ctx, pipe); err != nil {
			return err
		}
		if old, err := swapped.Result(); err == nil {
			before = []byte(old)
		}
		if v, err := got.Bytes(); err == nil {
			beside = v
		}
		return nil
	})
	return before, beside, err
}

var (
	putUnless = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`)
	replace = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1`)
)

// PutUnless is a script.
func (r *Redis) PutUnless(ctx context.Context, mark []byte, key string, value []byte, ttl time.Duration, also ...Op) (bool, error) {
	return r.script(ctx, putUnless, key, []any{mark, value, life(ttl).Milliseconds()}, also)
}

// Replace is a script.
func (r *Redis) Replace(ctx context.Context, key string, old, value []byte, also ...Op) (bool, error) {
	return r.script(ctx, replace, key, []any{old, value}, also)
}

// script runs a script on one key by its hash, with the operations in the same
// round trip; a server that does not know the script yet is sent its text.
func (r *Redis) script(ctx context.Context, script *redis.Script, key string, args []any, also []Op) (bool, error) {
	var done bool
	keys := []string{r.prefix + key}
	err := r.do(ctx, func(ctx context.Context) error {
		if len(also) == 0 {
			var err error
			done, err = script.EvalSha(ctx, r.client, keys, args...).Bool()
			return err
		}
		pipe := r.client.Pipeline()
		cmd := script.EvalSha(ctx, pipe, keys, args...)
		r.queue(ctx, pipe, also)
		if err := exec(ctx, pipe); err != nil {
			return err
		}
		var err error
		done, err = cmd.Bool()
		return err
	})
	if !redis.HasErrorPrefix(errors.Unwrap(err), "NOSCRIPT") {
		return done, err
	}
	err = r.do(ctx, func(ctx context.Context) (err error) {
		done, err = script.Eval(ctx, r.client, keys, args...).Bool()
		return err
	})
	return done, err
}

// Count adds up in one pipeline. An expiry that was lost with the connection
// is set by the next addition (NX: where there is none).
func (r *Redis) Count(ctx context.Context, tallies ...Tally) ([]int64, error) {
	out := make([]int64, len(tallies))
	if len(tallies) == 0 {
		return out, nil
	}
	err := r.do(ctx, func(ctx context.Context) error {
		pipe := r.client.Pipeline()
		read := make([]func() (int64, error), len(tallies))
		for i, t := range tallies {
			key := r.prefix + t.Key
			if t.N == 0 {
				read[i] = pipe.Get(ctx, key).Int64
				continue
			}
			read[i] = pipe.IncrBy(ctx, key, t.N).Result
			pipe.Do(ctx, "PEXPIRE", key, life(t.TTL).Milliseconds(), "NX")
		}
		if err := exec(ctx, pipe); err != nil {
			return err
		}
		for i := range read {
			n, err := read[i]()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			out[i] = n
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Members reads the set and, along with it, clears away what has ended.
func (r *Redis) Members(ctx context.Context, set string) ([]string, error) {
	var members []string
	err := r.do(ctx, func(ctx context.Context) error {
		now := strconv.FormatInt(r.now().UnixMilli(), 10)
		pipe := r.client.Pipeline()
		pipe.ZRemRangeByScore(ctx, r.prefix+set, "-inf", now)
		cmd := pipe.ZRange(ctx, r.prefix+set, 0, -1)
		err := exec(ctx, pipe)
		members = cmd.Val()
		return err
	})
	return members, err
}

// Ping asks the server for a sign of life.
func (r *Redis) Ping(ctx context.Context) error {
	return r.do(ctx, func(ctx context.Context) error { return r.client.Ping(ctx).Err() })
}

// RoundTrips counts requests; a pipeline is one.
func (r *Redis) RoundTrips() int64 { return r.trips.Load() }

// Stats describes the pool, of all nodes together on a Cluster.
func (r *Redis) Stats() Stats {
	s := r.client.PoolStats()
	return Stats{Open: int(s.TotalConns), Idle: int(s.IdleConns), Timeouts: int64(s.Timeouts)}
}

// Close closes the connections.
func (r *Redis) Close() error { return r.client.Close() }
