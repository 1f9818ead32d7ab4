package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// Member is who acts for an organisation, with what makes an invitation the
// organisation's: the address that it went to, never the name that somebody typed.
type Member struct {
	ID, Email string
	// Addresses are those of all members, Domains the mail domains of which every
	// address is the organisation's.
	Addresses, Domains []string
}

// OwedState is how an invitation stands, for whoever owes something by it.
type OwedState string

// The states of what is owed.
const (
	OwedMissing  OwedState = "owed"     // something is still to be sent
	OwedSent     OwedState = "sent"     // all was sent
	OwedAccepted OwedState = "accepted" // all was accepted, or let go
	OwedRejected OwedState = "rejected" // something was not accepted, and can be sent anew
	OwedExpired  OwedState = "expired"
	OwedRevoked  OwedState = "revoked" // the customer, or the end of the case, took it back
)

// OwedEntry is an invitation in an organisation's list: of its case no more than the
// invitation's own mail told, and how it stands.
type OwedEntry struct {
	Invitation *Invitation
	Case       *Case // for reference, account, owner and deadline alone
	State      OwedState
	// Asked are the names of what is owed, in the language that was asked for.
	Asked []string

	items []*Item
}

// Live reports whether something can be sent by the invitation at the time.
func (inv *Invitation) Live(now time.Time) bool {
	return inv.RevokedAt == nil && now.Before(inv.ExpiresAt)
}

// OwedQuery asks for a page of an organisation's list.
type OwedQuery struct {
	// Ended asks for invitations that are over, the newest first, instead of those that
	// stand, the first to end first.
	Ended  bool
	Page   database.Page
	Locale string
}

// OwedBy lists the invitations that went to an address of the member's organisation.
// It returns the cursor of the next page, "" at the end.
func (s *Service) OwedBy(ctx context.Context, m Member, in OwedQuery) ([]*OwedEntry, string, error) {
	invs := []*Invitation{}
	q := s.ofOrganisation(s.db.From(ctx).NewSelect().Model(&invs), m)
	now := s.now()
	if in.Ended {
		q = in.Page.Descending(q.Where("(inv.revoked_at IS NOT NULL OR inv.expires_at <= ?)", now), "inv.created_at", "inv.id")
	} else {
		q = in.Page.Ascending(q.Where("inv.revoked_at IS NULL").Where("inv.expires_at > ?", now), "inv.expires_at", "inv.id")
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read what an organisation owes: %w", err)
	}
	invs, next, err := database.Next(in.Page, invs, func(inv *Invitation) (any, string) {
		if in.Ended {
			return inv.CreatedAt, inv.ID
		}
		return inv.ExpiresAt, inv.ID
	})
	if err != nil {
		return nil, "", err
	}
	entries, err := s.owedEntries(ctx, invs, in.Locale)
	return entries, next, err
}

// OwedOf is OwedBy for a lead who looks at an organisation. Error: role_required.
func (s *Service) OwedOf(ctx context.Context, actor Actor, m Member, in OwedQuery) ([]*OwedEntry, string, error) {
	if !actor.Has(RoleLead) {
		return nil, "", problem.New(problem.Forbidden, "role_required", "This takes the role of a lead.")
	}
	return s.OwedBy(ctx, m, in)
}

