-- Each view of the queue reads its page from an index of its own, in order and with nothing to
-- pass over, so that a page costs the same however many cases there are. cases/queue.go has the
-- same conditions, word for word: that is how SQLite recognises them.

DROP INDEX cases_queue;
DROP INDEX cases_claimed_by;

CREATE INDEX cases_view_mine ON cases (claimed_by, review_due, id) WHERE claimed_by <> '' AND state = 'in_review';
CREATE INDEX cases_view_unassigned ON cases (review_due, id) WHERE state = 'submitted' AND held = FALSE;
CREATE INDEX cases_view_active ON cases (review_due, id) WHERE state IN ('submitted', 'in_review') AND held = FALSE;
CREATE INDEX cases_view_waiting ON cases (customer_due, id) WHERE state = 'materials_requested';
CREATE INDEX cases_view_appeals ON cases (review_due, id) WHERE round > 1 AND state IN ('submitted', 'in_review') AND held = FALSE;
CREATE INDEX cases_view_held ON cases (review_due, id) WHERE held = TRUE;
CREATE INDEX cases_view_ended ON cases (ended_at, id) WHERE state IN ('approved', 'denied', 'withdrawn', 'expired') AND filed_at IS NOT NULL;
CREATE INDEX cases_view_all ON cases (created_at, id) WHERE filed_at IS NOT NULL;
