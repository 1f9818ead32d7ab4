package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/cases"
	"regain/database"
	"regain/demo/papers"
	"regain/notify"
	"regain/rules"
)

// story is how one case came about.
type story struct {
	name   string
	policy string
	locale string
	who    papers.Person
	// firm is the account's owner where that is an enterprise.
	firm    papers.Company
	account string
	lost    []cases.Channel
	email   string
	phone   string
	answers cases.AnswersRaw
	// differs is what is on record otherwise than the customer states it; noRecord says
	// that the provider's directory does not know the account.
	differs  map[string]any
	noRecord bool
	// began is how long ago.
	began time.Duration
	// steps are what happened then, one after the other.
	steps []step
}

// step is one thing that somebody did.
type step func(*telling) error

// telling is a story under way. Its steps are one unit of work, as the calls of a
// browser are one each: a story that is interrupted has not begun.
type telling struct {
	*Demo
	story
	outer context.Context
	ctx   context.Context
	unit  *database.Unit
	id    string
	self  cases.Actor
	// reference is the case's.
	reference string
	// tries counts uploads, so that no two files are the same.
	tries int
}

// tell carries out a story from its beginning.
func (d *Demo) tell(ctx context.Context, s story) error {
	d.past.enter(s.name, d.past.now.Add(-s.began))
	t := &telling{Demo: d, story: s, outer: ctx}
	t.begin()
	defer func() { _ = t.unit.Rollback() }()
	if err := t.start(); err != nil {
		return err
	}
	for n, step := range s.steps {
		err := t.pause()
		if err == nil {
			err = step(t)
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", n+1, err)
		}
	}
	if err := t.deliver(); err != nil {
		return err
	}
	return t.unit.Commit(ctx)
}

func (t *telling) begin() {
	t.ctx, t.unit = t.DB.WithUnit(t.outer, func(context.Context, bun.IDB) error { return nil })
}

// start opens the case.
func (t *telling) start() error {
	c, err := t.Cases.Start(t.ctx, cases.StartInput{
		Policy: t.policy, Locale: t.locale, Answers: t.answers,
		Particulars: cases.Particulars{Account: t.account, Enterprise: t.firm.Name, Lost: t.lost, NewEmail: t.email, NewPhone: t.phone},
	})
	if err != nil {
		return err
	}
	if c.ID != t.past.caseOf(t.name) {
		return errors.New("the case has not got the first id that was drawn, by which it would be found again")
	}
	t.id, t.reference, t.self = c.ID, c.Reference, cases.Actor{Kind: cases.Customer, ID: c.ID}
	return nil
}

// pause is the time between two steps: from 20 to 80 seconds.
func (t *telling) pause() error {
	var b [1]byte
	if _, err := t.past.Read(b[:]); err != nil {
		return err
	}
	return t.wait(20*time.Second + time.Duration(b[0])*60*time.Second/256)
}

var errFuture = errors.New("the story runs into the future")

func (t *telling) wait(d time.Duration) error {
	if !t.past.move(t.past.Now().Add(d)) {
		return errFuture
	}
	return nil
}

// ago turns the clock to a time before now.
func ago(d time.Duration) step {
	return func(t *telling) error {
		if !t.past.move(t.past.now.Add(-d)) {
			return fmt.Errorf("%s ago: %w", d, errFuture)
		}
		return nil
	}
}

// deliver empties the outbox into the mailbox.
func (t *telling) deliver() error {
	_, err := t.Outbox.DeliverDue(t.ctx, map[notify.Channel]notify.Sender{notify.Email: t.Mailbox, notify.SMS: t.Mailbox})
	return err
}

