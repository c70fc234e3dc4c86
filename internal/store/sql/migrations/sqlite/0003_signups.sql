-- +goose Up

CREATE TABLE signups (
    id            TEXT    PRIMARY KEY NOT NULL,
    email         TEXT    NOT NULL,
    email_key     TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    profile       TEXT    NOT NULL,
    news          TEXT    NOT NULL,
    client_id     TEXT    NOT NULL,
    browser_key   TEXT    NOT NULL,
    code_hash     TEXT    NOT NULL,
    link_key      TEXT    NOT NULL UNIQUE,
    tries         INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    activated_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX signups_email ON signups (email_key);
CREATE INDEX signups_expires ON signups (expires_at);

CREATE TABLE signup_mails (
    email_key TEXT    PRIMARY KEY NOT NULL,
    since     INTEGER NOT NULL,
    mails     INTEGER NOT NULL,
    last_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signup_mails_last ON signup_mails (last_at);
