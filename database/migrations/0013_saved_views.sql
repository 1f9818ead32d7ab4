-- Parts of the queue that members of staff keep under a name, and, without one, what they search
-- for just now: addresses hold its id in the place of what is known of people.

CREATE TABLE saved_views (
    id         TEXT PRIMARY KEY,
    staff_id   TEXT NOT NULL,
    name       TEXT NOT NULL,
    shared     BOOLEAN NOT NULL,
    query      {{json}} NOT NULL,
    created_at {{timestamp}} NOT NULL,
    -- Set for what has no name.
    expires_at {{timestamp}}
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (staff_id, name) WHERE name <> '';
CREATE INDEX saved_views_shared ON saved_views (name) WHERE shared = TRUE;
CREATE INDEX saved_views_expires ON saved_views (expires_at) WHERE expires_at IS NOT NULL;
