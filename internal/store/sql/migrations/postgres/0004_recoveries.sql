-- +goose Up

-- Password resets that were asked for, also for addresses without an account:
-- those have no account_id. There is no reference to accounts, because checking
-- one would take longer where there is an account. code_hash is a keyed hash,
-- password_key the hash of the password hash that the reset is to replace.
CREATE TABLE recoveries (
    id           uuid        PRIMARY KEY,
    account_id   uuid,
    email_key    text        COLLATE "C" NOT NULL,
    flow_key     text        COLLATE "C" NOT NULL,
    code_hash    text        COLLATE "C" NOT NULL,
    password_key text        COLLATE "C" NOT NULL,
    tries        integer     NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    proven_at    timestamptz,
    used_at      timestamptz
);
