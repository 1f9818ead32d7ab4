package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// auditRows is everything that a case's changes have written, apart from events.
type auditRows struct {
	Case          *Case
	items         []*Item
	documents     []*Document
	itemDecisions []*ItemDecision // oldest first
	decisions     []*CaseDecision
	messages      []*CaseMessage
	invitations   []*Invitation
	// tagged are the tags by which lists find the case, tags what ids of tags mean today.
	tagged []*caseTag
	tags   tagSet
	// before is how many open cases its account has, for a case that waits.
	before int64

	findings []AuditFinding
}

func (a *auditRows) found(code, format string, args ...any) {
	a.findings = append(a.findings, AuditFinding{CaseID: a.Case.ID, Code: code, Detail: fmt.Sprintf(format, args...)})
}

func (s *Service) readRows(ctx context.Context, db bun.IDB, c *Case) (*auditRows, error) {
	a := &auditRows{Case: c}
	var err error
	if a.items, err = s.loadItems(ctx, db, c.ID); err != nil {
		return nil, err
	}
	if a.documents, err = s.loadDocuments(ctx, db, c.ID); err != nil {
		return nil, err
	}
	for _, q := range []*bun.SelectQuery{
		db.NewSelect().Model(&a.itemDecisions).Where("idec.case_id = ?", c.ID).Order("idec.decided_at", "idec.id"),
		db.NewSelect().Model(&a.decisions).Where("cdec.case_id = ?", c.ID).Order("cdec.decided_at", "cdec.id"),
		db.NewSelect().Model(&a.messages).Where("m.case_id = ?", c.ID).Order("m.id"),
		db.NewSelect().Model(&a.tagged).Where("ct.case_id = ?", c.ID).Order("ct.tag_id"),
		db.NewSelect().Model(&a.invitations).Where("inv.case_id = ?", c.ID).Order("inv.id"),
	} {
		if err := q.Scan(ctx); err != nil {
			return nil, fmt.Errorf("read the rows of a case: %w", err)
		}
	}
	if a.tags, err = s.tagsByID(ctx, db, c.Tags.V); err != nil {
		return nil, err
	}
	if c.Held {
		a.before, err = db.NewSelect().Model((*Case)(nil)).Where("c.account_key = ?", c.AccountKey).Where("c.open = ?", true).Count(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("look for the case that this one waits for: %w", err)
	}
	return a, nil
}

// verifyEffects holds what the events tell against the rows: a change is its rows
// and its event, both or neither.
func (a *auditRows) verifyEffects(events []*Event) []AuditFinding {
	told := map[string]map[string]int{} // fact → id → how many events tell of it
	counted := int64(0)
	var firstLook *time.Time
	sentBack := 0
	for _, e := range events {
		if !leavesVersion(Action(e.Type)) {
			counted++
		}
		a.tell(told, e)
		if Action(e.Type) == actRequest {
			sentBack++
		}
		if firstLook == nil && looks(Action(e.Type)) {
			firstLook = &e.At
		}
	}
	a.verifyFigures(firstLook, sentBack)
	if a.Case.Version != counted {
		a.found("wrong_version", "the case is at version %d, its events have made %d", a.Case.Version, counted)
	}
	a.compare("document", idsOf(a.documents, func(d *Document) string { return d.ID }), told["document"])
	a.compare("decision", append(idsOf(a.itemDecisions, func(d *ItemDecision) string { return d.ID }),
		idsOf(a.decisions, func(d *CaseDecision) string { return d.ID })...), told["decision"])
	a.compare("message", idsOf(a.messages, func(m *CaseMessage) string { return m.ID }), told["message"])
	a.compare("invitation", idsOf(a.invitations, func(i *Invitation) string { return i.ID }), told["invitation"])
	a.verifyOwners()
	a.verifyPartners(events)
	a.verifyTurn()
	a.verifyPriority(events)
	a.verifyPlace()
	a.verifyHolder(events)
	a.verifySnooze(events)
	a.verifyTags(events)
	return a.findings
}

// verifyFigures wants what figures are counted from to be what the events tell.
func (a *auditRows) verifyFigures(firstLook *time.Time, sentBack int) {
	c := a.Case
	if (c.FirstLookAt == nil) != (firstLook == nil) || firstLook != nil && !c.FirstLookAt.Equal(*firstLook) {
		a.found("wrong_first_look", "the case was first taken at another time than the events tell")
	}
	if c.SentBack != sentBack {
		a.found("wrong_sent_back", "the case counts %d requests for more, the events tell of %d", c.SentBack, sentBack)
	}
}

// leavesVersion says that a change of this kind is nothing that anybody has to read
// the case again for (see change.quiet).
func leavesVersion(action Action) bool {
	return slices.Contains([]Action{actView, actExport, actWrite, actNote, actRemind, actExchange, actRenew, actLate, actRefuse, actTag}, action)
}

// tell notes which rows an event says that its change has written.
func (a *auditRows) tell(told map[string]map[string]int, e *Event) {
	var facts map[string]any
	if err := json.Unmarshal([]byte(e.Data), &facts); err != nil {
		a.findings = append(a.findings, AuditFinding{CaseID: e.CaseID, Seq: e.Seq, Code: "unreadable", Detail: "the event's data is not JSON"})
		return
	}
	for fact, kind := range writtenBy(Action(e.Type)) {
		id, _ := facts[fact].(string)
		if id == "" {
			continue
		}
		if told[kind] == nil {
			told[kind] = map[string]int{}
		}
		told[kind][id]++
		switch kind {
		case "document":
			a.sameDigest(e, id, facts["sha256"])
		case "message":
			a.sameMentions(e, id, facts["mentions"])
		}
	}
}

// writtenBy maps an action's facts to the kinds of rows that they name.
func writtenBy(action Action) map[string]string {
	switch action {
	case actSupply:
		return map[string]string{"document": "document"}
	case actJudge, actWaive, actUndo, actApprovePart, actApprove, actDeny:
		return map[string]string{"decision": "decision"}
	case actWrite, actNote, actAppeal, actRequest:
		return map[string]string{"message": "message"}
	case actCorrect, actSnooze:
		return map[string]string{"note": "message"}
	case actInvite:
		return map[string]string{"invitation": "invitation"}
	}
	return nil
}

func (a *auditRows) sameDigest(e *Event, id string, sum any) {
	at := slices.IndexFunc(a.documents, func(d *Document) bool { return d.ID == id })
	if at >= 0 && a.documents[at].SHA256 != sum {
		a.findings = append(a.findings, AuditFinding{CaseID: e.CaseID, Seq: e.Seq, Code: "altered_row",
			Detail: "the document " + id + " has another hash than when it was supplied"})
	}
}

// sameMentions wants a note to be for those whom its event names.
func (a *auditRows) sameMentions(e *Event, id string, told any) {
	at := slices.IndexFunc(a.messages, func(m *CaseMessage) bool { return m.ID == id })
	if at < 0 {
		return
	}
	names, _ := told.([]any)
	if !slices.EqualFunc(a.messages[at].Mentions.V, names, func(id string, name any) bool { return name == id }) {
		a.findings = append(a.findings, AuditFinding{CaseID: e.CaseID, Seq: e.Seq, Code: "altered_row",
			Detail: "the note " + id + " mentions others than when it was written"})
	}
}

func idsOf[T any](rows []T, id func(T) string) []string {
	ids := make([]string, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, id(r))
	}
	return ids
}

