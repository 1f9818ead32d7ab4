-- Messages on their way out, written in the transaction of the change that they tell of.
CREATE TABLE outbox (
    id              TEXT PRIMARY KEY,
    -- What is told to whom. Never personal data, since it stays when the message is gone.
    message_key     TEXT NOT NULL UNIQUE,
    channel         TEXT NOT NULL,
    template        TEXT NOT NULL,
    locale          TEXT NOT NULL,
    -- Recipient and data, sealed. NULL as soon as the message is done with.
    payload         {{bytes}},
    state           TEXT NOT NULL,
    -- Why it ended, and how the last attempt failed.
    reason          TEXT NOT NULL,
    last_code       TEXT NOT NULL,
    attempts        {{bigint}} NOT NULL,
    next_attempt_at {{timestamp}} NOT NULL,
    leased_until    {{timestamp}},
    -- Grows with each claim: who claimed earlier can no longer record a result.
    fence           {{bigint}} NOT NULL,
    expires_at      {{timestamp}},
    created_at      {{timestamp}} NOT NULL,
    done_at         {{timestamp}}
);
CREATE INDEX outbox_due ON outbox (next_attempt_at, id) WHERE state = 'queued';
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

-- Development only: everything sent, to be read on the server's mailbox page.
CREATE TABLE mailbox (
    id         TEXT PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    channel    TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    template   TEXT NOT NULL,
    locale     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    text_body  TEXT NOT NULL,
    html_body  TEXT NOT NULL,
    sent_at    {{timestamp}} NOT NULL
);
CREATE INDEX mailbox_newest ON mailbox (sent_at, id);
CREATE INDEX mailbox_recipient ON mailbox (recipient, sent_at, id);
