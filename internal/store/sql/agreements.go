package sqlstore

import (
	"context"

	"signet/internal/account"
)

var _ account.AgreementStore = (*DB)(nil)

const (
	agreementColumns = "id, account_id, kind, given, wording, version, language, source, client_id, at"

	insertAgreement = "INSERT INTO agreements (" + agreementColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
)

type agreementRow struct {
	ID        string
	AccountID string
	Kind      string
	Given     bool
	Wording   string
	Version   string
	Language  string
	Source    string
	ClientID  string
	At        instant
}

func (agreementRow) TableName() string { return "agreements" }

func (r *agreementRow) agreement() *account.Agreement {
	return &account.Agreement{
		ID: r.ID, AccountID: r.AccountID, Kind: account.AgreementKind(r.Kind), Given: r.Given, Wording: r.Wording,
		Version: r.Version, Language: r.Language, Source: account.AgreementSource(r.Source), ClientID: r.ClientID, At: r.At.Time,
	}
}

// checkAgreement refuses what cannot be stored, before a transaction is begun
// for it.
func checkAgreement(a *account.Agreement) error {
	if !validID(a.ID) || !storable(string(a.Kind), a.Wording, a.Version, a.Language, string(a.Source), a.ClientID) {
		return errUnstorable()
	}
	if !validID(a.AccountID) {
		return noAccount()
	}
	return nil
}

// addAgreement adds the entry with the transaction that c belongs to.
func addAgreement(ctx context.Context, c *conn, a *account.Agreement) error {
	_, err := c.change(ctx, insertAgreement, a.ID, a.AccountID, string(a.Kind), a.Given, a.Wording,
		a.Version, a.Language, string(a.Source), a.ClientID, at(a.At))
	return err
}

// AppendAgreement implements account.AgreementStore.
func (db *DB) AppendAgreement(ctx context.Context, a *account.Agreement) error {
	if err := checkAgreement(a); err != nil {
		return err
	}
	return db.change(ctx, func(ctx context.Context, c *conn) error { return addAgreement(ctx, c, a) })
}

// AgreementsOf implements account.AgreementStore.
func (db *DB) AgreementsOf(ctx context.Context, accountID string) ([]*account.Agreement, error) {
	if !validID(accountID) {
		return nil, nil
	}
	var rows []agreementRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Select(agreementColumns).Where("account_id = ?", accountID).Order("id").Find(&rows).Error
	})
	return convert(rows, (*agreementRow).agreement), err
}

// Agreements implements account.AgreementStore.
func (db *DB) Agreements(ctx context.Context, after string, limit int) ([]*account.Agreement, error) {
	rows, err := page[agreementRow](ctx, db, agreementColumns, after, limit, validID)
	return convert(rows, (*agreementRow).agreement), err
}
