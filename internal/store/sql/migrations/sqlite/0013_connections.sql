-- +goose Up

CREATE TABLE connections (
    id         TEXT    PRIMARY KEY NOT NULL,
    name       TEXT    NOT NULL,
    protocol   TEXT    NOT NULL,
    settings   TEXT    NOT NULL,
    sealed     BLOB,
    enabled    INTEGER NOT NULL,
    tested_at  INTEGER,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE connection_uses (
    connection_id   TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    organization_id TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    enforced        INTEGER NOT NULL,
    PRIMARY KEY (connection_id, organization_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX connection_uses_organization ON connection_uses (organization_id, connection_id);

CREATE TABLE identities (
    connection_id TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    subject       TEXT    NOT NULL,
    account_id    TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    email         TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    last_sign_in  INTEGER NOT NULL,
    PRIMARY KEY (connection_id, subject)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX identities_account ON identities (account_id, connection_id);
