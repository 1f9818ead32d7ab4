package cases_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/notify"
	"regain/problem"
	"regain/rules"
	"regain/storage"
)

// world is the whole of what cases need, real, with a clock that tests move.
type world struct {
	*cases.Service
	t        testing.TB
	ctx      context.Context
	db       *database.DB
	clock    *clock
	ids      *ids
	store    storage.Store
	outbox   *notify.Outbox
	mailbox  *notify.Mailbox
	policies *cases.Policies
	codes    codes
	spool    *storage.Spool
	seed     uint64
	options  cases.Options
	late     []cases.LateReview // what leads were told of
}

// clock stands still unless it is moved. It begins on a Monday.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// ids count, and sort as they were drawn.
type ids struct {
	mu sync.Mutex
	n  int
}

func (i *ids) next() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.n++
	return fmt.Sprintf("01900000-0000-7000-8000-%012d", i.n)
}

// chance is a source of random bytes that is the same in every run.
type chance struct {
	mu  sync.Mutex
	src *rand.PCG
}

func (c *chance) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var word [8]byte
	for n := 0; n < len(p); n += 8 {
		binary.LittleEndian.PutUint64(word[:], c.src.Uint64())
		copy(p[n:], word[:])
	}
	return len(p), nil
}

// codes lets the one-time codes of accounts serve cases.
type codes struct{ *accounts.Codes }

func (c codes) Issue(ctx context.Context, r cases.CodeRequest) error {
	channel := notify.Email
	if r.Channel == cases.Phone {
		channel = notify.SMS
	}
	return c.Codes.Issue(ctx, nil, accounts.CodeRequest{
		Purpose: r.Purpose, Flow: r.Flow, Channel: channel, Destination: r.Destination, Locale: r.Locale, IP: r.Address, Decoy: r.Decoy,
	})
}

func (c codes) Verify(ctx context.Context, r cases.CodeCheck) error {
	return c.Codes.Verify(ctx, accounts.CodeCheck{Purpose: r.Purpose, Flow: r.Flow, Destination: r.Destination, Code: r.Code, Decoy: r.Decoy})
}

// each runs the test in a fresh world on each of the two databases.
func each(t *testing.T, test func(t *testing.T, w *world), policies ...*rules.Policy) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) { test(t, newWorld(t, db, policies...)) })
}

func newWorld(t testing.TB, db *database.DB, policies ...*rules.Policy) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), db: db, clock: &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}, ids: &ids{}}
	random := &chance{src: rand.NewPCG(1, 2)}
	secrets, err := accounts.DeriveSecrets(bytes.Repeat([]byte("k"), 40))
	must(t, err)
	w.outbox = notify.NewOutbox(db, notify.Options{Clock: w.clock.now, IDs: w.ids.next, Random: random, Key: secrets.Outbox()})
	w.mailbox = notify.NewMailbox(db, notify.MailboxOptions{Clock: w.clock.now, IDs: w.ids.next})
	service, err := accounts.NewService(db, accounts.Options{Secrets: secrets, Outbox: w.outbox, Clock: w.clock.now, IDs: w.ids.next, Random: random})
	must(t, err)
	w.codes = codes{service.Codes}
	w.store, err = storage.OpenDisk(t.TempDir())
	must(t, err)
	w.spool, err = storage.NewSpool(t.TempDir(), 64<<20, storage.WithClock(w.clock.now))
	must(t, err)
	w.options = cases.Options{
		Clock: w.clock.now, IDs: w.ids.next, Random: random, Logger: slog.New(slog.NewTextHandler(testLog{t}, nil)),
		Key: bytes.Repeat([]byte("c"), 32), PublicURL: "https://recover.example/",
		Late: func(_ context.Context, _ bun.IDB, late cases.LateReview) error {
			w.late = append(w.late, late)
			return nil
		},
	}
	if len(policies) == 0 {
		policies = []*rules.Policy{defaultPolicy(t)}
	}
	w.restart(policies...)
	return w
}

// restart makes a new service over the same database, with these policies.
func (w *world) restart(policies ...*rules.Policy) {
	w.t.Helper()
	w.policies = cases.NewPolicies(w.db, w.clock.now)
	for _, p := range policies {
		must(w.t, w.policies.Register(w.ctx, p))
	}
	w.Service = cases.New(w.db, w.store, w.spool, w.outbox, w.codes, w.policies, w.options)
}

