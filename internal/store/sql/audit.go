package sqlstore

import (
	"context"

	"github.com/google/uuid"

	"signet/internal/audit"
)

var _ audit.Store = (*DB)(nil)

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
	row := auditRow{
		ID: e.ID, At: at(e.At), Actor: e.Actor, Action: e.Action, Subject: e.Subject,
		ClientID: e.ClientID, IP: e.IP, Detail: document[map[string]string]{e.Detail},
	}
	return db.change(ctx, func(ctx context.Context, c *conn) error {
		return c.orm(ctx).Create(&row).Error
	})
}

// Audit implements audit.Store.
func (db *DB) Audit(ctx context.Context, after string, limit int) ([]*audit.Entry, error) {
	rows, err := page[auditRow](ctx, db, "id, at, actor, action, subject, client_id, ip, detail", after, limit, validID)
	return convert(rows, (*auditRow).entry), err
}
