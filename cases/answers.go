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
		if _, err := ch.permit(actAnswer); err != nil {
			return err
		}
		facts, err := ch.revise(in)
		if err != nil {
			return err
		}
		if diff, err = ch.fit(); err != nil {
			return err
		}
		return ch.do(actAnswer, facts)
	})
	return c, diff, err
}

// revise puts the revision into the case and says what an event may say of it.
func (ch *change) revise(in Revision) (Facts, error) {
	facts := Facts{}
	p, err := ch.Policy()
	if err != nil {
		return nil, err
	}
	_, bad := checkAnswers(p, in.Answers, ch.actor.Kind)
	if in.Particulars != nil {
		checked, wrong := in.Particulars.check()
		bad = append(wrong, bad...)
		in.Particulars = &checked
	}
	if err := problem.InvalidFields(bad); err != nil {
		return nil, err
	}
	if in.Particulars != nil {
		ch.s.setParticulars(ch.Case, *in.Particulars)
		facts["account"] = ch.Case.AccountKey
	}
	if in.Locale != "" {
		ch.Case.Locale = localeOf(p, in.Locale)
		facts["locale"] = ch.Case.Locale
	}
	if facts["facts"], err = ch.mergeAnswers(in.Answers); err != nil {
		return nil, err
	}
	return facts, nil
}

// mergeAnswers puts checked answers over those of the case and returns the ids of
// the facts that changed.
func (ch *change) mergeAnswers(in AnswersRaw) ([]string, error) {
	p, err := ch.Policy()
	if err != nil {
		return nil, err
	}
	if ch.before, err = ch.Decision(); err != nil {
		return nil, err
	}
	merged := AnswersRaw{}
	maps.Copy(merged, ch.Case.Answers.V)
	maps.Copy(merged, in)
	if merged, err = ch.asked(p, merged); err != nil {
		return nil, err
	}
	ch.Case.Answers.V, ch.decision = merged, nil
	return slices.Sorted(maps.Keys(in)), nil
}

// asked are the answers that are given and asked for; an answer to a question
// that others have made idle is dropped, so that a later turn of mind is asked
// afresh. Impossible combinations are refused.
func (ch *change) asked(p *rules.Policy, answers AnswersRaw) (AnswersRaw, error) {
	answers = compact(answers)
	d, err := decide(p, answers)
	if err != nil {
		return nil, err
	}
	if err := possible(&d, ch.Case.Locale); err != nil {
		return nil, err
	}
	for _, id := range d.Ignored {
		delete(answers, id)
	}
	return answers, nil
}

// checkAnswers judges answers by who gives them; staff may also answer what no
// customer is asked.
func checkAnswers(p *rules.Policy, in AnswersRaw, by ActorKind) (rules.Answers, []problem.Field) {
	parse := p.ParseCustomerAnswers
	if by == Staff {
		parse = p.ParseAnswers
	}
	answers, bad := parse(in)
	return answers, problem.At("/answers", bad)
}

// Decide is what the policy makes of answers that belong to no case, and refuses
// them as a case would. Error: invalid_fields.
func Decide(p *rules.Policy, in AnswersRaw, by ActorKind, locale string) (rules.Decision, error) {
	answers, bad := checkAnswers(p, in, by)
	if err := problem.InvalidFields(bad); err != nil {
		return rules.Decision{}, err
	}
	d := p.Decide(answers)
	return d, possible(&d, locale)
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
	if len(answers) == 0 {
		return nil, diff, problem.InvalidFields([]problem.Field{{Pointer: "/answers", Code: "required", Message: "Give the answers to correct."}})
	}
	c, err := s.change(ctx, actor, target{id: caseID, version: version}, func(ch *change) error {
		if _, err := ch.permit(actCorrect); err != nil {
			return err
		}
		p, err := ch.Policy()
		if err != nil {
			return err
		}
		_, bad := checkAnswers(p, answers, ch.actor.Kind)
		if err := problem.InvalidFields(bad); err != nil {
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
		return ch.do(actCorrect, Facts{"facts": changed, "added": diff.Added, "removed": diff.Removed, "note": note.ID})
	})
	return c, diff, err
}

// collectable refuses what leaves nothing to review: open questions, save those
// that only staff can answer, and outcomes other than collecting.
func collectable(d *rules.Decision) error {
	if d.Next != nil {
		return stillOpen(d.Next.ID)
	}
	if d.Outcome != rules.Collect && d.Outcome != "" {
		return problem.Newf(problem.Conflict, "outcome_not_collect",
			"With these answers the policy asks for no materials (%s). Deny the case, or write to the customer.", d.Outcome)
	}
	return nil
}

func stillOpen(fact string) error {
	return problem.InvalidFields([]problem.Field{{
		Pointer: "/answers/" + fact, Code: "required", Message: "With these answers the policy also needs this one.",
	}})
}

// everythingAnswered guards approval: the policy has its last word.
func everythingAnswered(ch *change) error {
	d, err := ch.Decision()
	if err != nil {
		return err
	}
	if !d.Complete && len(d.Open) > 0 {
		return stillOpen(d.Open[0])
	}
	return collectable(d)
}

// outcomeCollects guards submission: all that the customer is asked is answered,
// and leads to materials to review. What only staff can answer may be open: the
// reviewers answer it.
func outcomeCollects(ch *change) error {
	d, err := ch.Decision()
	if err != nil {
		return err
	}
	if d.Next != nil {
		return problem.InvalidFields([]problem.Field{{
			Pointer: "/answers/" + d.Next.ID, Code: "required", Message: fmt.Sprintf("Answer this question: %s", d.Next.Ask.In(ch.Case.Locale)),
		}})
	}
	if d.Outcome != rules.Collect && d.Outcome != "" {
		return problem.Newf(problem.Conflict, "outcome_not_collect", "With these answers there is nothing to submit: %s", d.Words.In(ch.Case.Locale))
	}
	return nil
}
