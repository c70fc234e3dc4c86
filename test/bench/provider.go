package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// provider is the built program with its settings, running or not.
type provider struct {
	binary  string
	core    int
	host    string
	metrics string
	env     []string
	cmd     *exec.Cmd
	log     bytes.Buffer
}

const accountPassword = "Correct-Horse-9"

// build compiles the provider as it is released: static.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "signet")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "signet/cmd/signet")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// newProvider settles the settings; s is nil for the embedded stores.
func newProvider(binary, dir string, core int, s *stores) (*provider, error) {
	host, err := freeAddress()
	if err != nil {
		return nil, err
	}
	metrics, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &provider{binary: binary, core: core, host: host, metrics: metrics}
	// Nothing of the caller's SIGNET_ settings may leak in.
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir,
		"SIGNET_ISSUER=http://" + host, "SIGNET_LISTEN=" + host, "SIGNET_DATA=" + dir,
		"SIGNET_LIMITS_EXEMPT=127.0.0.0/8", "SIGNET_LOG_LEVEL=error", "SIGNET_METRICS_LISTEN=" + metrics,
		"SIGNET_METRICS_PROFILES=true", // costs nothing until somebody asks for one
	}
	if s != nil {
		p.env = append(p.env, "SIGNET_DATABASE_URL="+s.postgres, "SIGNET_REDIS_URL="+s.redis)
	}
	return p, nil
}

// freeAddress returns an address that nobody listens on at the moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// command runs one of the provider's commands to its end.
func (p *provider) command(ctx context.Context, stdin string, args ...string) error {
	cmd := exec.CommandContext(ctx, p.binary, args...)
	cmd.Env, cmd.Stdin = p.env, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("signet %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// declare makes the clients and the accounts.
func (p *provider) declare(ctx context.Context, dir string, accounts int) error {
	file := filepath.Join(dir, "bench.yaml")
	if err := os.WriteFile(file, []byte(declaration()), 0o600); err != nil {
		return err
	}
	if err := p.command(ctx, "", "apply", "-f", file); err != nil {
		return err
	}
	return p.command(ctx, "", "seed", "--accounts", strconv.Itoa(accounts),
		"--email", "user@example.com", "--password", accountPassword)
}

func declaration() string {
	var b strings.Builder
	b.WriteString("clients:\n")
	for _, a := range []*app{&appES256, &appRS256, &appService, &appOpaque} {
		fmt.Fprintf(&b, "  - id: %s\n    name: %s\n    secret: %s\n    auth_method: client_secret_basic\n    trusted: true\n", a.id, a.id, appSecret)
		if a.opaque {
			b.WriteString("    access_token_format: opaque\n")
		}
		if !a.openid {
			b.WriteString("    grant_types: [client_credentials]\n    scopes: [devices]\n")
			continue
		}
		fmt.Fprintf(&b, "    redirect_uris: [%s]\n    grant_types: [authorization_code, refresh_token]\n"+
			"    scopes: [openid, profile, email, offline_access]\n    id_token_signed_response_alg: %s\n", callback, a.alg)
	}
	return b.String()
}

// start starts the server and returns how long it took to the first 200.
func (p *provider) start() (time.Duration, error) {
	p.log.Reset()
	cmd := exec.Command(p.binary, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &p.log, &p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := startOn(p.core, cmd); err != nil {
		return 0, err
	}
	p.cmd = cmd
	c := newConn(p.host)
	defer c.close()
	var q request
	for {
		a, err := c.do(q.get(p.host, "/readyz"))
		took := time.Since(began)
		if err == nil && a.status == 200 {
			return took, nil
		}
		if took > 30*time.Second {
			return 0, errors.Join(fmt.Errorf("no answer after %v: %w\n%s", took, err, p.log.String()), p.stop())
		}
		if stat, err := readStat(cmd.Process.Pid); err != nil || stat.parent != os.Getpid() || zombie(cmd.Process.Pid) {
			return 0, fmt.Errorf("signet serve ended: %w\n%s", cmd.Wait(), p.log.String())
		}
		time.Sleep(time.Millisecond)
	}
}

func zombie(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := bytes.LastIndexByte(raw, ')')
	return err != nil || i < 0 || len(raw) < i+3 || raw[i+2] == 'Z'
}

// stop ends the server as a service manager does.
func (p *provider) stop() error {
	if p.cmd == nil {
		return nil
	}
	cmd := p.cmd
	p.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("signet serve: %w\n%s", err, p.log.String())
	}
	return nil
}

// starts measures several starts with the database that exists by now, and
// returns the middle one.
func (p *provider) starts(n int) (time.Duration, error) {
	var all []time.Duration
	for range n {
		took, err := p.start()
		if err != nil {
			return 0, err
		}
		all = append(all, took)
		if err := p.stop(); err != nil {
			return 0, err
		}
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// target describes the running server to the workers.
func (p *provider) target(accounts int) (*target, error) {
	t := &target{host: p.host, issuer: "http://" + p.host, accounts: accounts, password: accountPassword, seen: newSeen()}
	c := newConn(p.host)
	defer c.close()
	var q request
	a, err := c.do(q.get(p.host, "/keys"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(a.body, &t.keys); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(t.keys.Keys, func(k jose.JSONWebKey) bool { return k.Algorithm == "RS256" }) {
		return nil, fmt.Errorf("no RS256 key is published: %s", clip(a.body))
	}
	return t, nil
}
