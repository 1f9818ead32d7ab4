package web

import (
	"slices"
	"strings"

	"regain/cases"
	"regain/rules"
	"regain/server/api"
)

// itemCard is an item with how it stands, for its card.
type itemCard struct {
	api.ItemView
	// Standing is missing, provided, unavailable, accepted, rejected, waived, waiting
	// (for a reseller or partner), refused (in a case that is over) or closed.
	Standing string
	// Reasons are the answers that made it so.
	Reasons []answered
	// Mine says that the customer may supply it; Others who else may.
	Mine   bool
	Others []string
	// Invited are those who were asked for it.
	Invited []*cases.Invitation
	// Current is its file, Earlier those before.
	Current *api.DocumentView
	Earlier []api.DocumentView
	// Stated is a statement in words.
	Stated []answered

	names []string // the words by which a file's name may speak of it
}

// newItemCard is an item for whoever may supply it; it does not know yet how it stands.
func newItemCard(i api.ItemView, reader cases.ActorKind) itemCard {
	card := itemCard{ItemView: i, names: wordsOf(i.Label + " " + i.Requirement + " " + i.Material)}
	for _, from := range i.From {
		if from == string(reader) || reader == cases.Partner && from != string(cases.Customer) {
			card.Mine = true
		} else {
			card.Others = append(card.Others, from)
		}
	}
	for n, doc := range i.Documents {
		if doc.State == string(cases.Current) {
			card.Current = &i.Documents[n]
		} else {
			card.Earlier = append(card.Earlier, doc)
		}
	}
	return card
}

// customerCard is an item as its customer sees it.
func (d *customerCase) customerCard(i api.ItemView, locale string) itemCard {
	card := newItemCard(i, cases.Customer)
	for _, inv := range d.Invitations {
		if slices.Contains(i.From, inv.Supplier) {
			card.Invited = append(card.Invited, inv)
		}
	}
	card.Standing = card.standing(d)
	card.Reasons = reasons(d.details.Policy, i, locale)
	card.Stated = stated(i, locale)
	if m := d.details.Policy.Material(i.Material); m != nil {
		for _, label := range m.Label {
			card.names = append(card.names, wordsOf(label)...)
		}
	}
	return card
}

// Shown is how the item stands as its customer reads it: what was handed in is sent, and no
// longer only ready.
func (i itemCard) Shown() string {
	if i.Standing == "provided" && !i.Open {
		return "sent"
	}
	return i.Standing
}

func (i *itemCard) standing(d *customerCase) string {
	switch {
	case i.Review == "rejected" && i.Open, i.Review == "accepted", i.Review == "waived":
		return i.Review
	case i.Review == "rejected" && d.Ended():
		return "refused"
	case i.Supply == "provided", i.Supply == "unavailable":
		return i.Supply
	case !i.Open:
		return "closed"
	}
	for _, inv := range i.Invited {
		if inv.RevokedAt == nil && d.now.Before(inv.ExpiresAt) {
			return "waiting"
		}
	}
	return "missing"
}

// Needs says whether something is still to be done about the item.
func (i itemCard) Needs() bool {
	return i.Standing == "missing" || i.Standing == "rejected" || i.Standing == "waiting"
}

// stated is what a statement says, field by field.
func stated(i api.ItemView, locale string) []answered {
	var out []answered
	for _, f := range i.Fields {
		value, ok := i.Statement[f.ID]
		if !ok {
			continue
		}
		if parts, ok := value.(map[string]any); ok {
			out = append(out, answered{ID: f.ID, Ask: f.Label, Words: addressWords(parts, locale)})
			continue
		}
		out = append(out, answered{ID: f.ID, Ask: f.Label, Words: fieldValueWords(f, value, locale)})
	}
	if where, ok := i.Statement["where"].(string); ok && i.Kind == "proof" {
		out = append(out, answered{ID: "where", Words: where})
	}
	return out
}

func addressWords(parts map[string]any, locale string) string {
	var words string
	for _, name := range addressParts() {
		part, _ := parts[name].(string)
		if part == "" {
			continue
		}
		if name == "country" {
			part = countryName(part, locale)
		}
		if words != "" {
			words += ", "
		}
		words += part
	}
	return words
}

func addressParts() []string { return []string{"line", "city", "region", "postal_code", "country"} }

func fieldValueWords(f api.FieldView, value any, locale string) string {
	values := formValues(value)
	if len(values) == 0 {
		return ""
	}
	switch f.Type {
	case "country":
		return countryName(values[0], locale)
	case "date":
		return dayWords(values[0], locale)
	case "bool":
		return new(rules.Fact).Words(value).In(locale)
	}
	for _, choice := range f.Values {
		if choice.ID == values[0] {
			return choice.Label
		}
	}
	return values[0]
}

