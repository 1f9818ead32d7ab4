package cases

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// Event is one link of a case's chain: what happened, by whom, when. Data holds
// ids, codes and digests alone, so that erasing a person's data never breaks the
// chain.
type Event struct {
	bun.BaseModel `bun:"table:events,alias:e"`

	CaseID    string    `bun:"case_id,pk"`
	Seq       int64     `bun:"seq,pk"`
	Type      string    `bun:"type"`
	State     State     `bun:"state"` // of the case, after the event
	Round     int       `bun:"round"`
	ActorKind ActorKind `bun:"actor_kind"`
	ActorID   string    `bun:"actor_id"`
	At        time.Time `bun:"at"`
	// Data is JSON with sorted keys, kept as text because its bytes are hashed.
	Data string `bun:"data"`
	Prev string `bun:"prev"`
	Hash string `bun:"hash"`
}

// Facts are an event's details: ids, codes, counts and digests.
type Facts map[string]any

// eventTime is how a time is written into the hash: UTC, microseconds, fixed width.
const eventTime = "2006-01-02T15:04:05.000000Z"

// seal sets the event's link to prev and its own hash.
func (e *Event) seal(prev string) {
	e.Prev = prev
	e.Hash = e.sum()
}

// sum is the SHA-256 over every field, each preceded by its length so that no
// two events share an encoding.
func (e *Event) sum() string {
	h := sha256.New()
	for _, part := range []string{
		e.CaseID, fmt.Sprint(e.Seq), e.Type, string(e.State), fmt.Sprint(e.Round),
		string(e.ActorKind), e.ActorID, e.At.UTC().Format(eventTime), e.Data, e.Prev,
	} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// encode writes the facts with sorted keys.
func (f Facts) encode() (string, error) {
	if len(f) == 0 {
		return "{}", nil
	}
	b, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("encode event data: %w", err)
	}
	return string(b), nil
}
