package cases

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"regain/database"
	"regain/problem"
	"regain/rules"
)

// Particulars are what a customer says of the account and of themselves, apart
// from the policy's questions.
type Particulars struct {
	// Account is the account as the customer knows it: a name, number, e-mail or phone.
	Account string
	// Enterprise is the owner's name as a letter should give it; optional.
	Enterprise string
	// Lost is what can no longer be reached; at least one.
	Lost []Channel
	// NewEmail and NewPhone are to take its place: one for each that was lost.
	NewEmail, NewPhone string
}

// StartInput opens a draft.
type StartInput struct {
	Policy string // id; empty for the first
	Locale string
	Particulars
	Answers AnswersRaw
}

// Start opens a draft under the current policy. Nothing in the answer tells
// whether the account exists or has another case. Errors: policy_not_found,
// invalid_fields.
func (s *Service) Start(ctx context.Context, in StartInput) (*Case, error) {
	d, err := s.StartWhole(ctx, in)
	if err != nil {
		return nil, err
	}
	return d.Case, nil
}

// StartWhole is Start for who shows the case: it gives what reading it back would,
// without reading it back.
func (s *Service) StartWhole(ctx context.Context, in StartInput) (*Details, error) {
	p, err := s.policies.Current(in.Policy)
	if err != nil {
		return nil, err
	}
	particulars, bad := in.Particulars.check()
	_, wrong := checkAnswers(p, in.Answers, Customer)
	bad = append(bad, wrong...)
	if err := problem.InvalidFields(bad); err != nil {
		return nil, err
	}
	c, err := s.newCase(p, in, particulars)
	if err != nil {
		return nil, err
	}
	ch := &change{s: s, actor: Actor{Kind: Customer, ID: c.ID}, now: c.CreatedAt, Case: c, items: []*Item{}, policy: p, new: true}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		ch.ctx, ch.tx = ctx, tx
		return ch.begin()
	})
	if err != nil {
		return nil, err
	}
	return ch.started()
}

// started is the new case as it would be read.
func (ch *change) started() (*Details, error) {
	d, err := ch.Decision()
	if err != nil {
		return nil, err
	}
	return &Details{
		Case: ch.Case, Policy: ch.policy, Decision: *d, Items: inPolicyOrder(ch.items, d),
		ItemDecided: map[string]*ItemDecision{}, Ahead: -1,
	}, nil
}

// begin writes the new case with its first event and the items that its answers
// already settle.
func (ch *change) begin() error {
	var err error
	if ch.Case.Answers.V, err = ch.asked(ch.policy, ch.Case.Answers.V); err != nil {
		return err
	}
	d, err := ch.Decision()
	if err != nil {
		return err
	}
	ch.setCustomerDue(d)
	if _, err := ch.fit(); err != nil {
		return err
	}
	if err := ch.record(actStart, Facts{"policy": ch.Case.PolicyHash, "account": ch.Case.AccountKey}); err != nil {
		return err
	}
	ch.sealEvents()
	ch.Case.Version++
	return ch.writeNew()
}

// writeNew writes the case and what hangs on it, in the order in which they refer to
// each other.
func (ch *change) writeNew() error {
	if err := database.Add(ch.ctx, ch.s.db, ch.tx, ch.Case); err != nil {
		return fmt.Errorf("write case: %w", err)
	}
	if err := database.Add(ch.ctx, ch.s.db, ch.tx, ch.items...); err != nil {
		return fmt.Errorf("write items: %w", err)
	}
	if err := database.Add(ch.ctx, ch.s.db, ch.tx, ch.events...); err != nil {
		return fmt.Errorf("append events: %w", err)
	}
	return ch.queueMessages()
}

func (s *Service) newCase(p *rules.Policy, in StartInput, who Particulars) (*Case, error) {
	reference, err := s.reference()
	if err != nil {
		return nil, err
	}
	now := s.now()
	c := &Case{
		ID: s.opt.IDs(), Reference: reference, PolicyHash: p.Hash(), Policy: p.ID(), Locale: localeOf(p, in.Locale), State: Draft,
		Answers: database.JSON[AnswersRaw]{V: compact(in.Answers)}, Tags: database.NewJSON([]string{}), Round: 1, CreatedAt: now, UpdatedAt: now,
	}
	s.setParticulars(c, who)
	return c, nil
}

// setParticulars copies checked particulars; a changed contact must be proved anew.
func (s *Service) setParticulars(c *Case, p Particulars) {
	c.Account, c.AccountKey, c.Enterprise = p.Account, s.accountKey(p.Account), p.Enterprise
	c.Lost.V = p.Lost
	if c.NewEmail != p.NewEmail {
		c.NewEmail, c.EmailAt = p.NewEmail, nil
	}
	c.EmailKey, c.PhoneKey = s.keyOf(Email, p.NewEmail), s.keyOf(Phone, p.NewPhone)
	if c.NewPhone != p.NewPhone {
		c.NewPhone, c.PhoneAt = p.NewPhone, nil
	}
}

// referenceAlphabet leaves out what people mistake for something else: no 0 and
// O, 1, I and L, and no U.
const referenceAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// reference makes a case's public name, like "7F3K-29QD-XM". It says nothing of
// the case and is no secret, yet too large a space to walk (49 bits).
func (s *Service) reference() (string, error) {
	var b strings.Builder
	for n := range 10 {
		if n == 4 || n == 8 {
			b.WriteByte('-')
		}
		i, err := rand.Int(s.opt.Random, big.NewInt(int64(len(referenceAlphabet))))
		if err != nil {
			return "", fmt.Errorf("draw a reference: %w", err)
		}
		b.WriteByte(referenceAlphabet[i.Int64()])
	}
	return b.String(), nil
}

// NormalizeReference reads a reference as people type it: any case and width,
// spaces for dashes or none. What can be no reference comes out as some text
// that is none.
func NormalizeReference(typed string) string {
	var b strings.Builder
	if len(typed) > maxAccount {
		return ""
	}
	for _, r := range strings.ToUpper(norm.NFKC.String(typed)) {
		if strings.ContainsRune(referenceAlphabet, r) {
			if b.Len() == 4 || b.Len() == 9 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// IsReference says whether something typed can be the reference of a case, which it need not be.
func IsReference(typed string) bool { return len(NormalizeReference(typed)) == len("7F3K-29QD-XM") }

// localeOf takes the wanted locale if the policy speaks it, else the policy's own.
func localeOf(p *rules.Policy, wanted string) string {
	if slices.Contains(p.Locales(), wanted) {
		return wanted
	}
	return p.Language()
}

// compact drops answers that were taken back (null).
func compact(a AnswersRaw) AnswersRaw {
	out := AnswersRaw{}
	for k, v := range a {
		if v != nil {
			out[k] = v
		}
	}
	return out
}

// possible refuses answers that the policy declares impossible together.
func possible(d *rules.Decision, locale string) error {
	if d.Impossible == nil {
		return nil
	}
	fields := make([]problem.Field, 0, len(d.Impossible.Facts))
	for _, f := range d.Impossible.Facts {
		fields = append(fields, problem.Field{Pointer: "/answers/" + f, Code: "impossible_combination", Message: d.Impossible.Because.In(locale)})
	}
	return problem.InvalidFields(fields)
}
