package fuzz

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"regain/accounts"
	"regain/database"
	"regain/rules"
	"regain/server"
	"regain/server/servertest"
)

// world is a running server, everyone who calls it and everything they know of.
type world struct {
	*servertest.Harness
	t        testing.TB
	document *document
	log      *logBuffer
	people   []*person
	claims   []*claim
	policies []object
	numbers  int
	cursors  []string
	// organisations and members are the ids of those that there are.
	organisations, members []string
	// staffAdded and absences are the ids of those that administrators added, newcomer the
	// last of them with the password that works once.
	staffAdded, absences []string
	newcomer             struct{ email, password string }
	// Ids of what calls have made or shown.
	keys, webhooks, deliveries []string
	entries                    []string // of inboxes
	tags, acts                 []string
	audits                     []string // verifications of all records
}

// person is somebody who calls.
type person struct {
	name, role, token string
	claim             *claim // of customers, partners and members
	number            int    // of partners and members, in markers
	id, email         string // of staff and members
}

// claim is a case, with every id that was ever seen of it.
type claim struct {
	number             int
	id, reference      string
	state              string
	filed              bool
	owner              *person
	partners           []*person
	items, documents   []string
	invitations, texts []string
	shown              object // as its customer saw it last
}

func (c *claim) email() string { return marker(c.number, ofCustomer) + "@customer.example" }

// logBuffer collects what the server logs.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// take empties the buffer.
func (b *logBuffer) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := bytes.Clone(b.buf.Bytes())
	b.buf.Reset()
	return out
}

// newWorld is emptyWorld with cases in every state.
func newWorld(t testing.TB, db *database.DB) *world {
	t.Helper()
	w := emptyWorld(t, db)
	w.populate()
	return w
}

// emptyWorld starts a server on which nothing is limited but the guesses of a code,
// with two policies and staff of every role.
func emptyWorld(t testing.TB, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, log: &logBuffer{}}
	w.Harness = servertest.StartWith(t, db, servertest.Options{
		Logger: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Unlimited: true,
		Codes: accounts.CodeRules{
			Resend: time.Nanosecond, PerDestinationHour: 1e6, PerDestinationDay: 1e6, PerIPHour: 1e6, EmailPerHour: 1e6, SMSPerHour: 1e6, ChecksPerIP: 1e6,
		},
	})
	w.registerSecondPolicy()
	w.Deliver(t)
	w.document = readDocument(t, w.get(nobody(), "/api/v1/openapi.json").body)
	w.policies = objects(w.get(nobody(), "/api/v1/policies").object(t)["policies"])
	w.people = append(w.people, nobody(), &person{name: "a stale session", role: "stale", token: w.staleToken()})
	for _, role := range server.Staff() {
		for n := range 2 {
			w.hire(string(role), n)
		}
	}
	w.enlist()
	return w
}

func nobody() *person { return &person{name: "anonymous", role: "anonymous"} }

// registerSecondPolicy adds a policy with what the default one lacks: a proof by
// token, several approvals of different roles, and facts that staff know.
func (w *world) registerSecondPolicy() {
	w.t.Helper()
	bundle, err := rules.ReadBundle(os.DirFS(filepath.Join(servertest.Root(), "rules", "testdata")), "mutua.yaml")
	must(w.t, err)
	policy, err := rules.Compile(bundle)
	must(w.t, err)
	must(w.t, w.Policies.Register(w.t.Context(), policy))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) staleToken() string {
	w.t.Helper()
	token := w.NewSession(w.t, server.Customer)
	principal, err := w.Accounts.Authenticate(w.t.Context(), token)
	must(w.t, err)
	must(w.t, w.Accounts.EndSession(w.t.Context(), principal.SessionID))
	return token
}

func (w *world) hire(role string, n int) {
	w.t.Helper()
	member := w.NewStaff(w.t, accounts.Role(role))
	token, err := w.Accounts.OpenSession(w.t.Context(), accounts.StaffMember, member.ID, 0)
	must(w.t, err)
	w.people = append(w.people, &person{name: fmt.Sprintf("%s %d", role, n), role: role, token: token, id: member.ID, email: member.Email})
}

