package web

import (
	"net/http"

	"github.com/mileusna/useragent"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/httpd"
	"signet/internal/outbox"
	"signet/internal/session"
	"signet/internal/web/view"
)

// kindSignIn names the message of a new sign-in to operators.
const kindSignIn = "account.sign_in"

// announce remembers that the account was signed in to in this browser, and
// tells its owner when the browser is new to it. A letter goes to a proven
// address only: whoever else owns it never had an account here.
func (w *Web) announce(rw http.ResponseWriter, r *http.Request, f *session.Flow, a *account.Authenticated) error {
	var compose func() (*outbox.Mail, error)
	if w.Letters.Send && a.EmailVerified {
		compose = func() (*outbox.Mail, error) { return w.newSignIn(r, f, a.Account) }
	}
	return w.Browsers.SignedIn(r.Context(), a.ID, w.Cookies.KeepBrowser(rw, r), a.Seen, compose)
}

// newSignIn writes the letter in the language of the account or, where none is
// known, in that of the page.
func (w *Web) newSignIn(r *http.Request, f *session.Flow, a *account.Account) (*outbox.Mail, error) {
	return w.letterTo(a, w.locale(r, f), kindSignIn, &view.NewSignIn{
		LetterFrame: w.letterFrame(), Email: a.Email, At: w.Now(),
		Device: deviceOf(r.UserAgent()), Address: httpd.InfoOf(r).Address,
		AccountURL: w.Letters.Home + pathAccount + "#devices",
	})
}

// letterFrame is what every letter has around its own content.
func (w *Web) letterFrame() view.LetterFrame { return view.LetterFrame{HomeURL: w.Letters.Home} }

// letterTo writes the letter to the account's address, in the account's
// language or else in that of the page.
func (w *Web) letterTo(a *account.Account, page view.Locale, kind string, l view.Letter) (*outbox.Mail, error) {
	return w.letter(w.View.Languages().Negotiate(a.Profile.Locale, "", page.String()), kind, a.ID, a.Email, l)
}

// letter writes the letter in the language; accountID may be "". The mail that
// it returns is queued with the commit of what it announces.
func (w *Web) letter(loc view.Locale, kind, accountID, to string, l view.Letter) (*outbox.Mail, error) {
	written, err := w.View.Write(loc, l)
	if err != nil {
		return nil, err
	}
	return outbox.New(outbox.Mail{
		Kind: kind, AccountID: accountID, To: to, Language: loc.String(),
		Subject: written.Subject, Text: written.Text, HTML: written.HTML,
	}, w.Now()), nil
}

// record adds what was done to the audit log: by the actor (an account's id),
// to the subject, through the app of the flow, which may be nil. pairs are names
// and values of the detail, which holds no secret and nothing that was typed as
// a user name.
func (w *Web) record(r *http.Request, f *session.Flow, action, actor, subject string, pairs ...string) error {
	return w.Audit.AppendAudit(r.Context(), w.entry(r, f, action, actor, subject, pairs...))
}

// entry is what record adds.
func (w *Web) entry(r *http.Request, f *session.Flow, action, actor, subject string, pairs ...string) *audit.Entry {
	e := &audit.Entry{At: w.Now(), Actor: actor, Action: action, Subject: subject, IP: httpd.InfoOf(r).Address, Detail: map[string]string{}}
	if f != nil {
		e.ClientID = f.Request.ClientID
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Detail[pairs[i]] = pairs[i+1]
	}
	return e
}

// deviceOf reads what a browser says of itself (User-Agent, RFC 9110 §10.1.5).
// It ends in a letter to somebody else, so that only what looks like the name
// of a program is taken: no address, and no sentence.
func deviceOf(userAgent string) view.Device {
	ua := useragent.Parse(clip(userAgent))
	return view.Device{Browser: programName(ua.Name), System: programName(ua.OS)}
}

func programName(s string) string {
	const longest = 24
	if len(s) > longest {
		return ""
	}
	for _, c := range s {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != ' ' && c != '-' {
			return ""
		}
	}
	return s
}
