-- +goose Up

-- Accounts that wait until their address is proven. Several may wait for one
-- address: whose it is only the mail tells. The id becomes that of the account.
-- code_hash is '-' where no code is good; activated_at is NULL while it waits.
CREATE TABLE signups (
    id            uuid        PRIMARY KEY,
    email         text        NOT NULL,
    email_key     text        COLLATE "C" NOT NULL,
    password_hash text        NOT NULL,
    profile       jsonb       NOT NULL,
    news          jsonb       NOT NULL,
    client_id     text        NOT NULL,
    browser_key   text        NOT NULL,
    code_hash     text        NOT NULL,
    link_key      text        COLLATE "C" NOT NULL,
    tries         integer     NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    activated_at  timestamptz,
    CONSTRAINT signups_link UNIQUE (link_key)
);
CREATE INDEX signups_email ON signups (email_key);
CREATE INDEX signups_expires ON signups (expires_at);

-- How often an address was written to for sign-ups, since a time.
CREATE TABLE signup_mails (
    email_key text        COLLATE "C" PRIMARY KEY,
    since     timestamptz NOT NULL,
    mails     integer     NOT NULL,
    last_at   timestamptz NOT NULL
);
CREATE INDEX signup_mails_last ON signup_mails (last_at);
