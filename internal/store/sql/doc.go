// Package sqlstore keeps what lasts: accounts and the browsers that they know,
// clients, consents, families of refresh tokens, signing keys, the audit log and
// the mail outbox, in PostgreSQL or in an embedded SQLite file. It is the only
// importer of gorm and of the two drivers.
//
// A method is one statement or one transaction, named after what its caller
// wants. It is given up after a deadline, repeated by itself when the database
// asks for that (a deadlock, a serialization failure, a busy file), and fails
// only with faults. The statements that sign-ins and token refreshes wait for
// are SQL texts that the drivers prepare once; everything else goes through
// gorm with named columns.
//
// It knows neither HTTP nor what a password or a token is, and it makes no
// decision: who may do what is settled before it is called.
//
// What holds for both databases:
//
//   - Identifiers come from the caller and there are no sequences; pages are
//     read by identifier. Nothing is used that PostgreSQL's distributed
//     relatives lack; advisory locks serve migrations only.
//   - Times are kept in microseconds and returned in UTC.
//   - Text must be UTF-8 without NUL, which PostgreSQL cannot hold; anything
//     else is refused with a fault of kind Invalid, and never found.
package sqlstore
