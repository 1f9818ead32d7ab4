-- The list of what waits for a webhook: by itself and in its order, whatever was taken before and
-- after it.
CREATE INDEX webhook_deliveries_queued ON webhook_deliveries (webhook_id, created_at, id) WHERE state = 'queued';
