package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"signet/internal/store/kv"
)

// KVStore is a fresh, empty backend for one test, with its clock.
type KVStore struct {
	kv.Backend
	// Peer is another node's backend on the same data: its own connections and,
	// on SQLite, what another process would be.
	Peer kv.Backend
	Now  func() time.Time
	// Pass lets time pass for the backend: by moving its clock or, where the
	// clock is the server's, by waiting.
	Pass func(time.Duration)
}

// KVOpener opens a backend for one test and closes it when the test ends.
type KVOpener func(t testing.TB) KVStore

// KV holds a backend to what kv.Backend promises.
func KV(t *testing.T, open KVOpener) {
	cases := []struct {
		name string
		test func(t *testing.T, b kv.Backend, pass func(time.Duration))
	}{
		{"Get gives values in the order asked, and nil for what is missing", kvGet},
		{"Get of many keys is one answer", kvGetMany},
		{"Write applies every kind of operation in one round trip", kvWrite},
		{"A value ends when its time is over", kvExpiry},
		{"A life below a millisecond is a life, and not for ever", kvShortLife},
		{"Create stores only where nothing is", kvCreate},
		{"Take removes what it returns, and the operations go along", kvTake},
		{"Swap replaces only what exists, with its life", kvSwap},
		{"PutUnless respects the mark while it lives", kvPutUnless},
		{"Replace compares, sets, and keeps the life", kvReplace},
		{"Count adds up to the end of the window", kvCount},
		{"Members are those whose time is not over", kvMembers},
		{"Ping and Stats answer, round trips are counted", kvPing},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			c.test(t, s.Backend, s.Pass)
		})
	}
	kvRaces(t, open)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantValue checks one key; want of nil: that it is missing.
func wantValue(t *testing.T, b kv.Backend, key string, want []byte) {
	t.Helper()
	got, err := b.Get(t.Context(), key)
	must(t, err)
	if !bytes.Equal(got[0], want) || (got[0] == nil) != (want == nil) {
		t.Errorf("Get(%q) = %q (nil: %t), want %q", key, got[0], got[0] == nil, want)
	}
}

// awkward are values that a store could bend: binary, empty, large.
func awkward() map[string][]byte {
	return map[string][]byte{
		"text": []byte(`{"a":"ü"}`), "binary": {0, 1, 0xff, 0, '\'', '\n'}, "empty": {},
		"large": bytes.Repeat([]byte("0123456789"), 10_000), "digits": []byte("42"), "not utf-8": {0xc3, 0x28},
	}
}

func kvGet(t *testing.T, b kv.Backend, _ func(time.Duration)) {
	for name, v := range awkward() {
		must(t, b.Write(t.Context(), kv.Put("v:"+name, v, time.Minute)))
		wantValue(t, b, "v:"+name, v)
	}
	got, err := b.Get(t.Context(), "v:text", "v:missing", "v:binary", "v:text")
	must(t, err)
	want := awkward()
	if len(got) != 4 || !bytes.Equal(got[0], want["text"]) || got[1] != nil ||
		!bytes.Equal(got[2], want["binary"]) || !bytes.Equal(got[3], want["text"]) {
		t.Errorf("Get of four = %q", got)
	}
	if got, err := b.Get(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Get of no key = %q, %v", got, err)
	}
	wantValue(t, b, "V:TEXT", nil)
}

func kvGetMany(t *testing.T, b kv.Backend, _ func(time.Duration)) {
	const n = 107 // no power of two, and more than one statement
	var ops []kv.Op
	var keys []string
	for i := range n {
		key := fmt.Sprintf("many:{%d}", i)
		keys = append(keys, key)
		if i%3 != 0 {
			ops = append(ops, kv.Put(key, []byte(key), time.Minute))
		}
	}
	must(t, b.Write(t.Context(), ops...))
	before := b.RoundTrips()
	got, err := b.Get(t.Context(), keys...)
	must(t, err)
	if trips := b.RoundTrips() - before; trips != 1 {
		t.Errorf("Get of %d keys took %d round trips", n, trips)
	}
	for i, v := range got {
		if want := keys[i]; i%3 == 0 && v != nil || i%3 != 0 && string(v) != want {
			t.Errorf("value %d = %q", i, v)
		}
	}
}

