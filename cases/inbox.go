package cases

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// NoticeReason is why somebody is told of an event.
type NoticeReason string

// The reasons.
const (
	WhyMentioned NoticeReason = "mentioned" // in a note
	WhyGiven     NoticeReason = "given"     // was given the case
	WhyFollowed  NoticeReason = "followed"  // follows the case
)

// Notice tells a member of staff of an event. It is written with the event, and ends
// noticesKept after it.
type Notice struct {
	bun.BaseModel `bun:"table:notices,alias:n"`

	StaffID string `bun:"staff_id,pk"`
	// ID is made of the case and the event's number.
	ID     string       `bun:"id,pk"`
	CaseID string       `bun:"case_id"`
	Why    NoticeReason `bun:"why"`
	// Type, ActorKind and ActorID are the event's.
	Type      string    `bun:"type"`
	ActorKind ActorKind `bun:"actor_kind"`
	ActorID   string    `bun:"actor_id"`
	// GivenTo is whom the event gave the case to.
	GivenTo string `bun:"given_to"`
	// MessageID is the message or note that the event tells of.
	MessageID string     `bun:"message_id"`
	At        time.Time  `bun:"at"`
	ReadAt    *time.Time `bun:"read_at"`
}

// InboxEntry is a notice with what it tells of.
type InboxEntry struct {
	*Notice
	Case *Case
	// Message is nil where none was written.
	Message *CaseMessage
}

// InboxQuery asks for a page of an inbox.
type InboxQuery struct {
	// Unread leaves out what was read.
	Unread bool
	Page   database.Page
}

const (
	// MostUnread is as far as unread notices are counted.
	MostUnread = 100
	// noticesKept is how long a notice is kept.
	noticesKept = 90 * day
)

// noticed says whether followers are told of an event. Of messages they are told when
// the customer wrote; of what the review brings on the way they are not.
func noticed(e *Event) bool {
	switch Action(e.Type) {
	case actSubmit, actAppeal, actWithdraw, actExpire, actRequest, actApprovePart, actApprove, actDeny, actAssign, actNote, actLate:
		return true
	case actWrite:
		return e.ActorKind == Customer
	case actWake: // its time has come
		return e.ActorKind == System
	}
	return false
}

// giveNotice tells those who follow the case, who were mentioned and who were given it
// of the change's events, apart from whoever acted. Nobody can know of a case before it
// was filed.
func (ch *change) giveNotice() error {
	if !ch.filed {
		return nil
	}
	for _, e := range ch.events {
		if !noticed(e) {
			continue
		}
		facts := hookDataOf(e, e.State)
		n := Notice{
			ID: fmt.Sprintf("%s.%d", e.CaseID, e.Seq), CaseID: e.CaseID, Type: e.Type, ActorKind: e.ActorKind, ActorID: e.ActorID,
			MessageID: facts.Message, At: e.At,
		}
		if Action(e.Type) == actAssign && ch.assignee != nil {
			n.GivenTo = ch.assignee.ID
		}
		if err := ch.giveNoticeTo(n, e); err != nil {
			return err
		}
		if err := ch.tellFollowers(n); err != nil {
			return err
		}
	}
	return nil
}

// giveNoticeTo tells those whom the event itself names.
func (ch *change) giveNoticeTo(n Notice, e *Event) error {
	switch {
	case Action(e.Type) == actNote:
		return ch.tellMentioned(n, e)
	case Action(e.Type) == actAssign && ch.assignee != nil && ch.assignee.ID != ch.actor.ID:
		n.StaffID, n.Why = ch.assignee.ID, WhyGiven
		return ch.addNotices(&n)
	}
	return nil
}

func (ch *change) addNotices(notices ...*Notice) error {
	_, err := ch.tx.NewInsert().Model(&notices).On("CONFLICT DO NOTHING").Exec(database.Later(ch.ctx))
	if err != nil {
		return fmt.Errorf("write notices: %w", err)
	}
	return nil
}

// tellFollowers is one statement that goes along with others: most cases have nobody who
// follows them. Who was told already is not told again.
func (ch *change) tellFollowers(n Notice) error {
	_, err := ch.tx.NewRaw("INSERT INTO notices (staff_id, id, case_id, why, type, actor_kind, actor_id, given_to, message_id, at) "+
		"SELECT f.staff_id, ?, f.case_id, ?, ?, ?, ?, ?, ?, ? FROM followers AS f WHERE f.case_id = ? AND f.staff_id <> ? ON CONFLICT DO NOTHING",
		n.ID, string(WhyFollowed), n.Type, string(n.ActorKind), n.ActorID, n.GivenTo, n.MessageID, n.At, n.CaseID, n.ActorID).Exec(database.Later(ch.ctx))
	if err != nil {
		return fmt.Errorf("tell followers: %w", err)
	}
	return nil
}

