package cases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"regain/problem"
	"regain/rules"
)

// maxWords limits reasons and words to people, in code points.
const maxWords = 2000

// supplying finds the item and checks that the actor may supply it now.
func (ch *change) supplying(itemID string) (*Item, error) {
	i, err := ch.openItem(itemID)
	if err != nil {
		return nil, err
	}
	if ch.actor.Kind == Customer && !i.SuppliedBy(string(Customer)) {
		return nil, problem.New(problem.Conflict, "item_not_yours", "Only your reseller or partner can supply this. Invite them, or say that you can't have it.")
	}
	return i, nil
}

// openItem finds the item and checks that the actor has a say in it now: a
// customer in all of them, a partner in those that they owe.
func (ch *change) openItem(itemID string) (*Item, error) {
	if _, err := ch.permit(actSupply); err != nil {
		return nil, err
	}
	i, err := ch.item(itemID)
	if err != nil {
		return nil, err
	}
	if ch.actor.Kind == Partner {
		inv, err := ch.s.activeInvitation(ch.ctx, ch.tx, ch.actor.ID, ch.Case.ID)
		if err != nil {
			return nil, err
		}
		if !i.SuppliedBy(inv.Supplier) {
			return nil, errNoItem()
		}
	}
	if !i.Open {
		return nil, problem.New(problem.Conflict, "item_closed", "This item can't be changed now.")
	}
	return i, nil
}

// supply marks the item as supplied and records it.
func (ch *change) supply(i *Item, how Supply, facts Facts) error {
	i.Supply, i.Review = how, Pending
	if how != Unavailable {
		i.UnavailableReason = ""
	}
	if err := ch.saveItem(i, "supply", "unavailable_reason", "statement", "review", "updated_at"); err != nil {
		return err
	}
	if facts == nil {
		facts = Facts{}
	}
	facts["item"], facts["supply"] = i.ID, how
	return ch.do(actSupply, facts)
}

// State fills in a statement. Fields are judged one by one; nothing is kept
// unless all are good. Errors: item_not_found, item_closed, item_not_yours,
// not_a_statement, not_valid, invalid_fields.
func (s *Service) State(ctx context.Context, actor Actor, caseID string, itemID string, values map[string]any) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		i, err := ch.supplying(itemID)
		if err != nil {
			return err
		}
		r, err := ch.requirement(i)
		if err != nil {
			return err
		}
		if i.Kind != rules.Statement || r == nil {
			return problem.New(problem.Conflict, "not_a_statement", "This item takes a document, not a statement.")
		}
		p, err := ch.Policy()
		if err != nil {
			return err
		}
		clean, bad := p.ValidateStatement(r.Fields, values)
		if err := problem.InvalidFields(bad); err != nil {
			return err
		}
		i.Statement.V = clean
		validity, why, err := ch.validity(r, i, nil)
		if err != nil {
			return err
		}
		if validity == rules.Invalid {
			return notValid(why, ch.Case.Locale, new(""))
		}
		sum, err := s.statementDigest(i)
		if err != nil {
			return err
		}
		return ch.supply(i, Provided, Facts{"statement": sum})
	})
}

// statementDigest is a keyed digest of what was stated: it shows later that the
// statement is the one that was decided on, and nothing of its content.
func (s *Service) statementDigest(i *Item) (string, error) {
	if len(i.Statement.V) == 0 {
		return "", nil
	}
	b, err := json.Marshal(i.Statement.V)
	if err != nil {
		return "", fmt.Errorf("encode statement: %w", err)
	}
	sum := sha256.Sum256(b)
	return s.digest("statement", hex.EncodeToString(sum[:])), nil
}

// requirement is the item's requirement under the pinned policy; nil for what a
// reviewer asked in free text.
func (ch *change) requirement(i *Item) (*rules.Requirement, error) {
	d, err := ch.Decision()
	if err != nil {
		return nil, err
	}
	return requirementOf(d, i), nil
}

// CannotProvide says, with a reason, that an item is out of reach. That is
// enough to submit; to approve without it takes a waiver. Errors: item_not_found,
// item_closed, invalid_fields.
func (s *Service) CannotProvide(ctx context.Context, actor Actor, caseID, itemID, reason string) (*Case, error) {
	reason = strings.TrimSpace(reason)
	if f := problem.CheckText("/reason", reason, 3, maxWords, problem.ManyLines); f != nil {
		return nil, problem.InvalidFields([]problem.Field{*f})
	}
	return s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		i, err := ch.openItem(itemID)
		if err != nil {
			return err
		}
		if i.Supply == Provided && i.Review != Rejected {
			return problem.New(problem.Conflict, "item_provided", "Something was supplied for this item. Remove it first.")
		}
		// A rejected document stays on record as an earlier version.
		if err := ch.endDocuments(i, Replaced); err != nil {
			return err
		}
		i.UnavailableReason = reason
		return ch.supply(i, Unavailable, nil)
	})
}

// CanProvide takes CannotProvide back.
func (s *Service) CanProvide(ctx context.Context, actor Actor, caseID, itemID string) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		i, err := ch.openItem(itemID)
		if err != nil {
			return err
		}
		if i.Supply != Unavailable {
			return problem.New(problem.Conflict, "item_not_unavailable", "Nobody said that this item is out of reach.")
		}
		return ch.supply(i, Missing, nil)
	})
}
