-- +goose Up

-- Addresses that people want to move to. A row waits for its link until
-- expires_at; once it is confirmed, who owned the address before can take it
-- back by another link for a while. over_at: nothing more comes of it. Where the
-- address has an account already, nobody has the link.
CREATE TABLE email_changes (
    id            uuid        PRIMARY KEY,
    account_id    uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    old_email     text        NOT NULL,
    old_email_key text        COLLATE "C" NOT NULL,
    new_email     text        NOT NULL,
    new_email_key text        COLLATE "C" NOT NULL,
    confirm_key   text        COLLATE "C" NOT NULL,
    restore_key   text        COLLATE "C",
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    confirmed_at  timestamptz,
    over_at       timestamptz,
    CONSTRAINT email_changes_confirm UNIQUE (confirm_key),
    CONSTRAINT email_changes_restore UNIQUE (restore_key)
);
CREATE INDEX email_changes_account ON email_changes (account_id);
CREATE INDEX email_changes_new ON email_changes (new_email_key);

-- When accounts that their owners closed are erased. It counts while the status
-- of the account is closing.
CREATE TABLE closings (
    account_id  uuid        PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    closed_at   timestamptz NOT NULL,
    erase_at    timestamptz NOT NULL,
    reminded_at timestamptz
);
CREATE INDEX closings_erase ON closings (erase_at);

-- What was done to one account.
CREATE INDEX audit_log_subject ON audit_log (subject, id);
