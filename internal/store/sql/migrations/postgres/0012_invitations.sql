-- +goose Up

-- Without an organization it asks somebody only to make an account. inviter_id
-- refers to nothing: once that account is erased, the invitation is not an
-- operator's, whose it is where this is NULL.
CREATE TABLE invitations (
    id              uuid        PRIMARY KEY,
    organization_id uuid        REFERENCES organizations (id) ON DELETE CASCADE,
    email           text        NOT NULL,
    email_key       text        COLLATE "C" NOT NULL,
    role            text        COLLATE "C" NOT NULL,
    inviter_id      uuid,
    client_id       text        COLLATE "C" NOT NULL,
    link_key        text        COLLATE "C" NOT NULL,
    created_at      timestamptz NOT NULL,
    sent_at         timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    outcome         text        COLLATE "C" NOT NULL DEFAULT '',
    account_id      uuid        REFERENCES accounts (id) ON DELETE CASCADE,
    CONSTRAINT invitations_link UNIQUE (link_key)
);
-- An address waits once for an organization, and once for the house.
CREATE UNIQUE INDEX invitations_open ON invitations (email_key, organization_id)
    WHERE ended_at IS NULL AND organization_id IS NOT NULL;
CREATE UNIQUE INDEX invitations_open_house ON invitations (email_key) WHERE ended_at IS NULL AND organization_id IS NULL;
CREATE INDEX invitations_organization ON invitations (organization_id, id);
CREATE INDEX invitations_expires ON invitations (expires_at);
CREATE INDEX invitations_account ON invitations (account_id) WHERE account_id IS NOT NULL;