func kvWrite(t *testing.T, b kv.Backend, _ func(time.Duration)) {
	ctx := t.Context()
	must(t, b.Write(ctx))
	must(t, b.Write(ctx, kv.Put("w:{1}", []byte("old"), time.Minute), kv.Put("w:{2}", []byte("two"), time.Minute),
		kv.Add("w:set", "a", time.Minute), kv.Add("w:set", "b", time.Minute), kv.Add("w:other", "a", time.Minute)))
	before := b.RoundTrips()
	must(t, b.Write(ctx,
		kv.Put("w:{1}", []byte("new"), time.Minute), kv.Put("w:{3}", []byte("three"), time.Minute),
		kv.Delete("w:{2}"), kv.Delete("w:{never}"),
		kv.Add("w:set", "c", time.Minute), kv.Remove("w:set", "a"), kv.Remove("w:never", "a")))
	if trips := b.RoundTrips() - before; trips != 1 {
		t.Errorf("Write took %d round trips", trips)
	}
	wantValue(t, b, "w:{1}", []byte("new"))
	wantValue(t, b, "w:{2}", nil)
	wantValue(t, b, "w:{3}", []byte("three"))
	wantMembers(t, b, "w:set", "b", "c")
	wantMembers(t, b, "w:other", "a")
}

func kvExpiry(t *testing.T, b kv.Backend, pass func(time.Duration)) {
	ctx := t.Context()
	must(t, b.Write(ctx, kv.Put("e:short", []byte("v"), 150*time.Millisecond), kv.Put("e:long", []byte("v"), time.Minute)))
	wantValue(t, b, "e:short", []byte("v"))
	pass(200 * time.Millisecond)
	wantValue(t, b, "e:short", nil)
	wantValue(t, b, "e:long", []byte("v"))
	if got, err := b.Take(ctx, "e:short"); err != nil || got != nil {
		t.Errorf("Take of an ended value = %q, %v", got, err)
	}
	must(t, b.Write(ctx, kv.Put("e:short", []byte("again"), 150*time.Millisecond)))
	pass(200 * time.Millisecond)
	if got, err := b.Swap(ctx, "e:short", []byte("w"), time.Minute); err != nil || got != nil {
		t.Errorf("Swap of an ended value = %q, %v", got, err)
	}
	if ok, err := b.Replace(ctx, "e:short", []byte("again"), []byte("w")); err != nil || ok {
		t.Errorf("Replace of an ended value = %t, %v", ok, err)
	}
	if ok, err := b.Create(ctx, "e:short", []byte("new"), time.Minute); err != nil || !ok {
		t.Errorf("Create in the place of an ended value = %t, %v", ok, err)
	}
	wantValue(t, b, "e:short", []byte("new"))
}

func kvShortLife(t *testing.T, b kv.Backend, pass func(time.Duration)) {
	for _, ttl := range []time.Duration{time.Nanosecond, time.Millisecond + 1, 0, -time.Second} {
		key := fmt.Sprintf("s:%d", ttl)
		must(t, b.Write(t.Context(), kv.Put(key, []byte("v"), ttl), kv.Add("s:set", key, ttl)))
		if ok, err := b.Create(t.Context(), key+":created", []byte("v"), ttl); err != nil || !ok {
			t.Errorf("Create for %v = %t, %v", ttl, ok, err)
		}
		pass(20 * time.Millisecond)
		wantValue(t, b, key, nil)
		wantValue(t, b, key+":created", nil)
	}
	wantMembers(t, b, "s:set")
}

func kvCreate(t *testing.T, b kv.Backend, pass func(time.Duration)) {
	for i, want := range []bool{true, false, false} {
		got, err := b.Create(t.Context(), "c:{1}", fmt.Append(nil, i), 150*time.Millisecond)
		must(t, err)
		if got != want {
			t.Errorf("Create %d = %t", i, got)
		}
	}
	wantValue(t, b, "c:{1}", []byte("0"))
	pass(200 * time.Millisecond)
	wantValue(t, b, "c:{1}", nil)
}

