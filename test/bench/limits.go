package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Limits are what this machine can do at most, measured in the same run. CPU
// figures are per second of CPU of one core, so that what else runs on the
// machine does not count; the others are per second of the clock.
type Limits struct {
	RS256  float64 `json:"rs256_per_core_second"` // RSA-2048
	ES256  float64 `json:"es256_per_core_second"`
	EdDSA  float64 `json:"eddsa_per_core_second"`
	Argon2 float64 `json:"argon2id_per_core_second"` // 19 MiB, 2 passes, 1 lane

	Bare map[int]Row `json:"bare"` // by the number of workers

	SQLiteCommits float64         `json:"sqlite_commits"` // WAL, synchronous=FULL
	PgCommits     map[int]float64 `json:"postgres_commits,omitempty"`
	RedisGets     map[int]float64 `json:"redis_gets,omitempty"`
}

// Roles in which this program runs itself, on the server's core.
const (
	roleBare = "role-bare"
	roleCore = "role-core"
)

// asRole runs one of the roles; false when the arguments name none.
func asRole(args []string, in io.Reader, out io.Writer) (bool, error) {
	if len(args) == 0 {
		return false, nil
	}
	switch args[0] {
	case roleBare:
		return true, serveBare(in, out)
	case roleCore:
		return true, json.NewEncoder(out).Encode(measureCore(args[1], args[2]))
	}
	return false, nil
}

// startRole starts this program in a role, on the core, with one processor to
// run Go code on.
func startRole(core int, args ...string) (*exec.Cmd, io.Reader, io.Closer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	return cmd, out, in, startOn(core, cmd)
}

// serveBare is the handler that everything else is compared with: routing,
// a few headers and a small JSON body, by net/http as it comes.
func serveBare(in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	body := []byte(`{"ok":true}`)
	mux.HandleFunc("GET /bare", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	})
	fmt.Fprintln(out, l.Addr())
	go func() {
		io.Copy(io.Discard, in) // ends when the parent closes it, or dies
		l.Close()
	}()
	if err := http.Serve(l, mux); !strings.Contains(err.Error(), "use of closed") {
		return err
	}
	return nil
}

// measureBare drives the bare handler as the provider is driven, and so also
// says what the generator can do.
func (b *bench) measureBare() error {
	cmd, out, in, err := startRole(b.serverCore, roleBare)
	if err != nil {
		return err
	}
	defer func() {
		in.Close()
		cmd.Wait()
	}()
	var addr string
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		return err
	}
	t := &target{host: addr, seen: newSeen()}
	s := &scenario{name: "bare", of: limitBare, once: document("/bare")}
	b.limits.Bare = map[int]Row{}
	for _, n := range b.workers {
		row, err := b.measure(t, s, n, running{server: cmd.Process.Pid})
		if err != nil {
			return err
		}
		b.limits.Bare[n] = row
	}
	return nil
}

// measureCoreApart runs measureCore in a process on the server's core.
func (b *bench) measureCoreApart() error {
	cmd, out, in, err := startRole(b.serverCore, roleCore, b.spell.counted.String(), b.dir)
	if err != nil {
		return err
	}
	defer in.Close()
	b.limits = Limits{}
	if err := json.NewDecoder(out).Decode(&b.limits); err != nil {
		return err
	}
	return cmd.Wait()
}

// measureCore counts what the core does of each kind, for about so long each.
func measureCore(long, dir string) Limits {
	span, err := time.ParseDuration(long)
	if err != nil || span > 2*time.Second {
		span = 2 * time.Second
	}
	digest := sha256.Sum256([]byte("what is signed"))
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	salt := make([]byte, 16)
	sign := func(key crypto.Signer, hash crypto.Hash, what []byte) func() {
		return func() {
			if _, err := key.Sign(rand.Reader, what, hash); err != nil {
				panic(err)
			}
		}
	}
	return Limits{
		RS256:         perCoreSecond(span, sign(rsaKey, crypto.SHA256, digest[:])),
		ES256:         perCoreSecond(span, sign(ecKey, crypto.SHA256, digest[:])),
		EdDSA:         perCoreSecond(span, sign(edKey, 0, digest[:])),
		Argon2:        perCoreSecond(span, func() { argon2.IDKey([]byte("a password"), salt, 2, 19<<10, 1, 32) }),
		SQLiteCommits: sqliteCommits(span, dir),
	}
}

func perCoreSecond(span time.Duration, once func()) float64 {
	once() // the first is slower
	began, cpu, n := time.Now(), ownCPU(), 0
	for time.Since(began) < span {
		once()
		n++
	}
	return float64(n) / (ownCPU() - cpu).Seconds()
}

// sqliteCommits is how many single inserts are on the disk in a second, 0 if
// it cannot be measured.
func sqliteCommits(span time.Duration, dir string) float64 {
	path := filepath.Join(dir, "limit.db")
	os.Remove(path) // of the time before; that there is none is no error
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return 0
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE limits (id INTEGER PRIMARY KEY, v TEXT NOT NULL)"); err != nil {
		return 0
	}
	insert, err := db.Prepare("INSERT INTO limits (v) VALUES (?)")
	if err != nil {
		return 0
	}
	began, n := time.Now(), 0
	for time.Since(began) < span {
		if _, err := insert.ExecContext(context.Background(), "a value of some length, as a row has"); err != nil {
			return 0
		}
		n++
	}
	return float64(n) / time.Since(began).Seconds()
}
