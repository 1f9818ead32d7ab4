-- A tag of very many cases becomes part of another some cases at a time: which other, meanwhile.
ALTER TABLE tags ADD COLUMN merging_into TEXT NOT NULL DEFAULT '';
