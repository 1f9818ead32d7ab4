package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/rules"
	"regain/server"
	"regain/server/api"
	"regain/storage"
)

// The reviewer's page of a case: its documents, what was said, what is to be decided,
// and everything that can be done about it, on one screen. Which item is looked at and
// which form is open stand in the address, so that all of it works without scripts.

const reviewPath = "/staff/cases"

// timelinePart is how many events the page shows at a time.
const timelinePart = 20

func (p *Pages) registerReview() {
	if p.services.Cases == nil || p.services.Staff == nil {
		return
	}
	readers := []server.Role{server.Reviewer, server.Lead, server.Auditor}
	p.getAs("review-page", reviewPath+"/{case}", readers, p.showReview)
	p.server.Page(server.Route{
		ID: "review-document-page", Method: http.MethodGet, Path: reviewPath + "/{case}/documents/{document}",
		Roles: readers, Effect: server.Reads, Limit: api.Downloads(),
	}, func(c *gin.Context) error { return p.sendDocument(c, c.Param("case"), c.Param("document")) })
	p.registerReviewActs()
	p.registerExport(readers)
}

// reviewPage is a case as its reviewers see it.
type reviewPage struct {
	api.CaseView
	Version int64
	// Seen is the number of the newest event that the page shows.
	Seen int64
	// Newest is the number of the newest event that is more than a look at a document.
	Newest int64
	// View is the list that the reader works through; Do the form that is open.
	View, Do string
	Cards    []*reviewCard
	// Selected is the item that is looked at; nil when the case asks for nothing.
	Selected *reviewCard
	// Shown is the document on the screen, Beside another one next to it.
	Shown, Beside *shownDocument
	Talk          []reviewMessage
	// EarlierTalk is where the conversation goes on, backwards; empty at its beginning.
	EarlierTalk string
	Timeline    []timelineEntry
	// Earlier is where the timeline goes on; zero at its beginning.
	Earlier  int64
	Compared []comparedRow
	// NoRecord says that the directory could not be asked.
	NoRecord bool
	// Unsettled are the items that stand in the way of an approval, Open the questions.
	Unsettled []*reviewCard
	Open      []api.FactView
	// Changes are what others did since the page was read, after a conflict.
	Changes []timelineEntry
	// Mail is the message that is shown, HandTo whom the case can be given to.
	Mail   *storage.Mail
	HandTo []Option
	// Colleagues are whom a note can be for; Following says that the reader follows the case.
	Colleagues []Option
	// MoreColleagues and MoreHandTo say that there are more people than are listed.
	MoreColleagues, MoreHandTo bool
	Following                  bool
	// Late says that the changes were seen while nothing was sent.
	Late bool
	// Done is the act that has just been carried out; LastUndo the decision of the reader
	// that has just been made and can be taken back; Was the case that the reader has left.
	Done     string
	LastUndo *reviewCard
	Was      *leftCase
	// Next and Previous are the cases beside this one in the reader's view; empty at the ends.
	Next, Previous string
	// TagNames are the tags that the case has not, to choose from.
	TagNames []string
	// Kept is what was typed into a form that is not there any more.
	Kept []string
	// Preview is what the customer would get.
	Preview *previewed

	reader  cases.Actor
	details *cases.Details
	people  map[string]string
	// tagNames are what the tags are called that events name.
	tagNames map[string]*cases.Tag
	record   map[string]any
	now      time.Time
}

// reviewQuery is what the address, or a form, says about how to show the page.
type reviewQuery struct {
	view, item, after, document, beside, do, done, was, talk string
	before, seen                                             int64
}

// leftCase is a case that the reader has just done with.
type leftCase struct {
	ID, Reference, State, Path string
	// Snoozed is until when the reader has just put it away; nil otherwise.
	Snoozed *time.Time
	Version int64
}

func (p *Pages) showReview(c *gin.Context) error {
	q := reviewQueryOf(c)
	data, err := p.reviewPage(c, q)
	if err != nil {
		return err
	}
	if q.seen > 0 && q.seen < data.Seen {
		if data.Changes, err = p.changesSince(c, data, q.seen); err != nil {
			return err
		}
		data.Late = len(data.Changes) > 0
	}
	return p.show(c, "review/case", data)
}

