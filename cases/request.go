package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"regain/database"
	"regain/problem"
	"regain/rules"
)

// Ask is one thing that a reviewer asks the customer for: an item again, a
// material of the catalogue, or something in free text. Exactly one is set.
type Ask struct {
	Item     string // the id of an item to supply anew
	Material string // a material of the policy, by id
	Text     string // anything else, in the customer's language
}

// RequestInput sends a case back to its customer.
type RequestInput struct {
	Asks []Ask
	// Words tell the customer what to do, in their language.
	Words string
}

// maxAsks limits one request.
const maxAsks = 20

// RequestMaterials sends the case back for more. It opens only what it names;
// the review clock stops until the customer submits again. Errors: not_claimed,
// invalid_fields.
func (s *Service) RequestMaterials(ctx context.Context, actor Actor, caseID string, version int64, in RequestInput) (*Case, error) {
	in = in.trimmed()
	if err := problem.InvalidFields(in.check()); err != nil {
		return nil, err
	}
	return s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actRequest); err != nil {
			return err
		}
		opened, err := ch.openAsks(in.Asks)
		if err != nil {
			return err
		}
		d, err := ch.Decision()
		if err != nil {
			return err
		}
		if err := ch.voidApprovals(); err != nil {
			return err
		}
		msg, err := ch.addMessage(Message, in.Words)
		if err != nil {
			return err
		}
		if err := ch.pauseReviewClock(d); err != nil {
			return err
		}
		ch.setCustomerDue(d)
		if err := ch.do(actRequest, Facts{"items": itemIDs(opened), "message": msg.ID}); err != nil {
			return err
		}
		ch.Case.SentBack++
		ch.dropClaim()
		names, err := ch.askedFor(opened)
		if err != nil {
			return err
		}
		ch.tell("more_requested", requestData(ch.Case, names))
		return ch.reopenInvitations(opened)
	})
}

// requestData is what the letter about a request says.
func requestData(c *Case, names string) map[string]string {
	return map[string]string{"deadline": c.CustomerDue.UTC().Format(time.RFC3339), "items": names}
}

// askedFor names what is asked for in the customer's language, with why what was there was
// not accepted.
func (ch *change) askedFor(items []*Item) (string, error) {
	why, err := ch.whyRejected()
	if err != nil {
		return "", err
	}
	return ch.names(items, ch.Case.Locale, why)
}

// whyRejected are the words for the customer about the items that stand rejected, by the item's id.
func (ch *change) whyRejected() (map[string]string, error) {
	items, err := ch.Items()
	if err != nil {
		return nil, err
	}
	judged, _, err := ch.judgements()
	if err != nil {
		return nil, err
	}
	why := map[string]string{}
	for _, j := range judged { // the newest is the one that stands
		if slices.ContainsFunc(items, func(i *Item) bool { return i.ID == j.ItemID && i.Review == Rejected }) {
			why[j.ItemID] = j.WordsCustomer
		}
	}
	return why, nil
}

func (in RequestInput) trimmed() RequestInput {
	out := RequestInput{Words: strings.TrimSpace(in.Words), Asks: slices.Clone(in.Asks)}
	for n := range out.Asks {
		out.Asks[n].Text = strings.TrimSpace(out.Asks[n].Text)
	}
	return out
}

func (in RequestInput) check() []problem.Field {
	var bad []problem.Field
	if f := problem.CheckText("/words", in.Words, 3, maxWords, problem.ManyLines); f != nil {
		bad = append(bad, *f)
	}
	if len(in.Asks) == 0 || len(in.Asks) > maxAsks {
		bad = append(bad, problem.Field{Pointer: "/asks", Code: "required", Message: fmt.Sprintf("Ask for at least one thing and at most %d.", maxAsks)})
	}
	for n, a := range in.Asks {
		set := 0
		for _, v := range []string{a.Item, a.Material, a.Text} {
			if v != "" {
				set++
			}
		}
		pointer := fmt.Sprintf("/asks/%d", n)
		if set != 1 {
			bad = append(bad, problem.Field{Pointer: pointer, Code: "one_of", Message: "Name either an item, a material of the policy, or a text."})
			continue
		}
		if f := problem.CheckText(pointer+"/text", a.Text, 0, 200, problem.OneLine); f != nil {
			bad = append(bad, *f)
		}
	}
	return bad
}

