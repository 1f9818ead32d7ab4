package demo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/database"
	"regain/database/databasetest"
	"regain/demo"
	"regain/internal/testservers"
	"regain/notify"
	"regain/rules"
	"regain/server"
	"regain/server/servertest"
	"regain/server/web"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// now is when the tests take place: a Wednesday.
var now = time.Date(2026, 3, 11, 14, 30, 0, 0, time.UTC)

// stage is what the demo plays on.
type stage struct {
	*demo.Demo
	*servertest.Harness
	past *demo.Past
}

func newStage(t *testing.T, db *database.DB, at time.Time) *stage {
	t.Helper()
	past := demo.NewPast(at, bytes.Repeat([]byte("d"), 32))
	h := servertest.StartWith(t, db, servertest.Options{
		Clock: past.Now, IDs: past.ID, Random: past, Unlimited: true, Policies: policies(t), Directory: demo.NewDirectory(),
		Letterhead: notify.Letterhead{Service: "Regain", SiteURL: "http://regain.test"},
		Config:     server.Config{PublicURL: &url.URL{Scheme: "http", Host: "regain.test"}},
		Pages:      func(s *web.Services) { s.DemoStaff = demo.Addresses() },
	})
	return &stage{Demo: demo.New(past, demo.Rooms{DB: db, Cases: h.Cases, Staff: h.Accounts, Outbox: h.Outbox, Mailbox: h.Mailbox, Webhooks: h.Webhooks}), Harness: h, past: past}
}

// policies are those of the demo.
func policies(t *testing.T) []*rules.Policy {
	t.Helper()
	return []*rules.Policy{policy(t, "..", "rules.yaml"), policy(t, "../rules/testdata", "domains.yaml"), policy(t, "../rules/testdata", "mutua.yaml")}
}

func policy(t *testing.T, folder, name string) *rules.Policy {
	t.Helper()
	bundle, err := rules.ReadBundle(os.DirFS(folder), name)
	must(t, err)
	p, err := rules.Compile(bundle)
	must(t, err)
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) fill(ctx context.Context, t *testing.T) []demo.Credential {
	t.Helper()
	missing, err := s.Missing(ctx)
	must(t, err)
	var known []demo.Credential
	must(t, s.Fill(ctx, missing, "", func(c []demo.Credential) { known = c }, func(int, int) {}))
	return known
}

// TestDemo: every story can be told, leaves a record that verifies, and together they
// show every state, view, policy and language. A second time does nothing. The same
// secret and time give the same cases, event for event, on every database.
func TestDemo(t *testing.T) {
	var heads []string
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStage(t, db, now)
		known := s.fill(t.Context(), t)
		if len(known) != 9 {
			t.Errorf("%d people can sign in", len(known))
		}
		s.wantSound(t)
		s.wantVariety(t)
		s.wantViews(t)
		s.wantPrograms(t)
		heads = append(heads, s.heads(t))
		again := newStage(t, db, now.Add(time.Hour))
		if missing, err := again.Missing(t.Context()); err != nil || len(missing) > 0 {
			t.Errorf("the second time %d are missing: %v", len(missing), err)
		}
	})
	if len(heads) == 2 && heads[0] != heads[1] {
		t.Errorf("two fillings differ:\n%s\n%s", heads[0], heads[1])
	}
}

