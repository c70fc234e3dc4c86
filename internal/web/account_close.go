package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/org"
	"signet/internal/outbox"
	"signet/internal/session"
	"signet/internal/web/view"
)

// closeAccount says what closing means, and asks for the password.
func (w *Web) closeAccount(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	return w.showCloseAccount(rw, r, a, "")
}

func (w *Web) showCloseAccount(rw http.ResponseWriter, r *http.Request, a *account.Account, bad view.Message) error {
	fr, err := w.accountFrame(r, a, pathCloseAccount)
	if err != nil {
		return err
	}
	page := &view.CloseAccount{AccountFrame: fr, Form: view.Form{Action: w.at(pathCloseAccount)}, Current: current(a, bad), Until: w.Changes.EraseAt()}
	owned, err := w.Organizations.SoleOwned(r.Context(), a.ID)
	if err != nil {
		return err
	}
	status := statusOf(bad)
	for _, o := range owned {
		if !o.Others {
			page.Lone = append(page.Lone, o.Name)
			continue
		}
		page.Owned = append(page.Owned, view.Link{URL: w.at(orgPath(pathOrg, o.ID)), Text: o.Name})
		if r.Method == http.MethodPost {
			status = http.StatusConflict
		}
	}
	return w.show(rw, r, nil, status, page)
}

// lastOwner reports whether the account cannot be closed, since others belong to
// an organization that nobody but it owns.
func (w *Web) lastOwner(ctx context.Context, a *account.Account) (bool, error) {
	owned, err := w.Organizations.SoleOwned(ctx, a.ID)
	return slices.ContainsFunc(owned, func(o *org.Sole) bool { return o.Others }), err
}

func (w *Web) postCloseAccount(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	bad, err := w.prove(rw, r, a)
	if err != nil {
		return err
	}
	last := false
	if bad == "" { // asked before the person is signed out everywhere
		if last, err = w.lastOwner(r.Context(), a); err != nil {
			return err
		}
	}
	if bad != "" || last {
		return w.showCloseAccount(rw, r, a, bad)
	}
	until := w.Changes.EraseAt()
	notice, err := w.tell(a, w.locale(r, nil), kindAccountClosed, view.NewAccountClosed(w.letterFrame(), w.Letters.Home+pathAccount, until, false))
	if err != nil {
		return err
	}
	err = w.shutOut(r, a.ID, "", func() error { return w.Changes.Close(r.Context(), a, until, notice) })
	if fault.Is(err, fault.Conflict) { // another owner went a moment ago
		return w.showCloseAccount(rw, r, a, "")
	}
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "account.close", a.ID, a.ID); err != nil {
		return err
	}
	w.Cookies.DropSession(rw)
	w.send(rw, w.at(pathClosed))
	return nil
}

// closed says that the account is closed. It knows no account: who reads it is
// signed out, and closed one just now.
func (w *Web) closed(rw http.ResponseWriter, r *http.Request) error {
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	page := &view.AccountClosed{Frame: fr, Until: w.Changes.EraseAt(), SignInURL: w.at(pathSignIn)}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// offerKeep leads who signed in to an account that is being closed to where it
// can be kept. The flow remembers that the password was right.
func (w *Web) offerKeep(rw http.ResponseWriter, r *http.Request, f *session.Flow, a *account.Account, remember bool) error {
	_, err := w.Sessions.Progress(r.Context(), f, func(p *session.Progress) {
		p.Closing = &session.Closing{Account: a.ID, Proof: handle.Sum(a.PasswordHash), Remember: remember}
	})
	if err != nil {
		return err
	}
	w.send(rw, w.at(pathKeep, "flow", f.ID))
	return nil
}

// keeping returns the flow with the account that it may keep, and when that is
// erased; the account is nil where there is none any more, and the browser is
// sent on.
func (w *Web) keeping(rw http.ResponseWriter, r *http.Request) (*session.Flow, *account.Account, *account.Closing, error) {
	f, err := w.flowOf(r)
	if err != nil {
		return nil, nil, nil, err
	}
	if proven := f.Progress.Closing; proven != nil {
		a, err := w.Accounts.Get(r.Context(), proven.Account)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, nil, nil, err
		}
		closing, err := w.Changes.Closing(r.Context(), proven.Account)
		if err != nil {
			return nil, nil, nil, err
		}
		if a != nil && closing != nil && handle.Sum(a.PasswordHash) == proven.Proof {
			return f, a, closing, nil
		}
	}
	w.send(rw, w.at(pathSignIn, "flow", f.ID, "other", "1"))
	return f, nil, nil, nil
}

// keep asks whether to keep the account.
func (w *Web) keep(rw http.ResponseWriter, r *http.Request) error {
	f, a, closing, err := w.keeping(rw, r)
	if err != nil || a == nil {
		return err
	}
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.KeepAccount{Frame: fr, Form: w.form(pathKeep, f), Until: closing.EraseAt}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

func (w *Web) postKeep(rw http.ResponseWriter, r *http.Request) error {
	f, a, _, err := w.keeping(rw, r)
	if err != nil || a == nil {
		return err
	}
	if r.PostFormValue("decision") != "keep" {
		// Whoever sits at this browser next has not proven anything.
		_, err := w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Closing = nil })
		if err != nil {
			return err
		}
		w.send(rw, w.at(pathSignedOut))
		return nil
	}
	a, err = w.Changes.Keep(r.Context(), a)
	if err != nil {
		return err
	}
	if err := w.record(r, f, "account.keep", a.ID, a.ID); err != nil {
		return err
	}
	if done, err := w.elsewhere(rw, r, f, a); err != nil || done {
		return err
	}
	return w.signIn(rw, r, f, &account.Authenticated{Account: a}, f.Progress.Closing.Remember)
}

// EraseClosed erases the accounts whose time has come, and tells the owners of
// those whose time is near. Every node may do it at any time: each account is
// erased once, and told of once.
func (w *Web) EraseClosed(ctx context.Context) error {
	remind, erase, err := w.Changes.Due(ctx)
	if err != nil {
		return err
	}
	for _, c := range remind {
		letter, err := w.lastLetter(ctx, c, kindAccountSoon, view.NewAccountClosed(w.letterFrame(), w.Letters.Home+pathAccount, c.EraseAt, true))
		if err != nil {
			return err
		}
		if letter == nil {
			continue
		}
		if err := w.Changes.Remind(ctx, c, letter); err != nil {
			return err
		}
	}
	for _, c := range erase {
		if err := w.eraseOne(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (w *Web) eraseOne(ctx context.Context, c *account.Closing) error {
	letter, err := w.lastLetter(ctx, c, kindAccountErased, view.NewAccountErased(w.letterFrame()))
	if err != nil {
		return err
	}
	done, err := w.Changes.Erase(ctx, c, letter)
	if err != nil || !done {
		return err
	}
	return w.Audit.AppendAudit(ctx, &audit.Entry{
		At: w.Now(), Actor: "system", Action: "account.erase", Subject: c.AccountID,
		Detail: map[string]string{"due": c.EraseAt.UTC().Format(time.RFC3339)},
	})
}

// lastLetter writes to the owner of an account that is being closed; nil where
// that cannot be, or the account is gone.
func (w *Web) lastLetter(ctx context.Context, c *account.Closing, kind string, l view.Letter) (*outbox.Mail, error) {
	a, err := w.Accounts.Get(ctx, c.AccountID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return w.tell(a, w.View.Languages().Negotiate("", "", ""), kind, l)
}
