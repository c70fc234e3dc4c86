-- +goose Up

CREATE INDEX accounts_domain ON accounts (substr(email_key, length(rtrim(email_key, replace(email_key, '@', ''))) + 1), id);

CREATE TABLE sign_outs (
    domain   TEXT    PRIMARY KEY NOT NULL,
    after_id TEXT,
    begun_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_outs_due ON sign_outs (due_at);
