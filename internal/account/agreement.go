package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
)

// AgreementKind names what people agree to or not.
type AgreementKind string

// AgreeNews is to be sent news, updates and offers by e-mail.
const AgreeNews AgreementKind = "news"

// AgreementSource is where a person, or somebody for them, made the choice.
type AgreementSource string

// The sources.
const (
	FromSignUp      AgreementSource = "sign-up"
	FromAccountPage AgreementSource = "account page"
	FromMail        AgreementSource = "link in mail"
	FromOperator    AgreementSource = "operator"
)

// Agreement is one entry of the ledger: a choice that a person made. Entries
// are added and never changed; the newest of a kind is what stands.
type Agreement struct {
	ID        string // a UUIDv7 in its text form
	AccountID string
	Kind      AgreementKind
	Given     bool // false: refused, or taken back
	Wording   string
	Version   string // of the wording
	Language  string // of the wording, BCP 47
	Source    AgreementSource
	ClientID  string // the app through which it was asked, or ""
	At        time.Time
}

// NewAgreement returns the entry with an id and its time.
func NewAgreement(a Agreement, now time.Time) *Agreement {
	a.ID, a.At = uuid.Must(uuid.NewV7()).String(), now
	return &a
}

// AgreementStore keeps the ledger for as long as the account.
type AgreementStore interface {
	// AppendAgreement adds the entry; a fault of kind NotFound when there is no
	// such account.
	AppendAgreement(ctx context.Context, a *Agreement) error
	// AgreementsOf returns the account's entries, oldest first.
	AgreementsOf(ctx context.Context, accountID string) ([]*Agreement, error)
	// Agreements returns up to limit entries of all accounts with an id greater
	// than after, by id.
	Agreements(ctx context.Context, after string, limit int) ([]*Agreement, error)
}

// Ledger is the record of what people agreed to.
type Ledger struct {
	store  AgreementStore
	secret []byte
	now    func() time.Time
}

// NewLedger returns the ledger on the store. secret is 32 bytes that all nodes
// share: it authenticates the links by which mails let people withdraw.
func NewLedger(store AgreementStore, secret []byte, now func() time.Time) *Ledger {
	return &Ledger{store: store, secret: secret, now: now}
}

// Of returns the account's entries, oldest first.
func (l *Ledger) Of(ctx context.Context, accountID string) ([]*Agreement, error) {
	return l.store.AgreementsOf(ctx, accountID)
}

// List returns up to limit entries of all accounts with an id greater than
// after, by id.
func (l *Ledger) List(ctx context.Context, after string, limit int) ([]*Agreement, error) {
	return l.store.Agreements(ctx, after, limit)
}

// Last returns the entry of the kind that stands, or nil: the person was never
// asked.
func (l *Ledger) Last(ctx context.Context, accountID string, kind AgreementKind) (*Agreement, error) {
	all, err := l.store.AgreementsOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	var last *Agreement
	for _, a := range all {
		if a.Kind == kind {
			last = a
		}
	}
	return last, nil
}

// Record adds the choice unless it is the one that stands, and reports whether
// it was added. Not to agree to what one never agreed to is no choice.
func (l *Ledger) Record(ctx context.Context, a Agreement) (bool, error) {
	last, err := l.Last(ctx, a.AccountID, a.Kind)
	if err != nil {
		return false, err
	}
	if stands := last != nil && last.Given; stands == a.Given {
		return false, nil
	}
	return true, l.store.AppendAgreement(ctx, NewAgreement(a, l.now()))
}

// Withdraw takes back what the account agreed to, in the words in which it was
// given, and reports whether there was anything to take back.
func (l *Ledger) Withdraw(ctx context.Context, accountID string, kind AgreementKind, source AgreementSource) (bool, error) {
	last, err := l.Last(ctx, accountID, kind)
	if err != nil || last == nil || !last.Given {
		return false, err
	}
	next := *last
	next.Given, next.Source, next.ClientID = false, source, ""
	return true, l.store.AppendAgreement(ctx, NewAgreement(next, l.now()))
}

// Token is what a link carries by which the account takes its agreement back
// without a sign-in. It opens nothing else and does not expire: so old a mail
// may be that somebody has had enough of.
func (l *Ledger) Token(accountID string, kind AgreementKind) string {
	who := string(kind) + "." + accountID
	return who + "." + l.seal(who)
}

// ReadToken returns whose link it is and what it takes back, or a fault of kind
// NotFound.
func (l *Ledger) ReadToken(token string) (accountID string, kind AgreementKind, err error) {
	at := strings.LastIndexByte(token, '.')
	if at < 0 || !hmac.Equal([]byte(l.seal(token[:at])), []byte(token[at+1:])) {
		return "", "", fault.New(fault.NotFound, "This link is not complete. Open it from the mail once more.")
	}
	name, accountID, _ := strings.Cut(token[:at], ".")
	return accountID, AgreementKind(name), nil
}

func (l *Ledger) seal(who string) string {
	mac := hmac.New(sha256.New, l.secret)
	mac.Write([]byte(who))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
