-- Where a case stands in the queue is kept in two columns, so that few indexes serve all views and
-- filters: which lane it is in (0 never filed, 1 with the reviewers, 2 with its customer, 3 held back,
-- 4 ended), and when it is due there, or ended. The one path of change keeps them (cases/queue.go), and
-- with them how many approvals stand, and the policy's own name.

ALTER TABLE cases ADD COLUMN lane {{bigint}} NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN queue_at {{timestamp}};
ALTER TABLE cases ADD COLUMN approvals {{bigint}} NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN policy TEXT NOT NULL DEFAULT '';

UPDATE cases SET policy = (SELECT p.policy FROM policies p WHERE p.hash = cases.policy_hash);
UPDATE cases SET approvals = (SELECT count(*) FROM decisions d WHERE d.case_id = cases.id AND d.round = cases.round AND d.verdict = 'approved' AND d.void = FALSE);
UPDATE cases SET lane = 1, queue_at = coalesce(review_due, updated_at) WHERE filed_at IS NOT NULL AND held = FALSE AND state IN ('submitted', 'in_review');
UPDATE cases SET lane = 2, queue_at = coalesce(customer_due, updated_at) WHERE filed_at IS NOT NULL AND held = FALSE AND state = 'materials_requested';
UPDATE cases SET lane = 3, queue_at = coalesce(review_due, updated_at) WHERE filed_at IS NOT NULL AND held = TRUE;
UPDATE cases SET lane = 4, queue_at = coalesce(ended_at, updated_at) WHERE filed_at IS NOT NULL AND held = FALSE AND state IN ('approved', 'denied', 'withdrawn', 'expired');

DROP INDEX cases_view_mine;
DROP INDEX cases_view_unassigned;
DROP INDEX cases_view_active;
DROP INDEX cases_view_waiting;
DROP INDEX cases_view_appeals;
DROP INDEX cases_view_held;
DROP INDEX cases_view_ended;
DROP INDEX cases_view_all;

-- SQLite recognises a partial index by its condition, word for word.
CREATE INDEX cases_lane ON cases (lane, queue_at, id);
CREATE INDEX cases_lane_holder ON cases (claimed_by, lane, queue_at, id) WHERE claimed_by <> '';
CREATE INDEX cases_lane_free ON cases (lane, queue_at, id) WHERE lane = 1 AND claimed_by = '';
CREATE INDEX cases_lane_second ON cases (lane, queue_at, id) WHERE lane = 1 AND claimed_by = '' AND approvals > 0;
CREATE INDEX cases_lane_appeal ON cases (lane, queue_at, id) WHERE lane = 1 AND round > 1;
CREATE INDEX cases_lane_policy ON cases (policy, lane, queue_at, id);
CREATE INDEX cases_lane_scenario ON cases (scenario, lane, queue_at, id);
CREATE INDEX cases_lane_locale ON cases (locale, lane, queue_at, id);
