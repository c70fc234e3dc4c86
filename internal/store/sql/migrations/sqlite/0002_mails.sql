-- +goose Up

CREATE TABLE mails (
    id         TEXT    PRIMARY KEY NOT NULL,
    kind       TEXT    NOT NULL,
    account_id TEXT,
    recipient  TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    body_text  TEXT    NOT NULL,
    body_html  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT    NOT NULL DEFAULT '',
    due_at     INTEGER,
    sent_at    INTEGER,
    dead_at    INTEGER
) STRICT;
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE known_browsers (
    account_id  TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    browser_key TEXT    NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (account_id, browser_key)
) STRICT, WITHOUT ROWID;
