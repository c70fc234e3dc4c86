package web

import (
	"net/http"
	"strings"

	"signet/internal/org"
	"signet/internal/web/view"
)

// listAsked is which part of a list in an organization a request asks for.
type listAsked struct {
	w     *Web
	path  string // of the list, below the issuer
	query string // "": of all
	key   string // the parameter that says where a page begins
	from  string // that of this page; "": the first
}

func (w *Web) listAsked(r *http.Request, path, key string) listAsked {
	q := r.URL.Query()
	query := strings.TrimSpace(q.Get("query"))
	if len(query) > org.LongestQuery {
		query = strings.ToValidUTF8(query[:org.LongestQuery], "")
	}
	return listAsked{w: w, path: path, query: query, key: key, from: q.Get(key)}
}

// at is the address of the page that begins there.
func (l listAsked) at(from string) string {
	var pairs []string
	if l.query != "" {
		pairs = append(pairs, "query", l.query)
	}
	if from != "" {
		pairs = append(pairs, l.key, from)
	}
	return l.w.at(l.path, pairs...)
}

// search is the form by which the list is searched, of which so many are shown:
// one alone needs no search.
func (l listAsked) search(by view.Message, shown int) view.Search {
	return view.Search{SearchURL: l.w.at(l.path), Label: by, Query: l.query, Offered: l.query != "" || l.from != "" || shown > 1}
}

// pages say where the first page is and the one that begins at next; "": there is
// none.
func (l listAsked) pages(next string) (p view.Pages) {
	if l.from != "" {
		p.FirstURL = l.at("")
	}
	if next != "" {
		p.NextURL = l.at(next)
	}
	return p
}
