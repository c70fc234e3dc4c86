package web

import (
	"net/http"

	"github.com/mileusna/useragent"

	"signet/internal/account"
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
func (w *Web) announce(rw http.ResponseWriter, r *http.Request, f *session.Flow, a *account.Account) error {
	var compose func() (*outbox.Mail, error)
	if w.Letters.Send && a.EmailVerified {
		compose = func() (*outbox.Mail, error) { return w.newSignIn(r, f, a) }
	}
	return w.Browsers.SignedIn(r.Context(), a.ID, w.Cookies.KeepBrowser(rw, r), compose)
}

// newSignIn writes the letter in the language of the account or, where none is
// known, in that of the page.
func (w *Web) newSignIn(r *http.Request, f *session.Flow, a *account.Account) (*outbox.Mail, error) {
	loc, now := w.View.Languages().Negotiate(a.Profile.Locale, "", w.locale(r, f).String()), w.Now()
	letter, err := w.View.Write(loc, &view.NewSignIn{
		LetterFrame: view.LetterFrame{HomeURL: w.Letters.Home},
		Email:       a.Email, At: now, Device: deviceOf(r.UserAgent()), Address: httpd.InfoOf(r).Address,
		AccountURL: w.Letters.Home + pathAccount + "#devices",
	})
	if err != nil {
		return nil, err
	}
	return outbox.New(outbox.Mail{
		Kind: kindSignIn, AccountID: a.ID, To: a.Email, Language: loc.String(),
		Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML,
	}, now), nil
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
