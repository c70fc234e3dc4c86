package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// startProfile has the server profile itself from now on, for as long as a
// measurement is counted, if -profile asks for that. What it returns waits for
// the end.
func (b *bench) startProfile(r running, name string) func() error {
	if b.profile == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- b.takeProfile(r.metrics, name) }()
	return func() error { return <-done }
}

func (b *bench) takeProfile(metrics, name string) error {
	time.Sleep(b.spell.warm)
	seconds := int(math.Ceil(b.spell.counted.Seconds()))
	answer, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", metrics, seconds))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("profile: %s: %s", answer.Status, clip(raw))
	}
	return os.WriteFile(filepath.Join(b.dir, name+profileSuffix), raw, 0o600)
}

const profileSuffix = ".pprof"

// mergeProfiles makes one of all that were taken.
func (b *bench) mergeProfiles(ctx context.Context) error {
	all, err := filepath.Glob(filepath.Join(b.dir, "*"+profileSuffix))
	if err != nil || len(all) == 0 {
		return err
	}
	args := append([]string{"tool", "pprof", "-proto", "-output", b.profile}, all...)
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go tool pprof: %w\n%s", err, out)
	}
	return nil
}
