-- +goose Up

CREATE TABLE organizations (
    id         TEXT    PRIMARY KEY NOT NULL,
    name       TEXT    NOT NULL,
    slug       TEXT    UNIQUE,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    erase_at   INTEGER
) STRICT;
CREATE INDEX organizations_erase ON organizations (erase_at) WHERE erase_at IS NOT NULL;

CREATE TABLE members (
    organization_id TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    account_id      TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role            TEXT    NOT NULL,
    joined_at       INTEGER NOT NULL,
    PRIMARY KEY (organization_id, account_id)
) STRICT;
CREATE INDEX members_account ON members (account_id, organization_id);
CREATE INDEX members_owner ON members (organization_id) WHERE role = 'owner';