// OpenInvitations counts the invitations that stand and went to the addresses or into
// the domains of each organisation.
func (s *Service) OpenInvitations(ctx context.Context, asked []Member) ([]int, error) {
	counts := make([]int, len(asked))
	ofAddress, ofDomain := map[string]int{}, map[string]int{}
	addresses, domains := []string{}, []string{}
	for n, m := range asked {
		for _, a := range m.Addresses {
			key := s.contactKey(Email, a)
			ofAddress[key], addresses = n, append(addresses, key)
		}
		for _, d := range m.Domains {
			key := s.domainKey(d)
			ofDomain[key], domains = n, append(domains, key)
		}
	}
	if len(addresses)+len(domains) == 0 {
		return counts, nil
	}
	var rows []struct {
		EmailKey, DomainKey string
		N                   int
	}
	err := s.db.From(ctx).NewSelect().Model((*Invitation)(nil)).Column("email_key", "domain_key").ColumnExpr("count(*) AS n").
		Where("inv.revoked_at IS NULL").Where("inv.expires_at > ?", s.now()).
		Where("(inv.email_key IN (?) OR inv.domain_key IN (?))", bun.List(append(addresses, "")), bun.List(append(domains, "none"))).
		Where("inv.email_key <> ''").Group("email_key", "domain_key").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count invitations: %w", err)
	}
	for _, r := range rows { // an address is of one organisation, and so is its domain
		if n, ok := ofAddress[r.EmailKey]; ok {
			counts[n] += r.N
		} else if n, ok := ofDomain[r.DomainKey]; ok {
			counts[n] += r.N
		}
	}
	return counts, nil
}

// ofOrganisation keeps to the invitations of the member's organisation.
func (s *Service) ofOrganisation(q *bun.SelectQuery, m Member) *bun.SelectQuery {
	addresses := []string{s.contactKey(Email, m.Email)}
	for _, a := range m.Addresses {
		addresses = append(addresses, s.contactKey(Email, a))
	}
	domains := []string{}
	for _, d := range m.Domains {
		domains = append(domains, s.domainKey(d))
	}
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("inv.email_key IN (?)", bun.List(addresses))
		if len(domains) > 0 {
			q = q.WhereOr("inv.domain_key IN (?)", bun.List(domains))
		}
		return q
	})
}

// organisationsInvitation finds one of the organisation's invitations. Error:
// invitation_not_found, the same for an absent one and for another's.
func (s *Service) organisationsInvitation(ctx context.Context, m Member, id string) (*Invitation, error) {
	invs := []*Invitation{}
	if err := s.ofOrganisation(s.db.From(ctx).NewSelect().Model(&invs), m).Where("inv.id = ?", id).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find invitation: %w", err)
	}
	if len(invs) == 0 {
		return nil, errNoInvitation()
	}
	return invs[0], nil
}

// ActFor makes the member the partner whom the invitation invited, and names its case.
// From there on the two act alike; events say which member it was. Errors:
// invitation_not_found, invitation_ended.
func (s *Service) ActFor(ctx context.Context, m Member, invitationID string) (actor Actor, caseID string, err error) {
	inv, err := s.organisationsInvitation(ctx, m, invitationID)
	if err != nil {
		return Actor{}, "", err
	}
	if !inv.Live(s.now()) {
		return Actor{}, "", problem.New(problem.Gone, "invitation_ended", "This invitation is over. Ask the customer to send you a new one.")
	}
	return Actor{Kind: Partner, ID: inv.ID, Email: m.Email, Member: m.ID}, inv.CaseID, nil
}

// OwedEntry reads one of the organisation's invitations, whether it stands or is over.
// Error: invitation_not_found.
func (s *Service) OwedEntry(ctx context.Context, m Member, invitationID, locale string) (*OwedEntry, error) {
	inv, err := s.organisationsInvitation(ctx, m, invitationID)
	if err != nil {
		return nil, err
	}
	entries, err := s.owedEntries(ctx, []*Invitation{inv}, locale)
	if err != nil {
		return nil, err
	}
	return entries[0], nil
}

