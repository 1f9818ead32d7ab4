package cases

import (
	"fmt"
	"maps"

	"regain/problem"
	"regain/rules"
)

// validity judges what was supplied for an item: a document by the values that
// its supplier read off it and, over them, those of a reviewer; a statement by
// its fields.
func (ch *change) validity(r *rules.Requirement, i *Item, values map[string]any) (rules.Validity, []rules.Text, error) {
	p, err := ch.Policy()
	if err != nil {
		return rules.Unknown, nil, err
	}
	env, err := ch.validityEnv(i, values)
	if err != nil {
		return rules.Unknown, nil, err
	}
	validity, why := p.Validity(*r, env)
	return validity, why, nil
}

// validityEnv is what validity expressions may read. Before the first
// submission, the day of filing is today. The account's data is there for
// reviewers alone: to anybody else an answer would tell what is on record.
func (ch *change) validityEnv(i *Item, values map[string]any) (rules.ValidityEnv, error) {
	env := rules.ValidityEnv{ReadOff: values, FiledOn: ch.now, Today: ch.now}
	if ch.Case.FiledAt != nil {
		env.FiledOn = *ch.Case.FiledAt
	}
	items, err := ch.Items()
	if err != nil {
		return env, err
	}
	env.Statement = map[string]any{}
	for _, other := range items {
		if !other.Retired && other.Kind == rules.Statement && other.ID != i.ID {
			maps.Copy(env.Statement, other.Statement.V)
		}
	}
	maps.Copy(env.Statement, i.Statement.V)
	env.Account, err = ch.account()
	return env, err
}

// account is what the directory has on record, for a reviewer.
func (ch *change) account() (map[string]any, error) {
	if ch.s.opt.Directory == nil || !ch.actor.Reviews() {
		return nil, nil
	}
	p, err := ch.Policy()
	if err != nil {
		return nil, err
	}
	account, err := ch.s.opt.Directory.Account(ch.ctx, p.ID(), ch.Case.Account)
	if err != nil {
		return nil, fmt.Errorf("look the account up: %w", err)
	}
	return account, nil
}

func notValid(why []rules.Text, locale string) error {
	detail := "This can't be taken as it is."
	for _, w := range why {
		detail += " " + w.In(locale)
	}
	return problem.New(problem.Invalid, "not_valid", detail)
}
