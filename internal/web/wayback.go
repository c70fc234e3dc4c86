package web

import (
	"net/http"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/web/view"
)

// An app that leads people to pages of their account names itself in the address
// (app=CLIENT_ID), and these pages have a way back to it until the browser's
// window closes. It is no more than that: what the pages do does not depend on it.

// rememberApp keeps which app the person came from.
func (w *Web) rememberApp(rw http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("app"); r.Method == http.MethodGet && client.ValidID(id) && id != w.Cookies.App(r) {
		w.Cookies.SetApp(rw, id)
	}
}

// wayBack leads to the app that the person came from; nil where they came from
// none, and where nobody of the house has looked at what it says of itself.
func (w *Web) wayBack(r *http.Request) (*view.Link, error) {
	id := r.URL.Query().Get("app")
	if id == "" {
		id = w.Cookies.App(r)
	}
	if !client.ValidID(id) || client.IsAddress(id) { // whose document would be fetched
		return nil, nil
	}
	c, err := w.Clients.Get(r.Context(), id)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case c.RegisteredItself() || c.ClientURI == "":
		return nil, nil
	}
	app := w.appOf(c, w.locale(r, nil))
	return &view.Link{URL: c.ClientURI, Text: app.Name}, nil
}
