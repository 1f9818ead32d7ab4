-- Which members of staff follow which cases. It is no part of a case's record. One person follows so
-- few that all of theirs are read at once (cases/follow.go).

CREATE TABLE followers (
    case_id  TEXT NOT NULL REFERENCES cases (id),
    staff_id TEXT NOT NULL,
    since    {{timestamp}} NOT NULL,
    PRIMARY KEY (case_id, staff_id)
);
CREATE INDEX followers_staff ON followers (staff_id, since);
