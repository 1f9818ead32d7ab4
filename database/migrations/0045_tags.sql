-- Tags: short names that staff give to cases. Events name a tag by its id; what it is called stands here
-- alone, and may change. A merged tag leads to the one that it became part of. Rows are never deleted.
CREATE TABLE tags (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  {{timestamp}} NOT NULL,
    -- A retired tag stays on the cases that have it, and is given to no other.
    retired_at  {{timestamp}},
    retired_by  TEXT NOT NULL,
    merged_into TEXT NOT NULL
);
CREATE UNIQUE INDEX tags_name ON tags (name) WHERE merged_into = '';
CREATE INDEX tags_merged ON tags (merged_into, name) WHERE merged_into <> '';

-- The tags of a case, as they were given: ids of tags that may have been merged since.
ALTER TABLE cases ADD COLUMN tags {{json}} NOT NULL DEFAULT '[]';

-- Which cases have a tag, as tags are now, each with its place in the queue (see migration 0010): a page
-- of one tag's cases is read in order. The one path of change keeps them.
CREATE TABLE case_tags (
    case_id  TEXT NOT NULL REFERENCES cases (id),
    tag_id   TEXT NOT NULL REFERENCES tags (id),
    lane     {{bigint}} NOT NULL,
    queue_at {{timestamp}} NOT NULL,
    PRIMARY KEY (case_id, tag_id)
);
CREATE INDEX case_tags_place ON case_tags (tag_id, lane, queue_at, case_id);

-- What one person did with several cases at one go, other than giving them to somebody: tags, to be
-- undone while nobody has changed them since, and messages, to tell what was sent and what was not.
CREATE TABLE bulk_acts (
    id         TEXT PRIMARY KEY,
    staff_id   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    steps      {{json}} NOT NULL,
    created_at {{timestamp}} NOT NULL,
    undone_at  {{timestamp}}
);
CREATE INDEX bulk_acts_created ON bulk_acts (created_at);
