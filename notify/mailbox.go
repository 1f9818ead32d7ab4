package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"regain/database"
)

// Letter is a message in the mailbox.
type Letter struct {
	bun.BaseModel `bun:"table:mailbox,alias:mailbox"`

	ID        string `bun:",pk"`
	MessageID string
	Channel   Channel
	Recipient string
	Template  string
	Locale    string
	Subject   string
	TextBody  string
	HTMLBody  string `bun:"html_body"`
	SentAt    time.Time
}

// Mailbox is a sender that keeps everything in the database, to be read on a page
// of the server. For development only: it holds codes and links in clear.
type Mailbox struct {
	db    *database.DB
	clock func() time.Time
	ids   func() string
}

// MailboxOptions configure a Mailbox; every field has a default.
type MailboxOptions struct {
	Clock func() time.Time
	IDs   func() string
}

// NewMailbox makes the mailbox of a database.
func NewMailbox(db *database.DB, options MailboxOptions) *Mailbox {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.IDs == nil {
		options.IDs = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return &Mailbox{db: db, clock: options.Clock, ids: options.IDs}
}

// Send keeps a message; the same one again is kept once.
func (b *Mailbox) Send(ctx context.Context, m Rendered) error {
	letter := Letter{
		ID: b.ids(), MessageID: m.ID, Channel: m.Channel, Recipient: m.To, Template: m.Template, Locale: m.Locale,
		Subject: m.Subject, TextBody: m.Text, HTMLBody: m.HTML, SentAt: b.clock().UTC().Truncate(time.Microsecond),
	}
	_, err := b.db.From(ctx).NewInsert().Model(&letter).On("CONFLICT (message_id) DO NOTHING").Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep in the mailbox: %w", err)
	}
	return nil
}

// LetterQuery says which letters to list.
type LetterQuery struct {
	// To keeps those for one recipient only, when not empty.
	To string
	// Before continues a list: the last letter of the page before. Zero begins.
	Before Letter
	// Limit is the most to return; 50 when zero, at most 200.
	Limit int
}

// List returns letters, newest first.
func (b *Mailbox) List(ctx context.Context, q LetterQuery) ([]Letter, error) {
	limit := min(max(q.Limit, 0), 200)
	if limit == 0 {
		limit = 50
	}
	letters := []Letter{}
	query := b.db.From(ctx).NewSelect().Model(&letters).OrderExpr("sent_at DESC, id DESC").Limit(int64(limit))
	if q.To != "" {
		query = query.Where("recipient = ?", q.To)
	}
	if q.Before.ID != "" {
		query = query.Where("(sent_at, id) < (?, ?)", q.Before.SentAt, q.Before.ID)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list the mailbox: %w", err)
	}
	return letters, nil
}

// Get returns one letter; database errors include sql.ErrNoRows when there is none.
func (b *Mailbox) Get(ctx context.Context, id string) (Letter, error) {
	var letter Letter
	if err := b.db.From(ctx).NewSelect().Model(&letter).Where("id = ?", id).Scan(ctx); err != nil {
		return Letter{}, fmt.Errorf("read a letter: %w", err)
	}
	return letter, nil
}
