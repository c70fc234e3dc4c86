package account

import (
	"context"
	"time"

	"signet/internal/handle"
	"signet/internal/outbox"
)

// BrowserStore keeps in which browsers an account has signed in. It lasts:
// were it lost with the sessions, every next sign-in would look like a
// stranger's.
type BrowserStore interface {
	// Browser returns when the account last signed in with the browser; the
	// zero time: never.
	Browser(ctx context.Context, accountID, key string) (time.Time, error)
	// AccountAndBrowser is AccountByEmailKey and Browser in one read.
	AccountAndBrowser(ctx context.Context, emailKey, browserKey string) (*Account, time.Time, error)
	// AddBrowser notes a sign-in with the browser. When the browser is new to
	// the account, and limits allow it, the notice is queued with the same
	// commit; it may be nil.
	AddBrowser(ctx context.Context, accountID, key string, now time.Time, limits BrowserLimits, notice *outbox.Mail) error
	// ForgetBrowsers makes every browser a stranger to the account.
	ForgetBrowsers(ctx context.Context, accountID string) error
	// BrowsersOf returns the account's browsers, the oldest first.
	BrowsersOf(ctx context.Context, accountID string) ([]KnownBrowser, error)
}

// KnownBrowser is when an account was signed in to with a browser.
type KnownBrowser struct{ FirstSeen, LastSeen time.Time }

// BrowserLimits bound what sign-ins without cookies can cause.
type BrowserLimits struct {
	Kept    int           // browsers of one account; those unused longest are forgotten
	Notices int           // notices to one account in any Window
	Window  time.Duration //
}

// browserLimits let a person with many devices be, and stop a script that
// knows the password from filling the table or its owner's mailbox.
var browserLimits = BrowserLimits{Kept: 32, Notices: 5, Window: 24 * time.Hour}

// browserSeen is how often the use of a known browser is noted; no more than
// days matter when the oldest are forgotten.
const browserSeen = 24 * time.Hour

// Browsers tells the owner of an account about sign-ins from browsers that did
// not sign in to it before.
type Browsers struct {
	store BrowserStore
	now   func() time.Time
}

// NewBrowsers returns the service on the store.
func NewBrowsers(store BrowserStore, now func() time.Time) *Browsers {
	return &Browsers{store: store, now: now}
}

// Of returns the browsers that the account knows, the oldest first.
func (b *Browsers) Of(ctx context.Context, accountID string) ([]KnownBrowser, error) {
	return b.store.BrowsersOf(ctx, accountID)
}

// SignedIn notes that the account was signed in to with the browser, which is
// named by its cookie. compose writes the notice; it is called only where the
// browser is new, and nil means that no mail can be sent. The first browser of
// an account is nobody's surprise and gets no notice.
//
// seen is when the account last signed in with the browser, as Authenticate found
// it: one that was in use today costs nothing. The error is the sign-in's: nobody
// gets in unannounced because the database was out of reach.
func (b *Browsers) SignedIn(ctx context.Context, accountID, browser string, seen time.Time, compose func() (*outbox.Mail, error)) error {
	key, now := handle.Sum(browser), b.now()
	if !seen.IsZero() && now.Sub(seen) < browserSeen {
		return nil
	}
	var notice *outbox.Mail
	if seen.IsZero() && compose != nil {
		// Before the transaction: to write a page takes longer than to store it.
		var err error
		if notice, err = compose(); err != nil {
			return err
		}
	}
	return b.store.AddBrowser(ctx, accountID, key, now, browserLimits, notice)
}
