package cases

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"

	"regain/problem"
	"regain/rules"
)

// validity judges what was supplied for an item: a document by the values that
// its supplier read off it and, over them, those of a reviewer; a statement by
// its fields.
func (ch *change) validity(r *rules.Requirement, i *Item, values map[string]any) (rules.Validity, []rules.Failure, error) {
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

// Record is what the directory has on record for the case's account, for a reviewer; nil
// without a directory, or when it knows no such account. Error: whatever the directory
// gives.
func (s *Service) Record(ctx context.Context, actor Actor, d *Details) (map[string]any, error) {
	ch := &change{ctx: ctx, s: s, actor: actor, now: s.now(), Case: d.Case, policy: d.Policy}
	record, err := ch.account()
	if err != nil {
		s.opt.Logger.WarnContext(ctx, "the directory did not answer", slog.Any("error", err))
	}
	return record, err
}

// notValid says what does not hold, with a pointer to each value below base. Base is
// nil where the values are not part of the call.
func notValid(why []rules.Failure, locale string, base *string) error {
	var says []string
	var bad []problem.Field
	for _, f := range why {
		says = append(says, f.Say.In(locale))
		if base == nil {
			continue
		}
		for _, id := range f.Values {
			bad = append(bad, problem.Field{Pointer: *base + "/" + id, Code: "not_valid", Message: f.Say.In(locale)})
		}
	}
	p := problem.New(problem.Invalid, "not_valid", "This can't be taken as it is.")
	p.Fields = bad
	if len(says) > 0 {
		p.Detail = strings.Join(says, " ")
	}
	return p
}
