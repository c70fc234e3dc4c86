// Package agent is a device without a keyboard, as a program: it gets itself
// connected by its owner (RFC 8628), keeps its tokens in a file, and from then
// on reports to the console with them.
//
// Like the console it knows no more of the provider than any app would: its
// address and a client registered there.
package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"signet/cmd/console/app"
)

// Config says where to report, and how the device is known to the provider.
type Config struct {
	Issuer     string // the provider's URL, as it calls itself
	ClientID   string // of a public client for devices
	ConsoleURL string // of the console
	Name       string // of the device
	// Organization is asked for, by its id or slug, or * for one that the owner
	// chooses; "": the device is the person's own.
	Organization string
	State        string        // file for the tokens
	Every        time.Duration // between two reports
	Once         bool          // stop after the first report
	QR           bool          // show a QR code beside the address

	Stdout io.Writer
	Client *http.Client
}

// scopes are what the device asks for: to be known, to report, and to go on
// while its owner is away.
var scopes = []string{oidc.ScopeOpenID, oidc.ScopeOfflineAccess, app.ScopeReport}

// device is the agent at work.
type device struct {
	Config
	ctx     context.Context // carries the HTTP client for the libraries
	oauth   oauth2.Config
	kept    *keptTokens
	started time.Time
}

// errUnauthorized is the console's answer to a token that is not good any more.
var errUnauthorized = errors.New("the console does not take the access token")

// Run connects the device if it is not, and reports until ctx ends. A provider
// or console that is away for a while is waited for.
func Run(ctx context.Context, c Config) error {
	d := &device{Config: c, ctx: oidc.ClientContext(ctx, c.Client), started: time.Now()}
	provider, err := oidc.NewProvider(d.ctx, c.Issuer)
	if err != nil {
		return fmt.Errorf("the provider %s does not answer as one: %w", c.Issuer, err)
	}
	d.oauth = oauth2.Config{ClientID: c.ClientID, Endpoint: provider.Endpoint(), Scopes: scopes}
	if c.Organization != "" {
		d.oauth.Scopes = append([]string{"organizations"}, scopes...)
	}
	d.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	if d.oauth.Endpoint.DeviceAuthURL == "" {
		return fmt.Errorf("the provider %s connects no devices: its metadata has no device_authorization_endpoint", c.Issuer)
	}
	if d.kept, err = openTokens(c.State, c.Issuer+" "+c.ClientID); err != nil {
		return err
	}
	for {
		err := d.report()
		switch {
		case ctx.Err() != nil:
			return nil // told to stop
		case refused(err):
			// Its owner took it back, or nobody ever connected it.
			if err := d.connect(); err != nil {
				return stopped(ctx, err)
			}
			continue
		case err != nil && c.Once:
			return err
		case err != nil:
			d.say("Not reported: %v", err)
		case c.Once:
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(c.Every):
		}
	}
}

// stopped is no error when the program was told to stop.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (d *device) say(format string, args ...any) {
	fmt.Fprintf(d.Stdout, format+"\n", args...)
}

// connect shows a code and waits until somebody decides.
func (d *device) connect() error {
	for {
		var more []oauth2.AuthCodeOption
		if d.Organization != "" {
			more = append(more, oauth2.SetAuthURLParam("organization", d.Organization))
		}
		codes, err := d.oauth.DeviceAuth(d.ctx, more...)
		if err != nil {
			return fmt.Errorf("asking to be connected: %w", explain(err))
		}
		d.show(codes)
		token, err := d.oauth.DeviceAccessToken(d.ctx, codes)
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) && answer.ErrorCode == "expired_token" || errors.Is(err, context.DeadlineExceeded) {
			d.say("Nobody came in time. Here is a new code.")
			continue
		}
		if err != nil {
			return fmt.Errorf("waiting to be connected: %w", explain(err))
		}
		d.say("Connected.")
		return d.kept.put(token)
	}
}

// token returns an access token that is good, refreshed if need be.
func (d *device) token() (*oauth2.Token, error) {
	now := d.kept.token
	if now == nil {
		return nil, errNotConnected
	}
	fresh, err := d.oauth.TokenSource(d.ctx, now).Token()
	if err != nil {
		return nil, fmt.Errorf("refreshing: %w", err)
	}
	if fresh.AccessToken == now.AccessToken {
		return fresh, nil
	}
	// The old refresh token is spent: the new one is kept before it is used.
	return fresh, d.kept.put(fresh)
}

// report tells the console how the device is. A token that the console does not
// take is refreshed once.
func (d *device) report() error {
	err := d.send()
	if errors.Is(err, errUnauthorized) && d.kept.token != nil {
		d.kept.token.Expiry = time.Unix(1, 0)
		err = d.send()
	}
	return err
}

func (d *device) send() error {
	token, err := d.token()
	if err != nil {
		return err
	}
	body, err := json.Marshal(app.Report{
		Name: d.Name, Version: version(), Uptime: int64(time.Since(d.started) / time.Second), Readings: readings(d.started),
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(d.ctx, http.MethodPost, strings.TrimSuffix(d.ConsoleURL, "/")+"/api/reports", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	token.SetAuthHeader(req)
	resp, err := d.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 300)) // for the message alone
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		return errUnauthorized
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("the console answers %s: %s", resp.Status, strings.TrimSpace(string(said)))
	}
	d.say("Reported to %s as %q.", d.ConsoleURL, d.Name)
	return nil
}

var errNotConnected = errors.New("the device is not connected")

// refused reports whether only the owner can make it go on.
func refused(err error) bool {
	var answer *oauth2.RetrieveError
	return errors.Is(err, errNotConnected) || errors.Is(err, errUnauthorized) || errors.As(err, &answer) && answer.ErrorCode == "invalid_grant"
}

// explain says what the provider answered, in one line.
func explain(err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) || answer.ErrorCode == "" {
		return err
	}
	if answer.ErrorCode == "access_denied" {
		return errors.New("its owner refused")
	}
	return fmt.Errorf("the provider answers %s: %s", answer.ErrorCode, answer.ErrorDescription)
}
