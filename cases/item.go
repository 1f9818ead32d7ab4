package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
	"regain/rules"
)

// Supply is what was supplied for an item.
type Supply string

// The supply of an item. What was decided about it is separate: see Review.
const (
	Missing     Supply = "missing"
	Provided    Supply = "provided"
	Unavailable Supply = "unavailable" // said, with a reason, to be out of reach
)

// Review is what was decided about an item.
type Review string

// The review of an item.
const (
	Pending  Review = "pending"
	Accepted Review = "accepted"
	Rejected Review = "rejected"
	Waived   Review = "waived" // a second person let it go
)

// Origin is who asks for an item.
type Origin string

// The origins of items.
const (
	FromPolicy   Origin = "policy"
	FromReviewer Origin = "reviewer"
)

// Item is one slot of one requirement: "transaction record, 2 of 3".
type Item struct {
	bun.BaseModel `bun:"table:items,alias:i"`

	ID          string             `bun:"id,pk"`
	CaseID      string             `bun:"case_id"`
	Requirement string             `bun:"requirement"`
	Slot        int                `bun:"slot"` // from 1
	Material    string             `bun:"material"`
	Kind        rules.MaterialKind `bun:"kind"`
	Origin      Origin             `bun:"origin"`
	// Label is a reviewer's free text for what was asked beyond the catalogue.
	Label string `bun:"label"`
	// Suppliers may supply it: "customer", "reseller", "partner".
	Suppliers database.JSON[[]string] `bun:"suppliers"`
	Optional  bool                    `bun:"optional"`

	Supply            Supply                        `bun:"supply"`
	UnavailableReason string                        `bun:"unavailable_reason"`
	Statement         database.JSON[map[string]any] `bun:"statement"`

	Review  Review `bun:"review"`
	Open    bool   `bun:"open"`
	Retired bool   `bun:"retired"`

	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`
}

// SuppliedBy reports whether the kind of supplier may supply the item.
func (i *Item) SuppliedBy(supplier string) bool { return slices.Contains(i.Suppliers.V, supplier) }

// Items loads the case's items, retired ones too, by requirement and slot.
func (ch *change) Items() ([]*Item, error) {
	if ch.items == nil {
		items, err := ch.s.loadItems(ch.ctx, ch.tx, ch.Case.ID)
		if err != nil {
			return nil, err
		}
		ch.items = items
	}
	return ch.items, nil
}

func (s *Service) loadItems(ctx context.Context, db bun.IDB, caseID string) ([]*Item, error) {
	items := []*Item{}
	err := db.NewSelect().Model(&items).Where("i.case_id = ?", caseID).Order("i.created_at", "i.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	return items, nil
}

// item finds one live item of the case. Error: item_not_found.
func (ch *change) item(id string) (*Item, error) {
	items, err := ch.Items()
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		if i.ID == id && !i.Retired {
			return i, nil
		}
	}
	return nil, errNoItem()
}

func errNoItem() error {
	return problem.New(problem.NotFound, "item_not_found", "The case asks for no such item.")
}

// saveItem writes a changed item, all of it when no column is named.
func (ch *change) saveItem(i *Item, columns ...string) error {
	i.UpdatedAt = ch.now
	if err := database.Save(ch.ctx, ch.s.db, ch.tx, i, "", 0, columns...); err != nil {
		return fmt.Errorf("write item: %w", err)
	}
	return nil
}

// requirementOf finds the requirement that the item fills a slot of. What a
// reviewer asked of the catalogue is judged as the policy judges that material
// elsewhere in the case. Nil for what was asked in free text, and for materials
// that the policy does not ask for.
func requirementOf(d *rules.Decision, i *Item) *rules.Requirement {
	if i.Origin == FromReviewer {
		for _, r := range rules.Items(d.Requirements) {
			if i.Material != "" && r.Material.ID == i.Material {
				return &r
			}
		}
		return nil
	}
	return findRequirement(d.Requirements, i.Requirement)
}

func findRequirement(reqs []rules.Requirement, id string) *rules.Requirement {
	for n := range reqs {
		r := &reqs[n]
		if r.Kind == rules.Item && r.ID == id {
			return r
		}
		if found := findRequirement(r.Children, id); found != nil {
			return found
		}
	}
	return nil
}

// labelOf names an item in a language: a reviewer's own words, or the policy's.
func labelOf(i *Item, p *rules.Policy, d *rules.Decision, locale string) string {
	if i.Label != "" {
		return i.Label
	}
	if r := requirementOf(d, i); r != nil && len(r.Label) > 0 {
		return r.Label.In(locale)
	}
	if m := p.Material(i.Material); m != nil {
		return m.Label.In(locale)
	}
	return i.Material
}

// names are the items in a language, one a line, each once, with why what was there was not
// accepted, where why has it by the item's id.
func (ch *change) names(items []*Item, locale string, why map[string]string) (string, error) {
	p, err := ch.Policy()
	if err != nil {
		return "", err
	}
	d, err := ch.Decision()
	if err != nil {
		return "", err
	}
	var lines []string
	for _, i := range items {
		if line := nameLine(labelOf(i, p, d, locale), why[i.ID]); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), nil
}

// maxWhy is how much of a reason a list of names has room for, in code points; the page of
// the request has all of it.
const maxWhy = 300

func nameLine(name, why string) string {
	why = strings.Join(strings.Fields(why), " ")
	if why == "" {
		return name
	}
	if runes := []rune(why); len(runes) > maxWhy {
		why = string(runes[:maxWhy-1]) + "…"
	}
	return name + " – " + why
}