// compare wants an event for each row and a row for each event; an invitation alone
// is told of again, with each link that is sent.
func (a *auditRows) compare(kind string, rows []string, told map[string]int) {
	for _, id := range rows {
		switch n := told[id]; {
		case n == 0:
			a.found("row_without_event", "no event tells of the %s %s", kind, id)
		case n > 1 && kind != "invitation":
			a.found("told_twice", "%d events tell of the %s %s", n, kind, id)
		}
	}
	for id := range told {
		if !slices.Contains(rows, id) {
			a.found("event_without_row", "an event tells of the %s %s, which is not there", kind, id)
		}
	}
}

// verifyOwners wants documents and decisions to be about items of the same case.
func (a *auditRows) verifyOwners() {
	own := map[string]bool{}
	for _, i := range a.items {
		own[i.ID] = true
	}
	for _, d := range a.documents {
		if !own[d.ItemID] {
			a.found("foreign_item", "the document %s is of an item of another case", d.ID)
		}
	}
	about := map[string]string{}
	for _, d := range a.itemDecisions {
		if !own[d.ItemID] {
			a.found("foreign_item", "the decision %s is about an item of another case", d.ID)
		}
		if d.Undoes != "" && about[d.Undoes] != d.ItemID {
			a.found("undoes_nothing", "the decision %s takes back what was not decided about its item before", d.ID)
		}
		about[d.ID] = d.ItemID
	}
}

