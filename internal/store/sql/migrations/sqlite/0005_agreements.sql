-- +goose Up

CREATE TABLE agreements (
    id         TEXT    PRIMARY KEY NOT NULL,
    account_id TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    given      INTEGER NOT NULL,
    wording    TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX agreements_account ON agreements (account_id, id);

-- +goose StatementBegin
CREATE TRIGGER agreements_kept BEFORE UPDATE ON agreements
BEGIN
    SELECT RAISE(ABORT, 'rows of agreements are never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER agreements_stay BEFORE DELETE ON agreements WHEN EXISTS (SELECT 1 FROM accounts WHERE id = OLD.account_id)
BEGIN
    SELECT RAISE(ABORT, 'rows of agreements go with their account');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_log_kept BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'rows of audit_log are never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_log_stays BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'rows of audit_log are never changed');
END;
-- +goose StatementEnd
