package web

import (
	"net/http"

	"signet/internal/account"
	"signet/internal/httpd"
	"signet/internal/outbox"
	"signet/internal/web/view"
)

// The messages about changes of an account, as operators know them.
const (
	kindConfirmEmail  = "account.confirm_email"
	kindTakenEmail    = "account.taken_email"
	kindEmailMoved    = "account.email_moved"
	kindEmailLost     = "account.email_lost"
	kindAccountClosed = "account.closed"
	kindAccountSoon   = "account.closing_soon"
	kindAccountErased = "account.erased"
)

// mayWrite reports whether the account's owner can be told by mail: a letter
// goes to a proven address only.
func (w *Web) mayWrite(a *account.Account) bool { return w.Letters.Send && a.EmailVerified }

// whereOf is who does it, for the owner to read.
func (w *Web) whereOf(r *http.Request) view.Where {
	return view.Where{At: w.Now(), Device: deviceOf(r.UserAgent()), Address: httpd.InfoOf(r).Address}
}

// tell writes the letter to the account's owner, or none where it cannot be sent.
func (w *Web) tell(a *account.Account, page view.Locale, kind string, l view.Letter) (*outbox.Mail, error) {
	if !w.mayWrite(a) {
		return nil, nil
	}
	return w.letterTo(a, page, kind, l)
}
