package cases

import (
	"context"

	"regain/problem"
	"regain/rules"
)

// ProofToken is the text that a customer places somewhere to prove that they
// control it (a DNS record, say). It is derived from the case and the item, so
// that it stays the same, is stored nowhere, and says nothing.
func (s *Service) ProofToken(i *Item) string {
	return "regain-" + s.digest("proof", i.CaseID+"/"+i.ID)[:40]
}

// Placed says that the token was placed; where, is for the reviewer to look at
// ("example.com"). Errors: item_not_found, item_closed, not_a_proof,
// invalid_fields.
func (s *Service) Placed(ctx context.Context, actor Actor, caseID, itemID, where string) (*Case, error) {
	if f := problem.CheckText("/where", where, 1, maxAccount, problem.OneLine); f != nil {
		return nil, problem.InvalidFields([]problem.Field{*f})
	}
	return s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		i, err := ch.supplying(itemID)
		if err != nil {
			return err
		}
		if i.Kind != rules.Proof {
			return problem.New(problem.Conflict, "not_a_proof", "This item is not proved by placing a token.")
		}
		i.Statement.V = map[string]any{"where": where}
		sum, err := s.statementDigest(i)
		if err != nil {
			return err
		}
		return ch.supply(i, Provided, Facts{"statement": sum})
	})
}
