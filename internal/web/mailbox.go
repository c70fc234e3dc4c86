package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"signet/internal/fault"
	"signet/internal/web/view"
)

// Mailbox is what the demo's mail reader reads: every mail that was sent. It
// exists in the demo alone.
type Mailbox interface {
	// Mails returns the newest mails first, up to limit.
	Mails(ctx context.Context, limit int) ([]Mail, error)
	// Mail returns one mail, or a fault of kind NotFound.
	Mail(ctx context.Context, id string) (*Mail, error)
}

// Mail is a mail that was sent.
type Mail struct {
	ID, From, To, Subject, Text, HTML string
	At                                time.Time
}

// mailboxSize is how many mails the list shows.
const mailboxSize = 100

// ours refuses a request that reached this machine under another name: a page
// elsewhere, whose name was made to lead here, could read the mails otherwise
// (DNS rebinding).
func (w *Web) ours(r *http.Request) error {
	if home, err := url.Parse(w.Letters.Home); err != nil || home.Host != r.Host {
		return fault.New(fault.NotFound, "The mailbox is at the provider's own address.")
	}
	return nil
}

func (w *Web) mailbox(rw http.ResponseWriter, r *http.Request) error {
	if err := w.ours(r); err != nil {
		return err
	}
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	mails, err := w.Mailbox.Mails(r.Context(), mailboxSize)
	if err != nil {
		return err
	}
	page := &view.Mailbox{Frame: fr}
	for _, m := range mails {
		page.Mails = append(page.Mails, view.MailItem{URL: w.at(pathMailbox + "/" + m.ID), To: m.To, Subject: m.Subject, At: m.At})
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

func (w *Web) mail(rw http.ResponseWriter, r *http.Request) error {
	if err := w.ours(r); err != nil {
		return err
	}
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	m, err := w.Mailbox.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	page := &view.Mail{Frame: fr, From: m.From, To: m.To, Subject: m.Subject, At: m.At, Text: m.Text, ListURL: w.at(pathMailbox)}
	if m.HTML != "" {
		page.HTMLURL = w.at(pathMailbox + "/" + m.ID + "/html")
	}
	return w.showUnder(w.View.FramingCSP(), rw, r, nil, http.StatusOK, page)
}

// mailHTML is what the frame of the page shows: the letter itself. Its links
// leave the frame.
func (w *Web) mailHTML(rw http.ResponseWriter, r *http.Request) error {
	if err := w.ours(r); err != nil {
		return err
	}
	m, err := w.Mailbox.Mail(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", view.LetterCSP)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	// A reader that went away is no error of ours.
	rw.Write([]byte(strings.Replace(m.HTML, "<head>", `<head><base target="_top">`, 1)))
	return nil
}
