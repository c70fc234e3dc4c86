-- +goose Up

-- APIs that tokens are made for (RFC 8707), and the types of authorization
-- details that can be asked for (RFC 9396). Few, and read as a whole.
CREATE TABLE resource_servers (
    id         text        COLLATE "C" PRIMARY KEY,
    metadata   jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE detail_types (
    id         text        COLLATE "C" PRIMARY KEY,
    metadata   jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

INSERT INTO changes (topic, version) VALUES ('resources', 0);
