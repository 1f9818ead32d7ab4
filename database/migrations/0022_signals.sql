-- Cases find each other by what they have in common: account, contacts, files. Contacts are looked
-- up by keyed digests. The indexes of those without are for filling them in.
ALTER TABLE cases ADD COLUMN email_key TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN phone_key TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_account ON cases (account_key, id);
CREATE INDEX cases_email ON cases (email_key, id) WHERE email_key <> '';
CREATE INDEX cases_phone ON cases (phone_key, id) WHERE phone_key <> '';
CREATE INDEX cases_email_unkeyed ON cases (id) WHERE new_email <> '' AND email_key = '';
CREATE INDEX cases_phone_unkeyed ON cases (id) WHERE new_phone <> '' AND phone_key = '';
DROP INDEX documents_sha256;
CREATE INDEX documents_sha256 ON documents (sha256, case_id);

-- What leads do not want to see again. Rows are never deleted: they are the record of it.
CREATE TABLE blocks (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    -- Keyed digest of an account or contact, SHA-256 of a file.
    digest     TEXT NOT NULL,
    -- Enough of what was blocked for people to know it by.
    hint       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    -- A case with it is not taken; otherwise reviewers see a signal.
    refuse     BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    created_at {{timestamp}} NOT NULL,
    expires_at {{timestamp}} NOT NULL,
    lifted_by  TEXT NOT NULL,
    lifted_at  {{timestamp}}
);
CREATE UNIQUE INDEX blocks_digest ON blocks (digest) WHERE lifted_at IS NULL;
CREATE INDEX blocks_newest ON blocks (created_at, id);
