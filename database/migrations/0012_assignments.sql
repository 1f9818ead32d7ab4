-- What one person gave to somebody at one go, so that it can be undone while nobody has worked on
-- it. The events of the cases are the record; this is only for undoing.

CREATE TABLE assignments (
    id         TEXT PRIMARY KEY,
    staff_id   TEXT NOT NULL,
    steps      {{json}} NOT NULL,
    created_at {{timestamp}} NOT NULL,
    undone_at  {{timestamp}}
);
CREATE INDEX assignments_created ON assignments (created_at);
