-- +goose Up

CREATE TABLE domains (
    organization_id TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    skeleton        TEXT    NOT NULL,
    token           TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    proven_at       INTEGER,
    checked_at      INTEGER,
    missed_at       INTEGER,
    vouched         INTEGER NOT NULL,
    connection_id   TEXT    REFERENCES connections (id) ON DELETE SET NULL,
    PRIMARY KEY (organization_id, name)
) STRICT;
CREATE UNIQUE INDEX domains_proven ON domains (name) WHERE proven_at IS NOT NULL;
CREATE INDEX domains_skeleton ON domains (skeleton) WHERE proven_at IS NOT NULL;
CREATE INDEX domains_connection ON domains (connection_id) WHERE connection_id IS NOT NULL;
CREATE INDEX domains_checked ON domains (checked_at) WHERE proven_at IS NOT NULL AND NOT vouched;

CREATE TABLE setup_links (
    id              TEXT    PRIMARY KEY NOT NULL,
    organization_id TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    key             TEXT    NOT NULL,
    created_by      TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    browser         TEXT,
    claimed_at      INTEGER
) STRICT;
CREATE INDEX setup_links_organization ON setup_links (organization_id, id);
CREATE INDEX setup_links_expires ON setup_links (expires_at);
