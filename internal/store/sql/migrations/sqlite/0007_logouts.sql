-- +goose Up

CREATE TABLE logouts (
    id         TEXT    PRIMARY KEY NOT NULL,
    client_id  TEXT    NOT NULL,
    account_id TEXT    NOT NULL,
    sid        TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT    NOT NULL DEFAULT '',
    due_at     INTEGER,
    sent_at    INTEGER,
    dead_at    INTEGER
) STRICT;
CREATE INDEX logouts_due ON logouts (due_at) WHERE due_at IS NOT NULL;
