package view

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Mailbox lists the mails that the demo has sent, newest first.
type Mailbox struct {
	Frame
	Mails []MailItem
}

func (*Mailbox) template() string { return "mailbox/list" }

// MailItem is one line of the list.
type MailItem struct {
	URL     string
	To      string
	Subject string
	At      time.Time
}

// Mail shows one mail as a mail reader would: its HTML in a frame that can do
// nothing but lead on, and its plain text.
type Mail struct {
	Frame
	From, To, Subject string
	At                time.Time
	Text              string
	HTMLURL           string // what the frame shows; empty: there is none
	ListURL           string
}

func (*Mail) template() string { return "mailbox/mail" }

// Span is a run of a mail's text, or an address in it.
type Span struct{ Text, URL string }

// Spans splits the text so that web addresses can be followed.
func (p *Mail) Spans() []Span {
	var spans []Span
	rest := p.Text
	for {
		start := nextAddress(rest)
		if start < 0 {
			break
		}
		if start > 0 {
			spans = append(spans, Span{Text: rest[:start]})
		}
		url := addressAt(rest[start:])
		spans = append(spans, Span{Text: url, URL: url})
		rest = rest[start+len(url):]
	}
	if rest != "" {
		spans = append(spans, Span{Text: rest})
	}
	return spans
}

func nextAddress(s string) int {
	http, https := strings.Index(s, "http://"), strings.Index(s, "https://")
	if http < 0 || (https >= 0 && https < http) {
		return https
	}
	return http
}

// addressAt cuts the address at a space, and leaves the sentence its full stop.
func addressAt(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r == '<' || r == '>' || r == '"' || r == utf8.RuneError
	})
	if end < 0 {
		end = len(s)
	}
	return strings.TrimRight(s[:end], ".,;:!?)")
}
