-- What auditors do: verify the records of all cases, a batch at a time, and see who opened which document.

CREATE TABLE audit_runs (
    id           TEXT PRIMARY KEY,
    state        TEXT NOT NULL, -- running, done, stopped
    started_by   TEXT NOT NULL,
    started_at   {{timestamp}} NOT NULL,
    finished_at  {{timestamp}},
    stopped_by   TEXT NOT NULL,
    -- How many cases there were at the beginning, and how many are verified by now.
    total        {{bigint}} NOT NULL,
    cases        {{bigint}} NOT NULL,
    events       {{bigint}} NOT NULL,
    findings     {{bigint}} NOT NULL,
    -- The last case that was verified: whoever goes on begins after it.
    after        TEXT NOT NULL,
    -- One server at a time works on it, until then at most; the fence keeps out one that was away for longer.
    leased_until {{timestamp}},
    fence        {{bigint}} NOT NULL
);
-- One at a time, whoever asks.
CREATE UNIQUE INDEX audit_runs_running ON audit_runs (state) WHERE state = 'running';
CREATE INDEX audit_runs_newest ON audit_runs (started_at, id);

-- What a run found; the first thousand of it.
CREATE TABLE audit_findings (
    run_id  TEXT NOT NULL REFERENCES audit_runs (id),
    number  {{bigint}} NOT NULL,
    case_id TEXT NOT NULL,
    seq     {{bigint}} NOT NULL,
    code    TEXT NOT NULL,
    detail  TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
);

-- Who opened which documents, by person. Hashes are unique, so they put in order what happened at once.
CREATE INDEX events_views ON events (actor_id, at, hash) WHERE type = 'view_document';

-- Which decisions were taken back.
CREATE INDEX item_decisions_undoes ON item_decisions (undoes) WHERE undoes <> '';