type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Logf("%s", p)
	return len(p), nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// defaultPolicy is the one that the product brings; tests of the package share it.
func defaultPolicy(t testing.TB) *rules.Policy { return policyFrom(t, os.DirFS(".."), "rules.yaml") }

func testPolicy(t testing.TB, name string) *rules.Policy {
	return policyFrom(t, os.DirFS("../rules/testdata"), name)
}

func policyFrom(t testing.TB, files fs.FS, name string) *rules.Policy {
	t.Helper()
	bundle, err := rules.ReadBundle(files, name)
	must(t, err)
	return compile(t, bundle)
}

func compile(t testing.TB, bundle rules.Bundle) *rules.Policy {
	t.Helper()
	p, err := rules.Compile(bundle)
	must(t, err)
	return p
}

// wantCode wants a problem with the code.
func wantCode(t testing.TB, err error, code string) problem.Error {
	t.Helper()
	p, ok := problem.As(err)
	if !ok || p.Code != code {
		t.Fatalf("want %s, got %v", code, err)
	}
	return *p
}

// wantFields wants bad fields, as "pointer code", in any order.
func wantFields(t testing.TB, err error, want ...string) {
	t.Helper()
	p := wantCode(t, err, "invalid_fields")
	var got []string
	for _, f := range p.Fields {
		got = append(got, f.Pointer+" "+f.Code)
	}
	wantSame(t, "fields", slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

func wantSame[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Fatalf("%s:\n got %s\nwant %s", what, g, w)
	}
}

// The people of the tests.
func reviewer(name string) cases.Actor { return staff(name, cases.RoleReviewer) }
func lead(name string) cases.Actor     { return staff(name, cases.RoleReviewer, cases.RoleLead) }
func auditor(name string) cases.Actor  { return staff(name, cases.RoleAuditor) }

func staff(name string, roles ...string) cases.Actor {
	return cases.Actor{Kind: cases.Staff, ID: "staff-" + name, Roles: roles, Email: name + "@provider.example"}
}

// Answers of the default policy.
func unpaid() cases.AnswersRaw {
	return cases.AnswersRaw{
		"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false,
		"card_added": false, "paid": false, "phone_registered": true,
	}
}

func withCard(months int) cases.AnswersRaw {
	return cases.AnswersRaw{
		"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false,
		"card_added": true, "months_of_use": months,
	}
}

func enterpriseWithCard(country string) cases.AnswersRaw {
	a := withCard(1)
	a["account_type"], a["enterprise_country"] = "enterprise", country
	return a
}

func ofReseller() cases.AnswersRaw {
	return cases.AnswersRaw{"customer_type": "reseller", "account_type": "individual", "real_name_authenticated": true}
}

// claimant is somebody who lost an account, with a case.
type claimant struct {
	*world
	id    string
	actor cases.Actor
	email string
	ref   string
}

// begin opens a draft for a person who lost the phone of account, with answers.
func (w *world) begin(account string, answers cases.AnswersRaw) *claimant {
	w.t.Helper()
	w.seed++
	email := fmt.Sprintf("new-contact-%d@mail.example", w.seed)
	c, err := w.Start(w.ctx, cases.StartInput{Locale: "en", Answers: answers, Particulars: cases.Particulars{
		Account: account, Lost: []cases.Channel{cases.Email}, NewEmail: email,
	}})
	must(w.t, err)
	return &claimant{world: w, id: c.ID, actor: cases.Actor{Kind: cases.Customer, ID: c.ID}, email: email, ref: c.Reference}
}

// prove takes the code out of the mailbox and proves the new e-mail address.
func (c *claimant) prove() *claimant {
	c.t.Helper()
	must(c.t, c.SendContactCode(c.ctx, c.actor, c.id, cases.Email, fmt.Sprintf("192.0.2.%d", c.seed%250)))
	_, err := c.VerifyContact(c.ctx, c.actor, c.id, cases.Email, c.code(c.email))
	must(c.t, err)
	return c
}

// deliver empties the outbox into the mailbox.
func (w *world) deliver() {
	w.t.Helper()
	_, err := w.outbox.DeliverDue(w.ctx, map[notify.Channel]notify.Sender{notify.Email: w.mailbox, notify.SMS: w.mailbox})
	must(w.t, err)
}

// letters are what somebody got, oldest first.
func (w *world) letters(to string) []notify.Letter {
	w.t.Helper()
	w.deliver()
	list, err := w.mailbox.List(w.ctx, notify.LetterQuery{To: to, Limit: 200})
	must(w.t, err)
	slices.SortFunc(list, func(a, b notify.Letter) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// wantLetters compares the templates of what somebody got, codes left out.
func (w *world) wantLetters(to string, want ...string) {
	w.t.Helper()
	got := []string{}
	for _, l := range w.letters(to) {
		if l.Template != "code" {
			got = append(got, l.Template)
		}
	}
	wantSame(w.t, "letters to "+to, got, want)
}

// wantWords wants words in the newest letter of a template to somebody.
func (w *world) wantWords(to, template string, words ...string) {
	w.t.Helper()
	list := w.letters(to)
	for n := len(list) - 1; n >= 0; n-- {
		if list[n].Template != template {
			continue
		}
		for _, word := range words {
			if !strings.Contains(list[n].TextBody, word) {
				w.t.Fatalf("the letter %s does not say %q:\n%s", template, word, list[n].TextBody)
			}
		}
		return
	}
	w.t.Fatalf("%s got no letter %s", to, template)
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code reads the newest code out of the mailbox.
func (w *world) code(to string) string {
	w.t.Helper()
	list := w.letters(to)
	for n := len(list) - 1; n >= 0; n-- {
		if list[n].Template == "code" {
			return sixDigits.FindString(list[n].TextBody)
		}
	}
	w.t.Fatalf("no code was sent to %s", to)
	return ""
}

var linkToken = regexp.MustCompile(`https://recover\.example/invitation#([A-Za-z0-9_-]{43})`)

// token reads the newest invitation's token out of the mailbox.
func (w *world) token(to string) string {
	w.t.Helper()
	list := w.letters(to)
	for n := len(list) - 1; n >= 0; n-- {
		if m := linkToken.FindStringSubmatch(list[n].TextBody); m != nil {
			return m[1]
		}
	}
	w.t.Fatalf("no link was sent to %s", to)
	return ""
}

// pdf is a new document, another one each time.
func (w *world) pdf() []byte {
	w.seed++
	return testdocs.PDF(w.seed, 1)
}

// upload supplies a file for an item as the server does.
func (w *world) upload(actor cases.Actor, caseID, item, name string, content []byte, readOff map[string]any) (*cases.Document, error) {
	up, err := w.Receive(w.ctx, actor, caseID, item, cases.Incoming{Name: name, Size: int64(len(content)), Content: bytes.NewReader(content)})
	if err != nil {
		return nil, err
	}
	defer up.Discard()
	return w.Attach(w.ctx, actor, caseID, item, up, readOff)
}

func (c *claimant) details() *cases.Details {
	c.t.Helper()
	d, err := c.Details(c.ctx, c.actor, c.id)
	must(c.t, err)
	return d
}

// items are the case's items as "requirement/slot".
func (c *claimant) items() map[string]*cases.Item {
	c.t.Helper()
	out := map[string]*cases.Item{}
	for _, i := range c.details().Items {
		out[key(i)] = i
	}
	return out
}

func key(i *cases.Item) string {
	if i.Origin == cases.FromReviewer {
		return "asked:" + i.Label + i.Material
	}
	return fmt.Sprintf("%s/%d", i.Requirement, i.Slot)
}

// item finds an item by requirement and slot.
func (c *claimant) item(name string) *cases.Item {
	c.t.Helper()
	i := c.items()[name]
	if i == nil {
		c.t.Fatalf("the case has no item %s", name)
	}
	return i
}

// supplies fills every open item that is needed and empty, or not accepted.
func (c *claimant) supplies() *claimant {
	c.t.Helper()
	d := c.details()
	for _, i := range d.Items {
		if i.Open && !i.Optional && (i.Supply == cases.Missing || i.Review == cases.Rejected) {
			must(c.t, c.fill(c.actor, d, i))
		}
	}
	return c
}

// fill supplies something good for an item.
func (c *claimant) fill(actor cases.Actor, d *cases.Details, i *cases.Item) error {
	switch i.Kind {
	case rules.Statement:
		values := map[string]any{}
		for _, f := range d.Requirement(i).Fields {
			values[f.ID] = goodValue(f.Type, f.Values, c.clock.now())
		}
		_, err := c.State(c.ctx, actor, c.id, i.ID, values)
		return err
	case rules.Proof:
		_, err := c.Placed(c.ctx, actor, c.id, i.ID, "holder.example")
		return err
	}
	values := map[string]any{}
	if r := d.Requirement(i); r != nil {
		for _, v := range r.ReadOff {
			if v.By == rules.BySupplier {
				values[v.ID] = goodValue(v.Type, v.Values, c.clock.now())
			}
		}
	}
	_, err := c.upload(actor, c.id, i.ID, "scan.pdf", c.pdf(), values)
	return err
}

func goodValue(typ string, values []rules.Value, now time.Time) any {
	switch typ {
	case rules.FieldPhone:
		return "+5511912345678"
	case rules.FieldEmail:
		return "old-address@mail.example"
	case rules.FieldAddress:
		return map[string]any{"line": "Rua do Teste 12", "city": "Recife", "region": "PE", "postal_code": "50000-000", "country": "BR"}
	case rules.FieldDate:
		return now.AddDate(0, 0, -7).Format(time.DateOnly)
	case rules.FieldCountry:
		return "BR"
	case rules.FieldBankAccount:
		return "DE89370400440532013000"
	case rules.FieldEnum:
		return values[0].ID
	case rules.FieldInteger:
		return 42
	case rules.FieldBool:
		return true
	}
	return "Confidential Words Ltd"
}

func (c *claimant) submit() *cases.Case {
	c.t.Helper()
	out, err := c.Submit(c.ctx, c.actor, c.id, 0)
	must(c.t, err)
	return out
}

func (c *claimant) read() *cases.Case {
	c.t.Helper()
	out, err := c.Case(c.ctx, cases.SystemActor(), c.id)
	must(c.t, err)
	return out
}

func (c *claimant) claim(who cases.Actor) {
	c.t.Helper()
	_, err := c.Claim(c.ctx, who, c.id, 0)
	must(c.t, err)
}

// good is a judgement that accepts the item with every check ticked.
func (c *claimant) good(i *cases.Item) cases.Judgement {
	c.t.Helper()
	j := cases.Judgement{Accept: true, ReadOff: map[string]any{}}
	if r := c.details().Requirement(i); r != nil {
		for _, check := range rules.Leaves(r.Checks) {
			j.Checks = append(j.Checks, check.ID)
		}
		for _, v := range r.ReadOff {
			j.ReadOff[v.ID] = goodValue(v.Type, v.Values, c.clock.now())
		}
	}
	return j
}

// accepts accepts everything that was supplied and is not decided.
func (c *claimant) accepts(who cases.Actor) *claimant {
	c.t.Helper()
	for _, i := range c.details().Items {
		if i.Supply == cases.Provided && i.Review == cases.Pending {
			_, err := c.Judge(c.ctx, who, c.id, i.ID, 0, c.good(i))
			must(c.t, err)
		}
	}
	return c
}

// bad is a judgement that rejects.
func bad() cases.Judgement {
	return cases.Judgement{ReasonCode: "unreadable", WordsCustomer: "Please scan it again, in better light.", WordsStaff: "Secret doubt."}
}

// filed is a case of the account that was submitted.
func (w *world) filed(account string, answers cases.AnswersRaw) *claimant {
	w.t.Helper()
	c := w.begin(account, answers).prove().supplies()
	c.submit()
	return c
}

// events are the types of the case's events.
func (c *claimant) events() []string {
	c.t.Helper()
	var out []string
	for _, e := range c.eventRows() {
		out = append(out, e.Type)
	}
	return out
}

func (c *claimant) eventRows() []*cases.Event {
	c.t.Helper()
	var out []*cases.Event
	must(c.t, c.db.NewSelect().Model(&out).Where("e.case_id = ?", c.id).Order("e.seq").Scan(c.ctx))
	return out
}

// wantState compares the case's state, and that the events agree with it.
func (c *claimant) wantState(want cases.State) *cases.Case {
	c.t.Helper()
	got := c.read()
	if got.State != want {
		c.t.Fatalf("the case is %s, want %s", got.State, want)
	}
	rows := c.eventRows()
	if last := rows[len(rows)-1]; last.State != want {
		c.t.Fatalf("the last event says %s, want %s", last.State, want)
	}
	return got
}

// wantSound verifies the record of every case.
func (w *world) wantSound() {
	w.t.Helper()
	report, err := w.VerifyAudit(w.ctx)
	must(w.t, err)
	if len(report.Findings) > 0 {
		w.t.Fatalf("the record has faults: %+v", report.Findings)
	}
}
