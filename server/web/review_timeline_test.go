package web_test

import (
	"fmt"
	"strings"
	"testing"

	"regain/accounts"
	"regain/cases"
	"regain/server/servertest"
)

// TestTimelineFoldsAnswers: what a customer answered question by question is one line of the timeline,
// and each of them one in the export, as in the chain.
func TestTimelineFoldsAnswers(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", enterprise())
		events, err := h.Cases.Timeline(t.Context(), cases.Actor{Kind: cases.Staff, ID: "nobody", Roles: []string{cases.RoleReviewer}}, id, cases.TimelineQuery{Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		answered := 0
		for _, e := range events {
			if e.Type == "answer" {
				answered++
			}
		}
		v, _ := atDesk(t, h, accounts.Reviewer, accounts.Auditor)
		v.open("/staff/cases/"+id).wants(200, "/staff/cases/"+id, fmt.Sprintf("changed the answers, %d times", answered))
		if n := strings.Count(v.text(), "changed the answers"); answered < 2 || n != 1 {
			t.Errorf("%d answers are %d lines", answered, n)
		}
		v.open("/staff/cases/" + id + "/export")
		if n := strings.Count(v.text(), "changed the answers"); n != answered {
			t.Errorf("the export has %d of %d answers", n, answered)
		}
	})
}
