package cases

import (
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
)

// State is where a case stands. The table in transition.go says what leads where.
type State string

// The states of a case.
const (
	Draft              State = "draft"               // the customer is filling it in
	Submitted          State = "submitted"           // it waits for a reviewer
	InReview           State = "in_review"           // a reviewer holds it
	MaterialsRequested State = "materials_requested" // it is back with the customer
	Approved           State = "approved"
	Denied             State = "denied"
	Withdrawn          State = "withdrawn"
	Expired            State = "expired"
)

// Ended reports whether nothing more happens in the state, but for an appeal.
func (s State) Ended() bool {
	return slices.Contains([]State{Approved, Denied, Withdrawn, Expired}, s)
}

// Channel is a way to reach a person.
type Channel string

// The channels, which are also what a customer can have lost.
const (
	Email Channel = "email"
	Phone Channel = "phone"
)

// Case is one claim on one account, pinned to the policy that it was filed under.
type Case struct {
	bun.BaseModel `bun:"table:cases,alias:c"`

	ID string `bun:"id,pk"`
	// Reference is what people quote: ten characters without look-alikes.
	Reference  string `bun:"reference"`
	PolicyHash string `bun:"policy_hash"`
	Policy     string `bun:"policy"` // its id
	Locale     string `bun:"locale"`
	State      State  `bun:"state"`
	// Version grows by one with every change; it is the case's ETag.
	Version int64 `bun:"version"`

	// Account is the account as the customer knows it; AccountKey its digest.
	Account    string `bun:"account"`
	AccountKey string `bun:"account_key"`
	// Enterprise is the account's owner as a letter should name it; may be empty.
	Enterprise string                   `bun:"enterprise"`
	Lost       database.JSON[[]Channel] `bun:"lost"`
	NewEmail   string                   `bun:"new_email"`
	EmailAt    *time.Time               `bun:"new_email_verified"`
	NewPhone   string                   `bun:"new_phone"`
	PhoneAt    *time.Time               `bun:"new_phone_verified"`
	// EmailKey and PhoneKey are digests of the new contacts, by which cases find each other.
	EmailKey string                    `bun:"email_key"`
	PhoneKey string                    `bun:"phone_key"`
	Answers  database.JSON[AnswersRaw] `bun:"answers"`

	// Scenario and Outcome are what the policy made of the answers; empty while open.
	Scenario        string `bun:"scenario"`
	Outcome         string `bun:"outcome"`
	ApprovalsNeeded int    `bun:"approvals_needed"`
	// Approvals are those of this round that stand.
	Approvals int `bun:"approvals"`
	// Round is 1, and 2 after an appeal.
	Round int  `bun:"round"`
	Open  bool `bun:"open"`
	Held  bool `bun:"held"`

	// FiledAt is the first submission, SubmittedAt the latest.
	FiledAt     *time.Time `bun:"filed_at"`
	SubmittedAt *time.Time `bun:"submitted_at"`
	// ReviewDue is when the reviewers should be done; while the customer acts it
	// is nil, and ReviewLeft keeps what was left of the time: working time where the
	// policy promises business days.
	ReviewDue  *time.Time    `bun:"review_due"`
	ReviewLeft time.Duration `bun:"review_left"`
	// Priority is 1 when the review of this round took longer than it should, else 0.
	Priority int `bun:"priority"`
	// CustomerDue is when a case that waits for its customer expires.
	CustomerDue  *time.Time `bun:"customer_due"`
	Reminders    int        `bun:"reminders"`
	ClaimedBy    string     `bun:"claimed_by"`
	ClaimExpires *time.Time `bun:"claim_expires"`
	EndedAt      *time.Time `bun:"ended_at"`
	AppealUntil  *time.Time `bun:"appeal_until"`
	// FirstLookAt is when a reviewer first took it or, where it was given, worked on it; SentBack how often it went back for more.
	FirstLookAt *time.Time `bun:"first_look_at"`
	SentBack    int        `bun:"sent_back"`
	// Tags are the tags as they were given: TagsOf says what they mean today.
	Tags database.JSON[[]string] `bun:"tags"`
	// SnoozedUntil is when a case that was put away comes back, SnoozedBy who put it away.
	SnoozedUntil *time.Time `bun:"snoozed_until"`
	SnoozedBy    string     `bun:"snoozed_by"`
	// Lane and QueueAt are the case's place in the queue; see Place.
	Lane      lane       `bun:"lane"`
	QueueAt   *time.Time `bun:"queue_at"`
	CreatedAt time.Time  `bun:"created_at"`
	UpdatedAt time.Time  `bun:"updated_at"`

	// EventSeq and EventHead are the end of the case's chain of events.
	EventSeq  int64  `bun:"event_seq"`
	EventHead string `bun:"event_head"`
}

// AnswersRaw are the answers as they came, by fact.
type AnswersRaw map[string]any

// Contact is the new contact for a channel, and whether it was proved.
func (c *Case) Contact(ch Channel) (address string, verified bool) {
	switch ch {
	case Email:
		return c.NewEmail, c.EmailAt != nil
	case Phone:
		return c.NewPhone, c.PhoneAt != nil
	}
	return "", false
}

// proved marks the new contact for a channel as the customer's own.
func (c *Case) proved(ch Channel, at time.Time) {
	if ch == Email {
		c.EmailAt = &at
		return
	}
	c.PhoneAt = &at
}

// Reach is the proved contact that messages go to: e-mail before phone. Empty
// if none is proved.
func (c *Case) Reach() (Channel, string) {
	for _, ch := range []Channel{Email, Phone} {
		if addr, ok := c.Contact(ch); ok && addr != "" {
			return ch, addr
		}
	}
	return "", ""
}

// ClaimedNow reports whether somebody holds the case at the time.
func (c *Case) ClaimedNow(now time.Time) bool {
	return c.ClaimedBy != "" && c.ClaimExpires != nil && now.Before(*c.ClaimExpires)
}

// WithCustomer reports whether the customer may change what was supplied.
func (c *Case) WithCustomer() bool { return c.State == Draft || c.State == MaterialsRequested }
