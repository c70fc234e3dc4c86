-- +goose Up

-- What people agreed to and took back, as it was shown to them. Rows are added
-- and go with their account; what stands is the newest of each kind.
CREATE TABLE agreements (
    id         uuid        PRIMARY KEY,
    account_id uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind       text        NOT NULL,
    given      boolean     NOT NULL,
    wording    text        NOT NULL,
    version    text        NOT NULL,
    language   text        NOT NULL,
    source     text        NOT NULL,
    client_id  text        NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX agreements_account ON agreements (account_id, id);

-- Nobody rewrites the two records of what happened, by a mistake in the program
-- least of all. An account that is erased takes its agreements with it: by the
-- time that its rows go, the account is gone.
-- +goose StatementBegin
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION goes_with_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM accounts WHERE id = OLD.account_id) THEN
        RAISE EXCEPTION 'rows of % go with their account', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER agreements_kept BEFORE UPDATE ON agreements FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER agreements_stay BEFORE DELETE ON agreements FOR EACH ROW EXECUTE FUNCTION goes_with_account();
CREATE TRIGGER audit_log_kept BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION append_only();
