-- Staff, sessions of everybody, one-time codes and limits. Times are UTC with microseconds.

CREATE TABLE staff (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL,
    -- The address in the form in which two spellings of one address are equal.
    email_key     TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    roles         {{json}} NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    {{timestamp}} NOT NULL,
    updated_at    {{timestamp}} NOT NULL,
    disabled_at   {{timestamp}}
);

CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    -- SHA-256 of the token. The token itself is never stored.
    token_hash   TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    created_at   {{timestamp}} NOT NULL,
    last_seen_at {{timestamp}} NOT NULL,
    expires_at   {{timestamp}} NOT NULL,
    -- Microseconds without a request after which it ends. 0 is for no such limit.
    idle         {{bigint}} NOT NULL
);
CREATE INDEX sessions_subject ON sessions (kind, subject);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- The newest one-time code of each purpose, flow and destination. A new code takes the old one's row.
CREATE TABLE codes (
    -- Keyed hash of purpose, flow and destination.
    binding    TEXT PRIMARY KEY,
    salt       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    decoy      BOOLEAN NOT NULL,
    tries      {{bigint}} NOT NULL,
    issued_at  {{timestamp}} NOT NULL,
    expires_at {{timestamp}} NOT NULL,
    used_at    {{timestamp}}
);
CREATE INDEX codes_expires ON codes (expires_at);

-- Counters of what is limited, each for its present window.
CREATE TABLE limits (
    -- Keyed hash of the limit's name and of whom or what it counts.
    id      TEXT PRIMARY KEY,
    hits    {{bigint}} NOT NULL,
    ends_at {{timestamp}} NOT NULL
);
CREATE INDEX limits_ends ON limits (ends_at);