// heads are the ends of all chains of events.
func (s *stage) heads(t *testing.T) string {
	t.Helper()
	var lines []string
	for _, c := range s.all(t) {
		lines = append(lines, c.Reference+" "+c.EventHead)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// wantSound verifies the record and every document of forty cases.
func (s *stage) wantSound(t *testing.T) {
	t.Helper()
	report, err := s.Harness.Cases.VerifyAudit(t.Context())
	must(t, err)
	if len(report.Findings) > 0 || report.Cases != 40 {
		t.Fatalf("%d cases: %v", report.Cases, report.Findings)
	}
	read, err := s.Harness.Cases.VerifyDocuments(t.Context())
	must(t, err)
	if len(read.Findings) > 0 || read.Documents < 100 {
		t.Fatalf("%d documents: %v", read.Documents, read.Findings)
	}
	t.Logf("%d events, %d documents of %d bytes in all", report.Events, read.Documents, read.Bytes)
}

// wantPrograms wants two keys, a webhook with deliveries in every state, a block, and a
// verification with its result.
func (s *stage) wantPrograms(t *testing.T) {
	t.Helper()
	page, err := database.NewTimePage(200, "")
	must(t, err)
	keys, _, err := s.Accounts.APIKeys(t.Context(), page)
	must(t, err)
	hooks, err := s.Webhooks.Endpoints(t.Context())
	must(t, err)
	if len(keys) != 2 || len(hooks) != 1 || hooks[0].DisabledAt != nil || hooks[0].Host() != "10.0.0.7" {
		t.Fatalf("keys %v, webhooks %v", keys, hooks)
	}
	deliveries, _, err := s.Webhooks.Deliveries(t.Context(), hooks[0].ID, notify.DeliveryQuery{Page: page})
	must(t, err)
	found := map[notify.DeliveryState]int{}
	for _, d := range deliveries {
		found[d.State]++
	}
	if found[notify.DeliveryDelivered] < 20 || found[notify.DeliveryFailed] != 1 || found[notify.DeliveryQueued] != 1 {
		t.Errorf("deliveries: %v", found)
	}
	ada := cases.Actor{Kind: cases.Staff, ID: "ada", Roles: []string{cases.RoleAuditor}}
	blocks, _, err := s.Harness.Cases.Blocks(t.Context(), ada, page)
	must(t, err)
	runs, _, err := s.Harness.Cases.AuditRuns(t.Context(), ada, page)
	must(t, err)
	if len(blocks) != 1 || len(runs) != 1 || runs[0].Findings != 0 || runs[0].Cases != 40 {
		t.Errorf("blocks %v, verifications %+v", blocks, runs)
	}
}

func (s *stage) all(t *testing.T) []*cases.Case {
	t.Helper()
	all := []*cases.Case{}
	must(t, s.Harness.DB.NewSelect().Model(&all).Scan(t.Context()))
	return all
}

func (s *stage) wantVariety(t *testing.T) {
	t.Helper()
	found := map[string]int{}
	for _, c := range s.all(t) {
		found[string(c.State)]++
		found[c.Locale]++
		found[c.PolicyHash]++
		found[c.Outcome]++
		if c.ReviewDue != nil && c.ReviewDue.Before(now) {
			found["overdue"]++
		}
		if c.Round > 1 {
			found["appeal"]++
		}
	}
	for _, wanted := range []string{
		"draft", "submitted", "in_review", "materials_requested", "approved", "denied", "withdrawn", "expired", "overdue", "appeal",
		"en", "zh-Hans", "pt-BR", "collect", "contact_support", "refuse", "self_service",
	} {
		if found[wanted] == 0 {
			t.Errorf("no case is %s", wanted)
		}
	}
	for _, p := range policies(t) {
		if found[p.Hash()] == 0 {
			t.Errorf("no case is under %s", p.ID())
		}
	}
}

// wantViews wants something in every view of the queue.
func (s *stage) wantViews(t *testing.T) {
	t.Helper()
	staff, err := s.Harness.Accounts.ListStaff(t.Context(), "", 100)
	must(t, err)
	mine := 0
	for _, member := range staff {
		actor := cases.Actor{Kind: cases.Staff, ID: member.ID, Roles: []string{"reviewer"}}
		list, err := s.Harness.Cases.Queue(t.Context(), actor, cases.QueueQuery{View: cases.ViewMine, Limit: 10})
		must(t, err)
		mine += len(list)
		if member.Email != "rei@staff.example" {
			continue
		}
		for _, view := range []cases.View{
			cases.ViewUnassigned, cases.ViewDueSoon, cases.ViewWaiting, cases.ViewSecondApproval, cases.ViewAppeals, cases.ViewFollowed, cases.ViewHeld, cases.ViewEnded,
		} {
			list, err := s.Harness.Cases.Queue(t.Context(), actor, cases.QueueQuery{View: view, Limit: 10})
			must(t, err)
			if len(list) == 0 {
				t.Errorf("the view %s is empty", view)
			}
		}
	}
	for _, member := range staff {
		if member.Email != "rei@staff.example" {
			continue
		}
		page, err := database.NewTimePage(10, "")
		must(t, err)
		inbox, _, err := s.Harness.Cases.Inbox(t.Context(), cases.Actor{Kind: cases.Staff, ID: member.ID, Roles: []string{"reviewer"}}, cases.InboxQuery{Unread: true, Page: page})
		must(t, err)
		why := map[cases.NoticeReason]int{}
		for _, e := range inbox {
			why[e.Why]++
		}
		if len(inbox) != 3 || why[cases.WhyMentioned] != 2 || why[cases.WhyFollowed] != 1 {
			t.Errorf("Rei's inbox has %v", why)
		}
	}
	if mine < 3 {
		t.Errorf("%d cases are in somebody's hands", mine)
	}
}

// TestDirectory: what is on record agrees with what most customers state, and with one it
// does not; an account that nobody knows is unknown.
func TestDirectory(t *testing.T) {
	d := demo.NewDirectory()
	for _, c := range []struct{ policy, account, fact, want string }{
		{"mutua-acesso", "0042-7781-3", "born_on", "1966-07-19"}, {"huawei-id", "Exemplo-Dados", "register_number", "98.765.432/0001-10"},
		{"huawei-id", "amir.sadeghi@old-mail.example", "phone", "+447400999111"}, {"mutua-acesso", "0042-1190-8", "born_on", "<nil>"}, {"huawei-id", "none", "name", "<nil>"},
	} {
		record, err := d.Account(t.Context(), c.policy, c.account)
		must(t, err)
		if got := fmt.Sprint(record[c.fact]); got != c.want {
			t.Errorf("%s of %s is %s, want %s", c.fact, c.account, got, c.want)
		}
	}
}

// TestInterruptedDemo: what was interrupted goes on where it stopped.
func TestInterruptedDemo(t *testing.T) {
	db := databasetest.SQLite(t)
	s := newStage(t, db, now)
	missing, err := s.Missing(t.Context())
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	err = s.Fill(ctx, missing, "", func([]demo.Credential) {}, func(done, _ int) {
		if done == 5 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted, and %v", err)
	}
	again := newStage(t, db, now)
	missing, err = again.Missing(t.Context())
	must(t, err)
	if len(missing) != 35 {
		t.Errorf("%d are missing", len(missing))
	}
	must(t, again.Fill(t.Context(), missing, "", func(c []demo.Credential) { t.Errorf("%d people were made twice", len(c)) }, func(int, int) {}))
	report, err := again.Harness.Cases.VerifyAudit(t.Context())
	must(t, err)
	if len(report.Findings) > 0 || report.Cases != 40 {
		t.Errorf("%d cases: %v", report.Cases, report.Findings)
	}
}

// TestForeignCases: a database that is somebody's is left alone.
func TestForeignCases(t *testing.T) {
	s := newStage(t, databasetest.SQLite(t), now)
	_, err := s.Harness.Cases.Start(t.Context(), cases.StartInput{Locale: "en", Particulars: cases.Particulars{
		Account: "mine", Lost: []cases.Channel{cases.Email}, NewEmail: "me@mail.example",
	}})
	must(t, err)
	if _, err := s.Missing(t.Context()); !errors.Is(err, demo.ErrForeign) {
		t.Errorf("%v", err)
	}
}

// TestAnyDay: whatever the day of the week, the stories can be told.
func TestAnyDay(t *testing.T) {
	if testing.Short() {
		t.Skip("fills two databases")
	}
	for _, later := range []time.Duration{3*24*time.Hour + 9*time.Hour, 4*24*time.Hour + 11*time.Hour} { // Saturday night, Monday morning
		s := newStage(t, databasetest.SQLite(t), now.Add(later))
		s.fill(t.Context(), t)
	}
}
