-- The words by which staff find cases: of the reference, the account, the new contacts, the
-- organisations, and of messages and notes. An index of our own serves both databases alike, and
-- languages without spaces, too. Words are bytes, so that they sort alike everywhere.

CREATE TABLE case_words (
    case_id TEXT NOT NULL REFERENCES cases (id),
    word    {{bytes}} NOT NULL,
    PRIMARY KEY (case_id, word)
);
CREATE INDEX case_words_word ON case_words (word, case_id);
