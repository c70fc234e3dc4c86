package sqlstore

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"signet/internal/keys"
)

var _ keys.Store = (*DB)(nil)

type keyRow struct {
	KID        string `gorm:"column:kid;primaryKey"`
	Alg        string
	Seq        int64
	PrivateKey []byte
	PublicKey  []byte
	CreatedAt  instant `gorm:"autoCreateTime:false"`
	ActiveFrom instant
	ExpiresAt  instant
}

func (keyRow) TableName() string { return "signing_keys" }

func (r *keyRow) key() *keys.Sealed {
	return &keys.Sealed{
		KID: r.KID, Alg: r.Alg, Seq: r.Seq, Private: r.PrivateKey, Public: r.PublicKey,
		CreatedAt: r.CreatedAt.Time, ActiveFrom: r.ActiveFrom.Time, ExpiresAt: r.ExpiresAt.pointer(),
	}
}

// SigningKeys implements keys.Store.
func (db *DB) SigningKeys(ctx context.Context) ([]*keys.Sealed, error) {
	var rows []keyRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Select("kid, alg, seq, private_key, public_key, created_at, active_from, expires_at").
			Order("alg, seq").Find(&rows).Error
	})
	return convert(rows, (*keyRow).key), err
}

// AddSigningKey implements keys.Store. A KID that another (Alg, Seq) has is a
// fault of kind Conflict.
func (db *DB) AddSigningKey(ctx context.Context, k *keys.Sealed, retire time.Time) (bool, error) {
	if !storable(k.KID, k.Alg) {
		return false, errUnstorable()
	}
	row := keyRow{
		KID: k.KID, Alg: k.Alg, Seq: k.Seq, PrivateKey: k.Private, PublicKey: k.Public,
		CreatedAt: at(k.CreatedAt), ActiveFrom: at(k.ActiveFrom), ExpiresAt: maybe(k.ExpiresAt),
	}
	added := false
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		// The unique (alg, seq) is what decides between nodes.
		res := c.orm(ctx).Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "alg"}, {Name: "seq"}}, DoNothing: true,
		}).Create(&row)
		added = res.RowsAffected > 0
		if res.Error != nil || !added {
			return res.Error
		}
		err := c.orm(ctx).Model(&keyRow{}).Where("alg = ? AND seq = ?", k.Alg, k.Seq-1).
			Update("expires_at", at(retire)).Error
		if err != nil {
			return err
		}
		return bump(ctx, c, topicKeys)
	})
	if err != nil {
		return false, err
	}
	return added, nil
}

// DeleteSigningKeys implements keys.Store.
func (db *DB) DeleteSigningKeys(ctx context.Context, before time.Time) (int, error) {
	var n int64
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		res := c.orm(ctx).Where("expires_at < ?", at(before)).Delete(&keyRow{})
		n = res.RowsAffected
		if res.Error != nil || n == 0 {
			return res.Error
		}
		return bump(ctx, c, topicKeys)
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}
