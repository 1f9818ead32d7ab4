-- Organisations of resellers and partners. Their members sign in with a code, and see every letter
-- that is asked of an address of theirs.
CREATE TABLE organisations (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    -- The name in the form in which two spellings of one name are equal.
    name_key   TEXT NOT NULL UNIQUE,
    created_at {{timestamp}} NOT NULL,
    -- The member of staff; empty for the operator's command line.
    created_by TEXT NOT NULL
);

-- A member who left keeps the row: events name members by their ids.
CREATE TABLE organisation_members (
    id              TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    email           TEXT NOT NULL,
    email_key       TEXT NOT NULL,
    added_at        {{timestamp}} NOT NULL,
    added_by        TEXT NOT NULL,
    removed_at      {{timestamp}}
);
CREATE UNIQUE INDEX organisation_members_email ON organisation_members (email_key) WHERE removed_at IS NULL;
CREATE INDEX organisation_members_organisation ON organisation_members (organisation_id, email_key);

-- Mail domains of which an administrator made sure that all their addresses are the organisation's.
CREATE TABLE organisation_domains (
    domain          TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    verified_at     {{timestamp}} NOT NULL,
    verified_by     TEXT NOT NULL
);
CREATE INDEX organisation_domains_organisation ON organisation_domains (organisation_id, domain);

-- Keyed digests of the address that an invitation went to, and of its domain: by them an
-- organisation finds what is asked of it. The index of those without is for filling them in.
ALTER TABLE invitations ADD COLUMN email_key TEXT NOT NULL DEFAULT '';
ALTER TABLE invitations ADD COLUMN domain_key TEXT NOT NULL DEFAULT '';
CREATE INDEX invitations_email ON invitations (email_key, expires_at, id);
CREATE INDEX invitations_domain ON invitations (domain_key, expires_at, id);
CREATE INDEX invitations_unkeyed ON invitations (id) WHERE email_key = '';
