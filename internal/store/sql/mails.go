package sqlstore

import (
	"context"
	"time"

	"signet/internal/fault"
	"signet/internal/outbox"
)

var _ outbox.Store = (*DB)(nil)

const (
	mailColumns = "id, kind, account_id, recipient, language, subject, body_text, body_html, " + queuedColumns

	insertMail = `INSERT INTO mails
		(id, kind, account_id, recipient, language, subject, body_text, body_html, created_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`

	mailByID = "SELECT " + mailColumns + " FROM mails WHERE id = $1 AND recipient <> ''"

	// One statement that checks and changes: of any number of workers that saw
	// the mail due, one gets the row.
	claimMail = `UPDATE mails SET due_at = $3, attempts = attempts + 1
		WHERE id = $1 AND due_at <= $2
		RETURNING ` + mailColumns

	// A mail that was handed over is sent, whoever has claimed it since.
	mailSent = `UPDATE mails SET sent_at = $2, due_at = NULL, dead_at = NULL, last_error = ''
		WHERE id = $1 AND sent_at IS NULL`
	mailSentErased = `UPDATE mails SET sent_at = $2, due_at = NULL, dead_at = NULL, last_error = '',
			subject = '', body_text = '', body_html = ''
		WHERE id = $1 AND sent_at IS NULL`

	// due_at is where the claim put it, unless somebody else has claimed since.
	mailFailed = `UPDATE mails SET attempts = $3, last_error = $4, due_at = $5, dead_at = $6
		WHERE id = $1 AND due_at = $2`

	// Ids begin with the time, so that their own index finds what is old.
	deleteMails = `DELETE FROM mails WHERE id IN (
		SELECT id FROM mails WHERE id < $1 AND due_at IS NULL ORDER BY id LIMIT $2)`
)

type mailRow struct {
	ID        string
	Kind      string
	AccountID *string
	Recipient string
	Language  string
	Subject   string
	BodyText  string
	BodyHTML  string `gorm:"column:body_html"`
	Queued    queued `gorm:"embedded"`
}

func (mailRow) TableName() string { return "mails" }

// targets are in the order of mailColumns.
func (r *mailRow) targets() []any {
	own := []any{&r.ID, &r.Kind, &r.AccountID, &r.Recipient, &r.Language, &r.Subject, &r.BodyText, &r.BodyHTML}
	return append(own, r.Queued.targets()...)
}

func (r *mailRow) mail() *outbox.Mail {
	m := &outbox.Mail{
		ID: r.ID, Kind: r.Kind, To: r.Recipient, Language: r.Language,
		Subject: r.Subject, Text: r.BodyText, HTML: r.BodyHTML, CreatedAt: r.Queued.CreatedAt.Time, State: r.Queued.state(),
	}
	if r.AccountID != nil {
		m.AccountID = *r.AccountID
	}
	return m
}

// checkMail refuses what cannot be stored, before a transaction is begun for it.
func checkMail(m *outbox.Mail) error {
	if !validID(m.ID) || (m.AccountID != "" && !validID(m.AccountID)) ||
		!storable(m.Kind, m.To, m.Language, m.Subject, m.Text, m.HTML) {
		return errUnstorable()
	}
	return nil
}

// addMail queues the mail with the transaction that c belongs to. After the
// commit, the caller rings.
func addMail(ctx context.Context, c *conn, m *outbox.Mail) error {
	var about any // NULL
	if m.AccountID != "" {
		about = m.AccountID
	}
	_, err := c.change(ctx, insertMail, m.ID, m.Kind, about, m.To, m.Language, m.Subject, m.Text, m.HTML, at(m.CreatedAt))
	return err
}

// addMails is addMail for several.
func addMails(ctx context.Context, c *conn, mails []*outbox.Mail) error {
	for _, m := range mails {
		if err := addMail(ctx, c, m); err != nil {
			return err
		}
	}
	return nil
}

// ring wakes this node's worker; those of other nodes look each second.
func (db *DB) ring() { wake(db.mailed) }

func wake(worker chan<- struct{}) {
	select {
	case worker <- struct{}{}:
	default: // it is awake, or there is none
	}
}

// Mailed receives a value when this process has queued mail since it was last
// received from.
func (db *DB) Mailed() <-chan struct{} { return db.mailed }

// AddMail implements outbox.Store.
func (db *DB) AddMail(ctx context.Context, m *outbox.Mail) error {
	if err := checkMail(m); err != nil {
		return err
	}
	err := db.change(ctx, func(ctx context.Context, c *conn) error { return addMail(ctx, c, m) })
	if err == nil {
		db.ring()
	}
	return err
}

// ClaimMail implements outbox.Store. Where none is due it costs one read.
func (db *DB) ClaimMail(ctx context.Context, now, ends time.Time) (*outbox.Mail, error) {
	var row mailRow
	found, err := db.claim(ctx, "mails", "id", claimMail, now, ends, func() []any { row = mailRow{}; return row.targets() })
	if err != nil || !found {
		return nil, err
	}
	return row.mail(), nil
}

// MailSent implements outbox.Store.
func (db *DB) MailSent(ctx context.Context, m *outbox.Mail, now time.Time, erase bool) error {
	if !validID(m.ID) {
		return noMail()
	}
	text := mailSent
	if erase {
		text = mailSentErased
	}
	_, err := db.changed(ctx, text, m.ID, at(now))
	return err
}

// MailFailed implements outbox.Store.
func (db *DB) MailFailed(ctx context.Context, m *outbox.Mail, reason string, claim time.Time) error {
	if !validID(m.ID) {
		return noMail()
	}
	_, err := db.changed(ctx, mailFailed, m.ID, at(claim), m.Attempts, storableReason(reason), at(m.DueAt), at(m.DeadAt))
	return err
}

// Mails implements outbox.Store.
func (db *DB) Mails(ctx context.Context, limit int) ([]*outbox.Mail, error) {
	var rows []mailRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Select(mailColumns).Where("recipient <> ''").Order("id DESC").Limit(max(0, limit)).Find(&rows).Error
	})
	return convert(rows, (*mailRow).mail), err
}

func noMail() error { return fault.New(fault.NotFound, "There is no such mail.") }

// Mail implements outbox.Store.
func (db *DB) Mail(ctx context.Context, id string) (*outbox.Mail, error) {
	if !validID(id) {
		return nil, noMail()
	}
	var row mailRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		row = mailRow{}
		found, err := c.row(ctx, mailByID, []any{id}, row.targets()...)
		if err == nil && !found {
			return noMail()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return row.mail(), nil
}

// DeleteMails implements outbox.Store.
func (db *DB) DeleteMails(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := db.changed(ctx, deleteMails, FirstID(before), limit)
	return int(n), err
}