// inMail finds what a pattern matches in the newest letter to somebody that it matches.
func (t *telling) inMail(to string, pattern *regexp.Regexp) (string, error) {
	if err := t.deliver(); err != nil {
		return "", err
	}
	letters, err := t.Mailbox.List(t.ctx, notify.LetterQuery{To: to})
	if err != nil {
		return "", err
	}
	for _, l := range letters {
		if m := pattern.FindStringSubmatch(l.TextBody); m != nil {
			return m[1], nil
		}
	}
	return "", fmt.Errorf("nothing that matches %s was sent to %s", pattern, to)
}

var (
	codeInMail  = regexp.MustCompile(`\b(\d{6})\b`)
	tokenInMail = regexp.MustCompile(`/invitation#([\w-]{43})`)
)

// prove proves each contact that the customer gave.
func prove(t *telling) error {
	for _, channel := range t.lost {
		to := t.email
		if channel == cases.Phone {
			to = "+" + strings.Map(onlyDigits, t.phone)
		}
		if err := t.Cases.SendContactCode(t.ctx, t.self, t.id, channel, t.address()); err != nil {
			return err
		}
		code, err := t.inMail(to, codeInMail)
		if err != nil {
			return err
		}
		if _, err := t.Cases.VerifyContact(t.ctx, t.self, t.id, channel, code); err != nil {
			return err
		}
	}
	return nil
}

func onlyDigits(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

// address is the network's that the customer comes from.
func (t *telling) address() string {
	return fmt.Sprintf("198.51.100.%d", t.seed("address")%250+1)
}

// seed is a number of the story's own, for a purpose.
func (t *telling) seed(purpose string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, t.name+"/"+purpose)
	return h.Sum64()
}

func (t *telling) details() (*cases.Details, error) {
	return t.Cases.Details(t.ctx, cases.SystemActor(), t.id)
}

// item finds an item by its requirement, and its slot where there are several
// ("transaction_record/2"); what reviewers asked in free text by that text.
func item(d *cases.Details, name string) (*cases.Item, error) {
	for _, i := range d.Items {
		if i.Label == name || i.Label == "" && (name == fmt.Sprintf("%s/%d", i.Requirement, i.Slot) || name == i.Requirement && i.Slot == 1) {
			return i, nil
		}
	}
	var have []string
	for _, i := range d.Items {
		have = append(have, fmt.Sprintf("%s/%d%s", i.Requirement, i.Slot, i.Label))
	}
	return nil, fmt.Errorf("the case asks for no %q but for %s", name, strings.Join(have, ", "))
}

// supply supplies the named items; without names, all that are open and missing or were
// rejected.
func supply(names ...string) step {
	return func(t *telling) error {
		d, err := t.details()
		if err != nil {
			return err
		}
		items, err := choose(d, names, func(i *cases.Item) bool {
			return i.Open && !i.Optional && i.SuppliedBy(string(cases.Customer)) && (i.Supply == cases.Missing || i.Review == cases.Rejected)
		})
		if err != nil {
			return err
		}
		for _, i := range items {
			if err := t.pause(); err != nil {
				return err
			}
			if err := t.fill(t.self, d, i); err != nil {
				return fmt.Errorf("%s: %w", i.Requirement, err)
			}
		}
		return nil
	}
}

// choose finds the named items or, without names, those that are wanted.
func choose(d *cases.Details, names []string, wanted func(*cases.Item) bool) ([]*cases.Item, error) {
	var items []*cases.Item
	if len(names) == 0 {
		for _, i := range d.Items {
			if wanted(i) {
				items = append(items, i)
			}
		}
		if len(items) == 0 {
			return nil, errors.New("there is nothing to do it with")
		}
	}
	for _, name := range names {
		i, err := item(d, name)
		if err != nil {
			return nil, err
		}
		items = append(items, i)
	}
	return items, nil
}

