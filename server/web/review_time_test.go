package web_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/database/databasetest"
	"regain/server/servertest"
)

// stopwatch sums up how long the server says that its answers took.
type stopwatch struct {
	http.RoundTripper
	total time.Duration
	calls int
}

var timing = regexp.MustCompile(`^total;dur=(\d+\.\d)$`)

func (s *stopwatch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if m := timing.FindStringSubmatch(resp.Header.Get("Server-Timing")); m != nil {
		ms, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return nil, err
		}
		s.total += time.Duration(ms * float64(time.Millisecond))
		s.calls++
	}
	return resp, nil
}

// watched times the calls of a reader.
func (v *customer) watched() *stopwatch {
	s := &stopwatch{RoundTripper: http.DefaultTransport}
	if v.client.Transport != nil {
		s.RoundTripper = v.client.Transport
	}
	v.client.Transport = s
	return s
}

// TestFromOpeningToDecision: a reviewer opens a case with four documents, takes it,
// accepts each, and approves it; how long the server took for the whole way, it says
// itself, and to staff alone.
func TestFromOpeningToDecision(t *testing.T) {
	const most = 3 * time.Second // a busy machine's, too
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := servertest.StartWith(t, db, servertest.Options{Unlimited: true, Logger: testLog(t)})
		h.Deliver(t)
		var ids []string
		for n := range 5 {
			ana, id := handedIn(t, h, fmt.Sprintf("ana%d@example.com", n), individual())
			watch := ana.watched()
			if ana.open("/request"); watch.calls > 0 {
				t.Error("a customer is told how long it took")
			}
			ids = append(ids, id)
		}
		ben, _ := atDesk(t, h, accounts.Reviewer)
		watch := ben.watched()
		var took []time.Duration
		calls := 0
		for _, id := range ids {
			watch.total, watch.calls = 0, 0
			path := "/staff/cases/" + id
			ben.open(path).send(path + "/claim").acceptAll()
			ben.open(path+"?do=approve").send(path+"/approval").wants(200, "/staff/.*")
			took, calls = append(took, watch.total), watch.calls
		}
		slices.Sort(took)
		t.Logf("from opening a case to its decision: %s of the server in %d calls at least, %s in the median, %s at most", took[0], calls, took[len(took)/2], took[len(took)-1])
		if calls < 12 {
			t.Errorf("only %d calls said how long they took", calls)
		}
		if took[0] > most {
			t.Errorf("it takes the server %s, want %s", took[0], most)
		}
		for _, id := range ids {
			c, err := h.Cases.Case(t.Context(), cases.SystemActor(), id)
			if err != nil || c.State != cases.Approved {
				t.Errorf("%+v, %v", c, err)
			}
		}
	})
}

// eavesdropper finds statements that count rows off.
type eavesdropper struct {
	mu      sync.Mutex
	heard   int
	counted []string
}

var countsOff = regexp.MustCompile(`(?i)\bOFFSET\b`)

func (e *eavesdropper) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	return ctx
}

func (e *eavesdropper) AfterQuery(_ context.Context, q *bun.QueryEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard++
	if countsOff.MatchString(q.Query) {
		e.counted = append(e.counted, q.Query)
	}
}

// TestNoListCountsRowsOff: whatever page or list of the workbench is read, and its next
// pages, no statement has an OFFSET.
func TestNoListCountsRowsOff(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ear := &eavesdropper{}
		db.DB = db.WithQueryHook(ear)
		h := servertest.StartWith(t, db, servertest.Options{Unlimited: true})
		h.Deliver(t)
		listed(t, h, 60, nil)
		_, id := handedIn(t, h, "ana@example.com", individual())
		v, who := desk(t, h, accounts.Reviewer, accounts.Lead, accounts.Auditor, accounts.Admin, accounts.PolicyAuthor)
		actor := reviewerOf(who)
		if err := h.Cases.Follow(t.Context(), actor, id); err != nil {
			t.Fatal(err)
		}
		for n := range 30 {
			asks(t, h, id, fmt.Sprintf("Message %d.", n))
		}
		read, next := 0, 0
		for _, r := range h.Server.Routes() {
			if r.Method != http.MethodGet || strings.Contains(r.Path, ".csv") || r.Path == "/metrics" {
				continue
			}
			path := strings.ReplaceAll(r.Path, "{case}", id)
			if strings.Contains(path, "{") {
				continue
			}
			paths := []string{path}
			if r.ID == "queue-page" {
				paths = nil
				for _, view := range cases.Views() {
					paths = append(paths, path+"?view="+string(view))
				}
			}
			for _, path := range paths {
				for range 3 { // pages
					read++
					_, body := v.fetch(path)
					m := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(body)
					if m == nil {
						break
					}
					path = strings.ReplaceAll(m[1], "&amp;", "&")
					next++
				}
			}
		}
		ear.mu.Lock()
		defer ear.mu.Unlock()
		if read < 30 || next < 3 || ear.heard < 200 {
			t.Errorf("only %d pages, %d of them next ones, with %d statements were read", read, next, ear.heard)
		}
		for _, q := range ear.counted {
			t.Errorf("counts rows off: %s", q)
		}
	})
}
