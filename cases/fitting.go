package cases

import (
	"fmt"
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
	return ch.fitItems(items, wantedSlots(d))
}

// followDecision copies to the case what lists and gates need of the decision.
func (ch *change) followDecision(d *rules.Decision) {
	c := ch.Case
	c.Scenario, c.Outcome, c.ApprovalsNeeded = "", string(d.Outcome), 0
	if d.Scenario != nil {
		c.Scenario = d.Scenario.ID
	}
	if d.Complete {
		c.ApprovalsNeeded = max(1, d.Handling.Approvals)
	}
}

// slot is one item that the policy asks for.
type slot struct {
	requirement rules.Requirement
	number      int
}

// wantedSlots lists what a complete decision asks for; nothing while it is open.
func wantedSlots(d *rules.Decision) []slot {
	if !d.Complete || d.Outcome != rules.Collect {
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

func (ch *change) fitItems(items []*Item, wanted []slot) (Difference, error) {
	var diff Difference
	used := map[*Item]bool{}
	assigned := make([]*Item, len(wanted))
	match := func(fits func(*Item, slot) bool) {
		for n, w := range wanted {
			if assigned[n] != nil {
				continue
			}
			at := slices.IndexFunc(items, func(i *Item) bool {
				return !used[i] && i.Origin == FromPolicy && fits(i, w)
			})
			if at >= 0 {
				assigned[n], used[items[at]] = items[at], true
			}
		}
	}
	match(func(i *Item, w slot) bool {
		return i.Requirement == w.requirement.ID && i.Slot == w.number && i.Material == w.requirement.Material.ID
	})
	// Only what holds something is worth moving to another requirement.
	match(func(i *Item, w slot) bool { return i.Supply == Provided && i.Material == w.requirement.Material.ID })

	// Retire first, and move keys out of the way, so that the unique key
	// (requirement, slot) is free for whoever takes it.
	for _, i := range items {
		if i.Origin != FromPolicy || used[i] || i.Retired {
			continue
		}
		i.Retired, i.Open = true, false
		diff.Removed = append(diff.Removed, i.ID)
		if err := ch.saveItem(i); err != nil {
			return diff, err
		}
	}
	for n, w := range wanted {
		if err := ch.fitSlot(assigned[n], w, &diff); err != nil {
			return diff, err
		}
	}
	return diff, nil
}

// fitSlot makes or revives the item for one wanted slot.
func (ch *change) fitSlot(i *Item, w slot, diff *Difference) error {
	if i == nil {
		i = ch.newItem(w)
		diff.Added = append(diff.Added, i.ID)
		return ch.insertItem(i)
	}
	if i.Retired {
		i.Retired, i.Open = false, ch.Case.WithCustomer()
		diff.Added = append(diff.Added, i.ID)
	} else {
		diff.Kept = append(diff.Kept, i.ID)
	}
	moved := i.Requirement != w.requirement.ID || i.Slot != w.number
	if moved {
		if err := ch.freeKey(w); err != nil {
			return err
		}
		i.Requirement, i.Slot = w.requirement.ID, w.number
	}
	i.Optional = w.number > w.requirement.Count || w.requirement.Optional
	i.Suppliers.V = suppliers(w.requirement)
	if err := ch.refitStatement(i, w.requirement); err != nil {
		return err
	}
	return ch.saveItem(i)
}

// freeKey renames a retired item that holds the key of a slot that another
// item moves into.
func (ch *change) freeKey(w slot) error {
	for _, other := range ch.items {
		if other.Retired && other.Requirement == w.requirement.ID && other.Slot == w.number {
			other.Requirement = other.Requirement + "#" + other.ID
			return ch.saveItem(other)
		}
	}
	return nil
}

func (ch *change) newItem(w slot) *Item {
	r := w.requirement
	return &Item{
		ID: ch.s.opt.IDs(), CaseID: ch.Case.ID, Requirement: r.ID, Slot: w.number,
		Material: r.Material.ID, Kind: r.Material.Kind, Origin: FromPolicy,
		Suppliers: database.JSON[[]string]{V: suppliers(r)},
		Optional:  w.number > r.Count || r.Optional,
		Supply:    Missing, Review: Pending, Open: ch.Case.WithCustomer(),
		CreatedAt: ch.now, UpdatedAt: ch.now,
	}
}

func (ch *change) insertItem(i *Item) error {
	if err := ch.freeKey(slot{rules.Requirement{ID: i.Requirement}, i.Slot}); err != nil {
		return err
	}
	if _, err := ch.tx.NewInsert().Model(i).Exec(ch.ctx); err != nil {
		return fmt.Errorf("write item: %w", err)
	}
	ch.items = append(ch.items, i)
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
		i.Supply, i.Open = Missing, ch.Case.WithCustomer()
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