// errInboxRole keeps those out who see no cases.
func errInboxRole() error {
	return problem.New(problem.Forbidden, "role_required", "The inbox is for those who review or audit cases.")
}

// Inbox lists what the actor was told of, the newest first, and gives the cursor of the
// next page, "" at the end. Error: role_required.
func (s *Service) Inbox(ctx context.Context, actor Actor, in InboxQuery) ([]InboxEntry, string, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return nil, "", errInboxRole()
	}
	notices := []*Notice{}
	q := s.db.From(ctx).NewSelect().Model(&notices).Where("n.staff_id = ?", actor.ID)
	if in.Unread {
		q = q.Where("n.read_at IS NULL")
	}
	if err := in.Page.Descending(q, "n.at", "n.id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read an inbox: %w", err)
	}
	notices, next, err := database.Next(in.Page, notices, func(n *Notice) (any, string) { return n.At, n.ID })
	if err != nil {
		return nil, "", err
	}
	entries, err := s.entriesOf(ctx, notices)
	return entries, next, err
}

// entriesOf reads what notices tell of.
func (s *Service) entriesOf(ctx context.Context, notices []*Notice) ([]InboxEntry, error) {
	if len(notices) == 0 {
		return []InboxEntry{}, nil
	}
	ids := func(of func(*Notice) string) []string {
		var all []string
		for _, n := range notices {
			all = append(all, of(n))
		}
		return slices.Compact(slices.Sorted(slices.Values(all)))
	}
	var cases []*Case
	var messages []*CaseMessage
	for _, q := range []*bun.SelectQuery{
		s.db.From(ctx).NewSelect().Model(&cases).Where("c.id IN (?)", bun.List(ids(func(n *Notice) string { return n.CaseID }))),
		s.db.From(ctx).NewSelect().Model(&messages).Where("m.id IN (?)", bun.List(ids(func(n *Notice) string { return n.MessageID }))),
	} {
		if err := q.Scan(ctx); err != nil {
			return nil, fmt.Errorf("read what an inbox tells of: %w", err)
		}
	}
	entries := make([]InboxEntry, 0, len(notices))
	for _, n := range notices {
		e := InboxEntry{Notice: n}
		if at := slices.IndexFunc(cases, func(c *Case) bool { return c.ID == n.CaseID }); at >= 0 {
			e.Case = cases[at]
		}
		if at := slices.IndexFunc(messages, func(m *CaseMessage) bool { return m.ID == n.MessageID }); at >= 0 {
			e.Message = messages[at]
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Unread counts the actor's unread notices, MostUnread at most; none for who has no inbox.
func (s *Service) Unread(ctx context.Context, actor Actor) (int, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return 0, nil
	}
	db := s.db.From(ctx)
	some := db.NewSelect().Model((*Notice)(nil)).ColumnExpr("1").Where("n.staff_id = ?", actor.ID).Where("n.read_at IS NULL").
		OrderExpr("n.at").Limit(MostUnread)
	var n int
	if err := db.NewSelect().ColumnExpr("count(*)").TableExpr("(?) AS unread", some).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count unread notices: %w", err)
	}
	return n, nil
}

// ReadNotice marks one of the actor's notices as read. Errors: role_required,
// notice_not_found.
func (s *Service) ReadNotice(ctx context.Context, actor Actor, id string) error {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return errInboxRole()
	}
	n, err := s.affecting(ctx, func(tx bun.IDB) (sql.Result, error) {
		return s.reading(tx, actor).Where("id = ?", id).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("mark a notice as read: %w", err)
	}
	if n == 0 {
		return problem.New(problem.NotFound, "notice_not_found", "There is no such entry in your inbox.")
	}
	return nil
}

// ReadNotices marks the actor's notices until a time as read: what came after their list
// was read stays. Error: role_required.
func (s *Service) ReadNotices(ctx context.Context, actor Actor, until time.Time) error {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return errInboxRole()
	}
	if until.Year() < 1 { // Postgres counts such years otherwise
		until = time.Time{}
	}
	_, err := s.affecting(ctx, func(tx bun.IDB) (sql.Result, error) {
		return s.reading(tx, actor).Where("read_at IS NULL").Where("at <= ?", until).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("mark notices as read: %w", err)
	}
	return nil
}

func (s *Service) reading(db bun.IDB, actor Actor) *bun.UpdateQuery {
	return db.NewUpdate().Model((*Notice)(nil)).Set("read_at = COALESCE(read_at, ?)", s.now()).Where("staff_id = ?", actor.ID)
}

// sawCase marks what the actor was told of a case as read, for they look at it, and
// counts what is left.
func (s *Service) sawCase(ctx context.Context, actor Actor, caseID string) (left int, err error) {
	if left, err = s.Unread(ctx, actor); err != nil || left == 0 {
		return 0, err
	}
	n, err := affected(s.reading(s.db.From(ctx), actor).Where("case_id = ?", caseID).Where("read_at IS NULL").Exec(ctx))
	switch {
	case err != nil:
		return 0, fmt.Errorf("mark a case's notices as read: %w", err)
	case n == 0:
		return left, nil
	}
	return s.Unread(ctx, actor)
}

// takeNoticeBack removes what somebody was told of being given the case, unless they
// have read it.
func (ch *change) takeNoticeBack(staffID string) error {
	_, err := ch.tx.NewDelete().Model((*Notice)(nil)).Where("staff_id = ?", staffID).Where("case_id = ?", ch.Case.ID).
		Where("why = ?", WhyGiven).Where("read_at IS NULL").Exec(database.Later(ch.ctx))
	if err != nil {
		return fmt.Errorf("take a notice back: %w", err)
	}
	return nil
}

// purgeBatch is how many notices one statement removes: were it all that are old, then one that
// takes too long would fail, and the next would have still more to do.
const purgeBatch = 5000

// PurgeNotices removes notices whose time is over, and ends what those follow who see no
// cases any more, wherever that was not done when they left.
func (s *Service) PurgeNotices(ctx context.Context) error {
	if err := s.unfollowAllGone(ctx); err != nil {
		return err
	}
	db, until := s.db.From(ctx), s.now().Add(-noticesKept)
	for {
		old := db.NewSelect().Model((*Notice)(nil)).Column("n.staff_id", "n.id").Where("n.at < ?", until).Order("n.at").Limit(purgeBatch)
		n, err := affected(db.NewDelete().Model((*Notice)(nil)).Where("(staff_id, id) IN (?)", old).Exec(ctx))
		if err != nil {
			return fmt.Errorf("remove old notices: %w", err)
		}
		if n < purgeBatch {
			return nil
		}
	}
}

// InboxChoices are how somebody wants to be told.
type InboxChoices struct {
	bun.BaseModel `bun:"table:inbox_choices,alias:ic"`

	StaffID string `bun:"staff_id,pk"`
	// Mail sends a mail for each mention.
	Mail bool `bun:"mail"`
	// Follow makes whoever is mentioned in a case follow it.
	Follow bool `bun:"follow"`
}

// choicesOf are the choices of several people; who has made none has both.
func choicesOf(ctx context.Context, db bun.IDB, staffIDs []string) (map[string]InboxChoices, error) {
	found := []InboxChoices{}
	if err := db.NewSelect().Model(&found).Where("ic.staff_id IN (?)", bun.List(staffIDs)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read choices of an inbox: %w", err)
	}
	out := make(map[string]InboxChoices, len(staffIDs))
	for _, id := range staffIDs {
		out[id] = InboxChoices{StaffID: id, Mail: true, Follow: true}
	}
	for _, c := range found {
		out[c.StaffID] = c
	}
	return out, nil
}

// InboxChoices are the actor's. Error: role_required.
func (s *Service) InboxChoices(ctx context.Context, actor Actor) (InboxChoices, error) {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return InboxChoices{}, errInboxRole()
	}
	all, err := choicesOf(ctx, s.db.From(ctx), []string{actor.ID})
	return all[actor.ID], err
}

// ChooseInbox keeps how the actor wants to be told. Error: role_required.
func (s *Service) ChooseInbox(ctx context.Context, actor Actor, in InboxChoices) error {
	if !actor.Has(RoleReviewer, RoleLead, RoleAuditor) {
		return errInboxRole()
	}
	in.StaffID = actor.ID
	_, err := s.affecting(ctx, func(tx bun.IDB) (sql.Result, error) {
		return tx.NewInsert().Model(&in).On("CONFLICT (staff_id) DO UPDATE").Set("mail = EXCLUDED.mail").Set("follow = EXCLUDED.follow").Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("keep choices of an inbox: %w", err)
	}
	return nil
}
