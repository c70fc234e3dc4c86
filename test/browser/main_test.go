package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is the one browser process of the suite. Each visitor has a context
// of its own in it, as a private window has: no cookie is shared.
var chromium context.Context

// axe is the source of axe-core.
var axe string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	stop, err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	if programs, err = os.MkdirTemp("", "signet-programs-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer removeAll(programs)
	return m.Run()
}

// start starts Chromium and reads axe-core.
func start() (stop func(), err error) {
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		return nil, errors.New("axe-core is missing: run `make test`, which installs it, or `make browser-deps`")
	}
	axe = string(source)
	path, err := exec.LookPath(cmp.Or(os.Getenv("SIGNET_TEST_CHROMIUM"), "chromium"))
	if err != nil {
		return nil, fmt.Errorf("Chromium is missing (%w): run `make test`, which installs it, or set SIGNET_TEST_CHROMIUM", err)
	}
	profile, err := os.MkdirTemp("", "signet-browser-")
	if err != nil {
		return nil, err
	}
	if err := ordinary(profile); err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		// Sites of their own on this machine, with certificates of no known authority.
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"), chromedp.Flag("ignore-certificate-errors", true),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator)
	stop = func() {
		stopBrowser()
		stopAllocator()
		removeAll(profile)
	}
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, fmt.Errorf("%s does not start: %w", path, err)
	}
	chromium = ctx
	return stop, nil
}

// ordinary lets the private windows of the profile show cookies to frames of other
// sites where these allow it, as ordinary windows do.
func ordinary(profile string) error {
	dir := filepath.Join(profile, "Default")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "Preferences"), []byte(`{"profile":{"cookie_controls_mode":0}}`), 0o600)
}

// removeAll removes the profile, into which the browser's last processes may
// write for a moment more.
func removeAll(dir string) {
	for range 50 {
		if os.RemoveAll(dir) == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}
