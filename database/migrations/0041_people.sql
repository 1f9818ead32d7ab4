-- Staff are kept by administrators. Until when a password works that its owner has to replace by an
-- own one at the first sign-in; null for an own password.
ALTER TABLE staff ADD COLUMN one_time_until {{timestamp}};

-- What was changed about staff, by whom: only ever added to, each line sealed to the one before.
CREATE TABLE staff_changes (
    id       TEXT PRIMARY KEY,
    seq      {{bigint}} NOT NULL UNIQUE,
    at       {{timestamp}} NOT NULL,
    -- The member of staff who did it; empty for the operator's command line.
    by_id    TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    kind     TEXT NOT NULL,
    -- JSON, kept as it was sealed: roles, ids and times, never names or addresses.
    data     TEXT NOT NULL,
    hash     TEXT NOT NULL
);
CREATE INDEX staff_changes_at ON staff_changes (at, id);
CREATE INDEX staff_changes_of ON staff_changes (staff_id, at, id);

-- The end of that record, of which there is one row: whoever changes staff locks it.
CREATE TABLE staff_record (
    id   TEXT PRIMARY KEY,
    seq  {{bigint}} NOT NULL,
    head TEXT NOT NULL
);
INSERT INTO staff_record (id, seq, head) VALUES ('staff', 0, '');
