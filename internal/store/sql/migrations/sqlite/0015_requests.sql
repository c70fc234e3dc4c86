-- +goose Up

-- Requests of programs that may come again. key: a hash of who sent it and under
-- what key. status, body: how it was answered; NULL while it is under way.
CREATE TABLE requests (
    key        TEXT    PRIMARY KEY NOT NULL,
    print      TEXT    NOT NULL,
    status     INTEGER,
    body       BLOB,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_created ON requests (created_at);
