-- +goose Up

-- Accounts by the domain of their address: what follows the last @.
CREATE INDEX accounts_domain ON accounts ((substr(email_key, length(rtrim(email_key, replace(email_key, '@', ''))) + 1)), id);

-- Domains whose people sign in at a provider and nowhere else, and are being signed
-- out. They wait as mails do: a worker claims one by moving due_at to when the claim
-- ends. after_id is the account that was looked at last. Nothing is referred to:
-- whoever works on it asks what is so by then.
CREATE TABLE sign_outs (
    domain   text        COLLATE "C" PRIMARY KEY,
    after_id uuid,
    begun_at timestamptz NOT NULL,
    attempts integer     NOT NULL DEFAULT 0,
    due_at   timestamptz NOT NULL
);
CREATE INDEX sign_outs_due ON sign_outs (due_at);
