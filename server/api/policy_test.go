package api_test

import (
	"slices"
	"strings"
	"testing"

	"regain/database/databasetest"
	"regain/server"
	"regain/server/api"
	"regain/server/servertest"
)

func TestPoliciesInThreeLanguages(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	var list struct{ Policies []api.PolicySummary }
	h.Call(t, "", "GET", "/api/v1/policies", nil).Into(t, &list)
	if len(list.Policies) != 1 || list.Policies[0].ID != "huawei-id" || len(list.Policies[0].Hash) != 64 {
		t.Fatalf("%+v", list)
	}
	asked := map[string]bool{}
	for _, headers := range [][]string{nil, {"Accept-Language", "zh-CN"}, {"Accept-Language", "pt-BR,en;q=0.5"}} {
		var p api.PolicyView
		h.Call(t, "", "GET", "/api/v1/policies/huawei-id", nil, headers...).Into(t, &p)
		if len(p.Facts) == 0 || len(p.Materials) == 0 || len(p.Scenarios) == 0 || p.Facts[0].Ask == "" || p.Hash != list.Policies[0].Hash {
			t.Fatalf("%v: %+v", headers, p)
		}
		asked[p.Facts[0].Ask] = true
	}
	if len(asked) != 3 {
		t.Errorf("the first question in three languages: %v", asked)
	}
	var byQuery api.PolicyView
	h.Call(t, "", "GET", "/api/v1/policies/huawei-id?locale=zh-Hans", nil, "Accept-Language", "pt-BR").Into(t, &byQuery)
	if !strings.ContainsFunc(byQuery.Facts[0].Ask, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) {
		t.Errorf("?locale= does not go first: %s", byQuery.Facts[0].Ask)
	}
	if got := h.Call(t, "", "GET", "/api/v1/policies/none", nil); got.Problem(t).Code != "policy_not_found" {
		t.Errorf("%s", got.Body)
	}
}

// decideAs asks for a decision.
func decideAs(t *testing.T, h *servertest.Harness, answers map[string]any) (servertest.Answer, api.DecisionView) {
	t.Helper()
	got := h.Call(t, "", "POST", "/api/v1/decisions", map[string]any{"answers": answers})
	var view api.DecisionView
	if got.Status == 200 {
		got.Into(t, &view)
	}
	return got, view
}

// TestQuestionsLeadToADecision follows next from no answers to a complete decision,
// always taking the first choice.
func TestQuestionsLeadToADecision(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	answers := map[string]any{}
	for range 20 {
		got, view := decideAs(t, h, answers)
		if got.Status != 200 {
			t.Fatalf("%v: %s", answers, got.Body)
		}
		if view.Complete {
			if view.Scenario == nil || view.Outcome == "" || view.Next != nil || len(view.Open) != 0 {
				t.Fatalf("%s", got.Body)
			}
			if view.Outcome == "collect" && (len(view.Requirements) == 0 || len(view.Requirements[0].Why) == 0) {
				t.Fatalf("nothing is asked, or not why: %s", got.Body)
			}
			return
		}
		if view.Next == nil || !slices.Contains(view.Open, view.Next.ID) {
			t.Fatalf("no next question: %s", got.Body)
		}
		answers[view.Next.ID] = firstAnswer(*view.Next)
	}
	t.Fatalf("no decision after 20 questions: %v", answers)
}

func firstAnswer(f api.FactView) any {
	switch f.Type {
	case "bool":
		return true
	case "enum":
		return f.Values[0].ID
	case "set":
		return []string{f.Values[0].ID}
	case "country":
		return "BR"
	case "integer":
		return max(1, deref(f.Min))
	case "date":
		return "2026-01-31"
	}
	return "text"
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func TestBadAnswersHavePointers(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	for name, c := range map[string]struct {
		answers  map[string]any
		code     string
		pointers []string
	}{
		"unknown fact":  {map[string]any{"custmer_type": "direct"}, "invalid_fields", []string{"/answers/custmer_type unknown_fact"}},
		"wrong type":    {map[string]any{"customer_type": 7}, "invalid_fields", []string{"/answers/customer_type wrong_type"}},
		"unknown value": {map[string]any{"customer_type": "dirct"}, "invalid_fields", []string{"/answers/customer_type unknown_value"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := decideAs(t, h, c.answers)
			p := got.Problem(t)
			if p.Status != 422 || p.Code != c.code || !slices.Equal(servertest.Pointers(p), c.pointers) {
				t.Errorf("%s", got.Body)
			}
		})
	}
	got := h.Call(t, "", "POST", "/api/v1/decisions", map[string]any{"policy": "none", "answers": map[string]any{}})
	if p := got.Problem(t); !slices.Equal(servertest.Pointers(p), []string{"/policy unknown_policy"}) {
		t.Errorf("%s", got.Body)
	}
	got = h.Call(t, "", "POST", "/api/v1/decisions", `{}`)
	if p := got.Problem(t); !slices.Equal(servertest.Pointers(p), []string{"/answers required"}) {
		t.Errorf("%s", got.Body)
	}
}

func TestImpossibleAnswers(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	got, _ := decideAs(t, h, map[string]any{
		"customer_type": "direct", "real_name_authenticated": false, "account_type": "enterprise", "card_added": false, "paid": true, "months_of_use": 0,
	})
	p := got.Problem(t)
	if p.Status != 422 || p.Code != "invalid_fields" || len(p.Errors) == 0 {
		t.Errorf("%s", got.Body)
	}
	for _, e := range p.Errors {
		if e.Code != "impossible_combination" || !strings.HasPrefix(*e.Pointer, "/answers/") {
			t.Errorf("%+v", e)
		}
	}
}

// TestDocument: the OpenAPI document describes every JSON route, with its roles, and
// nothing of Huma's own.
func TestDocument(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string                    `json:"operationId"`
			Roles       []server.Role             `json:"x-roles"`
			Responses   map[string]map[string]any `json:"responses"`
		}
		Components struct{ Schemas map[string]any }
	}
	got := h.Call(t, "", "GET", "/api/v1/openapi.json", nil)
	got.Into(t, &document)
	if document.OpenAPI != "3.1.0" || document.Components.Schemas["ErrorModel"] != nil || document.Components.Schemas["Problem"] == nil {
		t.Errorf("%.300s", got.Body)
	}
	for _, r := range h.Server.Routes() {
		op, described := document.Paths[r.Path][strings.ToLower(r.Method)]
		if described != (r.Tag != "") {
			t.Errorf("%s: described is %v", r.ID, described)
		}
		if described && (op.OperationID != r.ID || !slices.Equal(op.Roles, r.Roles) || op.Responses["default"] == nil) {
			t.Errorf("%s: %+v", r.ID, op)
		}
	}
	if yaml := h.Call(t, "", "GET", "/api/v1/openapi.yaml", nil); yaml.Status != 200 || !strings.Contains(string(yaml.Body), "openapi: 3.1.0") {
		t.Errorf("%d %.200s", yaml.Status, yaml.Body)
	}
}
