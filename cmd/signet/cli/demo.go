package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"signet/cmd/console/app"
	"signet/config"
	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/org"
	"signet/internal/resource"
)

// The demo's people and apps.
const (
	demoEmail    = "ada@example.com"
	demoViewer   = "charles@example.com"
	demoPassword = "correct-Horse-9"
	demoSlug     = "engines"
)

type demoFlags struct {
	data                  string
	port, console, frames int
	verbose               bool
}

func demoCommand(p *Process) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try it: a provider, its mailbox and two sample apps",
		Long: "Run a provider with a demo user, a mailbox and two sample apps, all in this process.\n" +
			"Nothing is kept unless --data names a folder.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context(), p, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "keep everything in this `folder` (default: a temporary one)")
	flags.IntVar(&f.port, "port", 8080, "`port` of the provider; 0, here and below: any that is free")
	flags.IntVar(&f.console, "console-port", 8081, "`port` of the device console")
	flags.IntVar(&f.frames, "frames-port", 8082, "`port` of Photo Frame, the other app")
	flags.BoolVar(&f.verbose, "verbose", false, "log each request")
	return cmd
}

// demoApp is one of the two sample apps.
type demoApp struct {
	flavor, id, name, accent string
	scopes                   []string // beside openid, profile, email and offline_access
	listener                 net.Listener
	secret                   string
}

func (a *demoApp) url() string {
	_, port, _ := net.SplitHostPort(a.listener.Addr().String())
	return "http://localhost:" + port
}

func demo(ctx context.Context, p *Process, f demoFlags) error {
	data, temporary := f.data, f.data == ""
	if temporary {
		dir, err := os.MkdirTemp("", "signet-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		data = dir
	}
	apps := []*demoApp{
		{flavor: app.Console, id: "console", name: "Device console", accent: "#0f766e", scopes: []string{"organizations", resource.OrganizationsRead, resource.OrganizationsWrite}, secret: client.NewSecret()},
		{flavor: app.Frames, id: "frames", name: "Photo Frame", accent: "#9a3412", secret: client.NewSecret()},
	}
	for i, port := range []int{f.console, f.frames} {
		l, err := demoListen(port, []string{"--console-port", "--frames-port"}[i])
		if err != nil {
			return err
		}
		defer l.Close()
		apps[i].listener = l
	}
	cfg, err := demoConfig(f, data)
	if err != nil {
		return err
	}
	return runDemo(ctx, p, cfg, apps, temporary, f.verbose)
}

// demoListen says which flag changes a port that is taken.
func demoListen(port int, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("port %d is taken by another program: choose another with %s", port, flag)
	}
	return l, nil
}

func demoConfig(f demoFlags, data string) (*config.Config, error) {
	cfg := config.Default()
	// Looked at before it is listened on, so that the message names the flag.
	l, err := demoListen(f.port, "--port")
	if err != nil {
		return nil, err
	}
	cfg.Listen = l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	cfg.Data = filepath.Clean(data)
	cfg.Metrics.Listen = config.Off
	cfg.Outbound.AllowPrivate = true // the apps are on this machine, and are told of sign-outs
	// An app asks again when its access token ends, so that a sign-out at one is
	// seen at the other while somebody is watching.
	cfg.Lifetimes.AccessToken = time.Minute
	cfg.Lifetimes.DeviceInterval = time.Second // nobody waits for the device longer than for the person
	cfg.Log.Level = slog.LevelWarn
	if f.verbose {
		cfg.Log.Level = slog.LevelInfo
	}
	return cfg, cfg.Complete()
}

func runDemo(ctx context.Context, p *Process, cfg *config.Config, apps []*demoApp, temporary, verbose bool) error {
	log := newLog(cfg, p.Stderr)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	started := make(chan Ready, 1)
	outer := *p
	outer.Ready = func(r Ready) { started <- r }
	group.Go(func() error {
		defer cancel()
		return serve(ctx, &outer, cfg, serveOptions{log: log, mailbox: true, before: func(ctx context.Context, h *house) error {
			return furnish(ctx, h, apps)
		}})
	})
	select {
	case ready := <-started:
		if err := startApps(ctx, &group, cfg.Issuer, apps, log); err != nil {
			cancel()
			return errors.Join(err, group.Wait())
		}
		welcome(p, cfg, apps, temporary)
		if p.Ready != nil {
			for _, a := range apps {
				ready.Apps = append(ready.Apps, a.url())
			}
			p.Ready(ready)
		}
	case <-ctx.Done():
	}
	return group.Wait()
}