// owedEntries reads what the list shows of each invitation's case.
func (s *Service) owedEntries(ctx context.Context, invs []*Invitation, locale string) ([]*OwedEntry, error) {
	entries := make([]*OwedEntry, 0, len(invs))
	if len(invs) == 0 {
		return entries, nil
	}
	var ids []string
	for _, inv := range invs {
		ids = append(ids, inv.CaseID)
	}
	found, items := []*Case{}, []*Item{}
	if err := s.db.From(ctx).NewSelect().Model(&found).Where("c.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the cases of invitations: %w", err)
	}
	if err := s.db.From(ctx).NewSelect().Model(&items).Where("i.case_id IN (?)", bun.List(ids)).Where("i.retired = ?", false).
		Order("i.created_at", "i.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the items of invitations: %w", err)
	}
	for _, inv := range invs {
		at := slices.IndexFunc(found, func(c *Case) bool { return c.ID == inv.CaseID })
		if at < 0 {
			return nil, fmt.Errorf("the case of the invitation %s is not there", inv.ID)
		}
		e := &OwedEntry{Invitation: inv, Case: found[at]}
		for _, i := range items {
			if i.CaseID == inv.CaseID && i.SuppliedBy(inv.Supplier) {
				e.items = append(e.items, i)
			}
		}
		e.State = e.state(s.now())
		if err := s.nameAsked(ctx, e, locale); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// nameAsked names what is owed, each name once.
func (s *Service) nameAsked(ctx context.Context, e *OwedEntry, locale string) error {
	p, err := s.policies.Pinned(ctx, e.Case.PolicyHash)
	if err != nil {
		return err
	}
	d, err := decide(p, e.Case.Answers.V)
	if err != nil {
		return err
	}
	e.items = inPolicyOrder(e.items, &d)
	for _, i := range e.items {
		if l := labelOf(i, p, &d, locale); !slices.Contains(e.Asked, l) {
			e.Asked = append(e.Asked, l)
		}
	}
	return nil
}

// state says how the invitation stands: first what is to be done, then what was done.
func (e *OwedEntry) state(now time.Time) OwedState {
	shown := e.Case.ReviewShown()
	open, rejected, sent, settled := false, false, false, len(e.items) > 0
	for _, i := range e.items {
		done := shown && (i.Review == Accepted || i.Review == Waived)
		settled = settled && done
		sent = sent || i.Supply == Provided
		rejected = rejected || shown && i.Review == Rejected && i.Open
		open = open || !done && i.Supply != Provided && i.Open
	}
	live := e.Invitation.Live(now)
	switch {
	case settled:
		return OwedAccepted
	case live && rejected:
		return OwedRejected
	case live && open:
		return OwedMissing
	case sent && !open && !rejected:
		return OwedSent
	case live, e.Invitation.RevokedAt != nil:
		return OwedRevoked // nothing is asked any more
	}
	return OwedExpired
}

// ReviewShown says whether those who supply may see what was decided about items: not
// a reviewer's work under way.
func (c *Case) ReviewShown() bool { return c.WithCustomer() || c.State.Ended() }

// OwedDeed is something that happened to what is owed.
type OwedDeed string

// What happens to what is owed.
const (
	DeedAsked    OwedDeed = "asked"  // a link was sent to the address
	DeedOpened   OwedDeed = "opened" // the link was used
	DeedSent     OwedDeed = "sent"
	DeedRemoved  OwedDeed = "removed"
	DeedAccepted OwedDeed = "accepted"
	DeedRejected OwedDeed = "rejected"
	DeedEnded    OwedDeed = "ended" // it was taken back, or its time was over
)

// OwedMoment is one line of an invitation's history.
type OwedMoment struct {
	At   time.Time
	Deed OwedDeed
	// Member is the organisation's member who did it; empty for whoever used the link.
	Member string
	// Item is the name of what it was about, File that of the file that was sent, Words
	// what a reviewer wrote about a rejection; empty where there is none.
	Item, File, Words string
}

// OwedHistory tells what happened by an invitation, oldest first.
func (s *Service) OwedHistory(ctx context.Context, e *OwedEntry, locale string) ([]OwedMoment, error) {
	var events []*Event
	var documents []*Document
	var judged []*ItemDecision
	inv := e.Invitation
	err := s.db.ReadTogether(ctx, s.db.From(ctx),
		database.ListOf(&events, "e.case_id = ? AND e.type IN ('invite', 'exchange_invitation', 'supply')", inv.CaseID),
		database.ListOf(&documents, "d.case_id = ? AND d.actor_kind = 'partner' AND d.actor_id = ?", inv.CaseID, inv.ID),
		database.ListOf(&judged, "idec.case_id = ?", inv.CaseID))
	if err != nil {
		return nil, fmt.Errorf("read what happened by an invitation: %w", err)
	}
	p, err := s.policies.Pinned(ctx, e.Case.PolicyHash)
	if err != nil {
		return nil, err
	}
	d, err := decide(p, e.Case.Answers.V)
	if err != nil {
		return nil, err
	}
	h := owedHistory{entry: e, documents: documents, name: func(i *Item) string { return labelOf(i, p, &d, locale) }}
	slices.SortFunc(events, func(a, b *Event) int { return int(a.Seq - b.Seq) })
	for _, event := range events {
		h.tell(event)
	}
	if e.Case.ReviewShown() {
		h.judge(judged)
	}
	if now := s.now(); !inv.Live(now) {
		at := inv.ExpiresAt
		if inv.RevokedAt != nil {
			at = *inv.RevokedAt
		}
		h.moments = append(h.moments, OwedMoment{At: at, Deed: DeedEnded})
	}
	slices.SortStableFunc(h.moments, func(a, b OwedMoment) int { return a.At.Compare(b.At) })
	return h.moments, nil
}

// owedHistory collects the moments of one invitation.
type owedHistory struct {
	entry     *OwedEntry
	documents []*Document
	name      func(*Item) string
	moments   []OwedMoment
}

// item is an item of the invitation; nil for what is not owed by it, or not any more.
func (h *owedHistory) item(id string) *Item {
	at := slices.IndexFunc(h.entry.items, func(i *Item) bool { return i.ID == id })
	if at < 0 {
		return nil
	}
	return h.entry.items[at]
}

// tell adds what an event says, if it is about the invitation.
func (h *owedHistory) tell(e *Event) {
	var facts struct {
		Invitation, Item, Document, Member string
		Supply                             Supply
	}
	if json.Unmarshal([]byte(e.Data), &facts) != nil {
		return // the audit finds such events
	}
	m := OwedMoment{At: e.At, Member: facts.Member}
	mine := e.ActorKind == Partner && e.ActorID == h.entry.Invitation.ID
	switch action := Action(e.Type); {
	case action == actInvite && facts.Invitation == h.entry.Invitation.ID:
		m.Deed = DeedAsked
	case action == actExchange && mine:
		m.Deed = DeedOpened
	case action == actSupply && mine && facts.Supply == Provided:
		m.Deed = DeedSent
	case action == actSupply && mine && facts.Supply == Missing:
		m.Deed = DeedRemoved
	default:
		return
	}
	if i := h.item(facts.Item); i != nil {
		m.Item = h.name(i)
	}
	for _, doc := range h.documents {
		if doc.ID == facts.Document {
			m.File = doc.Name
		}
	}
	h.moments = append(h.moments, m)
}

// judge adds what was decided about what is owed. What a reviewer took back was never sent to
// anybody.
func (h *owedHistory) judge(judged []*ItemDecision) {
	takenBack := undone(judged)
	for _, j := range judged {
		i := h.item(j.ItemID)
		if i == nil || j.Undoes != "" || takenBack[j.ID] || j.Verdict != Accepted && j.Verdict != Rejected {
			continue
		}
		m := OwedMoment{At: j.DecidedAt, Deed: DeedAccepted, Item: h.name(i)}
		if j.Verdict == Rejected {
			m.Deed, m.Words = DeedRejected, strings.TrimSpace(j.WordsCustomer)
		}
		h.moments = append(h.moments, m)
	}
}
