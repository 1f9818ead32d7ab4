package cases

import (
	"context"
	"fmt"
	"slices"

	"regain/notify"
	"regain/problem"
	"regain/rules"
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
	names, err := ch.askNames(in.Asks)
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

// askNames are the names of what would be asked for, as askedFor gives them.
func (ch *change) askNames(asks []Ask) (string, error) {
	items, err := ch.Items()
	if err != nil {
		return "", err
	}
	p, err := ch.Policy()
	if err != nil {
		return "", err
	}
	d, err := ch.Decision()
	if err != nil {
		return "", err
	}
	why, err := ch.whyRejected()
	if err != nil {
		return "", err
	}
	var lines []string
	for n, a := range asks {
		name, reason := a.Text, ""
		switch {
		case a.Item != "":
			at := slices.IndexFunc(items, func(i *Item) bool { return i.ID == a.Item && !i.Retired })
			if at < 0 {
				return "", errNoAskedItem(n)
			}
			name, reason = labelOf(items[at], p, d, ch.Case.Locale), why[a.Item]
		case a.Material != "":
			m := p.Material(a.Material)
			if m == nil || m.Kind != rules.Document {
				return "", errNoAskedMaterial(n)
			}
			name = m.Label.In(ch.Case.Locale)
		}
		lines = append(lines, askLine(name, reason))
	}
	return askList(lines), nil
}
