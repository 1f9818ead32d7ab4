package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// MessageKind says who may read a message.
type MessageKind string

// The kinds of messages.
const (
	Message MessageKind = "message" // between customer and staff
	Note    MessageKind = "note"    // for staff alone
)

// CaseMessage is one message or note.
type CaseMessage struct {
	bun.BaseModel `bun:"table:messages,alias:m"`

	ID        string      `bun:"id,pk"`
	CaseID    string      `bun:"case_id"`
	Kind      MessageKind `bun:"kind"`
	ActorKind ActorKind   `bun:"actor_kind"`
	ActorID   string      `bun:"actor_id"`
	Body      string      `bun:"body"`
	// Mentions are the ids of the members of staff whom a note is for.
	Mentions  database.JSON[[]string] `bun:"mentions"`
	CreatedAt time.Time               `bun:"created_at"`
}

// maxMessage limits a message, in code points.
const maxMessage = 5000

// Write sends a message: from the customer to the staff, or the other way.
// Errors: wrong_state, invalid_fields.
func (s *Service) Write(ctx context.Context, actor Actor, caseID, body string) (*CaseMessage, error) {
	return s.write(ctx, actor, caseID, Message, body, nil)
}

// WriteNote adds an internal note, and tells those members of staff of it whom it
// mentions. Errors: role_required, invalid_fields.
func (s *Service) WriteNote(ctx context.Context, actor Actor, caseID, body string, mentions ...Actor) (*CaseMessage, error) {
	return s.write(ctx, actor, caseID, Note, body, mentions)
}

func (s *Service) write(ctx context.Context, actor Actor, caseID string, kind MessageKind, body string, mentions []Actor) (*CaseMessage, error) {
	body = strings.TrimSpace(body)
	if f := problem.CheckText("/body", body, 1, maxMessage, problem.ManyLines); f != nil {
		return nil, problem.InvalidFields([]problem.Field{*f})
	}
	var msg *CaseMessage
	err := s.quietly(ctx, actor, caseID, func(ch *change) error {
		var err error
		msg, err = ch.say(kind, body, mentions)
		return err
	})
	if err != nil {
		return nil, err
	}
	return msg, nil
}

// say writes a message or a note as an act of its own, with those whom it mentions; a
// customer to whom staff writes is told of it.
func (ch *change) say(kind MessageKind, body string, mentions []Actor) (*CaseMessage, error) {
	action := actWrite
	if kind == Note {
		action = actNote
	}
	if _, err := ch.permit(action); err != nil {
		return nil, err
	}
	if err := ch.mention(mentions); err != nil {
		return nil, err
	}
	m, err := ch.addMessage(kind, body)
	if err != nil {
		return nil, err
	}
	facts := Facts{"message": m.ID}
	if len(ch.mentioned) > 0 {
		facts["mentions"] = m.Mentions.V
	}
	if err := ch.do(action, facts); err != nil {
		return nil, err
	}
	if kind == Message && ch.actor.Kind == Staff {
		ch.tell("message_received", nil)
	}
	return m, nil
}

// quietly runs a change that leaves the case's version alone.
func (s *Service) quietly(ctx context.Context, actor Actor, caseID string, fn func(*change) error) error {
	_, err := s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		ch.quiet = true
		return fn(ch)
	})
	return err
}

// addMessage stores a message as part of a change.
func (ch *change) addMessage(kind MessageKind, body string) (*CaseMessage, error) {
	m := &CaseMessage{
		ID: ch.s.opt.IDs(), CaseID: ch.Case.ID, Kind: kind, ActorKind: ch.actor.Kind, ActorID: ch.actor.ID,
		Body: body, Mentions: database.NewJSON(ch.mentionedIDs()), CreatedAt: ch.now,
	}
	if _, err := ch.tx.NewInsert().Model(m).Exec(ch.ctx); err != nil {
		return nil, fmt.Errorf("write message: %w", err)
	}
	return m, ch.keepWords(body)
}

// MessageQuery asks for a part of the messages, or of the notes.
type MessageQuery struct {
	Kind MessageKind // empty for all that the reader may see
	// After is the id of the last message of the page before; empty starts.
	After string
	// Latest asks for the newest ones instead; Before then is the id of the first message of
	// the part after them, empty for the very newest.
	Latest bool
	Before string
	Limit  int // 1 to 200
}

// Messages lists a part of the conversation, oldest first. Notes are for staff
// alone. Errors: case_not_found, role_required.
func (s *Service) Messages(ctx context.Context, actor Actor, caseID string, in MessageQuery) ([]*CaseMessage, error) {
	if actor.Kind == Partner {
		return nil, errNotFound()
	}
	if in.Kind == Note && actor.Kind != Staff {
		return nil, problem.New(problem.Forbidden, "role_required", "Notes are for staff.")
	}
	if _, err := s.Case(ctx, actor, caseID); err != nil {
		return nil, err
	}
	if in.Kind == "" && actor.Kind != Staff {
		in.Kind = Message
	}
	out := []*CaseMessage{}
	q := s.db.From(ctx).NewSelect().Model(&out).Where("m.case_id = ?", caseID)
	if in.Kind != "" {
		q = q.Where("m.kind = ?", in.Kind)
	}
	if err := in.part(q).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	if in.Latest {
		slices.Reverse(out)
	}
	return out, nil
}

func (in MessageQuery) part(q *bun.SelectQuery) *bun.SelectQuery {
	q = q.Limit(int64(min(max(in.Limit, 1), 200)))
	switch {
	case !in.Latest:
		return q.Where("m.id > ?", in.After).Order("m.id")
	case in.Before != "":
		q = q.Where("m.id < ?", in.Before)
	}
	return q.Order("m.id DESC")
}
