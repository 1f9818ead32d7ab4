-- Cases and all that hangs on them. Times are UTC with microseconds; ids are UUIDv7.

-- Every policy that a case was ever filed under, with its translations, so that an old case is
-- finished under the rules it began with.
CREATE TABLE policies (
    hash      TEXT PRIMARY KEY,
    policy    TEXT NOT NULL,
    edition   TEXT NOT NULL,
    bundle    {{json}} NOT NULL,
    stored_at {{timestamp}} NOT NULL
);

CREATE TABLE cases (
    id                 TEXT PRIMARY KEY,
    reference          TEXT NOT NULL UNIQUE,
    policy_hash        TEXT NOT NULL REFERENCES policies (hash),
    locale             TEXT NOT NULL,
    state              TEXT NOT NULL,
    version            {{bigint}} NOT NULL,
    account            TEXT NOT NULL,
    account_key        TEXT NOT NULL,
    enterprise         TEXT NOT NULL,
    lost               {{json}} NOT NULL,
    new_email          TEXT NOT NULL,
    new_email_verified {{timestamp}},
    new_phone          TEXT NOT NULL,
    new_phone_verified {{timestamp}},
    answers            {{json}} NOT NULL,
    scenario           TEXT NOT NULL,
    outcome            TEXT NOT NULL,
    approvals_needed   {{bigint}} NOT NULL,
    round              {{bigint}} NOT NULL,
    -- The one case of its account that is under way; unique by the index below.
    open               BOOLEAN NOT NULL,
    -- A competing claim waits here, unseen by whoever filed it, until the open case has ended.
    held               BOOLEAN NOT NULL,
    filed_at           {{timestamp}},
    submitted_at       {{timestamp}},
    review_due         {{timestamp}},
    review_left        {{bigint}} NOT NULL,
    customer_due       {{timestamp}},
    reminders          {{bigint}} NOT NULL,
    claimed_by         TEXT NOT NULL,
    claim_expires      {{timestamp}},
    ended_at           {{timestamp}},
    appeal_until       {{timestamp}},
    created_at         {{timestamp}} NOT NULL,
    updated_at         {{timestamp}} NOT NULL,
    event_seq          {{bigint}} NOT NULL,
    event_head         TEXT NOT NULL
);

CREATE UNIQUE INDEX cases_one_open ON cases (account_key) WHERE open;
CREATE INDEX cases_held ON cases (account_key, submitted_at) WHERE held;
CREATE INDEX cases_queue ON cases (state, review_due, id);
CREATE INDEX cases_customer_due ON cases (customer_due) WHERE customer_due IS NOT NULL;
CREATE INDEX cases_claim_expires ON cases (claim_expires) WHERE claim_expires IS NOT NULL;
CREATE INDEX cases_claimed_by ON cases (claimed_by, review_due, id) WHERE claimed_by <> '';

-- One slot of one requirement: "transaction record, 2 of 3".
CREATE TABLE items (
    id           TEXT PRIMARY KEY,
    case_id      TEXT NOT NULL REFERENCES cases (id),
    requirement  TEXT NOT NULL,
    slot         {{bigint}} NOT NULL,
    material     TEXT NOT NULL,
    kind         TEXT NOT NULL,
    origin       TEXT NOT NULL,
    label        TEXT NOT NULL,
    suppliers    {{json}} NOT NULL,
    optional     BOOLEAN NOT NULL,
    -- What was supplied …
    supply       TEXT NOT NULL,
    unavailable_reason TEXT NOT NULL,
    statement    {{json}},
    -- … and, apart from it, what was decided about it.
    review       TEXT NOT NULL,
    -- The supplier may change it now.
    open         BOOLEAN NOT NULL,
    -- The answers no longer ask for it; what was supplied is kept in case they do again.
    retired      BOOLEAN NOT NULL,
    created_at   {{timestamp}} NOT NULL,
    updated_at   {{timestamp}} NOT NULL,
    UNIQUE (case_id, requirement, slot)
);

