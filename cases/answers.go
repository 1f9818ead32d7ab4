package cases

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"regain/problem"
	"regain/rules"
)

// Revision changes a draft. Nil fields are left as they are.
type Revision struct {
	Particulars *Particulars
	// Answers are merged into those given before; null takes one back.
	Answers AnswersRaw
	Locale  string
}

// Revise changes the answers or the particulars of a draft. What is asked for
// is computed anew; documents that still fit are kept. Errors: wrong_state,
// case_changed, invalid_fields.
func (s *Service) Revise(ctx context.Context, actor Actor, caseID string, version int64, in Revision) (*Case, Difference, error) {
	var diff Difference
	c, err := s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if in.Particulars != nil {
			checked, bad := in.Particulars.check()
			if err := problem.InvalidFields(bad); err != nil {
				return err
			}
			s.setParticulars(ch.Case, checked)
		}
		p, err := ch.Policy()
		if err != nil {
			return err
		}
		if in.Locale != "" {
			ch.Case.Locale = localeOf(p, in.Locale)
		}
		changed, err := ch.mergeAnswers(in.Answers)
		if err != nil {
			return err
		}
		if diff, err = ch.fit(); err != nil {
			return err
		}
		return ch.do(actAnswer, Facts{"facts": changed})
	})
	return c, diff, err
}

// mergeAnswers puts the answers over those of the case and returns the ids of
// the facts that changed. Answers that are no longer asked for are dropped, so
// that a later turn of mind is asked afresh.
func (ch *change) mergeAnswers(in AnswersRaw) ([]string, error) {
	p, err := ch.Policy()
	if err != nil {
		return nil, err
	}
	if ch.actor.Kind == Customer {
		if err := problem.InvalidFields(notAsked(p, in)); err != nil {
			return nil, err
		}
	}
	if _, bad := p.ParseAnswers(in); len(bad) > 0 {
		return nil, problem.InvalidFields(problem.At("/answers", bad))
	}
	merged := maps.Clone(ch.Case.Answers.V)
	if merged == nil {
		merged = AnswersRaw{}
	}
	changed := slices.Sorted(maps.Keys(in))
	maps.Copy(merged, in)
	merged = compact(merged)
	d, err := decide(p, merged)
	if err != nil {
		return nil, err
	}
	if err := possible(&d); err != nil {
		return nil, err
	}
	for _, id := range d.Ignored {
		delete(merged, id)
	}
	ch.Case.Answers.V, ch.decision = merged, nil
	return changed, nil
}

// notAsked refuses answers that no customer is asked for, as if there were no
// such question: nothing can be learned of them by trying.
func notAsked(p *rules.Policy, in AnswersRaw) []problem.Field {
	var bad []problem.Field
	for _, id := range slices.Sorted(maps.Keys(in)) {
		if f := p.Fact(id); f != nil && !f.OfCustomer() {
			bad = append(bad, problem.Field{Pointer: "/answers/" + id, Code: "unknown_fact", Message: "This policy has no such question."})
		}
	}
	return bad
}

// Correct changes answers after submission, by the reviewer who holds the case,
// with a reason. The requirements follow under the pinned policy; approvals that
// were given before are void. Errors: wrong_state, not_claimed, invalid_fields.
func (s *Service) Correct(ctx context.Context, actor Actor, caseID string, version int64, answers AnswersRaw, reason string) (*Case, Difference, error) {
	var diff Difference
	reason = strings.TrimSpace(reason)
	if f := problem.CheckText("/reason", reason, 3, maxWords, problem.ManyLines); f != nil {
		return nil, diff, problem.InvalidFields([]problem.Field{*f})
	}
	c, err := s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actCorrect); err != nil {
			return err
		}
		changed, err := ch.mergeAnswers(answers)
		if err != nil {
			return err
		}
		d, err := ch.Decision()
		if err != nil {
			return err
		}
		if err := collectable(d); err != nil {
			return err
		}
		if diff, err = ch.fit(); err != nil {
			return err
		}
		if err := ch.voidApprovals(); err != nil {
			return err
		}
		note, err := ch.addMessage(Note, reason)
		if err != nil {
			return err
		}
		return ch.do(actCorrect, Facts{"facts": changed, "added": diff.Added, "removed": diff.Removed, "note": note})
	})
	return c, diff, err
}

// collectable refuses corrections that leave nothing to review.
func collectable(d *rules.Decision) error {
	if !d.Complete && len(d.Open) > 0 {
		return problem.InvalidFields([]problem.Field{{
			Pointer: "/answers/" + d.Open[0], Code: "required",
			Message: "With these answers the policy also needs this one.",
		}})
	}
	if d.Outcome != rules.Collect {
		return problem.Newf(problem.Conflict, "outcome_not_collect",
			"With these answers the policy asks for no materials (%s). Deny the case, or write to the customer.", d.Outcome)
	}
	return nil
}

// outcomeCollects guards submission: the answers are complete and lead to
// materials to review.
func outcomeCollects(ch *change) error {
	d, err := ch.Decision()
	if err != nil {
		return err
	}
	if !d.Complete && d.Next == nil {
		return problem.New(problem.Conflict, "answers_incomplete", "What this case needs can't be told yet: a part of it is not for the customer to answer. Write to us.")
	}
	if !d.Complete {
		return problem.InvalidFields([]problem.Field{{
			Pointer: "/answers/" + d.Next.ID, Code: "required", Message: fmt.Sprintf("Answer this question: %s", d.Next.Ask.In(ch.Case.Locale)),
		}})
	}
	if d.Outcome != rules.Collect {
		return problem.Newf(problem.Conflict, "outcome_not_collect", "With these answers there is nothing to submit: %s", d.Words.In(ch.Case.Locale))
	}
	return nil
}
