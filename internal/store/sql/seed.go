package sqlstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"signet/internal/account"
)

// seedBatch is how many accounts are made in one transaction.
const seedBatch = 2_500

// SeedAddress is the address that SeedAccounts gives the i-th account, from 1:
// the template's with i before the @, user1@example.com for user@example.com.
func SeedAddress(template string, i int) string {
	local, domain, _ := strings.Cut(template, "@")
	return local + strconv.Itoa(i) + "@" + domain
}

// SeedAccounts makes n accounts for load tests: copies of the template, each
// with an id of its own and SeedAddress of the template's Email and EmailKey.
// Those that are there already stay. After each batch, progress is told how
// many are done; it may be nil. Only ctx ends it.
func (db *DB) SeedAccounts(ctx context.Context, n int, template account.Account, progress func(done int)) error {
	for done := 0; done < n; {
		size := min(seedBatch, n-done)
		rows := make([]accountRow, size)
		for i := range rows {
			id, err := uuid.NewV7()
			if err != nil {
				return internal(err)
			}
			a := template
			a.ID = id.String()
			a.Email = SeedAddress(template.Email, done+i+1)
			a.EmailKey = SeedAddress(template.EmailKey, done+i+1)
			rows[i] = rowOfAccount(&a)
		}
		if err := db.dialect.seed(ctx, rows); err != nil {
			return translate(err)
		}
		done += size
		if progress != nil {
			progress(done)
		}
	}
	return nil
}

// copyAccounts streams the rows into a temporary table and takes over those
// that are new: COPY itself knows no ON CONFLICT.
func copyAccounts(ctx context.Context, config *pgx.ConnConfig, rows []accountRow) error {
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	tx, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // after a Commit it does nothing
	if _, err := tx.Exec(ctx, "CREATE TEMPORARY TABLE seed (LIKE accounts) ON COMMIT DROP"); err != nil {
		return err
	}
	source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return rows[i].values(), nil })
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"seed"}, strings.Split(accountColumns, ", "), source); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO accounts ("+accountColumns+") SELECT "+accountColumns+
		" FROM seed ON CONFLICT (email_key) DO NOTHING")
	if err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// seedPause lets other changes to an SQLite file in between two batches.
const seedPause = time.Millisecond

// insertAccounts makes the rows on the writing connection, one prepared
// statement and one commit for all of them.
func (db *DB) insertAccounts(ctx context.Context, rows []accountRow) error {
	const text = insertAccount + " ON CONFLICT (email_key) DO NOTHING"
	defer time.Sleep(seedPause)
	return db.write.run(ctx, true, func(ctx context.Context, c *conn) error {
		for i := range rows {
			if _, err := c.change(ctx, text, rows[i].values()...); err != nil {
				return err
			}
		}
		return nil
	})
}
