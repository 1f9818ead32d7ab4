-- Who has a case open at this moment. A row is renewed while its reader looks on and means nothing a
-- minute later; it is no part of the case's record.
CREATE TABLE presences (
    case_id  TEXT NOT NULL REFERENCES cases (id),
    staff_id TEXT NOT NULL,
    seen_at  {{timestamp}} NOT NULL,
    PRIMARY KEY (case_id, staff_id)
);
CREATE INDEX presences_seen ON presences (seen_at);
