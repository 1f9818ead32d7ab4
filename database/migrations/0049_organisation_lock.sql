-- An address is one organisation's, by its member or by its mail domain, and no constraint spans the
-- two tables. Whoever adds a member or sets domains locks this one row, so that each sees what the
-- other did.
CREATE TABLE organisation_lock (
    id TEXT PRIMARY KEY
);
INSERT INTO organisation_lock (id) VALUES ('addresses');
