-- +goose Up

-- The notices to apps that a session ended. They wait as mails do: a worker
-- claims one by moving due_at to when the claim ends. There is no reference to
-- accounts or clients: a notice may tell of an account's end.
CREATE TABLE logouts (
    id         uuid        PRIMARY KEY,
    client_id  text        COLLATE "C" NOT NULL,
    account_id uuid        NOT NULL,
    sid        text        NOT NULL,
    created_at timestamptz NOT NULL,
    attempts   integer     NOT NULL DEFAULT 0,
    last_error text        NOT NULL DEFAULT '',
    due_at     timestamptz,
    sent_at    timestamptz,
    dead_at    timestamptz
);
CREATE INDEX logouts_due ON logouts (due_at) WHERE due_at IS NOT NULL;
