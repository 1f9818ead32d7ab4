-- Webhooks: where events of cases are sent to, and every sending. Times are UTC with microseconds.

CREATE TABLE webhooks (
    id               TEXT PRIMARY KEY,
    url              TEXT NOT NULL,
    description      TEXT NOT NULL,
    -- Sealed, since the server signs with it. The one before stays good for a while after a change.
    secret           {{bytes}} NOT NULL,
    old_secret       {{bytes}},
    old_secret_until {{timestamp}},
    created_by       TEXT NOT NULL,
    created_at       {{timestamp}} NOT NULL,
    updated_at       {{timestamp}} NOT NULL,
    -- When its present run of failures began.
    failing_since    {{timestamp}},
    disabled_at      {{timestamp}},
    disabled_reason  TEXT NOT NULL
);

-- What each is told of: a type of event, or * for all.
CREATE TABLE webhook_types (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    type       TEXT NOT NULL,
    PRIMARY KEY (webhook_id, type)
);

CREATE TABLE webhook_deliveries (
    -- The webhook's id and the message's, so that nothing is sent to one webhook as two messages.
    id              TEXT PRIMARY KEY,
    -- No reference: a webhook that is removed meanwhile must not undo the change of a case.
    webhook_id      TEXT NOT NULL,
    message_id      TEXT NOT NULL,
    type            TEXT NOT NULL,
    case_id         TEXT NOT NULL,
    -- The very bytes that are sent, in every attempt: JSON with ids and codes, never personal data.
    body            TEXT NOT NULL,
    state           TEXT NOT NULL,
    attempts        {{bigint}} NOT NULL,
    fence           {{bigint}} NOT NULL,
    next_attempt_at {{timestamp}} NOT NULL,
    leased_until    {{timestamp}},
    last_attempt_at {{timestamp}},
    -- The HTTP status, 0 when there was no answer; a code for why; microseconds.
    last_status     {{bigint}} NOT NULL,
    last_code       TEXT NOT NULL,
    last_took       {{bigint}} NOT NULL,
    created_at      {{timestamp}} NOT NULL,
    done_at         {{timestamp}}
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at, id) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at);
