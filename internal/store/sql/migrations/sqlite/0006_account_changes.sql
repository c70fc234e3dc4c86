-- +goose Up

CREATE TABLE email_changes (
    id            TEXT    PRIMARY KEY NOT NULL,
    account_id    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    old_email     TEXT    NOT NULL,
    old_email_key TEXT    NOT NULL,
    new_email     TEXT    NOT NULL,
    new_email_key TEXT    NOT NULL,
    confirm_key   TEXT    NOT NULL UNIQUE,
    restore_key   TEXT    UNIQUE,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    confirmed_at  INTEGER,
    over_at       INTEGER
) STRICT;
CREATE INDEX email_changes_account ON email_changes (account_id);
CREATE INDEX email_changes_new ON email_changes (new_email_key);

CREATE TABLE closings (
    account_id  TEXT    PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    closed_at   INTEGER NOT NULL,
    erase_at    INTEGER NOT NULL,
    reminded_at INTEGER
) STRICT;
CREATE INDEX closings_erase ON closings (erase_at);

CREATE INDEX audit_log_subject ON audit_log (subject, id);
