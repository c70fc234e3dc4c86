-- +goose Up

CREATE TABLE recoveries (
    id           TEXT    PRIMARY KEY NOT NULL,
    account_id   TEXT,
    email_key    TEXT    NOT NULL,
    flow_key     TEXT    NOT NULL,
    code_hash    TEXT    NOT NULL,
    password_key TEXT    NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    proven_at    INTEGER,
    used_at      INTEGER
) STRICT;