func kvTake(t *testing.T, b kv.Backend, _ func(time.Duration)) {
	ctx := t.Context()
	for name, v := range awkward() {
		must(t, b.Write(ctx, kv.Put("t:"+name, v, time.Minute)))
		got, err := b.Take(ctx, "t:"+name)
		must(t, err)
		if got == nil || !bytes.Equal(got, v) {
			t.Errorf("Take of %s = %.20q", name, got)
		}
		wantValue(t, b, "t:"+name, nil)
	}
	must(t, b.Write(ctx, kv.Put("t:{1}", []byte("v"), time.Minute), kv.Put("t:{2}", []byte("v"), time.Minute), kv.Add("t:set", "1", time.Minute)))
	before := b.RoundTrips()
	got, err := b.Take(ctx, "t:{1}", kv.Delete("t:{2}"), kv.Remove("t:set", "1"))
	must(t, err)
	if trips := b.RoundTrips() - before; string(got) != "v" || trips != 1 {
		t.Errorf("Take = %q in %d round trips", got, trips)
	}
	wantValue(t, b, "t:{2}", nil)
	wantMembers(t, b, "t:set")
	must(t, b.Write(ctx, kv.Put("t:{2}", []byte("v"), time.Minute)))
	if got, err := b.Take(ctx, "t:{1}", kv.Delete("t:{2}")); err != nil || got != nil {
		t.Errorf("second Take = %q, %v", got, err)
	}
	wantValue(t, b, "t:{2}", nil)
}

func kvSwap(t *testing.T, b kv.Backend, pass func(time.Duration)) {
	ctx := t.Context()
	if got, err := b.Swap(ctx, "x:{1}", []byte("v"), time.Minute); err != nil || got != nil {
		t.Errorf("Swap of nothing = %q, %v", got, err)
	}
	wantValue(t, b, "x:{1}", nil)
	for name, v := range awkward() {
		must(t, b.Write(ctx, kv.Put("x:"+name, v, 150*time.Millisecond)))
		got, err := b.Swap(ctx, "x:"+name, []byte("next"), time.Minute)
		must(t, err)
		if got == nil || !bytes.Equal(got, v) {
			t.Errorf("Swap of %s = %.20q", name, got)
		}
	}
	for name, v := range awkward() {
		before, beside, err := b.SwapBeside(ctx, "x:{1}", []byte("v"), time.Minute, "x:"+name)
		if before != nil || string(beside) != "next" || err != nil {
			t.Errorf("SwapBeside of nothing = %q, %q, %v", before, beside, err)
		}
		must(t, b.Write(ctx, kv.Put("x:{2}", v, time.Minute)))
		before, beside, err = b.SwapBeside(ctx, "x:{2}", []byte("v"), time.Minute, "x:{none}")
		if before == nil || !bytes.Equal(before, v) || beside != nil || err != nil {
			t.Errorf("SwapBeside of %s = %.20q, %q, %v", name, before, beside, err)
		}
	}
	pass(200 * time.Millisecond)
	wantValue(t, b, "x:text", []byte("next")) // the life is the swap's
	if got, err := b.Swap(ctx, "x:text", []byte("last"), 150*time.Millisecond); err != nil || string(got) != "next" {
		t.Errorf("Swap = %q, %v", got, err)
	}
	pass(200 * time.Millisecond)
	wantValue(t, b, "x:text", nil)
}

func kvPutUnless(t *testing.T, b kv.Backend, pass func(time.Duration)) {
	ctx, mark := t.Context(), []byte("mark")
	put := func(value string, ttl time.Duration, want bool, also ...kv.Op) {
		t.Helper()
		if got, err := b.PutUnless(ctx, mark, "u:{1}", []byte(value), ttl, also...); err != nil || got != want {
			t.Errorf("PutUnless(%q) = %t, %v", value, got, err)
		}
	}
	put("first", time.Minute, true)
	put("second", 150*time.Millisecond, true, kv.Put("u:{2}", []byte("along"), time.Minute))
	wantValue(t, b, "u:{1}", []byte("second"))
	wantValue(t, b, "u:{2}", []byte("along"))
	pass(200 * time.Millisecond)
	wantValue(t, b, "u:{1}", nil) // the life is the last put's
	must(t, b.Write(ctx, kv.Put("u:{1}", mark, 150*time.Millisecond)))
	put("third", time.Minute, false, kv.Delete("u:{2}"))
	wantValue(t, b, "u:{1}", mark)
	wantValue(t, b, "u:{2}", nil)
	pass(200 * time.Millisecond)
	put("fourth", time.Minute, true)
	wantValue(t, b, "u:{1}", []byte("fourth"))
}

