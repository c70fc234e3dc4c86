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
	if e.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return internal(err)
		}
		e.ID = id.String()
	}
	if !validID(e.ID) || !storable(e.Actor, e.Action, e.Subject, e.ClientID, e.IP) {
		return errUnstorable()
	}
	return db.change(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.change(ctx, insertAudit, e.ID, at(e.At), e.Actor, e.Action, e.Subject, e.ClientID, e.IP,
			document[map[string]string]{e.Detail})
		return err
	})
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