func reviewQueryOf(c *gin.Context) reviewQuery {
	q := reviewQuery{
		view: c.Query("view"), item: c.Query("item"), after: c.Query("after"), document: c.Query("document"),
		beside: c.Query("beside"), do: c.Query("do"), done: c.Query("done"), was: c.Query("was"), talk: c.Query("talk"),
		before: wholeNumber(c.Query("before")), seen: wholeNumber(c.Query("seen")),
	}
	return q
}

// reviewPage reads everything that the page shows.
func (p *Pages) reviewPage(c *gin.Context, q reviewQuery) (*reviewPage, error) {
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	d, err := p.services.Cases.Details(ctx, actor, c.Param("case"))
	if err != nil {
		return nil, err
	}
	locale := server.Locale(ctx)
	data := &reviewPage{
		CaseView: p.views.Case(d, actor, locale), Version: d.Case.Version, Seen: d.Case.EventSeq,
		View: q.view, Do: q.do, Done: q.done, reader: actor, details: d, now: p.now(),
	}
	if err := p.readWay(ctx, data, q.was); err != nil {
		return nil, err
	}
	messages, events, err := p.readTalk(ctx, data, q)
	if err != nil {
		return nil, err
	}
	if data.people, err = p.services.Staff.StaffNames(ctx, staffIn(d, messages, events)); err != nil {
		return nil, err
	}
	if err := p.readTagNames(ctx, data, events); err != nil {
		return nil, err
	}
	data.Cards = reviewCards(data, locale)
	data.choose(q)
	data.LastUndo = data.lastUndo()
	if err := p.readMail(ctx, data); err != nil {
		return nil, err
	}
	if err := p.readHandOver(ctx, data); err != nil {
		return nil, err
	}
	if err := p.readColleagues(ctx, data); err != nil {
		return nil, err
	}
	if data.Following, err = p.services.Cases.Follows(ctx, actor, data.ID); err != nil {
		return nil, err
	}
	data.Talk = data.talk(messages)
	data.Timeline = folded(data.timeline(events))
	p.readRecord(ctx, data)
	data.Compared = compared(data, locale)
	for _, i := range d.Unsettled() {
		data.Unsettled = append(data.Unsettled, data.card(i.ID))
	}
	for _, id := range d.Decision.Open {
		if f := d.Policy.Fact(id); f != nil {
			data.Open = append(data.Open, p.views.Fact(f, locale))
		}
	}
	return data, nil
}

// readWay finds where the reader comes from and where they can go on.
func (p *Pages) readWay(ctx context.Context, data *reviewPage, was string) error {
	view := cases.View(data.View)
	beside, err := p.services.Cases.Beside(ctx, data.reader, view, data.details.Case)
	if problem.Is(err, "invalid_fields") { // a view that there is not
		data.View = ""
		beside, err = p.services.Cases.Beside(ctx, data.reader, "", data.details.Case)
	}
	if err != nil {
		return err
	}
	if beside.Next != nil {
		data.Next = data.other(beside.Next.ID)
	}
	if beside.Previous != nil {
		data.Previous = data.other(beside.Previous.ID)
	}
	if was == "" || was == data.ID {
		return nil
	}
	left, err := p.services.Cases.Case(ctx, data.reader, was)
	if problem.Is(err, "case_not_found") {
		return nil
	}
	if err == nil {
		data.Was = &leftCase{ID: left.ID, Reference: left.Reference, State: string(left.State), Path: data.other(left.ID), Version: left.Version}
		if left.SnoozedBy == data.reader.ID {
			data.Was.Snoozed = left.SnoozedUntil
		}
	}
	return err
}

// other is the address of another case in the same view.
func (d *reviewPage) other(id string) string {
	path := reviewPath + "/" + id
	if d.View != "" {
		path += "?" + url.Values{"view": {d.View}}.Encode()
	}
	return path
}

// undoTime is how long after a decision the way back is offered beside it; the item
// offers it for longer.
const undoTime = 10 * time.Minute

// lastUndo is the item of the reader's newest decision that can be taken back.
func (d *reviewPage) lastUndo() *reviewCard {
	var newest *reviewCard
	for _, card := range d.Cards {
		if card.Undo == nil || d.now.Sub(card.Undo.DecidedAt) > undoTime {
			continue
		}
		if newest == nil || card.Undo.DecidedAt.After(newest.Undo.DecidedAt) {
			newest = card
		}
	}
	return newest
}

