// Command picture takes the picture of the sign-in page that README.md shows:
// of the running demo, as a browser draws it today. Port 8081 must be free: the
// page names the console by its address.
//
//	go run ./test/browser/picture docs/img/signin.png
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"signet/cmd/signet/cli"
)

// shot is how the picture is taken.
type shot struct {
	width, height int64 // of the window, in CSS pixels
	scale         float64
	lang, colours string
}

func main() {
	var s shot
	flag.Int64Var(&s.width, "width", 600, "width of the window in CSS `pixels`")
	flag.Int64Var(&s.height, "height", 650, "height of the window in CSS `pixels`")
	flag.Float64Var(&s.scale, "scale", 2, "pixels of the picture for each of them")
	flag.StringVar(&s.lang, "lang", "en", "`language` that the browser asks for")
	flag.StringVar(&s.colours, "colours", "light", "light or dark")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "picture: which file? give its name")
		os.Exit(2)
	}
	if err := run(s, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(s shot, file string) error {
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan cli.Ready, 1), make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, cli.Process{
			Args:  []string{"demo", "--port", "0", "--frames-port", "0"},
			Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: os.Stderr, Ready: func(r cli.Ready) { ready <- r },
		})
		close(ended)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	select {
	case r := <-ready:
		picture, err := s.take(ctx, r.Apps[0]+"/login")
		if err != nil {
			return err
		}
		return os.WriteFile(file, picture, 0o644)
	case code := <-ended:
		return fmt.Errorf("signet demo ended with status %d", code)
	}
}

// take returns the PNG of the page at the address.
func (s shot) take(ctx context.Context, address string) ([]byte, error) {
	path := cmp.Or(os.Getenv("SIGNET_TEST_CHROMIUM"), "chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, closeTab := chromedp.NewContext(ctx)
	defer closeTab()
	if err := chromedp.Do(ctx, chromedp.Func(s.emulate), chromedp.Navigate(address)); err != nil {
		return nil, err
	}
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}

func (s shot) emulate(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: s.width, Height: s.height, DeviceScaleFactor: s.scale,
	})
	if err != nil {
		return err
	}
	_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: s.colours}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	if err != nil {
		return err
	}
	_, err = cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	if err != nil {
		return err
	}
	_, err = cdp.Call(ctx, t, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "picture", AcceptLanguage: s.lang})
	return err
}