// furnish declares the demo's user and apps; a folder that was kept has them.
func furnish(ctx context.Context, h *house, apps []*demoApp) error {
	for _, a := range apps {
		u := a.url()
		err := h.clients.Put(ctx, &client.Client{
			ID: a.id, Trusted: true, Accent: a.accent, Scopes: append([]string{"openid", "profile", "email", "offline_access"}, a.scopes...),
			Metadata: client.Metadata{
				Name:             a.name,
				ClientURI:        u + "/",
				InitiateLoginURI: u + "/login",
				RedirectURIs:     []string{u + "/callback"},
				PostLogoutURIs:   []string{u + "/"},
				BackchannelURI:   u + "/logout/backchannel", BackchannelSession: true,
				FrontchannelURI: u + "/logout/frontchannel", FrontchannelSession: true,
				GrantTypes: []string{client.GrantCode, client.GrantRefresh},
			},
		}, a.secret)
		if err != nil {
			return err
		}
	}
	if err := h.clients.Put(ctx, demoAgent(apps[0]), ""); err != nil {
		return err
	}
	return people(ctx, h)
}

// people makes the demo's people and their organization.
func people(ctx context.Context, h *house) error {
	if _, err := h.accounts.ByEmail(ctx, demoEmail); err == nil {
		return nil
	}
	ada, err := h.accounts.Create(ctx, account.New{
		Email: demoEmail, Password: demoPassword, Verified: true,
		Profile: account.Profile{GivenName: "Ada", FamilyName: "Lovelace", Birthdate: "1815-12-10", Locale: "en"},
	})
	if err != nil {
		return err
	}
	charles, err := h.accounts.Create(ctx, account.New{
		Email: demoViewer, Password: demoPassword, Verified: true,
		Profile: account.Profile{GivenName: "Charles", FamilyName: "Babbage", Birthdate: "1791-12-26", Locale: "en"},
	})
	if err != nil {
		return err
	}
	o, err := h.orgs.Create(ctx, "Analytical Engines", demoSlug, ada.ID, org.Operator)
	if err != nil {
		return err
	}
	return h.orgs.Put(ctx, o.ID, charles.ID, org.Viewer)
}

// demoAgent is the client of devices that report to the console.
func demoAgent(console *demoApp) *client.Client {
	return &client.Client{
		ID: "agent", Trusted: true, Accent: console.accent, Scopes: []string{"openid", "organizations", "offline_access", app.ScopeReport},
		Metadata: client.Metadata{
			Name:       "Device agent",
			ClientURI:  console.url() + "/",
			GrantTypes: []string{client.GrantDevice, client.GrantRefresh},
		},
	}
}

func startApps(ctx context.Context, group *errgroup.Group, issuer string, apps []*demoApp, log *slog.Logger) error {
	for i, a := range apps {
		other := apps[(i+1)%len(apps)]
		key := make([]byte, 32)
		rand.Read(key)
		handler, err := app.New(app.Config{
			Flavor: a.flavor, Name: a.name, BaseURL: a.url(), Issuer: issuer, ClientID: a.id, ClientSecret: a.secret,
			Organizations: a.flavor == app.Console, CookieKey: key, Sibling: app.Link{Name: other.name, URL: other.url()}, Logger: log,
		})
		if err != nil {
			return err
		}
		srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		group.Go(func() error { return notClosed(srv.Serve(a.listener)) })
		group.Go(func() error { <-ctx.Done(); return srv.Close() })
	}
	return nil
}

func welcome(p *Process, cfg *config.Config, apps []*demoApp, temporary bool) {
	kept := "is kept in " + cfg.Data
	if temporary {
		kept = "is gone when you stop (--data FOLDER keeps it)"
	}
	u, _ := url.JoinPath(cfg.Issuer, "mailbox")
	fmt.Fprintf(p.Stdout, `
Signet is running. Everything is in this process, and %s.

  Device console   %s
  Photo Frame      %s
  Your account     %s/account
  Mailbox          %s

Try this:
  1. Open the device console and choose "Sign in".
  2. Sign in as  %s  with the password  %s
     or make an account: its code is in the mailbox.
  3. Open Photo Frame: you are signed in there already.
  4. Sign in from another browser: a mail in the mailbox tells you of it.
  5. Sign in as  %s  with the same password: in the same organization he sees
     the devices and changes none. Whoever makes an account makes an organization, too.
  6. Play a device without a keyboard, which then appears in the device console:
     go run ./cmd/console agent -issuer %s -console %s
     With -organization '*' you choose which of your organizations it is for.

Stop with Ctrl-C.
`, kept, apps[0].url(), apps[1].url(), cfg.Issuer, u, demoEmail, demoPassword, demoViewer, cfg.Issuer, apps[0].url())
}
