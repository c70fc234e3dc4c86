package cli

import (
	"context"

	"signet/internal/fault"
	"signet/internal/web"
)

// emptyMailbox is the demo's mailbox while nothing that the provider does
// sends a mail: signing in needs none.
type emptyMailbox struct{}

// Mails implements web.Mailbox.
func (emptyMailbox) Mails(context.Context, int) ([]web.Mail, error) { return nil, nil }

// Mail implements web.Mailbox.
func (emptyMailbox) Mail(context.Context, string) (*web.Mail, error) {
	return nil, fault.New(fault.NotFound, "There is no such mail.")
}
