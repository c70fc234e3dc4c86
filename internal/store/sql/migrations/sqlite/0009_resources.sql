-- +goose Up

CREATE TABLE resource_servers (
    id         TEXT    PRIMARY KEY NOT NULL,
    metadata   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE detail_types (
    id         TEXT    PRIMARY KEY NOT NULL,
    metadata   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

INSERT INTO changes (topic, version) VALUES ('resources', 0);
