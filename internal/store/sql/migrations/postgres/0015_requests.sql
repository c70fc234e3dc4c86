-- +goose Up

-- Requests of programs that may come again. key: a hash of who sent it and under
-- what key. status, body: how it was answered; NULL while it is under way.
CREATE TABLE requests (
    key        text        COLLATE "C" PRIMARY KEY,
    print      text        COLLATE "C" NOT NULL,
    status     integer,
    body       bytea,
    created_at timestamptz NOT NULL
);
CREATE INDEX requests_created ON requests (created_at);