// fill supplies an item with a paper, a statement, or a proof's place.
func (t *telling) fill(by cases.Actor, d *cases.Details, i *cases.Item) error {
	switch i.Kind {
	case rules.Statement:
		values := map[string]any{}
		for _, f := range d.Requirement(i).Fields {
			if v := t.statement(f); v != nil {
				values[f.ID] = v
			}
		}
		_, err := t.Cases.State(t.ctx, by, t.id, i.ID, values)
		return err
	case rules.Proof:
		_, err := t.Cases.Placed(t.ctx, by, t.id, i.ID, t.account)
		return err
	}
	return t.upload(by, d, i, t.paper(i))
}

// send supplies one item with a paper of its own.
func send(name string, draw func(*telling) papers.Paper) step {
	return func(t *telling) error {
		d, err := t.details()
		if err != nil {
			return err
		}
		i, err := item(d, name)
		if err != nil {
			return err
		}
		return t.upload(t.self, d, i, draw(t))
	}
}

func (t *telling) upload(by cases.Actor, d *cases.Details, i *cases.Item, p papers.Paper) error {
	up, err := t.Cases.Receive(t.ctx, by, t.id, i.ID, cases.Incoming{Name: p.Name, Size: int64(len(p.Content)), Content: bytes.NewReader(p.Content)})
	if err != nil {
		return err
	}
	defer up.Discard()
	_, err = t.Cases.Attach(t.ctx, by, t.id, i.ID, up, t.readOff(d, i, rules.BySupplier))
	return err
}

// cannot says that an item is out of reach.
func cannot(name, reason string) step {
	return func(t *telling) error {
		return t.withItem(name, func(i *cases.Item) error {
			_, err := t.Cases.CannotProvide(t.ctx, t.self, t.id, i.ID, reason)
			return err
		})
	}
}

func (t *telling) withItem(name string, do func(*cases.Item) error) error {
	d, err := t.details()
	if err != nil {
		return err
	}
	i, err := item(d, name)
	if err != nil {
		return err
	}
	return do(i)
}

// invite sends a link to the reseller.
func invite(email string) step {
	return func(t *telling) error {
		_, err := t.Cases.Invite(t.ctx, t.self, t.id, cases.InviteInput{Supplier: "reseller", Organisation: reseller.Name, Email: email, Locale: t.locale})
		return err
	}
}

// partner follows the link that was sent to the address and supplies the named items, or
// all that are owed.
func partner(email string, names ...string) step {
	return func(t *telling) error {
		token, err := t.inMail(email, tokenInMail)
		if err != nil {
			return err
		}
		inv, err := t.Cases.ExchangeInvitation(t.ctx, token)
		if err != nil {
			return err
		}
		d, err := t.details()
		if err != nil {
			return err
		}
		items, err := choose(d, names, func(i *cases.Item) bool {
			return i.Open && i.SuppliedBy(inv.Supplier) && (i.Supply == cases.Missing || i.Review == cases.Rejected)
		})
		if err != nil {
			return err
		}
		for _, i := range items {
			if err := t.pause(); err != nil {
				return err
			}
			if err := t.fill(cases.Actor{Kind: cases.Partner, ID: inv.ID}, d, i); err != nil {
				return fmt.Errorf("%s: %w", i.Requirement, err)
			}
		}
		return nil
	}
}

func submit(t *telling) error {
	_, err := t.Cases.Submit(t.ctx, t.self, t.id, 0)
	return err
}

func withdraw(t *telling) error {
	_, err := t.Cases.Withdraw(t.ctx, t.self, t.id, 0)
	return err
}

func appeal(reason string) step {
	return func(t *telling) error {
		_, err := t.Cases.Appeal(t.ctx, t.self, t.id, 0, reason)
		return err
	}
}

// writes is a message of the customer.
func writes(body string) step {
	return func(t *telling) error {
		_, err := t.Cases.Write(t.ctx, t.self, t.id, body)
		return err
	}
}

// timePasses does what the clock brings, for every case that is told already.
func timePasses(t *telling) error {
	if err := t.unit.Commit(t.outer); err != nil { // the clock's work is not the story's
		return err
	}
	_, err := t.Cases.Tick(t.outer)
	t.begin()
	return err
}