// itemsAsked are the items that the asks mean, each once: those of the case, and new ones, which
// are not in it yet.
func (ch *change) itemsAsked(asks []Ask) ([]*Item, error) {
	var items []*Item
	for n, a := range asks {
		i, err := ch.itemAsked(n, a)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(items, i) {
			items = append(items, i)
		}
	}
	return items, nil
}

func (ch *change) itemAsked(n int, a Ask) (*Item, error) {
	if a.Item != "" {
		i, err := ch.item(a.Item)
		if problem.Is(err, "item_not_found") {
			return nil, errNoAskedItem(n)
		}
		return i, err
	}
	i := &Item{
		ID: ch.s.opt.IDs(), CaseID: ch.Case.ID, Slot: 1, Kind: rules.Document, Origin: FromReviewer,
		Suppliers: database.JSON[[]string]{V: []string{string(Customer)}},
		Supply:    Missing, Review: Pending, Open: true, CreatedAt: ch.now, UpdatedAt: ch.now,
	}
	i.Requirement = "request-" + i.ID
	if a.Material == "" {
		i.Label = a.Text
		return i, nil
	}
	p, err := ch.Policy()
	if err != nil {
		return nil, err
	}
	m := p.Material(a.Material)
	if m == nil || m.Kind != rules.Document {
		return nil, errNoAskedMaterial(n)
	}
	i.Material = m.ID
	if len(m.From) > 0 {
		i.Suppliers.V = m.From
	}
	return i, nil
}

// openAsks opens the items that are asked for, or makes them.
func (ch *change) openAsks(asks []Ask) ([]*Item, error) {
	items, err := ch.itemsAsked(asks)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		if slices.Contains(ch.items, i) {
			err = ch.reopen(i)
		} else {
			err = ch.insertItems(i)
		}
		if err != nil {
			return nil, err
		}
	}
	return items, nil
}

// errNoAskedMaterial and errNoAskedItem refuse the n-th thing that is asked for.
func errNoAskedMaterial(n int) error {
	return problem.InvalidFields([]problem.Field{{Pointer: fmt.Sprintf("/asks/%d/material", n), Code: "unknown_material", Message: "The policy has no document of this name to ask for."}})
}

func errNoAskedItem(n int) error {
	return problem.InvalidFields([]problem.Field{{Pointer: fmt.Sprintf("/asks/%d/item", n), Code: "item_not_found", Message: "The case asks for no such item."}})
}

// reopen gives an item back to its supplier. What was supplied stays, to be
// replaced; what was said to be out of reach may be supplied after all.
func (ch *change) reopen(i *Item) error {
	i.Open = true
	if i.Review != Rejected {
		i.Review = Pending
	}
	if i.Supply == Unavailable {
		i.Supply, i.UnavailableReason = Missing, ""
	}
	return ch.saveItem(i)
}

// pauseReviewClock keeps what is left of the reviewers' time while the customer
// acts; at least an hour, so that a late case can still be looked at.
func (ch *change) pauseReviewClock(d *rules.Decision) error {
	if ch.Case.ReviewDue == nil {
		return nil
	}
	p, err := ch.Policy()
	if err != nil {
		return err
	}
	ch.Case.ReviewLeft = max(time.Hour, p.Calendar().Left(ch.now, *ch.Case.ReviewDue, reviewTime(d).Unit))
	ch.Case.ReviewDue = nil
	return nil
}

// setCustomerDue starts the customer's time. While the policy's answer is still
// open it gives no deadline, and the default holds. Reminders that would come at
// once are left out.
func (ch *change) setCustomerDue(d *rules.Decision) {
	within := d.Handling.CustomerDeadline
	if within <= 0 {
		within = 14 * 24 * time.Hour
	}
	due := ch.now.Add(within)
	ch.Case.CustomerDue, ch.Case.Reminders = &due, remindersDue(ch.now, due)
}
