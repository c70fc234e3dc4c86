package web

import (
	"net/http"

	"signet/internal/account"
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
