-- +goose Up

-- Times are microseconds since 1970, UTC. JSON is text. The comments on the
-- tables are in the file of the same number for PostgreSQL.

CREATE TABLE accounts (
    id             TEXT    PRIMARY KEY NOT NULL,
    email          TEXT    NOT NULL,
    email_key      TEXT    NOT NULL UNIQUE,
    email_verified INTEGER NOT NULL,
    password_hash  TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    profile        TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE clients (
    id          TEXT    PRIMARY KEY NOT NULL,
    name        TEXT    NOT NULL,
    secret_hash TEXT    NOT NULL,
    metadata    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
    account_id TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    client_id  TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes     TEXT    NOT NULL,
    granted_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE token_families (
    grant_id   TEXT    PRIMARY KEY NOT NULL,
    root_key   TEXT    UNIQUE,
    account_id TEXT    REFERENCES accounts (id) ON DELETE CASCADE,
    client_id  TEXT    REFERENCES clients (id) ON DELETE CASCADE,
    grant_data TEXT,
    generation INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER,
    rotated_at INTEGER,
    idle_until INTEGER,
    expires_at INTEGER,
    revoked_at INTEGER,
    end_day    INTEGER NOT NULL,
    last_day   INTEGER NOT NULL
) STRICT;
CREATE INDEX token_families_account ON token_families (account_id, client_id);
CREATE INDEX token_families_client ON token_families (client_id);
CREATE INDEX token_families_end_day ON token_families (end_day);

CREATE TABLE signing_keys (
    kid         TEXT    PRIMARY KEY NOT NULL,
    alg         TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    private_key BLOB    NOT NULL,
    public_key  BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    active_from INTEGER NOT NULL,
    expires_at  INTEGER,
    UNIQUE (alg, seq)
) STRICT;

CREATE TABLE audit_log (
    id        TEXT    PRIMARY KEY NOT NULL,
    at        INTEGER NOT NULL,
    actor     TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    client_id TEXT    NOT NULL,
    ip        TEXT    NOT NULL,
    detail    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE changes (
    topic   TEXT    PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO changes (topic, version) VALUES ('accounts', 0), ('clients', 0), ('keys', 0);