// requirementCard is what one requirement asks for, on one card: its first slot speaks
// for all of them.
type requirementCard struct {
	itemCard
	Slots []itemCard
	// Sent are files of the request that might do here, too.
	Sent []sentFile
}

// cardOf is the card that has an item's slot; nil when none does.
func cardOf(items []itemCard, item string) *requirementCard {
	for _, card := range onCards(items) {
		if slices.ContainsFunc(card.Slots, func(s itemCard) bool { return s.ID == item }) {
			return &card
		}
	}
	return nil
}

// Several says whether the card has more slots than one.
func (r requirementCard) Several() bool { return len(r.Slots) > 1 }

// Same says whether one file stands in several slots.
func (r requirementCard) Same() bool {
	seen := map[string]bool{}
	for _, s := range r.Slots {
		if s.Current == nil {
			continue
		}
		if seen[s.Current.SHA256] {
			return true
		}
		seen[s.Current.SHA256] = true
	}
	return false
}

// Done counts the slots that are settled for now, Asked those that have to be.
func (r requirementCard) Done() int {
	n := 0
	for _, s := range r.Slots {
		if !s.Needs() {
			n++
		}
	}
	return n
}

// Asked is described at Done.
func (r requirementCard) Asked() int {
	n := 0
	for _, s := range r.Slots {
		if !s.Optional {
			n++
		}
	}
	return n
}

// State is how the card stands as a whole: what is wrong first, then what is to do.
func (r requirementCard) State() string {
	if r.Done() >= max(1, r.Asked()) && r.Done() > 0 && !r.stands("rejected") {
		for _, s := range r.Slots {
			if !s.Needs() && s.Standing != "provided" {
				return s.Standing
			}
		}
		return "provided"
	}
	for _, state := range []string{"rejected", "waiting", "missing"} {
		if r.stands(state) {
			return state
		}
	}
	return r.Standing
}

func (r requirementCard) stands(state string) bool {
	return slices.ContainsFunc(r.Slots, func(s itemCard) bool { return s.Standing == state })
}

// Partly says that some of several slots are settled, and others not.
func (r requirementCard) Partly() bool {
	return r.Asked() > 1 && r.Done() > 0 && r.Done() < r.Asked() && r.State() == "missing"
}

// Free are the slots that still take a file; a rejected one asks for another by itself.
func (r requirementCard) Free() []itemCard {
	var out []itemCard
	for _, s := range r.Slots {
		if s.Open && (s.Standing == "missing" || s.Standing == "waiting") {
			out = append(out, s)
		}
	}
	return out
}

