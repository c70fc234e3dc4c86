-- +goose Up

-- Ways to sign in at somebody else's provider. settings: OpenID Connect, SAML,
-- and the mapping. sealed: secrets, under the master key. tested_at: a trial
-- passed with the settings as they are.
CREATE TABLE connections (
    id         uuid        PRIMARY KEY,
    name       text        NOT NULL,
    protocol   text        COLLATE "C" NOT NULL,
    settings   jsonb       NOT NULL,
    sealed     bytea,
    enabled    boolean     NOT NULL,
    tested_at  timestamptz,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- The organizations whose people sign in by a connection. enforced: by nothing else.
CREATE TABLE connection_uses (
    connection_id   uuid    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    organization_id uuid    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    enforced        boolean NOT NULL,
    PRIMARY KEY (connection_id, organization_id)
);
CREATE INDEX connection_uses_organization ON connection_uses (organization_id, connection_id);

-- Who an account is at a provider: one account's per connection and subject, and
-- one per account and connection.
CREATE TABLE identities (
    connection_id uuid        NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    subject       text        COLLATE "C" NOT NULL,
    account_id    uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    email         text        NOT NULL,
    created_at    timestamptz NOT NULL,
    last_sign_in  timestamptz NOT NULL,
    PRIMARY KEY (connection_id, subject)
);
CREATE UNIQUE INDEX identities_account ON identities (account_id, connection_id);
