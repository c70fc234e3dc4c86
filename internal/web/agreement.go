package web

import (
	"net/http"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/session"
	"signet/internal/web/view"
)

// newsChoice is what a page was told about news, for the ledger: in the words
// of the page, and through the app of the flow, which may be nil.
func (w *Web) newsChoice(r *http.Request, f *session.Flow, accountID string, given bool, source account.AgreementSource) (account.Agreement, error) {
	words, err := w.View.Wording(w.locale(r, f), view.AgreeNews)
	a := account.Agreement{
		AccountID: accountID, Kind: account.AgreeNews, Given: given, Source: source,
		Wording: words.Text, Version: words.Version, Language: words.Language,
	}
	if f != nil {
		a.ClientID = f.Request.ClientID
	}
	return a, err
}

// wantsNews reports whether the person agreed to be sent news.
func (w *Web) wantsNews(r *http.Request, a *account.Account) (bool, error) {
	last, err := w.Ledger.Last(r.Context(), a.ID, account.AgreeNews)
	return last != nil && last.Given, err
}

// chooseNews enters the choice of the account page in the ledger.
func (w *Web) chooseNews(r *http.Request, a *account.Account, given bool) error {
	choice, err := w.newsChoice(r, nil, a.ID, given, account.FromAccountPage)
	if err != nil {
		return err
	}
	added, err := w.Ledger.Record(r.Context(), choice)
	if err != nil || !added {
		return err
	}
	return w.record(r, nil, agreementAction(given), a.ID, a.ID, "kind", string(account.AgreeNews))
}

func agreementAction(given bool) string {
	if given {
		return "agreement.give"
	}
	return "agreement.withdraw"
}

// stopNews is where the link of a mail leads. Whoever has the mail may stop
// more of them, without a sign-in.
func (w *Web) stopNews(rw http.ResponseWriter, r *http.Request) error {
	accountID, kind, err := w.Ledger.ReadToken(r.FormValue("link"))
	if err != nil {
		return err
	}
	last, err := w.Ledger.Last(r.Context(), accountID, kind)
	if err != nil {
		return err
	}
	return w.showStopNews(rw, r, last == nil || !last.Given)
}

func (w *Web) showStopNews(rw http.ResponseWriter, r *http.Request, stopped bool) error {
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	link := r.FormValue("link")
	fr.Languages.Return = w.at(PathStopNews, "link", link)
	page := &view.StopNews{
		Frame: fr, Stopped: stopped, HomeURL: w.at(pathProfile),
		Form: view.Form{Action: w.at(PathStopNews), Hidden: []view.Pair{{Name: "link", Value: link}}},
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// postStopNews answers the page's button, and the mail reader that posts to the
// link by itself: it follows no redirect (RFC 8058 §3.1).
func (w *Web) postStopNews(rw http.ResponseWriter, r *http.Request) error {
	accountID, kind, err := w.Ledger.ReadToken(r.FormValue("link"))
	if err != nil {
		return err
	}
	taken, err := w.Ledger.Withdraw(r.Context(), accountID, kind, account.FromMail)
	if err == nil && taken {
		err = w.record(r, nil, agreementAction(false), accountID, accountID, "kind", string(kind))
	}
	if err != nil && !fault.Is(err, fault.NotFound) { // an account that is gone gets no news
		return err
	}
	return w.showStopNews(rw, r, true)
}
