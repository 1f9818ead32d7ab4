package web

import (
	"slices"
	"time"

	"regain/cases"
	"regain/rules"
	"regain/server/api"
)

// reviewCard is an item as a reviewer sees it.
type reviewCard struct {
	api.ItemView
	// Number is its place in the list, from 1.
	Number int
	// Standing is to_review, accepted, rejected, waived, missing, waiting (for a reseller
	// or partner), unavailable, asked (anew, of the customer), left_out (optional) or
	// undecided (the case has ended).
	Standing string
	Selected bool
	Reasons  []answered
	Stated   []answered
	// Current is its file, Earlier those before, newest first.
	Current *api.DocumentView
	Earlier []api.DocumentView
	Invited []*cases.Invitation
	// History is what was decided about it, newest first.
	History []judgedView
	// Checks and ToRead are what is to be confirmed and read off.
	Checks []checkGroup
	ToRead []api.ReadOffView
	// MayJudge says that the reader can accept or reject it now.
	MayJudge bool
	MayWaive bool
	// Undo is the decision that the reader can take back; nil when there is none.
	Undo *cases.ItemDecision

	nodes []rules.CheckNode
	round int
}

// judgedView is one decision about an item, in words.
type judgedView struct {
	Who, Verdict, Reason, WordsCustomer, WordsStaff, Fallback string
	At                                                        time.Time
	// Document is the one that was decided on, Version its version.
	Document string
	Version  int
	Round    int
	// Undone says that it was taken back, Undoing that it takes another one back.
	Undone, Undoing bool
}

// checkGroup is a check, or a group of checks of which some are enough.
type checkGroup struct {
	Kind     string // check, all_of, any_of, prefer
	ID       string
	Label    string
	Help     string
	Again    bool // it stands further up already
	Ticked   bool
	Number   int // the key that ticks it
	Children []checkGroup
}

// shownDocument is a document on the screen.
type shownDocument struct {
	api.DocumentView
	// Of is the name of its item.
	Of string
}

func reviewCards(d *reviewPage, locale string) []*reviewCard {
	var cards []*reviewCard
	for n, i := range d.Items {
		cards = append(cards, newReviewCard(d, i, d.details.Items[n], locale))
	}
	number(cards)
	return cards
}

// number counts the items, those last that are optional and were not sent. Of a
// requirement that takes up to twelve files and got two, they are the first and second
// of two.
func number(cards []*reviewCard) {
	next := 1
	for _, leftOut := range []bool{false, true} {
		for _, card := range cards {
			if (card.Standing == "left_out") == leftOut {
				card.Number = next
				next++
			}
		}
	}
	last := map[string]int{}
	for _, card := range cards {
		if card.Standing != "left_out" {
			last[card.Requirement] = max(last[card.Requirement], card.Slot)
		}
	}
	for _, card := range cards {
		if card.Standing != "left_out" && card.Requirement != "" {
			card.Of = last[card.Requirement]
		}
	}
}

func newReviewCard(d *reviewPage, i api.ItemView, item *cases.Item, locale string) *reviewCard {
	card := &reviewCard{ItemView: i, round: d.Round, Reasons: reasons(d.details.Policy, i, locale), Stated: stated(i, locale)}
	for n, doc := range i.Documents {
		if doc.State == string(cases.Current) {
			card.Current = &i.Documents[n]
		} else {
			card.Earlier = append([]api.DocumentView{doc}, card.Earlier...)
		}
	}
	for _, inv := range d.details.Invitations {
		if slices.Contains(i.From, inv.Supplier) {
			card.Invited = append(card.Invited, inv)
		}
	}
	if r := d.details.Requirement(item); r != nil {
		card.nodes = r.Checks
	}
	card.Standing = card.standing(d)
	card.History = card.history(d)
	card.MayJudge = d.Mine() && i.Supply == string(cases.Provided)
	card.MayWaive = d.MayWaive() && !slices.Contains([]string{"accepted", "waived", "left_out"}, card.Standing)
	card.Undo = d.details.Undoable(item, d.reader)
	card.Checks, card.ToRead = card.checks(d), i.Staff.ReadOff
	return card
}