func kvReplace(t *testing.T, b kv.Backend, pass func(time.Duration)) {
	ctx := t.Context()
	replace := func(old, value string, want bool) {
		t.Helper()
		if got, err := b.Replace(ctx, "r:{1}", []byte(old), []byte(value)); err != nil || got != want {
			t.Errorf("Replace(%q, %q) = %t, %v", old, value, got, err)
		}
	}
	replace("", "a", false)
	replace("a", "b", false)
	must(t, b.Write(ctx, kv.Put("r:{1}", []byte("a"), 300*time.Millisecond)))
	replace("x", "b", false)
	wantValue(t, b, "r:{1}", []byte("a"))
	replace("a", "b", true)
	replace("a", "c", false)
	replace("b", "c", true)
	wantValue(t, b, "r:{1}", []byte("c"))
	pass(350 * time.Millisecond)
	wantValue(t, b, "r:{1}", nil) // as long as the first value was to live
}

func kvCount(t *testing.T, b kv.Backend, pass func(time.Duration)) {
	ctx := t.Context()
	count := func(want []int64, tallies ...kv.Tally) {
		t.Helper()
		before := b.RoundTrips()
		got, err := b.Count(ctx, tallies...)
		must(t, err)
		if trips := b.RoundTrips() - before; !slices.Equal(got, want) || trips != 1 {
			t.Errorf("Count = %d in %d round trips, want %d in 1", got, trips, want)
		}
	}
	window := 300 * time.Millisecond
	count([]int64{0}, kv.Tally{Key: "n:{1}"})
	count([]int64{1}, kv.Tally{Key: "n:{1}", N: 1, TTL: window})
	count([]int64{6, 2, 0}, kv.Tally{Key: "n:{1}", N: 5, TTL: time.Hour}, kv.Tally{Key: "n:{2}", N: 2, TTL: time.Minute}, kv.Tally{Key: "n:{3}"})
	count([]int64{6, 1}, kv.Tally{Key: "n:{1}"}, kv.Tally{Key: "n:{2}", N: -1, TTL: time.Minute})
	pass(window + 50*time.Millisecond)
	count([]int64{0, 1}, kv.Tally{Key: "n:{1}"}, kv.Tally{Key: "n:{2}"})
	count([]int64{3}, kv.Tally{Key: "n:{1}", N: 3, TTL: window})
	pass(window + 50*time.Millisecond)
	count([]int64{0}, kv.Tally{Key: "n:{1}"})
}

func wantMembers(t *testing.T, b kv.Backend, set string, want ...string) {
	t.Helper()
	got, err := b.Members(t.Context(), set)
	must(t, err)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("Members(%q) = %q, want %q", set, got, want)
	}
}

func kvMembers(t *testing.T, b kv.Backend, pass func(time.Duration)) {
	ctx := t.Context()
	wantMembers(t, b, "m:1")
	must(t, b.Write(ctx, kv.Add("m:1", "long", time.Minute), kv.Add("m:1", "short", 150*time.Millisecond), kv.Add("m:1", "renewed", 150*time.Millisecond)))
	wantMembers(t, b, "m:1", "long", "renewed", "short")
	must(t, b.Write(ctx, kv.Add("m:1", "renewed", time.Minute)))
	pass(200 * time.Millisecond)
	wantMembers(t, b, "m:1", "long", "renewed")
	must(t, b.Write(ctx, kv.Add("m:2", "short", 100*time.Millisecond)))
	must(t, b.Write(ctx, kv.Add("m:2", "long", time.Minute)))
	pass(150 * time.Millisecond)
	wantMembers(t, b, "m:2", "long") // the set outlives its first member
}

func kvPing(t *testing.T, b kv.Backend, _ func(time.Duration)) {
	before := b.RoundTrips()
	must(t, b.Ping(t.Context()))
	if trips := b.RoundTrips() - before; trips != 1 {
		t.Errorf("Ping took %d round trips", trips)
	}
	if s := b.Stats(); s.Open < 1 || s.Idle > s.Open {
		t.Errorf("Stats = %+v", s)
	}
}
