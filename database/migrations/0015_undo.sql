-- A decision about an item keeps the standing that it replaced, so that it can be taken back by another
-- decision. Decisions from before have none, and can't be taken back.
ALTER TABLE item_decisions ADD COLUMN former TEXT NOT NULL DEFAULT '';
-- The decision that this one takes back; empty for all others.
ALTER TABLE item_decisions ADD COLUMN undoes TEXT NOT NULL DEFAULT '';
