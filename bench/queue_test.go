package bench

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"regain/bench/measure"
)

// manyVariable asks for a run with a million cases, which takes minutes to fill.
const manyVariable = "BENCH_MILLION"

// speedOfQueue measures a page of each view with few and with many cases.
func speedOfQueue(t *testing.T) {
	views := []string{"unassigned", "mine", "due_soon", "waiting", "second_approval", "appeals", "held", "ended", "all"}
	sizes := []int{100, 100_000}
	if os.Getenv(manyVariable) != "" {
		sizes = append(sizes, 1_000_000)
	}
	readers := make([]*client, len(sizes))
	customers := make([]filed, len(sizes))
	for n, size := range sizes {
		readers[n], customers[n] = filledQueue(t, size)
	}
	turn := measure.Turn(t) / 3
	for _, view := range views {
		sides := make([]measure.Side, len(sizes))
		for n, size := range sizes {
			sides[n] = pages(readers[n], size, "/api/v1/queue?limit=10&view="+view)
		}
		r := measure.Interleave(t, rounds, turn, sides...)
		for n := 1; n < len(sizes); n++ {
			printP99("queue page, view "+view, r[n], r[0], sizes[n])
		}
	}
	sides := make([]measure.Side, len(sizes))
	for n, size := range sizes {
		customer := newClient(readers[n].Address)
		customer.Token = customers[n].token
		sides[n] = pages(customer, size, customers[n].path)
	}
	r := measure.Interleave(t, rounds, turn, sides...)
	for n := 1; n < len(sizes); n++ {
		printP99("submitted case read by its customer", r[n], r[0], sizes[n])
	}
}

func printP99(work string, ours, smallest measure.Result, size int) {
	measure.Print(fmt.Sprintf("%s, %d cases (p99 %.2f of the smallest's)", work, size, float64(ours.P99)/float64(smallest.P99)), ours, smallest, "p99 within 1.5")
}

func pages(c *client, size int, path string) measure.Side {
	return measure.Side{Name: strconv.Itoa(size) + " cases", Run: func(turn time.Duration) (measure.Sample, error) {
		return measure.Load(1, turn, func(context.Context, int) error {
			_, err := c.expect(http.StatusOK, http.MethodGet, path, "")
			return err
		})
	}}
}

// filledQueue starts a server with so many cases, and signs a reviewer in.
func filledQueue(t *testing.T, size int) (*client, filed) {
	t.Helper()
	p, database := production(t)
	p.Command(t, "correct horse battery bench\n", "user", "add", "rei@staff.example", "--name", "Rei", "--role", "reviewer")
	c := newClient(p.Address)
	o := c.object(t, http.StatusOK, http.MethodPost, "/api/v1/staff/session", map[string]any{"email": "rei@staff.example", "password": "correct horse battery bench"})
	token, _ := o["token"].(string)
	one, err := c.file()
	if err != nil {
		t.Fatal(err)
	}
	fill(t, openPostgres(t, database), one, size)
	c.Token = token
	return c, one
}

// fill copies the one case many times over, in every state.
func fill(t *testing.T, db *sql.DB, one filed, size int) {
	t.Helper()
	id := one.path[strings.LastIndexByte(one.path, '/')+1:]
	columns, rows := tableRows(t, db, "cases", "id = '"+id+"'")
	// Every view has a tenth of the cases, so that a page of ten is full however few there are.
	// Nothing is due while it is measured: carrying that out is another work.
	values := map[string]string{
		"id": "'c-' || lpad(n::text, 34, '0')", "reference": "'R-' || n", "account_key": "'k-' || n",
		"state": "state", "open": "false", "held": "n % 10 = 4", "round": "CASE WHEN n % 10 = 3 THEN 2 ELSE 1 END",
		"claimed_by":    "CASE WHEN state = 'in_review' THEN (SELECT id FROM staff LIMIT 1) ELSE '' END",
		"claim_expires": "CASE WHEN state = 'in_review' THEN at + interval '30 minutes' END",
		"filed_at":      "at", "submitted_at": "at", "created_at": "at", "updated_at": "at",
		"review_due":   "CASE WHEN state IN ('submitted', 'in_review') THEN at + interval '12 hours' END",
		"customer_due": "CASE WHEN state = 'materials_requested' THEN at + interval '7 days' END",
		"ended_at":     "CASE WHEN state IN ('approved', 'denied', 'withdrawn', 'expired') THEN at + interval '1 day' END",
		"lane":         "CASE WHEN n % 10 = 4 THEN 3 WHEN state IN ('submitted', 'in_review') THEN 1 WHEN state = 'materials_requested' THEN 2 ELSE 4 END",
		"queue_at":     "at + CASE WHEN state IN ('submitted', 'in_review') THEN interval '12 hours' WHEN state = 'materials_requested' THEN interval '7 days' ELSE interval '1 day' END",
		"approvals":    "CASE WHEN n % 10 = 0 THEN 1 ELSE 0 END",
	}
	list := make([]string, len(columns))
	for i, name := range columns {
		list[i] = rows[0][i]
		if v, ok := values[name]; ok {
			list[i] = v
		}
	}
	began := time.Now()
	for _, statement := range []string{
		"INSERT INTO cases (" + strings.Join(columns, ", ") + ") SELECT " + strings.Join(list, ", ") + " FROM (SELECT n, now() - n * interval '1 millisecond' AS at," +
			" (ARRAY['submitted','in_review','materials_requested','submitted','submitted','approved','denied','withdrawn','expired','approved'])[n % 10 + 1] AS state" +
			" FROM generate_series(1, " + strconv.Itoa(size) + ") n) generated",
		"INSERT INTO decisions (id, case_id, round, verdict, role, reason_code, words_customer, words_staff, staff_id, decided_at, void)" +
			" SELECT 'd-' || id, id, round, 'approved', 'reviewer', '', '', '', 'somebody', now(), false FROM cases WHERE state = 'submitted' AND right(id, 1) = '0'",
		"UPDATE cases SET state = 'submitted', filed_at = now(), submitted_at = now(), review_due = now() + interval '2 days', customer_due = NULL, lane = 1, queue_at = now() + interval '2 days' WHERE id = '" + id + "'",
		"VACUUM (ANALYZE)",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%.80s: %v", statement, err)
		}
	}
	t.Logf("%d cases made in %s", size, time.Since(began).Round(time.Millisecond))
	time.Sleep(100 * time.Millisecond)
}
