-- +goose Up

-- inviter_id refers to nothing: once that account is erased, the invitation is
-- not an operator's, whose it is where this is NULL.
CREATE TABLE invitations (
    id              TEXT    PRIMARY KEY NOT NULL,
    organization_id TEXT    REFERENCES organizations (id) ON DELETE CASCADE,
    email           TEXT    NOT NULL,
    email_key       TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    inviter_id      TEXT,
    client_id       TEXT    NOT NULL,
    link_key        TEXT    NOT NULL UNIQUE,
    created_at      INTEGER NOT NULL,
    sent_at         INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    outcome         TEXT    NOT NULL DEFAULT '',
    account_id      TEXT    REFERENCES accounts (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX invitations_open ON invitations (email_key, organization_id)
    WHERE ended_at IS NULL AND organization_id IS NOT NULL;
CREATE UNIQUE INDEX invitations_open_house ON invitations (email_key) WHERE ended_at IS NULL AND organization_id IS NULL;
CREATE INDEX invitations_organization ON invitations (organization_id, id);
CREATE INDEX invitations_expires ON invitations (expires_at);
CREATE INDEX invitations_account ON invitations (account_id) WHERE account_id IS NOT NULL;
