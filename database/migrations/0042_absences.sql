-- When members of staff are away: nobody gives them cases then, and those that they hold go back.
CREATE TABLE absences (
    id        TEXT PRIMARY KEY,
    staff_id  TEXT NOT NULL REFERENCES staff (id),
    begins_at {{timestamp}} NOT NULL,
    ends_at   {{timestamp}} NOT NULL,
    reason    TEXT NOT NULL,
    set_by    TEXT NOT NULL,
    set_at    {{timestamp}} NOT NULL,
    -- Who ended or cancelled it early, and when; null when its time is its own.
    ended_by  TEXT NOT NULL,
    ended_at  {{timestamp}}
);
CREATE INDEX absences_staff ON absences (staff_id, begins_at);
CREATE INDEX absences_ends ON absences (ends_at);
