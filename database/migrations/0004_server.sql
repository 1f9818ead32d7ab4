-- Answers of unsafe calls, kept for a day so that a repeated call is answered alike.
-- id is a keyed hash of the caller and the caller's key; response is encrypted under
-- a key that only the caller can bring (server/seal.go).
CREATE TABLE idempotency (
    id          TEXT PRIMARY KEY,
    route       TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    response    {{bytes}},
    created_at  {{timestamp}} NOT NULL,
    expires_at  {{timestamp}} NOT NULL
);

CREATE INDEX idempotency_expires_at ON idempotency (expires_at);
