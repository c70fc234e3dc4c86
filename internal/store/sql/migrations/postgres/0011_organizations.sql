-- +goose Up

-- version counts the changes of the organization and of its members: a change
-- is made on the version that it was decided on. erase_at: it was deleted, and
-- waits to be erased.
CREATE TABLE organizations (
    id         uuid        PRIMARY KEY,
    name       text        NOT NULL,
    slug       text        COLLATE "C",
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    erase_at   timestamptz,
    CONSTRAINT organizations_slug UNIQUE (slug)
);
CREATE INDEX organizations_erase ON organizations (erase_at) WHERE erase_at IS NOT NULL;

CREATE TABLE members (
    organization_id uuid        NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    account_id      uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role            text        COLLATE "C" NOT NULL,
    joined_at       timestamptz NOT NULL,
    PRIMARY KEY (organization_id, account_id)
);
CREATE INDEX members_account ON members (account_id, organization_id);
CREATE INDEX members_owner ON members (organization_id) WHERE role = 'owner';