// reasons are the answers for which an item is asked, in words.
func reasons(p *rules.Policy, i api.ItemView, locale string) []answered {
	var out []answered
	for _, why := range i.Why {
		for _, f := range why.Facts {
			reason := answered{ID: f.Fact, Words: f.Label}
			if fact := p.Fact(f.Fact); fact != nil {
				reason.Ask = fact.Ask.In(locale)
				if fact.Type == "country" || f.Label == "" {
					reason.Words = answerWords(fact, f.Value, locale)
				}
			}
			out = append(out, reason)
		}
	}
	return out
}

func (i *reviewCard) standing(d *reviewPage) string {
	switch {
	case i.Review != string(cases.Pending):
		return i.Review
	case i.Supply == string(cases.Provided) && d.details.Case.State.Ended():
		return "undecided"
	case i.Supply == string(cases.Provided) && !(i.Open && d.details.Case.WithCustomer()):
		return "to_review"
	case i.Supply == string(cases.Unavailable):
		return "unavailable"
	}
	for _, inv := range i.Invited {
		if inv.RevokedAt == nil && d.now.Before(inv.ExpiresAt) {
			return "waiting"
		}
	}
	switch {
	case i.Open && d.details.Case.WithCustomer():
		return "asked"
	case i.Optional:
		return "left_out"
	}
	return "missing"
}

func (i *reviewCard) history(d *reviewPage) []judgedView {
	var out []judgedView
	for _, j := range slices.Backward(d.details.Judged) {
		if j.ItemID != i.ID {
			continue
		}
		view := judgedView{
			Who: d.name(j.StaffID), Verdict: string(j.Verdict), Reason: string(j.ReasonCode), WordsCustomer: j.WordsCustomer,
			WordsStaff: j.WordsStaff, Fallback: j.FallbackReason, At: j.DecidedAt, Round: j.Round, Undoing: j.Undoes != "", Document: j.DocumentID,
		}
		view.Undone = slices.ContainsFunc(d.details.Judged, func(other *cases.ItemDecision) bool { return other.Undoes == j.ID })
		for _, doc := range i.Documents {
			if doc.ID == j.DocumentID {
				view.Version = doc.Version
			}
		}
		out = append(out, view)
	}
	return out
}

// Latest is the newest decision about the item; nil when there is none.
func (i *reviewCard) Latest() *judgedView {
	if len(i.History) == 0 {
		return nil
	}
	return &i.History[0]
}

// New says that something else came after the item was rejected.
func (i *reviewCard) New() bool {
	last := i.Latest()
	return i.Standing == "to_review" && last != nil && last.Verdict == string(cases.Rejected) && !last.Undone &&
		(i.Current == nil || i.Current.ID != last.Document)
}

// Afresh says that the item was decided before, and is looked at anew on appeal.
func (i *reviewCard) Afresh() bool {
	last := i.Latest()
	return i.Standing == "to_review" && last != nil && last.Verdict != string(cases.Pending) && last.Round < i.round && !i.New()
}

// checks are what is to be confirmed. Each id can be ticked once; where it stands in a
// second place, that says so. What was ticked in the newest decision is ticked.
func (i *reviewCard) checks(d *reviewPage) []checkGroup {
	ticked := []string{}
	if dec := d.details.ItemDecided[i.ID]; dec != nil && i.Review == string(dec.Verdict) {
		ticked = dec.Checks.V
	}
	seen := map[string]bool{}
	var walk func(nodes []api.CheckView) []checkGroup
	walk = func(nodes []api.CheckView) []checkGroup {
		var out []checkGroup
		for _, n := range nodes {
			g := checkGroup{Kind: n.Kind, ID: n.ID, Label: n.Label, Help: n.Help}
			if n.Kind == rules.CheckLeaf {
				g.Again = seen[n.ID]
				seen[n.ID] = true
				g.Number, g.Ticked = len(seen), slices.Contains(ticked, n.ID)
			}
			g.Children = walk(n.Children)
			out = append(out, g)
		}
		return out
	}
	return walk(i.Staff.Checks)
}

// Prefers says that some checks are wanted before others.
func (i *reviewCard) Prefers() bool {
	var any func(groups []checkGroup) bool
	any = func(groups []checkGroup) bool {
		return slices.ContainsFunc(groups, func(g checkGroup) bool { return g.Kind == rules.CheckPrefer || any(g.Children) })
	}
	return any(i.Checks)
}

