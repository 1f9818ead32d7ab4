package cases

import (
	"fmt"
	"reflect"
	"slices"

	"regain/database"
	"regain/rules"
)

// Difference is how the items changed when the answers did.
type Difference struct {
	Added   []string // ids of items that are new or asked for again
	Removed []string // ids of items no longer asked for; what was supplied is kept
	Kept    []string
}

// fit brings the case's items in line with what the policy asks for now. What
// was supplied is never lost: an item that is no longer asked for is retired
// with its documents, comes back when the answers ask for it again, and serves
// another requirement for the same material where one is short of it.
func (ch *change) fit() (Difference, error) {
	d, err := ch.Decision()
	if err != nil {
		return Difference{}, err
	}
	ch.followDecision(d)
	items, err := ch.Items()
	if err != nil {
		return Difference{}, err
	}
	wanted := wantedSlots(d)
	return ch.fitItems(items, wanted, assign(items, wanted))
}

// followDecision copies to the case what lists and gates need of the decision.
func (ch *change) followDecision(d *rules.Decision) {
	c := ch.Case
	c.Scenario, c.Outcome, c.ApprovalsNeeded = "", string(d.Outcome), 0
	if d.Scenario != nil {
		c.Scenario = d.Scenario.ID
	}
	if d.Complete {
		c.ApprovalsNeeded = max(1, d.Handling.Approvals, len(d.Handling.DistinctRoles))
	}
}

// slot is one item that the policy asks for.
type slot struct {
	requirement rules.Requirement
	number      int
}

// wantedSlots lists what the decision asks for; nothing while the customer has
// questions to answer. What only staff can answer may be open: then it is what
// is certain without it.
func wantedSlots(d *rules.Decision) []slot {
	if d.Next != nil || d.Impossible != nil || d.Outcome != rules.Collect {
		return nil
	}
	var out []slot
	for _, r := range rules.Items(d.Requirements) {
		for n := 1; n <= r.Slots(); n++ {
			out = append(out, slot{r, n})
		}
	}
	return out
}

// holds reports whether the item has this very key.
func (w slot) holds(i *Item) bool {
	return i.Requirement == w.requirement.ID && i.Slot == w.number && i.Material == w.requirement.Material.ID
}

// assign picks an item for each wanted slot, or nil: first those that hold what
// was supplied for this very slot; then what was supplied for the same material
// elsewhere and is not asked for there any more; then empty ones.
func assign(items []*Item, wanted []slot) []*Item {
	assigned := make([]*Item, len(wanted))
	used := map[*Item]bool{}
	for _, fits := range []func(*Item, slot) bool{
		func(i *Item, w slot) bool { return i.Supply != Missing && w.holds(i) },
		func(i *Item, w slot) bool { return i.Supply == Provided && i.Material == w.requirement.Material.ID },
		func(i *Item, w slot) bool { return w.holds(i) },
	} {
		for n, w := range wanted {
			if assigned[n] != nil {
				continue
			}
			at := slices.IndexFunc(items, func(i *Item) bool {
				return i.Origin == FromPolicy && !used[i] && fits(i, w)
			})
			if at >= 0 {
				assigned[n], used[items[at]] = items[at], true
			}
		}
	}
	return assigned
}

func (ch *change) fitItems(items []*Item, wanted []slot, assigned []*Item) (Difference, error) {
	var diff Difference
	// Retire first, so that the unique key (requirement, slot) can be freed for
	// whoever takes it.
	for _, i := range items {
		if i.Origin != FromPolicy || i.Retired || slices.Contains(assigned, i) {
			continue
		}
		i.Retired, i.Open = true, false
		diff.Removed = append(diff.Removed, i.ID)
		if err := ch.saveItem(i); err != nil {
			return diff, err
		}
	}
	var added []*Item
	for n, w := range wanted {
		i := assigned[n]
		if i == nil {
			i = ch.newItem(w)
			added = append(added, i)
			diff.Added = append(diff.Added, i.ID)
			if err := ch.freeKey(w); err != nil {
				return diff, err
			}
			continue
		}
		if i.Retired {
			diff.Added = append(diff.Added, i.ID)
		} else {
			diff.Kept = append(diff.Kept, i.ID)
		}
		if err := ch.refit(i, w); err != nil {
			return diff, err
		}
	}
	return diff, ch.insertItems(added...)
}

