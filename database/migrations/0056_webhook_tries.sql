-- How each of the last attempts of a delivery went, the oldest first: when, the answer, a code for what
-- was wrong, and how long it took.
ALTER TABLE webhook_deliveries ADD COLUMN tries {{json}} NOT NULL DEFAULT '[]';
