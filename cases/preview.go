package cases

import (
	"context"
	"fmt"

	"regain/notify"
	"regain/problem"
)

// Preview is what a customer would get for something that was not done yet.
type Preview struct {
	// Letter is the message as it would be sent; nil when no contact is proved.
	Letter *notify.Rendered
	// Words stand in the customer's request.
	Words string
}

// PreviewRequest shows what RequestMaterials would send, and changes nothing. Errors: invalid_fields.
func (s *Service) PreviewRequest(ctx context.Context, actor Actor, caseID string, in RequestInput) (*Preview, error) {
	in = in.trimmed()
	if err := problem.InvalidFields(in.check()); err != nil {
		return nil, err
	}
	ch, err := s.imagine(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	d, err := ch.Decision()
	if err != nil {
		return nil, err
	}
	items, err := ch.itemsAsked(in.Asks)
	if err != nil {
		return nil, err
	}
	names, err := ch.askedFor(items)
	if err != nil {
		return nil, err
	}
	ch.setCustomerDue(d)
	return ch.preview(in.Words, "more_requested", requestData(ch.Case, names))
}

// PreviewDenial shows what Deny would send, and changes nothing. Errors: invalid_fields.
func (s *Service) PreviewDenial(ctx context.Context, actor Actor, caseID string, in Denial) (*Preview, error) {
	in, bad := in.clean()
	if err := problem.InvalidFields(bad); err != nil {
		return nil, err
	}
	ch, err := s.imagine(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	ch.setAppealUntil()
	return ch.preview(in.WordsCustomer, "case_denied", denialData(ch.Case, in))
}

// imagine is a change that is never written.
func (s *Service) imagine(ctx context.Context, actor Actor, caseID string) (*change, error) {
	if !actor.Reviews() {
		return nil, problem.New(problem.Forbidden, "role_required", "This takes the role of a reviewer or a lead.")
	}
	c, err := s.Case(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	return &change{ctx: ctx, s: s, tx: s.db.From(ctx), actor: actor, now: s.now(), Case: c}, nil
}

func (ch *change) preview(words, template string, data map[string]string) (*Preview, error) {
	out := &Preview{Words: words}
	m := ch.letter(template, data)
	if m == nil {
		return out, nil
	}
	letter, err := ch.s.outbox.Preview(*m)
	if err != nil {
		return nil, fmt.Errorf("preview a message: %w", err)
	}
	out.Letter = &letter
	return out, nil
}
