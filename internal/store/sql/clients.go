package sqlstore

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"signet/internal/client"
	"signet/internal/fault"
)

var _ client.Store = (*DB)(nil)

// clientRow has the whole client in Metadata; the other columns repeat what a
// query or an operator looks for, and win.
type clientRow struct {
	ID         string
	Name       string
	SecretHash string
	Metadata   document[client.Client]
	CreatedAt  instant `gorm:"autoCreateTime:false"`
	UpdatedAt  instant `gorm:"autoUpdateTime:false"`
}

func (clientRow) TableName() string { return "clients" }

const (
	clientColumns = "id, name, secret_hash, metadata, created_at, updated_at"
	clientByID    = "SELECT " + clientColumns + " FROM clients WHERE id = $1"
)

func (r *clientRow) client() *client.Client {
	c := r.Metadata.V
	c.ID, c.Name, c.SecretHash = r.ID, r.Name, r.SecretHash
	c.CreatedAt, c.UpdatedAt = r.CreatedAt.Time, r.UpdatedAt.Time
	return &c
}

func noClient() error { return fault.New(fault.NotFound, "There is no such client.") }

// Client implements client.Store.
func (db *DB) Client(ctx context.Context, id string) (*client.Client, error) {
	if !storable(id) {
		return nil, noClient()
	}
	var r clientRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		found, err := c.row(ctx, clientByID, []any{id},
			&r.ID, &r.Name, &r.SecretHash, &r.Metadata, &r.CreatedAt, &r.UpdatedAt)
		if err == nil && !found {
			return noClient()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.client(), nil
}

// Clients implements client.Store.
func (db *DB) Clients(ctx context.Context, after string, limit int) ([]*client.Client, error) {
	rows, err := page[clientRow](ctx, db, clientColumns, after, limit, func(id string) bool { return storable(id) })
	return convert(rows, (*clientRow).client), err
}

// PutClient implements client.Store. A new client is made at now; one that is
// replaced keeps the time at which it was made. The client's own CreatedAt and
// UpdatedAt are not read.
func (db *DB) PutClient(ctx context.Context, cl *client.Client, now time.Time) error {
	_, err := db.addClient(ctx, cl, now, clause.OnConflict{
		Columns:   []clause.Column{{Name: "id"}},
		DoUpdates: clause.AssignmentColumns([]string{"name", "secret_hash", "metadata", "updated_at"}),
	})
	return err
}

// AddClient implements client.Store.
func (db *DB) AddClient(ctx context.Context, cl *client.Client, now time.Time) (bool, error) {
	return db.addClient(ctx, cl, now, clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoNothing: true})
}

func rowOfClient(cl *client.Client, now time.Time) (*clientRow, error) {
	if cl.ID == "" || !storable(cl.ID, cl.Name, cl.SecretHash) {
		return nil, errUnstorable()
	}
	return &clientRow{
		ID: cl.ID, Name: cl.Name, SecretHash: cl.SecretHash,
		Metadata:  document[client.Client]{*cl},
		CreatedAt: at(now), UpdatedAt: at(now),
	}, nil
}

func (db *DB) addClient(ctx context.Context, cl *client.Client, now time.Time, conflict clause.OnConflict) (bool, error) {
	row, err := rowOfClient(cl, now)
	if err != nil {
		return false, err
	}
	added := false
	err = db.transact(ctx, func(ctx context.Context, c *conn) error {
		res := c.orm(ctx).Clauses(conflict).Create(row)
		if added = res.RowsAffected > 0; res.Error != nil || !added {
			return res.Error
		}
		return bump(ctx, c, topicClients)
	})
	return added, err
}

// UpdateClient implements client.Store.
func (db *DB) UpdateClient(ctx context.Context, cl *client.Client, was, now time.Time) error {
	row, err := rowOfClient(cl, now)
	if err != nil {
		return err
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		res := c.orm(ctx).Model(&clientRow{}).Where("id = ? AND updated_at = ?", row.ID, at(was)).
			Select("name", "secret_hash", "metadata", "updated_at").Updates(row)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 1 {
			return bump(ctx, c, topicClients)
		}
		if err := c.orm(ctx).Select("id").Where("id = ?", row.ID).Take(&clientRow{}).Error; err != nil {
			return orNotFound(err, noClient)
		}
		return fault.New(fault.Conflict, "The client was changed meanwhile. Please try again.")
	})
}

// unusedClients are those that registered themselves, or were registered by
// nobody, and that nobody allows anything.
const unusedClients = `updated_at < ? AND (metadata ->> 'registration_access_token_hash' IS NOT NULL OR metadata ->> 'metadata_document' IS NOT NULL)
	AND NOT EXISTS (SELECT 1 FROM consents WHERE consents.client_id = clients.id)
	AND NOT EXISTS (SELECT 1 FROM token_families WHERE token_families.client_id = clients.id)`

// DeleteUnusedClients implements client.Store.
func (db *DB) DeleteUnusedClients(ctx context.Context, before time.Time, limit int) ([]string, error) {
	var gone []string
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		gone = nil
		err := c.orm(ctx).Model(&clientRow{}).Where(unusedClients, at(before)).Order("updated_at").Limit(limit).Pluck("id", &gone).Error
		if err != nil || len(gone) == 0 {
			return err
		}
		// Looked at once more: somebody may have allowed one something meanwhile.
		if err := c.orm(ctx).Where("id IN ?", gone).Where(unusedClients, at(before)).Delete(&clientRow{}).Error; err != nil {
			return err
		}
		return bump(ctx, c, topicClients)
	})
	return gone, err
}

// removalBatch is how many rows of a client go in one statement: few enough for
// the deadline, on any disk.
const removalBatch = 1000

// One batch of what belongs to the client $1. (Not every database has DELETE
// ... LIMIT.)
const (
	deleteFamiliesOfClient = `DELETE FROM token_families WHERE grant_id IN
		(SELECT grant_id FROM token_families WHERE client_id = $1 LIMIT $2)`
	deleteConsentsOfClient = `DELETE FROM consents WHERE client_id = $1 AND account_id IN
		(SELECT account_id FROM consents WHERE client_id = $1 LIMIT $2)`
)

// DeleteClient implements client.Store. What belongs to the client goes first,
// in batches, each with a deadline of its own: a large app's would not be gone
// within one. The client and what came meanwhile go in one transaction.
func (db *DB) DeleteClient(ctx context.Context, id string) error {
	if !storable(id) {
		return noClient()
	}
	for _, text := range []string{deleteFamiliesOfClient, deleteConsentsOfClient} {
		if err := db.deleteAll(ctx, text, id); err != nil {
			return err
		}
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		return removeOne(c.orm(ctx).Where("id = ?", id).Delete(&clientRow{}), noClient, func() error {
			return bump(ctx, c, topicClients)
		})
	})
}

// deleteAll runs the text, a deletion of up to $2 rows, until there are none.
func (db *DB) deleteAll(ctx context.Context, text, arg string) error {
	for {
		var n int64
		err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
			n, err = c.change(ctx, text, arg, removalBatch)
			return err
		})
		if err != nil || n < removalBatch {
			return err
		}
	}
}