// refit brings an item into the slot.
func (ch *change) refit(i *Item, w slot) error {
	was := *i
	changed := i.Retired || !w.holds(i) || !ch.sameDemands(w.requirement)
	if i.Retired {
		i.Retired, i.Open = false, ch.Case.WithCustomer()
	}
	if !w.holds(i) {
		if err := ch.freeKey(w); err != nil {
			return err
		}
		i.Requirement, i.Slot = w.requirement.ID, w.number
	}
	i.Optional = w.optional()
	i.Suppliers.V = suppliers(w.requirement)
	if err := ch.refitStatement(i, w.requirement); err != nil {
		return err
	}
	if changed {
		// What was decided was decided under other demands.
		i.Review = Pending
	}
	if reflect.DeepEqual(was, *i) {
		return nil
	}
	return ch.saveItem(i)
}

// sameDemands reports whether the requirement asks of its items what it asked
// before this change of the answers: the same fields, checks and values.
func (ch *change) sameDemands(r rules.Requirement) bool {
	if ch.before == nil {
		return true
	}
	old := findRequirement(ch.before.Requirements, r.ID)
	return old != nil && reflect.DeepEqual(old.Fields, r.Fields) &&
		reflect.DeepEqual(old.Checks, r.Checks) && reflect.DeepEqual(old.ReadOff, r.ReadOff)
}

// freeKey renames a retired item that holds the key of a slot that another
// item moves into.
func (ch *change) freeKey(w slot) error {
	for _, other := range ch.items {
		if other.Retired && other.Requirement == w.requirement.ID && other.Slot == w.number {
			other.Requirement += "#" + other.ID
			return ch.saveItem(other)
		}
	}
	return nil
}

// optional reports whether the slot may stay empty.
func (w slot) optional() bool { return w.requirement.Optional || w.number > w.requirement.Count }

func (ch *change) newItem(w slot) *Item {
	r := w.requirement
	return &Item{
		ID: ch.s.opt.IDs(), CaseID: ch.Case.ID, Requirement: r.ID, Slot: w.number,
		Material: r.Material.ID, Kind: r.Material.Kind, Origin: FromPolicy,
		Suppliers: database.JSON[[]string]{V: suppliers(r)}, Optional: w.optional(),
		Supply: Missing, Review: Pending, Open: ch.Case.WithCustomer(),
		CreatedAt: ch.now, UpdatedAt: ch.now,
	}
}

func (ch *change) insertItems(items ...*Item) error {
	if len(items) == 0 {
		return nil
	}
	ch.items = append(ch.items, items...)
	if ch.new {
		return nil // written after the case, which they refer to
	}
	if err := database.Add(ch.ctx, ch.s.db, ch.tx, items...); err != nil {
		return fmt.Errorf("write items: %w", err)
	}
	return nil
}

// suppliers defaults to the customer.
func suppliers(r rules.Requirement) []string {
	if len(r.From) == 0 {
		return []string{string(Customer)}
	}
	return r.From
}

// refitStatement keeps what was stated if it answers the fields that are live
// now, and asks again if it does not.
func (ch *change) refitStatement(i *Item, r rules.Requirement) error {
	if i.Kind != rules.Statement || i.Supply != Provided {
		return nil
	}
	p, err := ch.Policy()
	if err != nil {
		return err
	}
	if _, bad := p.ValidateStatement(r.Fields, keepFields(i.Statement.V, r.Fields)); len(bad) > 0 {
		i.Supply, i.Review, i.Open = Missing, Pending, ch.Case.WithCustomer()
	}
	return nil
}

// keepFields drops values of fields that are no longer asked for.
func keepFields(values map[string]any, fields []rules.Field) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		if v, ok := values[f.ID]; ok {
			out[f.ID] = v
		}
	}
	return out
}
