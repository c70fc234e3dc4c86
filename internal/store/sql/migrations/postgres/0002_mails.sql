-- +goose Up

-- The outbox. A mail is due, sent or dead, and due_at is NULL when it is one of
-- the latter two. A worker claims it by moving due_at to when the claim ends.
-- There is no reference to accounts: a mail may tell of an account's end.
CREATE TABLE mails (
    id         uuid        PRIMARY KEY,
    kind       text        NOT NULL,
    account_id uuid,
    recipient  text        NOT NULL,
    language   text        NOT NULL,
    subject    text        NOT NULL,
    body_text  text        NOT NULL,
    body_html  text        NOT NULL,
    created_at timestamptz NOT NULL,
    attempts   integer     NOT NULL DEFAULT 0,
    last_error text        NOT NULL DEFAULT '',
    due_at     timestamptz,
    sent_at    timestamptz,
    dead_at    timestamptz
);
-- What every node looks at each second.
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;

-- In which browsers an account has signed in. browser_key is the hash of the
-- browser's name.
CREATE TABLE known_browsers (
    account_id  uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    browser_key text        COLLATE "C" NOT NULL,
    first_seen  timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL,
    PRIMARY KEY (account_id, browser_key)
);
