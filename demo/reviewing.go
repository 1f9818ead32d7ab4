package demo

import (
	"fmt"
	"io"
	"slices"

	"regain/cases"
	"regain/rules"
)

func (t *telling) actor(who string) (cases.Actor, error) {
	a, ok := t.people[who]
	if !ok {
		return a, fmt.Errorf("nobody is called %q", who)
	}
	return a, nil
}

// by is a step that a member of staff takes.
func by(who string, do func(t *telling, a cases.Actor) error) step {
	return func(t *telling) error {
		a, err := t.actor(who)
		if err != nil {
			return err
		}
		return do(t, a)
	}
}

// claims takes the case, and looks at every document that it holds.
func claims(who string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		if _, err := t.Cases.Claim(t.ctx, a, t.id, 0); err != nil {
			return err
		}
		return t.look(a)
	})
}

// looks opens every document without claiming the case.
func looks(who string) step { return by(who, (*telling).look) }

func (t *telling) look(a cases.Actor) error {
	d, err := t.details()
	if err != nil {
		return err
	}
	for _, doc := range d.Documents {
		if doc.State != cases.Current {
			continue
		}
		if err := t.pause(); err != nil {
			return err
		}
		_, content, err := t.Cases.Open(t.ctx, a, t.id, doc.ID)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, content)
		_ = content.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// accepts accepts the named items with every check; without names, all that wait.
func accepts(who string, names ...string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		d, err := t.details()
		if err != nil {
			return err
		}
		items, err := choose(d, names, func(i *cases.Item) bool { return i.Supply == cases.Provided && i.Review == cases.Pending })
		if err != nil {
			return err
		}
		for _, i := range items {
			if err := t.pause(); err != nil {
				return err
			}
			j := cases.Judgement{Accept: true, ReadOff: t.readOff(d, i, rules.ByReviewer)}
			if r := d.Requirement(i); r != nil {
				for _, c := range rules.Leaves(r.Checks) {
					j.Checks = append(j.Checks, c.ID)
				}
			}
			if _, err := t.Cases.Judge(t.ctx, a, t.id, i.ID, 0, j); err != nil {
				return fmt.Errorf("%s: %w", i.Requirement, err)
			}
		}
		return nil
	})
}

// rejects rejects an item: the reason, words for the customer, words for colleagues.
func rejects(who, name string, code cases.ReasonCode, customer, colleagues string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		return t.withItem(name, func(i *cases.Item) error {
			_, err := t.Cases.Judge(t.ctx, a, t.id, i.ID, 0, cases.Judgement{ReasonCode: code, WordsCustomer: customer, WordsStaff: colleagues})
			return err
		})
	})
}

func waives(who, name, reason string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		return t.withItem(name, func(i *cases.Item) error {
			_, err := t.Cases.Waive(t.ctx, a, t.id, i.ID, 0, reason)
			return err
		})
	})
}

// requests sends the case back: for the named items again, and for what texts ask.
func requests(who, words string, names []string, texts ...string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		d, err := t.details()
		if err != nil {
			return err
		}
		in := cases.RequestInput{Words: words}
		for _, name := range names {
			i, err := item(d, name)
			if err != nil {
				return err
			}
			in.Asks = append(in.Asks, cases.Ask{Item: i.ID})
		}
		for _, text := range texts {
			in.Asks = append(in.Asks, cases.Ask{Text: text})
		}
		_, err = t.Cases.RequestMaterials(t.ctx, a, t.id, 0, in)
		return err
	})
}

// asksForAll sends the case back for the named items, or for all that are missing: what
// only staff can answer has settled what is asked.
func asksForAll(who, words string, names ...string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		d, err := t.details()
		if err != nil {
			return err
		}
		items, err := choose(d, names, func(i *cases.Item) bool { return !i.Optional && i.Supply == cases.Missing })
		if err != nil {
			return err
		}
		in := cases.RequestInput{Words: words}
		for _, i := range items {
			in.Asks = append(in.Asks, cases.Ask{Item: i.ID})
		}
		_, err = t.Cases.RequestMaterials(t.ctx, a, t.id, 0, in)
		return err
	})
}

// corrects answers what no customer is asked, or what they answered wrongly.
func corrects(who string, answers cases.AnswersRaw, reason string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		_, _, err := t.Cases.Correct(t.ctx, a, t.id, 0, answers, reason)
		return err
	})
}

func approves(who, words string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		_, err := t.Cases.Approve(t.ctx, a, t.id, 0, words)
		return err
	})
}

func denies(who string, code cases.ReasonCode, customer, colleagues string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		_, err := t.Cases.Deny(t.ctx, a, t.id, 0, cases.Denial{ReasonCode: code, WordsCustomer: customer, WordsStaff: colleagues})
		return err
	})
}

// answers is a message of staff, notes one for colleagues alone.
func answers(who, body string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		_, err := t.Cases.Write(t.ctx, a, t.id, body)
		return err
	})
}

// tags gives tags to the case.
func tags(who string, names ...string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		_, err := t.Cases.Tag(t.ctx, a, t.id, cases.Tagging{Add: names})
		return err
	})
}

// snoozes puts the case away.
func snoozes(who string, until cases.SnoozePreset, note string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		_, err := t.Cases.Snooze(t.ctx, a, t.id, 0, cases.SnoozeInput{Preset: until, Note: note})
		return err
	})
}

func notes(who, body string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		_, err := t.Cases.WriteNote(t.ctx, a, t.id, body)
		return err
	})
}

// tells is a note for a colleague, follows makes somebody follow the case.
func tells(who, whom, body string) step {
	return by(who, func(t *telling, a cases.Actor) error {
		other, err := t.actor(whom)
		if err != nil {
			return err
		}
		_, err = t.Cases.WriteNote(t.ctx, a, t.id, body, other)
		return err
	})
}

func follows(who string) step {
	return by(who, func(t *telling, a cases.Actor) error { return t.Cases.Follow(t.ctx, a, t.id) })
}

// readOff are the values that somebody reads off a document.
func (t *telling) readOff(d *cases.Details, i *cases.Item, reader string) map[string]any {
	values := map[string]any{}
	r := d.Requirement(i)
	if r == nil {
		return values
	}
	for _, v := range r.ReadOff {
		if v.By == reader {
			values[v.ID] = t.readValue(v, i)
		}
	}
	return values
}

// all puts steps into one list.
func all(lists ...[]step) []step { return slices.Concat(lists...) }
