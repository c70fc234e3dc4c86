-- +goose Up

-- An organization's domains of e-mail addresses. skeleton is what domains have in
-- common that look the same. One organization has a domain proven at a time.
CREATE TABLE domains (
    organization_id uuid        NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name            text        COLLATE "C" NOT NULL,
    skeleton        text        COLLATE "C" NOT NULL,
    token           text        NOT NULL,
    created_at      timestamptz NOT NULL,
    proven_at       timestamptz,
    checked_at      timestamptz,
    missed_at       timestamptz,
    vouched         boolean     NOT NULL,
    connection_id   uuid        REFERENCES connections (id) ON DELETE SET NULL,
    PRIMARY KEY (organization_id, name)
);
CREATE UNIQUE INDEX domains_proven ON domains (name) WHERE proven_at IS NOT NULL;
CREATE INDEX domains_skeleton ON domains (skeleton) WHERE proven_at IS NOT NULL;
CREATE INDEX domains_connection ON domains (connection_id) WHERE connection_id IS NOT NULL;
CREATE INDEX domains_checked ON domains (checked_at) WHERE proven_at IS NOT NULL AND NOT vouched;

-- Links by which somebody who is no member sets up an organization's sign-in. key
-- is the hash of the link's secret, browser that of who opened it.
CREATE TABLE setup_links (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    key             text        COLLATE "C" NOT NULL,
    created_by      text        NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    browser         text        COLLATE "C",
    claimed_at      timestamptz
);
CREATE INDEX setup_links_organization ON setup_links (organization_id, id);
CREATE INDEX setup_links_expires ON setup_links (expires_at);
