package cases

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"github.com/uptrace/bun"

	"regain/database"
	"regain/notify"
	"regain/problem"
)

// BlockKind is what sort of thing is blocked.
type BlockKind string

// The kinds of blocks.
const (
	BlockAccount BlockKind = "account"
	BlockContact BlockKind = "contact" // an e-mail address or a mobile number
	BlockFile    BlockKind = "file"    // a file's content
)

// Block is something that a lead does not want to see in cases again: reviewers are
// told of it, or a case with it is not taken at all.
type Block struct {
	bun.BaseModel `bun:"table:blocks,alias:b"`

	ID   string    `bun:"id,pk"`
	Kind BlockKind `bun:"kind"`
	// Digest is keyed for accounts and contacts, and a file's SHA-256.
	Digest string `bun:"digest"`
	// Hint is enough of what was blocked for people to know it by.
	Hint   string `bun:"hint"`
	Reason string `bun:"reason"`
	// Refuse keeps a case with it from being submitted.
	Refuse    bool       `bun:"refuse"`
	CreatedBy string     `bun:"created_by"`
	CreatedAt time.Time  `bun:"created_at"`
	ExpiresAt time.Time  `bun:"expires_at"`
	LiftedBy  string     `bun:"lifted_by"`
	LiftedAt  *time.Time `bun:"lifted_at"`
}

// Live reports whether the block holds at the time.
func (b *Block) Live(now time.Time) bool { return b.LiftedAt == nil && now.Before(b.ExpiresAt) }

// BlockInput blocks something.
type BlockInput struct {
	Kind BlockKind
	// Value is the account as customers type it, the address or number, or the file's
	// SHA-256 in hex.
	Value  string
	Reason string
	Refuse bool
	// Expires is when the block ends by itself: within maxBlock.
	Expires time.Time
}

// maxBlock is how long a block holds at most: what is blocked for ever is forgotten.
const maxBlock = 5 * 366 * 24 * time.Hour

// errLeadsOnly keeps others from the list of blocks.
func errLeadsOnly() error {
	return problem.New(problem.Forbidden, "role_required", "Only leads block things.")
}

// Block blocks an account, a contact or a file. Errors: role_required, invalid_fields,
// already_blocked.
func (s *Service) Block(ctx context.Context, actor Actor, in BlockInput) (*Block, error) {
	if !actor.Has(RoleLead) {
		return nil, errLeadsOnly()
	}
	now := s.now()
	b := &Block{
		ID: s.opt.IDs(), Kind: in.Kind, Reason: strings.TrimSpace(in.Reason), Refuse: in.Refuse,
		CreatedBy: actor.ID, CreatedAt: now, ExpiresAt: in.Expires.UTC().Truncate(time.Microsecond),
	}
	if err := problem.InvalidFields(s.checkBlock(b, in.Value, now)); err != nil {
		return nil, err
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		// One that has expired makes room.
		_, err := tx.NewUpdate().Model((*Block)(nil)).Set("lifted_at = expires_at").
			Where("digest = ?", b.Digest).Where("lifted_at IS NULL").Where("expires_at <= ?", now).Exec(ctx)
		if err != nil {
			return err
		}
		if _, err = tx.NewInsert().Model(b).Exec(ctx); err != nil {
			return err
		}
		return s.opt.Record(ctx, tx, actor.ID, BlockSet, b.ID, "")
	})
	if errors.Is(err, database.ErrUnique) {
		return nil, problem.New(problem.Conflict, "already_blocked", "This is blocked already. Lift the block first to set another reason or time.")
	}
	if err != nil {
		return nil, fmt.Errorf("write block: %w", err)
	}
	return b, nil
}

// checkBlock fills in what the value means, and says what is wrong.
func (s *Service) checkBlock(b *Block, value string, now time.Time) []problem.Field {
	var bad []problem.Field
	if f := problem.CheckText("/reason", b.Reason, 3, maxWords, problem.ManyLines); f != nil {
		bad = append(bad, *f)
	}
	if f := s.blockValue(b, strings.TrimSpace(value)); f != nil {
		bad = append(bad, *f)
	}
	switch {
	case !b.ExpiresAt.After(now):
		bad = append(bad, problem.Field{Pointer: "/expires_at", Code: "too_early", Message: "Give a time that is still to come."})
	case b.ExpiresAt.After(now.Add(maxBlock)):
		bad = append(bad, problem.Field{Pointer: "/expires_at", Code: "too_late", Message: "A block holds for five years at most."})
	}
	return bad
}

var fileDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// blockValue sets the digest and the hint of what is blocked.
func (s *Service) blockValue(b *Block, value string) *problem.Field {
	fault := func(code, message string) *problem.Field {
		return &problem.Field{Pointer: "/value", Code: code, Message: message}
	}
	switch b.Kind {
	case BlockAccount:
		if f := problem.CheckText("/value", value, 2, maxAccount, problem.OneLine); f != nil {
			return f
		}
		b.Digest, b.Hint = s.accountKey(value), hintOf(value)
	case BlockContact:
		if _, _, ok := notify.ParseEmail(value); ok {
			b.Digest, b.Hint = s.contactKey(Email, value), hintOf(value)
			return nil
		}
		number, ok := parsePhone(value)
		if !ok {
			return fault("not_a_contact", "Give an e-mail address, or a number with its country code.")
		}
		plain := phonenumbers.Format(number, phonenumbers.E164)
		b.Digest, b.Hint = s.contactKey(Phone, plain), hintOf(plain)
	case BlockFile:
		value = strings.ToLower(value)
		if !fileDigest.MatchString(value) {
			return fault("not_a_digest", "Give the file's SHA-256: 64 hexadecimal digits.")
		}
		b.Digest, b.Hint = value, value[:12]+"…"
	default:
		return &problem.Field{Pointer: "/kind", Code: "not_a_choice", Message: "Use account, contact or file."}
	}
	return nil
}

// hintOf shows enough of an account or contact to know it by, and not the whole: its
// first characters, and its domain or last digits.
func hintOf(value string) string {
	runes := []rune(value)
	start := min(2, len(runes)-1)
	if at := strings.LastIndexByte(value, '@'); at > 0 {
		_, size := utf8.DecodeRuneInString(value)
		return value[:size] + "…" + value[at:]
	}
	end := ""
	if len(runes) > 6 {
		end = string(runes[len(runes)-2:])
	}
	return string(runes[:start]) + "…" + end
}

// Blocks lists blocks, the newest first, with those that are over, and the cursor of the
// next page, "" at the end. Error: role_required.
func (s *Service) Blocks(ctx context.Context, actor Actor, page database.Page) ([]*Block, string, error) {
	if !actor.Has(RoleLead, RoleAuditor) {
		return nil, "", errLeadsOnly()
	}
	list := []*Block{}
	if err := page.Descending(s.db.From(ctx).NewSelect().Model(&list), "b.created_at", "b.id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read blocks: %w", err)
	}
	return database.Next(page, list, func(b *Block) (any, string) { return b.CreatedAt, b.ID })
}

// Lift ends a block. Errors: role_required, block_not_found.
func (s *Service) Lift(ctx context.Context, actor Actor, id string) error {
	if !actor.Has(RoleLead) {
		return errLeadsOnly()
	}
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		n, err := affected(tx.NewUpdate().Model((*Block)(nil)).Set("lifted_at = ?", now).Set("lifted_by = ?", actor.ID).
			Where("id = ?", id).Where("lifted_at IS NULL").Where("expires_at > ?", now).Exec(ctx))
		if err != nil {
			return fmt.Errorf("lift block: %w", err)
		}
		if n == 0 {
			return problem.New(problem.NotFound, "block_not_found", "There is no such block, or it is over.")
		}
		return s.opt.Record(ctx, tx, actor.ID, BlockLifted, id, "")
	})
}

// blocked are the live blocks of what the case is about and of what it holds.
func (ch *change) blocked() ([]*Block, error) {
	c := ch.Case
	blocks := []*Block{}
	err := ch.tx.NewSelect().Model(&blocks).
		Where("(b.digest IN (?) OR b.digest IN (SELECT d.sha256 FROM documents d WHERE d.case_id = ? AND d.state = ?))",
			bun.List([]string{c.AccountKey, c.EmailKey, c.PhoneKey}), c.ID, Current).
		Where("b.lifted_at IS NULL").Where("b.expires_at > ?", ch.now).Order("b.id").Scan(ch.ctx)
	if err != nil {
		return nil, fmt.Errorf("look for blocks: %w", err)
	}
	return blocks, nil
}

// errRefused is the one answer to whoever files something that is blocked, whatever it
// was. The same words serve wherever a case is not taken.
func errRefused() error {
	return problem.New(problem.Conflict, "filing_refused", "We can't take this request here. Please contact our support.")
}
