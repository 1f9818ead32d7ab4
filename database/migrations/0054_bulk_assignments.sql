-- Giving cases to somebody is one more thing that is done with several cases at one go. The steps
-- are written as they were.
INSERT INTO bulk_acts (id, staff_id, kind, steps, created_at, undone_at)
    SELECT id, staff_id, 'assign', steps, created_at, undone_at FROM assignments;
DROP TABLE assignments;
