-- What the lead's figures are counted from: when a reviewer first took a case, how often it was sent
-- back for more, and indexes by time, so that a period costs what lies in it. The one path of change
-- keeps the columns; audit verify compares them with the events.

ALTER TABLE cases ADD COLUMN first_look_at {{timestamp}};
ALTER TABLE cases ADD COLUMN sent_back {{bigint}} NOT NULL DEFAULT 0;

UPDATE cases SET
    first_look_at = (SELECT min(e.at) FROM events e WHERE e.case_id = cases.id AND e.type = 'claim'),
    sent_back = (SELECT count(*) FROM events e WHERE e.case_id = cases.id AND e.type = 'request_materials');

CREATE INDEX cases_filed ON cases (filed_at) WHERE filed_at IS NOT NULL;
CREATE INDEX cases_unfiled ON cases (created_at) WHERE filed_at IS NULL;
CREATE INDEX decisions_decided ON decisions (decided_at);
CREATE INDEX item_decisions_decided ON item_decisions (decided_at);
