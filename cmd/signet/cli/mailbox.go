package cli

import (
	"context"

	"signet/internal/outbox"
	"signet/internal/web"
)

// mailbox shows the demo's outbox as a mail reader would.
type mailbox struct {
	store outbox.Store
	from  string
}

var _ web.Mailbox = mailbox{}

// Mails implements web.Mailbox.
func (b mailbox) Mails(ctx context.Context, limit int) ([]web.Mail, error) {
	stored, err := b.store.Mails(ctx, limit)
	if err != nil {
		return nil, err
	}
	mails := make([]web.Mail, len(stored))
	for i, m := range stored {
		mails[i] = b.read(m)
	}
	return mails, nil
}

// Mail implements web.Mailbox.
func (b mailbox) Mail(ctx context.Context, id string) (*web.Mail, error) {
	stored, err := b.store.Mail(ctx, id)
	if err != nil {
		return nil, err
	}
	m := b.read(stored)
	return &m, nil
}

func (b mailbox) read(m *outbox.Mail) web.Mail {
	return web.Mail{ID: m.ID, From: b.from, To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, At: m.CreatedAt}
}
