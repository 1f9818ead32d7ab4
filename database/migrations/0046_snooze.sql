-- A case that was put away until a time is out of its reviewer's list and of the list of what waits, and
-- in one of its own. Its review clock runs on, so that it keeps its place among those due.
ALTER TABLE cases ADD COLUMN snoozed_until {{timestamp}};
ALTER TABLE cases ADD COLUMN snoozed_by TEXT NOT NULL DEFAULT '';

DROP INDEX cases_lane_free;
CREATE INDEX cases_lane_free ON cases (lane, queue_at, id) WHERE lane = 1 AND claimed_by = '' AND snoozed_until IS NULL;
CREATE INDEX cases_lane_mine ON cases (claimed_by, lane, queue_at, id) WHERE claimed_by <> '' AND snoozed_until IS NULL;
CREATE INDEX cases_lane_snoozed ON cases (lane, queue_at, id) WHERE lane = 1 AND snoozed_until IS NOT NULL;
-- What the clock looks for: those whose time has come. It has a condition of its own, so that nobody
-- reads the list above by it, out of order.
CREATE INDEX cases_snoozed ON cases (snoozed_until) WHERE snoozed_by <> '';