// enlist adds a program whose key has every scope.
func (w *world) enlist() {
	w.t.Helper()
	token, id := w.NewKey(w.t, accounts.Scopes()...)
	w.people = append(w.people, &person{name: "a program", role: program, token: token, id: id})
}

// program is the role of whoever calls with an API key.
const program = "program"

// renew opens another session for somebody whose session a call will end.
func (w *world) renew(p *person) *person {
	w.t.Helper()
	other := *p
	kind, subject := accounts.StaffMember, p.id
	switch p.role {
	case "customer":
		kind, subject = accounts.Customer, p.claim.id
	case "organisation":
		kind = accounts.OrganisationMember
	case "partner", "anonymous", "stale", program:
		return p
	}
	token, err := w.Accounts.OpenSession(w.t.Context(), kind, subject, 0)
	must(w.t, err)
	other.token = token
	return &other
}

// withRole picks somebody of a role.
func (w *world) withRole(r *rand.Rand, role string) *person {
	var some []*person
	for _, p := range w.people {
		if p.role == role {
			some = append(some, p)
		}
	}
	if len(some) == 0 {
		return w.people[0]
	}
	return newer(r, some)
}

// number draws the number of the next case or partner.
func (w *world) number() int {
	w.numbers++
	return w.numbers
}

// adopt remembers a case that was begun, and its customer.
func (w *world) adopt(number int, begun object) *claim {
	shown, session := sub(begun, "case"), sub(begun, "session")
	c := &claim{number: number, id: text(shown, "id"), reference: text(shown, "reference")}
	c.owner = &person{name: fmt.Sprintf("customer %d", number), role: "customer", token: text(session, "token"), claim: c}
	c.learn(shown)
	w.claims = append(w.claims, c)
	w.people = append(w.people, c.owner)
	return c
}

// enrol remembers a partner who has come.
func (w *world) enrol(c *claim, came object) *person {
	p := &person{name: fmt.Sprintf("partner of case %d", c.number), role: "partner", token: text(sub(came, "session"), "token"), claim: c}
	if len(c.partners) > 0 { // one address is invited to each case: a new link is the same partner's
		p.number = c.partners[0].number
	} else {
		p.number = w.number()
	}
	c.partners = append(c.partners, p)
	w.people = append(w.people, p)
	return p
}

// join lets a member of an organisation in whose address was invited to the case.
func (w *world) join(c *claim, partner *person, email string) *person {
	w.t.Helper()
	m := w.NewMember(w.t, email)
	token, err := w.Accounts.OpenSession(w.t.Context(), accounts.OrganisationMember, m.ID, 0)
	must(w.t, err)
	p := &person{name: fmt.Sprintf("member for case %d", c.number), role: "organisation", token: token, claim: c, number: partner.number, id: m.ID, email: email}
	remember(&w.organisations, m.Organisation)
	remember(&w.members, m.ID)
	w.people = append(w.people, p)
	return p
}

// learn takes every id out of a view of the case.
func (c *claim) learn(shown object) {
	c.state = text(shown, "state")
	c.filed = c.filed || shown["filed_at"] != nil
	c.shown = shown
	for _, i := range objects(shown["items"]) {
		remember(&c.items, text(i, "id"))
		for _, d := range objects(i["documents"]) {
			remember(&c.documents, text(d, "id"))
		}
	}
}

func remember(ids *[]string, id string) {
	if id != "" && !slices.Contains(*ids, id) {
		*ids = append(*ids, id)
	}
}

func objects(v any) []object {
	var out []object
	list, _ := v.([]any)
	for _, e := range list {
		if o, ok := e.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

func sub(o object, key string) object { s, _ := o[key].(object); return s }
func text(o object, key string) string {
	s, _ := o[key].(string)
	return s
}
