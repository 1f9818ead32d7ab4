-- What waits is looked for webhook by webhook: what waits for one that is disabled, or takes nothing
-- for now, is not read in order to find what is due for the others.
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, next_attempt_at, id) WHERE state = 'queued';
DROP INDEX webhook_deliveries_due;
