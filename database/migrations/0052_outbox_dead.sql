-- Messages that were given up are counted, listed and revived without reading those that were sent.
CREATE INDEX outbox_dead ON outbox (done_at, id) WHERE state = 'dead';
