package sqlstore

import (
	"context"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"signet/internal/audit"
)

var _ audit.Store = (*DB)(nil)

const (
	auditColumns = "id, at, actor, action, subject, client_id, ip, detail"

	insertAudit = "INSERT INTO audit_log (" + auditColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"

	insertSignIn = "INSERT INTO audit_log (" + auditColumns + ") SELECT $1, $2, $3, $4, $5, $6, $7, $8 " +
		"FROM accounts WHERE id = $9 AND password_hash = $10 AND status = 'active'"
)

type auditRow struct {
	ID       string
	At       instant
	Actor    string
	Action   string
	Subject  string
	ClientID string
	IP       string `gorm:"column:ip"`
	Detail   document[map[string]string]
}

func (auditRow) TableName() string { return "audit_log" }

func (r *auditRow) entry() *audit.Entry {
	return &audit.Entry{
		ID: r.ID, At: r.At.Time, Actor: r.Actor, Action: r.Action, Subject: r.Subject,
		ClientID: r.ClientID, IP: r.IP, Detail: r.Detail.V,
	}
}

// AppendAudit implements audit.Store.
func (db *DB) AppendAudit(ctx context.Context, e *audit.Entry) error {
	values, err := auditValues(e)
	if err != nil {
		return err
	}
	_, err = db.changed(ctx, insertAudit, values...)
	return err
}

// RecordSignIn implements account.Stores. What an account is now and that somebody
// signed in to it is one statement.
func (db *DB) RecordSignIn(ctx context.Context, accountID, hash string, e *audit.Entry) (bool, error) {
	if !validID(accountID) || !storable(hash) {
		return false, nil
	}
	values, err := auditValues(e)
	if err != nil {
		return false, err
	}
	n, err := db.changed(ctx, insertSignIn, append(values, accountID, hash)...)
	return n > 0, err
}

// auditValues are in the order of auditColumns. The entry gets an ID if it has none.
func auditValues(e *audit.Entry) ([]any, error) {
	if e.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, internal(err)
		}
		e.ID = id.String()
	}
	if !validID(e.ID) || !storable(e.Actor, e.Action, e.Subject, e.ClientID, e.IP) {
		return nil, errUnstorable()
	}
	return []any{e.ID, at(e.At), e.Actor, e.Action, e.Subject, e.ClientID, e.IP, document[map[string]string]{e.Detail}}, nil
}

// Audit implements audit.Store.
func (db *DB) Audit(ctx context.Context, q audit.Query) ([]*audit.Entry, error) {
	if !storable(q.Subject, q.Action) {
		return nil, nil
	}
	rows, err := page[auditRow](ctx, db, auditColumns, q.After, q.Limit, validID, func(g *gorm.DB) *gorm.DB {
		if q.Subject != "" {
			g = g.Where("subject = ?", q.Subject)
		}
		if q.Action != "" {
			g = g.Where("action = ? OR substr(action, 1, ?) = ?", q.Action, utf8.RuneCountInString(q.Action)+1, q.Action+".")
		}
		return g
	})
	return convert(rows, (*auditRow).entry), err
}
