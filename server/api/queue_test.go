package api_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"regain/accounts"
)

// TestQueueSearch: cases are found by what stands in the body, page by page forth and
// back, with their titles in the language that was asked for.
func TestQueueSearch(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		for n := range 3 {
			d.submitted(fmt.Sprintf("c%d@example.com", n), individual())
		}
		r := d.staffAt("", accounts.Reviewer)
		search := func(body object) object { return r.want(200, "POST", "/api/v1/queue/search?locale=pt-BR", body) }
		one := objects(search(object{"text": "C1@example.com"})["cases"])
		if len(one) != 1 || one[0]["title"] != "Autenticação de nome real concluída" || one[0]["locale"] != "en" {
			t.Fatalf("found %v", one)
		}
		first := search(object{"text": "example com", "limit": 2})
		second := search(object{"text": "example com", "limit": 2, "cursor": first["next"]})
		if len(objects(first["cases"])) != 2 || len(objects(second["cases"])) != 1 || second["next"] != nil || first["previous"] != nil {
			t.Fatalf("%v, then %v", first, second)
		}
		back := search(object{"text": "example com", "limit": 2, "cursor": second["previous"]})
		if fmt.Sprint(back["cases"]) != fmt.Sprint(first["cases"]) || back["previous"] != nil || back["next"] == nil {
			t.Errorf("back is %v, was %v", back, first)
		}
		if got := search(object{"text": "example", "view": "mine"}); len(objects(got["cases"])) != 0 {
			t.Errorf("mine: %v", got)
		}
		for _, e := range []struct{ body, want string }{
			{`{"text":"?"}`, "[/text too_short]"}, {`{"organisation":"` + strings.Repeat("x", 201) + `"}`, "[/organisation too_long]"},
			{`{"view":"ended","within":"1d"}`, "[/within not_a_choice]"}, {`{"view":"nowhere"}`, "[/view not_a_choice]"}, {`{"text":"a\u202eb"}`, "[/text character_not_allowed]"},
		} {
			if got := d.problemOf(d.Call(t, r.token, "POST", "/api/v1/queue/search", e.body), 422, "invalid_fields"); fmt.Sprint(got) != e.want {
				t.Errorf("%s: %v, want %s", e.body, got, e.want)
			}
		}
	})
}

// TestQueueCursorsOfStrangers: a cursor that we did not make is refused, whatever it holds.
func TestQueueCursorsOfStrangers(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		r := d.staffAt("", accounts.Reviewer)
		for _, held := range []string{
			`{"v":"unassigned","k":{"lane":1,"at":"0000-01-01T00:00:00Z","id":"x"}}`,
			`{"v":"unassigned","k":{"lane":1,"at":"0001-01-01T00:00:00+23:59","id":"x"}}`,
			`{"v":"unassigned","k":{"lane":1,"at":"2026-01-01T00:00:00Z","id":""}}`,
			`{"v":"mine","k":{"lane":1,"at":"2026-01-01T00:00:00Z","id":"x"}}`, `{}`, `x`,
		} {
			path := "/api/v1/queue?cursor=" + base64.RawURLEncoding.EncodeToString([]byte(held))
			d.problemOf(d.Call(t, r.token, "GET", path, nil), 400, "cursor_unknown")
		}
		whole := `{"v":"all","k":{"lane":9223372036854775807,"at":"9999-12-31T23:59:59Z","id":"x"}}`
		r.want(200, "GET", "/api/v1/queue?view=all&cursor="+base64.RawURLEncoding.EncodeToString([]byte(whole)), nil)
	})
}

// TestQueueFilters: the query keeps some cases, the next page keeps the same, and the
// counts and the next case are those of the views.
func TestQueueFilters(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		for n := range 3 {
			d.submitted(fmt.Sprintf("c%d@example.com", n), individual())
		}
		r := d.staffAt("", accounts.Reviewer)
		o := r.want(200, "GET", "/api/v1/queue?limit=2&language=en&order=last&age=1d&within=7d&policy=huawei-id", nil)
		last := objects(o["cases"])
		if len(last) != 2 {
			t.Fatalf("%v", o)
		}
		o = r.want(200, "GET", o["next"].(string), nil)
		if len(objects(o["cases"])) != 1 || o["previous"] == nil {
			t.Fatalf("%v", o)
		}
		first := objects(o["cases"])[0]
		if o = r.want(200, "GET", o["previous"].(string), nil); fmt.Sprint(objects(o["cases"])) != fmt.Sprint(last) {
			t.Errorf("the page before is %v, was %v", o["cases"], last)
		}
		// Whatever the list was asked for, its pages are asked for, too.
		if _, err := d.DB.NewUpdate().Table("cases").Set("priority = 1").Where("locale = 'en'").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		all := "order=first&policy=huawei-id&scenario=direct-authenticated&language=en&raised=true&within=7d&age=1d&locale=pt-BR"
		o = r.want(200, "GET", "/api/v1/queue?limit=1&view=due_soon&holder=nobody&"+all, nil)
		if len(objects(o["cases"])) != 0 {
			t.Errorf("nobody holds %v", o["cases"])
		}
		o = r.want(200, "GET", "/api/v1/queue?limit=1&view=unassigned&"+all, nil)
		next, err := url.Parse(fmt.Sprint(o["next"]))
		if err != nil {
			t.Fatal(err)
		}
		asked, err := url.ParseQuery(all + "&limit=1&view=unassigned&cursor=" + next.Query().Get("cursor"))
		if err != nil || !reflect.DeepEqual(next.Query(), asked) {
			t.Errorf("the next page is asked for by %v, this one by %v", next.Query(), asked)
		}
		if got := d.problemOf(d.Call(t, r.token, "GET", "/api/v1/queue?view=all&within=4h", nil), 422, "invalid_fields"); fmt.Sprint(got) != "[query.within not_a_choice]" {
			t.Errorf("a time that the view has not: %v", got)
		}
		if o = r.want(200, "GET", "/api/v1/queue?language=zh-Hans", nil); len(objects(o["cases"])) != 0 {
			t.Errorf("%v", o)
		}
		claimed := r.want(200, "POST", "/api/v1/queue/next", nil)
		if claimed["id"] != first["id"] {
			t.Errorf("the next case is %v, the one due first %v", claimed["id"], first["id"])
		}
		counts := r.want(200, "GET", "/api/v1/queue/counts", nil)["counts"].(object)
		if counts["mine"] != 1.0 || counts["unassigned"] != 2.0 || counts["overdue"] != 0.0 {
			t.Errorf("%v", counts)
		}
		r.want(200, "POST", "/api/v1/queue/next", nil)
		r.want(200, "POST", "/api/v1/queue/next", nil)
		d.problemOf(d.Call(t, r.token, "POST", "/api/v1/queue/next", nil), 404, "queue_empty")
	})
}
