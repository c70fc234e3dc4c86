-- +goose Up

CREATE TABLE accounts (
    id             uuid        PRIMARY KEY,
    email          text        NOT NULL,
    email_key      text        COLLATE "C" NOT NULL,
    email_verified boolean     NOT NULL,
    password_hash  text        NOT NULL,
    status         text        NOT NULL,
    profile        jsonb       NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    CONSTRAINT accounts_email_key UNIQUE (email_key)
);

CREATE TABLE clients (
    id          text        COLLATE "C" PRIMARY KEY,
    name        text        NOT NULL,
    secret_hash text        NOT NULL,
    metadata    jsonb       NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE consents (
    account_id uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    client_id  text        COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes     jsonb       NOT NULL,
    granted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

-- One row per grant that has, had or may never have refresh tokens. A grant
-- that was revoked before its family was made has only grant_id, revoked_at
-- and end_day.
--
-- A rotation writes generation, rotated_at, idle_until and, once a day,
-- end_day. No index holds the first three, and the pages keep room, so that
-- PostgreSQL writes the new row version beside the old one and no index
-- (HOT). end_day is the day (since 1970, rounded up) by which the family has
-- ended unless it is used; last_day is the same of expires_at.
CREATE TABLE token_families (
    grant_id   text        COLLATE "C" PRIMARY KEY,
    root_key   text        COLLATE "C",
    account_id uuid        REFERENCES accounts (id) ON DELETE CASCADE,
    client_id  text        COLLATE "C" REFERENCES clients (id) ON DELETE CASCADE,
    grant_data json,
    generation bigint      NOT NULL DEFAULT 0,
    created_at timestamptz,
    rotated_at timestamptz,
    idle_until timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    end_day    integer     NOT NULL,
    last_day   integer     NOT NULL,
    CONSTRAINT token_families_root_key UNIQUE (root_key)
) WITH (fillfactor = 80);
CREATE INDEX token_families_account ON token_families (account_id, client_id);
CREATE INDEX token_families_client ON token_families (client_id);
CREATE INDEX token_families_end_day ON token_families (end_day);

CREATE TABLE signing_keys (
    kid         text        COLLATE "C" PRIMARY KEY,
    alg         text        COLLATE "C" NOT NULL,
    seq         bigint      NOT NULL,
    private_key bytea       NOT NULL,
    public_key  bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    active_from timestamptz NOT NULL,
    expires_at  timestamptz,
    CONSTRAINT signing_keys_alg_seq UNIQUE (alg, seq)
);

CREATE TABLE audit_log (
    id        uuid        PRIMARY KEY,
    at        timestamptz NOT NULL,
    actor     text        NOT NULL,
    action    text        NOT NULL,
    subject   text        NOT NULL,
    client_id text        NOT NULL,
    ip        text        NOT NULL,
    detail    jsonb       NOT NULL
);

-- What every node polls to know when its caches are stale.
CREATE TABLE changes (
    topic   text   COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL
);
INSERT INTO changes (topic, version) VALUES ('accounts', 0), ('clients', 0), ('keys', 0);