CREATE TABLE documents (
    id          TEXT PRIMARY KEY,
    case_id     TEXT NOT NULL REFERENCES cases (id),
    item_id     TEXT NOT NULL REFERENCES items (id),
    name        TEXT NOT NULL,
    type        TEXT NOT NULL,
    size        {{bigint}} NOT NULL,
    sha256      TEXT NOT NULL,
    object_key  TEXT NOT NULL,
    version     {{bigint}} NOT NULL,
    state       TEXT NOT NULL,
    read_off    {{json}},
    actor_kind  TEXT NOT NULL,
    actor_id    TEXT NOT NULL,
    created_at  {{timestamp}} NOT NULL,
    ended_at    {{timestamp}}
);
CREATE INDEX documents_case ON documents (case_id, item_id);
CREATE INDEX documents_object ON documents (object_key);
CREATE INDEX documents_sha256 ON documents (sha256);

-- What a reviewer decided about an item. Never changed; the newest counts.
CREATE TABLE item_decisions (
    id             TEXT PRIMARY KEY,
    case_id        TEXT NOT NULL REFERENCES cases (id),
    item_id        TEXT NOT NULL REFERENCES items (id),
    document_id    TEXT NOT NULL,
    round          {{bigint}} NOT NULL,
    verdict        TEXT NOT NULL,
    reason_code    TEXT NOT NULL,
    words_customer TEXT NOT NULL,
    words_staff    TEXT NOT NULL,
    checks         {{json}} NOT NULL,
    fallback_reason TEXT NOT NULL,
    read_off       {{json}},
    staff_id       TEXT NOT NULL,
    decided_at     {{timestamp}} NOT NULL
);
CREATE INDEX item_decisions_case ON item_decisions (case_id, id);

-- Approvals and denials of whole cases. Void when the case changed after an approval.
CREATE TABLE decisions (
    id             TEXT PRIMARY KEY,
    case_id        TEXT NOT NULL REFERENCES cases (id),
    round          {{bigint}} NOT NULL,
    verdict        TEXT NOT NULL,
    role           TEXT NOT NULL,
    reason_code    TEXT NOT NULL,
    words_customer TEXT NOT NULL,
    words_staff    TEXT NOT NULL,
    staff_id       TEXT NOT NULL,
    decided_at     {{timestamp}} NOT NULL,
    void           BOOLEAN NOT NULL
);
CREATE INDEX decisions_case ON decisions (case_id, id);

CREATE TABLE invitations (
    id           TEXT PRIMARY KEY,
    case_id      TEXT NOT NULL REFERENCES cases (id),
    supplier     TEXT NOT NULL,
    organisation TEXT NOT NULL,
    email        TEXT NOT NULL,
    locale       TEXT NOT NULL,
    token_hash   TEXT NOT NULL UNIQUE,
    expires_at   {{timestamp}} NOT NULL,
    exchanged_at {{timestamp}},
    revoked_at   {{timestamp}},
    sent         {{bigint}} NOT NULL,
    created_at   {{timestamp}} NOT NULL
);
CREATE INDEX invitations_case ON invitations (case_id, id);

-- Messages between customer and staff, and notes that staff alone see.
CREATE TABLE messages (
    id         TEXT PRIMARY KEY,
    case_id    TEXT NOT NULL REFERENCES cases (id),
    kind       TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at {{timestamp}} NOT NULL
);
CREATE INDEX messages_case ON messages (case_id, id);

-- Append-only and hash-chained per case. Data holds ids, codes and digests, never personal data.
-- It is TEXT on both databases: its exact bytes are hashed.
CREATE TABLE events (
    case_id    TEXT NOT NULL REFERENCES cases (id),
    seq        {{bigint}} NOT NULL,
    type       TEXT NOT NULL,
    state      TEXT NOT NULL,
    round      {{bigint}} NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    at         {{timestamp}} NOT NULL,
    data       TEXT NOT NULL,
    prev       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    PRIMARY KEY (case_id, seq)
);