// readTalk reads the conversation, the notes and a part of what happened.
func (p *Pages) readTalk(ctx context.Context, data *reviewPage, q reviewQuery) (talk []*cases.CaseMessage, events []*cases.Event, err error) {
	if talk, data.EarlierTalk, err = p.latestTalk(ctx, data.reader, data.ID, q.talk); err != nil {
		return nil, nil, err
	}
	events, err = p.services.Cases.Timeline(ctx, data.reader, data.ID, cases.TimelineQuery{Before: q.before, Limit: timelinePart + 1})
	if err != nil {
		return nil, nil, err
	}
	data.Newest = data.Seen
	if q.before == 0 && len(events) > 0 {
		data.Newest = events[0].Seq
	}
	if len(events) > timelinePart {
		events = events[:timelinePart]
		data.Earlier = events[timelinePart-1].Seq
	}
	return talk, events, nil
}

// staffIn are the ids of the members of staff whom the page names.
func staffIn(d *cases.Details, messages []*cases.CaseMessage, events []*cases.Event) []string {
	ids := []string{d.Case.ClaimedBy, d.Case.SnoozedBy}
	for _, v := range d.Decisions {
		ids = append(ids, v.StaffID)
	}
	for _, v := range d.Judged {
		ids = append(ids, v.StaffID)
	}
	for _, m := range messages {
		if m.ActorKind == cases.Staff {
			ids = append(append(ids, m.ActorID), m.Mentions.V...)
		}
	}
	for _, e := range events {
		if e.ActorKind == cases.Staff {
			ids = append(ids, e.ActorID)
		}
		ids = append(ids, assignedTo(e))
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
}

// choose finds the item and the documents to show.
func (d *reviewPage) choose(q reviewQuery) {
	d.Selected = d.card(q.item)
	if d.Selected == nil {
		d.Selected = d.nextOpen(q.after)
	}
	if d.Selected != nil {
		d.Selected.Selected = true
		d.Shown = d.document(d.Selected.shownID())
		if shown := d.document(q.document); shown != nil && shown.Item == d.Selected.ID {
			d.Shown = shown
		}
	}
	d.Beside = d.document(q.beside)
}

// nextOpen is the first item after another that is still to be decided, going round;
// else the item itself; else the first of all.
func (d *reviewPage) nextOpen(after string) *reviewCard {
	start := 0
	at := slices.IndexFunc(d.Cards, func(i *reviewCard) bool { return i.ID == after })
	if at >= 0 {
		start = at + 1
	}
	for n := range d.Cards {
		if card := d.Cards[(start+n)%len(d.Cards)]; card.Standing == "to_review" {
			return card
		}
	}
	switch {
	case at >= 0:
		return d.Cards[at]
	case len(d.Cards) > 0:
		return d.Cards[0]
	}
	return nil
}

func (d *reviewPage) card(id string) *reviewCard {
	for _, card := range d.Cards {
		if card.ID == id {
			return card
		}
	}
	return nil
}

// name is the name of a member of staff.
func (d *reviewPage) name(id string) string { return d.people[id] }

// Holder is who holds the case; empty when nobody does.
func (d *reviewPage) Holder() string {
	if !d.details.Case.ClaimedNow(d.now) {
		return ""
	}
	return d.name(d.details.Case.ClaimedBy)
}

// Held says that the case waits for another one on the account.
func (d *reviewPage) Held() bool { return d.details.Case.Held }

// Due is when the reviewers, or the customer, should be done.
func (d *reviewPage) Due() due {
	return dueOf(api.QueueEntry{ReviewBy: d.ReviewBy, SupplyBy: d.SupplyBy, EndedAt: d.EndedAt}, d.now)
}

// Mine says that the reader holds the case.
func (d *reviewPage) Mine() bool {
	c := d.details.Case
	return c.State == cases.InReview && c.ClaimedBy == d.reader.ID && c.ClaimedNow(d.now)
}

// AtReview says that the case is with the reviewers.
func (d *reviewPage) AtReview() bool {
	return d.State == string(cases.Submitted) || d.State == string(cases.InReview)
}

// Ended says whether the case is over, but for an appeal.
func (d *reviewPage) Ended() bool { return d.details.Case.State.Ended() }

// MayClaim says that the reader can take the case.
func (d *reviewPage) MayClaim() bool {
	return d.reader.Reviews() && d.AtReview() && !d.Held() && !d.details.Case.ClaimedNow(d.now)
}

// MayRelease says that the reader can give the case back.
func (d *reviewPage) MayRelease() bool {
	return d.State == string(cases.InReview) && (d.Mine() || d.reader.Has(cases.RoleLead))
}

// MayWaive says that the reader is the second person who lets an item go.
func (d *reviewPage) MayWaive() bool {
	return d.reader.Reviews() && d.AtReview() && !d.Held() && !d.Mine()
}

// MayWrite says that the reader can write to the customer, MayNote that they can leave
// a note.
func (d *reviewPage) MayWrite() bool {
	return d.reader.Reviews() && (!d.Ended() || d.State == string(cases.Denied))
}

// MayNote is described at MayWrite.
func (d *reviewPage) MayNote() bool { return d.reader.Reviews() }

// Ready says that nothing stands in the way of an approval.
func (d *reviewPage) Ready() bool { return len(d.Unsettled) == 0 && len(d.Open) == 0 }

// approvals are those of this round that stand.
func (d *reviewPage) approvals() []*cases.CaseDecision {
	var out []*cases.CaseDecision
	for _, v := range d.details.Decisions {
		if v.Round == d.Round && v.Verdict == cases.Approved && !v.Void {
			out = append(out, v)
		}
	}
	return out
}

// Approved is how many approvals are given; Needed how many the policy wants.
func (d *reviewPage) Approved() int { return len(d.approvals()) }

// Needed is described at Approved.
func (d *reviewPage) Needed() int { return max(1, d.details.Case.ApprovalsNeeded) }

// Last says that one more approval approves the case.
func (d *reviewPage) Last() bool { return d.Approved()+1 >= d.Needed() }

// verdictView is an approval or denial, in words.
type verdictView struct {
	Who, Verdict, Reason, WordsCustomer, WordsStaff string
	Round                                           int
	Void                                            bool
	At                                              time.Time
}

// Verdicts are what was decided about the whole case, newest first.
func (d *reviewPage) Verdicts() []verdictView {
	var out []verdictView
	for _, v := range slices.Backward(d.details.Decisions) {
		out = append(out, verdictView{
			Who: d.name(v.StaffID), Verdict: string(v.Verdict), Reason: string(v.ReasonCode), WordsCustomer: v.WordsCustomer,
			WordsStaff: v.WordsStaff, Round: v.Round, Void: v.Void, At: v.DecidedAt,
		})
	}
	return out
}

// Title is how the case is called: by its owner, else by its account.
func (d *reviewPage) Title() string {
	if d.Enterprise != "" {
		return d.Enterprise
	}
	return d.Account
}

// To is the address of this page with other parts of it shown: names and values in turn.
func (d *reviewPage) To(pairs ...string) string {
	q := url.Values{}
	if d.View != "" {
		q.Set("view", d.View)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	path := reviewPath + "/" + d.ID
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// At is the address of something that belongs to the case.
func (d *reviewPage) At(parts string) string { return reviewPath + "/" + d.ID + "/" + parts }

// canned is what a customer is told for a reason, in their language.
func (p *Pages) canned(locale, use string, code cases.ReasonCode) (string, error) {
	return p.words.say(locale, "review.canned."+use+"."+string(code))
}

// Answered are the answers that were given, in words, staff's own included.
func (d *reviewPage) Answered(locale string) []answered {
	var out []answered
	for _, f := range d.details.Policy.Facts() {
		if value, ok := d.details.Case.Answers.V[f.ID]; ok && !slices.Contains(d.Decision.Ignored, f.ID) {
			out = append(out, answered{ID: f.ID, Ask: f.Ask.In(locale), Words: answerWords(f, value, locale)})
		}
	}
	return out
}

// Catalogue are the documents that a reviewer may ask for beyond what is asked.
func (d *reviewPage) Catalogue(locale string) []Option {
	out := []Option{{}}
	for _, m := range d.details.Policy.Materials() {
		if m.Kind == rules.Document {
			out = append(out, Option{Value: m.ID, Label: m.Label.In(locale)})
		}
	}
	return out
}
