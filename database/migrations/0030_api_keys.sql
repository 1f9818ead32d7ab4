-- Keys of programs. Times are UTC with microseconds.

CREATE TABLE api_keys (
    -- "key_" and a UUIDv7, so that events show at a glance that a program acted.
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    -- SHA-256 of the token. The token itself is never stored, only its last characters to know it by.
    token_hash   TEXT NOT NULL UNIQUE,
    hint         TEXT NOT NULL,
    scopes       {{json}} NOT NULL,
    -- A staff member's id; empty when it was made on the command line.
    created_by   TEXT NOT NULL,
    created_at   {{timestamp}} NOT NULL,
    expires_at   {{timestamp}} NOT NULL,
    last_used_at {{timestamp}},
    revoked_at   {{timestamp}},
    revoked_by   TEXT NOT NULL
);
CREATE INDEX api_keys_created ON api_keys (created_at, id);
