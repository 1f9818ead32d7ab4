-- 0 is every case's priority; 1 is that of a case whose review took too long, in this round.
ALTER TABLE cases ADD COLUMN priority {{bigint}} NOT NULL DEFAULT 0;
CREATE INDEX cases_lane_priority ON cases (lane, queue_at, id) WHERE priority > 0;
-- What the clock looks for: reviews that are late, and of which nobody was told.
CREATE INDEX cases_late ON cases (review_due) WHERE priority = 0;
