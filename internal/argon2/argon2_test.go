package argon2

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	xargon2 "golang.org/x/crypto/argon2"
)

// TestRFC9106 is the vector of §5.3.
func TestRFC9106(t *testing.T) {
	const want = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
	same := func(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
	var m Memory
	for range 2 { // in fresh memory, and in used
		key := m.deriveKey(same(1, 32), same(2, 16), same(3, 8), same(4, 12), 3, 32, 4, 32)
		if got := hex.EncodeToString(key); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestReference is what the reference implementation's command line makes of
// "password" and "somesalt".
func TestReference(t *testing.T) {
	var m Memory
	for _, tt := range []struct {
		time, memory uint32
		threads      uint8
		want         string
	}{
		{1, 64, 1, "655ad15eac652dc59f7170a7332bf49b8469be1fdb9c28bb"},
		{2, 64, 1, "068d62b26455936aa6ebe60060b0a65870dbfa3ddf8d41f7"},
		{2, 64, 2, "350ac37222f436ccb5c0972f1ebd3bf6b958bf2071841362"},
		{3, 256, 2, "4668d30ac4187e6878eedeacf0fd83c5a0a30db2cc16ef0b"},
		{4, 4096, 4, "145db9733a9f4ee43edf33c509be96b934d505a4efb33c5a"},
		{4, 1024, 8, "8dafa8e004f8ea96bf7c0f93eecf67a6047476143d15577f"},
		{2, 64, 3, "4a15b31aec7c2590b87d1f520be7d96f56658172deaa3079"},
		{3, 1024, 6, "1640b932f4b60e272f5d2207b9a9c626ffa1bd88d2349016"},
	} {
		if got := hex.EncodeToString(m.IDKey([]byte("password"), []byte("somesalt"), tt.time, tt.memory, tt.threads, 24)); got != tt.want {
			t.Errorf("t=%d m=%d p=%d: got %s, want %s", tt.time, tt.memory, tt.threads, got, tt.want)
		}
	}
}

// TestAsXCrypto compares with x/crypto over many costs, in one memory that
// grows, is used in part, and is never cleared.
func TestAsXCrypto(t *testing.T) {
	var m Memory
	bytes := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		return b
	}
	for i := range 400 {
		password, salt := bytes(rand.IntN(300)), bytes(rand.IntN(40))
		if i%50 == 0 {
			password, salt = bytes(1<<16), bytes(1<<12)
		}
		same(t, &m, password, salt, 1+rand.Uint32N(4), rand.Uint32N(3000), byte(1+rand.UintN(9)), 1+rand.Uint32N(200))
	}
	same(t, &m, nil, nil, 1, 0, 1, 4)
	same(t, &m, bytes(20), bytes(16), 2, 19<<10, 1, 32)
	same(t, &m, bytes(20), bytes(16), 1, 19<<10+7, 255, 32)
	if want := (19<<10 + 7) / (4 * 255) * (4 * 255) << 10; m.Size() != max(want, 19<<20) {
		t.Errorf("%d bytes are kept", m.Size())
	}
}

func same(t *testing.T, m *Memory, password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) {
	t.Helper()
	want := xargon2.IDKey(password, salt, time, memory, threads, keyLen)
	if got := m.IDKey(password, salt, time, memory, threads, keyLen); !bytes.Equal(got, want) {
		t.Errorf("%x, %x, t=%d m=%d p=%d k=%d: got %x, want %x", clip(password), clip(salt), time, memory, threads, keyLen, got, want)
	}
}

func clip(b []byte) []byte { return b[:min(len(b), 64)] }

// TestGenericAsAssembly: what other processors compute is what this one's
// assembly does. On those it compares the generic code with itself.
func TestGenericAsAssembly(t *testing.T) {
	for range 1000 {
		var x, y, out block
		for i := range x {
			x[i], y[i], out[i] = rand.Uint64(), rand.Uint64(), rand.Uint64()
		}
		got, want := out, out
		processBlock(&got, &x, &y)
		processBlockGeneric(&want, &x, &y, false)
		if got != want {
			t.Fatal("processBlock")
		}
		got, want = out, out
		processBlockXOR(&got, &x, &y)
		processBlockGeneric(&want, &x, &y, true)
		if got != want {
			t.Fatal("processBlockXOR")
		}
	}
}

// TestMemoriesApart: hashes in memories of their own do not meet.
func TestMemoriesApart(t *testing.T) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			var m Memory
			for j := range 10 {
				same(t, &m, fmt.Appendf(nil, "%d %d", i, j), []byte("somesalt"), 2, 256, 2, 32)
			}
		})
	}
	all.Wait()
}

// FuzzAsXCrypto keeps one memory over all inputs, as a server does.
func FuzzAsXCrypto(f *testing.F) {
	f.Add([]byte("correct-Horse-9"), []byte("0123456789abcdef"), uint8(2), uint16(64), uint8(1), uint8(32))
	f.Add([]byte{}, []byte{}, uint8(1), uint16(0), uint8(1), uint8(4))
	f.Add(bytes.Repeat([]byte("long"), 600), []byte("salt"), uint8(3), uint16(1001), uint8(7), uint8(65))
	var m Memory
	f.Fuzz(func(t *testing.T, password, salt []byte, time uint8, memory uint16, threads, keyLen uint8) {
		same(t, &m, password, salt, 1+uint32(time%5), uint32(memory%4096), max(threads, 1), max(uint32(keyLen), 1))
	})
}

// What a sign-in hashes, in kept memory and by x/crypto.
func BenchmarkIDKey(b *testing.B) {
	password, salt := []byte("a password"), make([]byte, 16)
	b.Run("kept", func(b *testing.B) {
		var m Memory
		for b.Loop() {
			m.IDKey(password, salt, 2, 19<<10, 1, 32)
		}
	})
	b.Run("xcrypto", func(b *testing.B) {
		for b.Loop() {
			xargon2.IDKey(password, salt, 2, 19<<10, 1, 32)
		}
	})
}
