package web

import (
	"bytes"
	"net/http"
	"strconv"

	"signet/internal/web/view"
)

// PathCheckSession is the page that apps load in a frame, to ask whether the
// person is still signed in (OpenID Connect Session Management 1.0 §3.3).
const PathCheckSession = "/check_session"

// checkSession answers with that page, which is the same for everybody: its
// script reads the browser's state.
func (w *Web) checkSession(rw http.ResponseWriter, _ *http.Request) error {
	var buf bytes.Buffer
	if err := w.View.CheckSession(&buf, w.Cookies.StateName()); err != nil {
		return err
	}
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", view.CheckSessionCSP)
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	rw.Write(buf.Bytes()) // a reader that went away is no error of ours
	return nil
}
