-- What members of staff are told of: they were mentioned in a note, were given a case, or something
-- happened to one that they follow. A row is written in the transaction of the event that it names by
-- case and number; it ends with its time and is no part of the case's record.

CREATE TABLE notices (
    staff_id   TEXT NOT NULL,
    -- The case's id and the event's number: an event is told to one person once.
    id         TEXT NOT NULL,
    case_id    TEXT NOT NULL REFERENCES cases (id),
    why        TEXT NOT NULL,
    type       TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    -- Whom the case was given to; empty for other events.
    given_to   TEXT NOT NULL,
    -- The message or note that the event tells of; empty for others.
    message_id TEXT NOT NULL,
    at         {{timestamp}} NOT NULL,
    read_at    {{timestamp}},
    PRIMARY KEY (staff_id, id)
);
CREATE INDEX notices_inbox ON notices (staff_id, at, id);
CREATE INDEX notices_unread ON notices (staff_id, at, id) WHERE read_at IS NULL;
CREATE INDEX notices_unread_case ON notices (staff_id, case_id) WHERE read_at IS NULL;
CREATE INDEX notices_at ON notices (at);

-- How somebody wants to be told. Who has chosen nothing has no row.
CREATE TABLE inbox_choices (
    staff_id TEXT PRIMARY KEY,
    -- A mail for each mention.
    mail     BOOLEAN NOT NULL,
    -- Whoever is mentioned in a case follows it.
    follow   BOOLEAN NOT NULL
);

-- Whom a note is for, by their ids.
ALTER TABLE messages ADD COLUMN mentions {{json}} NOT NULL DEFAULT '[]';