// Filled are the slots about which there is something to show.
func (r requirementCard) Filled() []itemCard {
	var out []itemCard
	for _, s := range r.Slots {
		if s.Standing != "missing" && s.Standing != "waiting" || len(s.Earlier) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// Mark changes with what is supplied, so that a script can tell whether a card is up to date.
func (r requirementCard) Mark() string {
	var mark strings.Builder
	for _, s := range r.Slots {
		mark.WriteString(s.Standing)
		if s.Current != nil {
			mark.WriteString(s.Current.ID)
		}
		mark.WriteByte(' ')
	}
	return strings.TrimSpace(mark.String())
}

// Part is one slot with its card, for templates.
func (r requirementCard) Part(s itemCard) slotOfCard { return slotOfCard{itemCard: s, Card: r} }

// slotOfCard is one slot of a card.
type slotOfCard struct {
	itemCard
	Card requirementCard
}

// Itself is the slot without its card.
func (s slotOfCard) Itself() itemCard { return s.itemCard }

// Cannot is the slot of which the customer may say that it can't be provided; nil when
// there is nothing left to say that of.
func (r requirementCard) Cannot() *itemCard {
	if !r.Open || r.State() == "provided" {
		return nil
	}
	for n, s := range r.Slots {
		if s.Open && s.Needs() && !s.Optional {
			return &r.Slots[n]
		}
	}
	return nil
}

// HowMany says how many a card takes, where that is more than one.
func (v *View) HowMany(r requirementCard) (string, error) {
	key := "customer.how_many.exactly"
	switch {
	case !r.Several():
		return "", nil
	case r.Each != "":
		key = "customer.how_many." + r.Each
	case r.Last:
		key = "customer.how_many.last"
	case r.Asked() == 0:
		key = "customer.how_many.optional"
	case r.Asked() < len(r.Slots):
		key = "customer.how_many.up_to"
	}
	return v.T(key, "n", len(r.Slots))
}

// Place is the name of one slot.
func (v *View) Place(i itemCard) (string, error) {
	if i.Of < 2 {
		return i.Label, nil
	}
	return v.T("customer.items.slot", "label", i.Label, "slot", i.Slot, "of", i.Of)
}

// itemGroup is a requirement, or a group of them, with its items.
type itemGroup struct {
	Kind     string
	Label    string
	AtLeast  int
	Cards    []requirementCard
	Children []itemGroup
}

// Groups are the items as they belong together. When something was asked for anew,
// only that is shown.
func (d *customerCase) Groups() []itemGroup {
	if d.State == string(cases.MaterialsRequested) {
		return []itemGroup{{Kind: "item", Cards: d.byRequirement(d.pick(func(i itemCard) bool { return i.Open }))}}
	}
	groups := d.groups(d.Decision.Requirements)
	if more := d.pick(func(i itemCard) bool { return i.Requirement == "" }); len(more) > 0 {
		groups = append(groups, itemGroup{Kind: "item", Cards: d.byRequirement(more)})
	}
	return groups
}

// byRequirement puts the slots of each requirement on one card, with the files that
// might do there.
func (d *customerCase) byRequirement(items []itemCard) []requirementCard {
	out := onCards(items)
	for n := range out {
		out[n].Sent = d.sentFor(out[n])
	}
	return out
}

// onCards puts the slots of each requirement on one card.
func onCards(items []itemCard) []requirementCard {
	var out []requirementCard
	for _, i := range items {
		last := len(out) - 1
		if last >= 0 && i.Requirement != "" && out[last].Requirement == i.Requirement {
			out[last].Slots = append(out[last].Slots, i)
			continue
		}
		out = append(out, requirementCard{itemCard: i, Slots: []itemCard{i}})
	}
	return out
}

// Rest are the items that nothing is asked about now.
func (d *customerCase) Rest() []itemCard {
	if d.State != string(cases.MaterialsRequested) {
		return nil
	}
	return d.pick(func(i itemCard) bool { return !i.Open })
}

// All are the items, in the policy's order.
func (d *customerCase) All() []itemCard { return d.pick(func(itemCard) bool { return true }) }

func (d *customerCase) pick(wanted func(itemCard) bool) []itemCard {
	var out []itemCard
	for _, i := range d.Items {
		if card := d.cards[i.ID]; wanted(card) {
			out = append(out, card)
		}
	}
	return out
}

func (d *customerCase) groups(requirements []api.RequirementView) []itemGroup {
	var out []itemGroup
	for _, r := range requirements {
		g := itemGroup{Kind: r.Kind, Label: r.Label, AtLeast: r.AtLeast}
		if r.Kind == "item" {
			g.Cards = d.byRequirement(d.pick(func(i itemCard) bool { return i.Requirement == r.ID }))
		} else {
			g.Children = d.groups(r.Children)
		}
		if len(g.Cards)+len(g.Children) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// Ready counts the items that are settled for now; Missing those that the case still
// needs before it can be handed in.
func (d *customerCase) Ready() int {
	return len(d.pick(func(i itemCard) bool { return (i.Open || d.Draft()) && !i.Needs() }))
}

// Missing is described at Ready.
func (d *customerCase) Missing() int {
	_, unmet := rules.Met(d.details.Decision.Requirements, func(r rules.Requirement) int {
		return len(d.pick(func(i itemCard) bool {
			return i.Requirement == r.ID && i.Supply == "provided" && i.Standing != "rejected"
		}))
	})
	owed := map[string]bool{}
	for _, r := range rules.Items(unmet) {
		owed[r.ID] = true
	}
	return len(d.pick(func(i itemCard) bool { return i.Needs() && !i.Optional && (i.Requirement == "" || owed[i.Requirement]) }))
}

// way is where a customer is on the way to a decision: Step counts from 1, and Gaps says that
// materials are still to be supplied, though the customer has gone on.
type way struct {
	Step int
	Gaps bool
}

// Way is the way at a step.
func (d *customerCase) Way(step int) way {
	return way{Step: step, Gaps: d.WithCustomer() && d.Collects() && d.Missing() > 0}
}

// Wanted counts the items that are settled or still needed.
func (d *customerCase) Wanted() int { return d.Ready() + d.Missing() }

// TakesSeveral says whether several files can be sent for the list as a whole.
func (d *customerCase) TakesSeveral() bool { return takesSeveral(d.All()) }

func takesSeveral(items []itemCard) bool {
	free := 0
	for _, i := range placesAmong(items).cards {
		if i.Needs() && len(i.ReadOff) == 0 {
			free++
		}
	}
	return free > 1
}