// verifyPartners wants whatever partners did and supplied to name an invitation of the
// case, whether they came by its link or for their organisation.
func (a *auditRows) verifyPartners(events []*Event) {
	invited := idsOf(a.invitations, func(i *Invitation) string { return i.ID })
	for _, e := range events {
		if e.ActorKind == Partner && !slices.Contains(invited, e.ActorID) {
			a.findings = append(a.findings, AuditFinding{CaseID: e.CaseID, Seq: e.Seq, Code: "foreign_partner",
				Detail: "it was done by " + e.ActorID + ", which is no invitation of this case"})
		}
	}
	for _, d := range a.documents {
		if d.ActorKind == Partner && !slices.Contains(invited, d.ActorID) {
			a.found("foreign_partner", "the document %s is from %s, which is no invitation of this case", d.ID, d.ActorID)
		}
	}
}

// verifyPriority wants a raised priority to have its event in the same round, and the
// other way round.
func (a *auditRows) verifyPriority(events []*Event) {
	late := slices.ContainsFunc(events, func(e *Event) bool { return Action(e.Type) == actLate && e.Round == a.Case.Round })
	if late != (a.Case.Priority > 0) {
		a.found("wrong_priority", "the case has the priority %d, and was late in this round: %t", a.Case.Priority, late)
	}
}

// verifyTurn wants a case that was filed and has not ended to have its account, or
// to wait for the one that has it.
func (a *auditRows) verifyTurn() {
	c := a.Case
	filed := c.State != Draft && !c.State.Ended()
	switch {
	case c.Open && c.Held, filed && !c.Open && !c.Held, !filed && (c.Open || c.Held):
		a.found("wrong_turn", "a case that is %q has open %t and held %t", c.State, c.Open, c.Held)
	case c.Held && a.before == 0:
		a.found("wrong_turn", "the case waits, and no other case on its account is open")
	}
}

// verifyHolder wants the case to be with whoever the events gave it to last: only its
// holder may decide on it.
func (a *auditRows) verifyHolder(events []*Event) {
	holder := ""
	for _, e := range events {
		switch {
		case e.State != InReview:
			holder = ""
		case Action(e.Type) == actClaim:
			holder = e.ActorID
		case Action(e.Type) == actAssign:
			var facts struct{ To string }
			if json.Unmarshal([]byte(e.Data), &facts) == nil { // or else it is reported elsewhere
				holder = facts.To
			}
		}
	}
	c := a.Case
	if c.ClaimedBy != holder || (c.ClaimExpires == nil) != (holder == "") {
		a.found("wrong_holder", "the case is with %q, its events gave it to %q", c.ClaimedBy, holder)
	}
}

// verifyPlace wants the queue to have the case where it belongs: one that is nowhere
// would never be reviewed.
func (a *auditRows) verifyPlace() {
	c, fresh := a.Case, *a.Case
	fresh.Place()
	if c.Lane != fresh.Lane || (c.QueueAt == nil) != (fresh.QueueAt == nil) || c.QueueAt != nil && !c.QueueAt.Equal(*fresh.QueueAt) {
		a.found("wrong_place", "the queue has the case in lane %d, it belongs into %d", c.Lane, fresh.Lane)
	}
	standing := 0
	for _, d := range a.decisions {
		if d.Verdict == Approved && d.Round == c.Round && !d.Void {
			standing++
		}
	}
	if c.Approvals != standing {
		a.found("wrong_approvals", "the case counts %d approvals, %d stand", c.Approvals, standing)
	}
}
