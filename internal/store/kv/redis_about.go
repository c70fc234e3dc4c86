package kv

import (
	"context"
	"strings"
	"time"
)

// About is what a Redis server says of itself.
type About struct {
	Version string        // such as "Redis 7.4.5"
	Evicts  string        // the policy by which it removes what is not over; "" for none, or where it does not say
	Took    time.Duration // from asking for a sign of life to the answer
}

// About asks the server for what matters here. One that does not let its users
// ask (managed ones hide INFO or CONFIG) leaves out what it does not say.
func (r *Redis) About(ctx context.Context) (About, error) {
	began := time.Now()
	if err := r.Ping(ctx); err != nil {
		return About{}, err
	}
	a := About{Took: time.Since(began)}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	server, _ := r.client.Info(ctx, "server").Result()
	a.Version = strings.TrimSpace("Redis " + infoField(server, "redis_version"))
	if valkey := infoField(server, "valkey_version"); valkey != "" {
		a.Version = "Valkey " + valkey
	}
	memory, _ := r.client.Info(ctx, "memory").Result()
	if policy := infoField(memory, "maxmemory_policy"); policy != "noeviction" {
		a.Evicts = policy
	}
	return a, nil
}

func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && k == name {
			return v
		}
	}
	return ""
}