// ReadValue is what stands in the field of a value to read off: what a reviewer read
// before, else what the supplier did.
func (i *reviewCard) ReadValue(id string) string {
	if dec := i.Staff.Decision; dec != nil && dec.ReadOff[id] != nil {
		return formValue(dec.ReadOff[id])
	}
	if i.Current != nil {
		return formValue(i.Current.ReadOff[id])
	}
	return ""
}

func formValue(v any) string {
	if values := formValues(v); len(values) > 0 {
		return values[0]
	}
	return ""
}

// shownID is the document to show for the item: its current one, else the newest.
func (i *reviewCard) shownID() string {
	switch {
	case i.Current != nil:
		return i.Current.ID
	case len(i.Earlier) > 0:
		return i.Earlier[0].ID
	}
	return ""
}

// Face says that the item has something to look at.
func (i *reviewCard) Face() bool { return i.shownID() != "" || len(i.Stated) > 0 }

// itemRow is an item's row in the list.
type itemRow struct {
	Page *reviewPage
	Card *reviewCard
}

// Row makes the row of an item.
func (d *reviewPage) Row(i *reviewCard) itemRow { return itemRow{Page: d, Card: i} }

// Folded says that the item is nothing to look at unless it is asked for: an optional one
// that was not sent.
func (i *reviewCard) Folded() bool { return i.Standing == "left_out" && !i.Selected }

// Folded are the items that are.
func (d *reviewPage) Folded() []*reviewCard {
	var out []*reviewCard
	for _, card := range d.Cards {
		if card.Folded() {
			out = append(out, card)
		}
	}
	return out
}

// OtherFiles are those of items that are no longer asked for.
func (d *reviewPage) OtherFiles() []api.DocumentView {
	var out []api.DocumentView
	for _, doc := range d.Staff.Documents {
		if d.card(doc.Item) == nil {
			out = append(out, doc)
		}
	}
	return out
}

// Others are the documents that can be shown beside the one on the screen.
func (d *reviewPage) Others() []*shownDocument {
	var out []*shownDocument
	for _, card := range d.Cards {
		for _, doc := range card.Documents {
			if d.Shown == nil || doc.ID != d.Shown.ID {
				out = append(out, &shownDocument{DocumentView: doc, Of: card.Label})
			}
		}
	}
	return out
}

// document finds a document of the case by its id.
func (d *reviewPage) document(id string) *shownDocument {
	for _, card := range d.Cards {
		for _, doc := range card.Documents {
			if doc.ID == id {
				return &shownDocument{DocumentView: doc, Of: card.Label}
			}
		}
	}
	return nil
}

// FaceType is the type of the document that stands for the item; empty without one.
func (i *reviewCard) FaceType() string {
	for _, doc := range i.Documents {
		if doc.ID == i.shownID() {
			return doc.Type
		}
	}
	return ""
}

// ShownID is described at shownID.
func (i *reviewCard) ShownID() string { return i.shownID() }

// ReadField asks for a value that stands in the document.
func (v *View) ReadField(i *reviewCard, r api.ReadOffView) (*FieldView, error) {
	attributes := append(readOffAttributes(r), "value", i.ReadValue(r.ID))
	return v.Field("accept-read_off."+r.ID, attributes...)
}

// screenView is a document on the screen, with the addresses that belong to it.
type screenView struct {
	Document *shownDocument
	// Source is where its bytes are, Alone the page without the one beside.
	Source, Alone string
	Beside        bool
	// Others can be shown beside it, at With and their id.
	Others []*shownDocument
	With   string
}

// Screen makes the view of a document on the screen.
func (v *View) Screen(d *reviewPage, doc *shownDocument, beside bool) screenView {
	s := screenView{Document: doc, Source: d.At("documents/" + doc.ID), Beside: beside}
	if d.Selected != nil {
		s.Alone = d.To("item", d.Selected.ID)
		s.With = d.To("item", d.Selected.ID, "document", doc.ID) + "&beside="
	}
	if !beside {
		s.Others = d.Others()
	}
	return s
}
