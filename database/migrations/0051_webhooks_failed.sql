-- What a webhook was not told of for good: its list is read by itself, and all of it is sent again
-- some at a time, so that however much it is, no statement takes too long. Until when it failed that
-- is being sent again; null when nothing is.
ALTER TABLE webhooks ADD COLUMN replay_until {{timestamp}};
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (webhook_id, created_at, id) WHERE state = 'failed';
