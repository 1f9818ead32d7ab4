package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"regain/accounts"
	"regain/internal/testdocs"
)

// TestQueuePages: every case once, whatever the page's size.
func TestQueuePages(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		want := map[string]bool{}
		for n := range 5 {
			want[d.submitted(fmt.Sprintf("c%d@example.com", n), individual()).path] = true
		}
		r := d.staffAt("", accounts.Reviewer)
		for _, view := range []string{"unassigned", "all"} {
			got := map[string]bool{}
			next := "/api/v1/queue?limit=2&view=" + view
			for pages := 0; next != ""; pages++ {
				o := r.want(200, "GET", next, nil)
				if n := len(objects(o["cases"])); n == 0 || n > 2 || pages > 3 {
					t.Fatalf("%s, page %d: %v", view, pages, o)
				}
				for _, c := range objects(o["cases"]) {
					got["/api/v1/cases/"+c["id"].(string)] = true
				}
				next, _ = o["next"].(string)
			}
			if len(got) != len(want) {
				t.Errorf("%s: %d cases, want %d", view, len(got), len(want))
			}
		}
		cursor := r.want(200, "GET", "/api/v1/queue?limit=2", nil)["next"].(string)
		for _, bad := range []string{"/api/v1/queue?cursor=x", strings.Replace(cursor, "view=unassigned", "view=all", 1)} {
			d.problemOf(d.Call(t, r.token, "GET", bad, nil), 400, "cursor_unknown")
		}
		for _, bad := range []string{"limit=0", "limit=51", "view=nowhere", "sort=x"} {
			d.problemOf(d.Call(t, r.token, "GET", "/api/v1/queue?"+bad, nil), 422, "invalid_fields")
		}
	})
}

// TestJudgePointers lead into the body that was sent.
func TestJudgePointers(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		path := "/items/" + r.item("real_name_certificate")["id"].(string) + "/decision"
		etag := d.Call(t, r.token, "GET", r.path, nil).Header.Get("ETag")
		d.problemOf(d.Call(t, r.token, "POST", r.path+path, object{"verdict": "accepted"}, "If-Match", etag), 409, "wrong_state")
		r.want(200, "POST", r.path+"/claim", nil)
		etag = d.Call(t, r.token, "GET", r.path, nil).Header.Get("ETag")
		for _, e := range []struct {
			body object
			want []string
		}{
			{object{"verdict": "rejected"}, []string{"/reason_code not_a_choice", "/words_customer required"}},
			{object{"verdict": "rejected", "reason_code": "bored", "words_customer": "x"}, []string{"/reason_code not_a_choice", "/words_customer too_short"}},
			{object{"verdict": "accepted", "checks": []string{"names_holder_on_record", "legible", "colourful"}}, []string{"/checks/2 unknown_check"}},
			{object{"verdict": "accepted", "checks": []string{"legible"}}, []string{"/checks check_missing"}},
			{object{"verdict": "maybe"}, []string{"/verdict not_a_choice"}},
		} {
			a := d.Call(t, r.token, "POST", r.path+path, e.body, "If-Match", etag)
			if got := d.problemOf(a, 422, "invalid_fields"); !slices.Equal(got, e.want) {
				t.Errorf("%v: %v, want %v", e.body, got, e.want)
			}
		}
		a := d.Call(t, r.token, "POST", r.path+"/requests", object{"words": "Please.", "asks": []object{{"item": "x", "text": "y"}, {"material": "moon"}}}, "If-Match", etag)
		if got := d.problemOf(a, 422, "invalid_fields"); len(got) == 0 || got[0] != "/asks/0 one_of" {
			t.Errorf("%v", got)
		}
		a = d.Call(t, r.token, "POST", r.path+"/requests", object{"words": "Please.", "asks": []object{{"material": "moon"}}}, "If-Match", etag)
		if got := d.problemOf(a, 422, "invalid_fields"); !slices.Equal(got, []string{"/asks/0/material unknown_material"}) {
			t.Errorf("%v", got)
		}
		a = d.Call(t, r.token, "POST", r.path+"/approval", object{}, "If-Match", etag)
		if got := d.problemOf(a, 422, "invalid_fields"); len(got) != 4 || !strings.HasSuffix(got[0], " not_accepted") {
			t.Errorf("%v", got)
		}
	})
}

// TestDenialAndAppeal: one appeal, before other reviewers.
func TestDenialAndAppeal(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		r.want(200, "POST", c.path+"/claim", nil)
		r.change(200, "POST", "/denial", object{"reason_code": "not_proven", "words_customer": "What was sent is not enough.", "words_staff": "suspect"})
		o := c.show()
		if o["state"] != "denied" || o["denial"].(object)["words"] != "What was sent is not enough." || o["appeal_until"] == nil {
			t.Errorf("%v", o)
		}
		holds(t, "a denied customer's view", o, "suspect")
		if got := d.problemOf(d.Call(t, c.token, "POST", c.path+"/appeal", object{"reason": "No!"}, "If-Match", `"1"`), 422, "invalid_fields"); !slices.Equal(got, []string{"/reason too_short"}) {
			t.Errorf("%v", got)
		}
		if o := c.change(200, "POST", "/appeal", object{"reason": "The letter has the seal on its back."}); o["state"] != "submitted" || o["round"] != 2.0 || o["denial"] != nil {
			t.Errorf("%v", o)
		}
		d.problemOf(d.Call(t, r.token, "POST", c.path+"/claim", nil), 403, "involved")
		fresh := d.staffAt(c.path, accounts.Lead)
		fresh.want(200, "POST", c.path+"/claim", nil)
		fresh.change(200, "POST", "/denial", object{"reason_code": "not_proven", "words_customer": "It is still not enough."})
		d.problemOf(d.Call(t, c.token, "POST", c.path+"/appeal", object{"reason": "But it has the seal!"}, "If-Match", d.Call(t, c.token, "GET", c.path, nil).Header.Get("ETag")), 409, "appeal_used")
	})
}

// TestWaiverAndSecondApproval: an item out of reach, let go by one person and approved
// by others.
func TestWaiverAndSecondApproval(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		answers := individual()
		answers["account_type"], answers["enterprise_country"] = "enterprise", "BR"
		c := d.start("ana@example.com", answers)
		c.prove("ana@example.com")
		letter := c.item("authorization_letter")["id"].(string)
		c.want(200, "PUT", c.path+"/items/"+letter+"/unavailable", object{"reason": "The signatory has left."})
		for n, i := range objects(c.show()["items"]) {
			if i["supply"] == "missing" {
				d.decode(201, "upload", c.upload(c.path+"/items/"+i["id"].(string)+"/documents", "a.pdf", testdocs.PDF(uint64(n+1), 1, "x")))
			}
		}
		c.change(200, "POST", "/submission", nil)
		first, second, third := d.staffAt(c.path, accounts.Reviewer), d.staffAt(c.path, accounts.Reviewer), d.staffAt(c.path, accounts.Lead)
		first.want(200, "POST", c.path+"/claim", nil)
		etag := d.Call(t, first.token, "GET", c.path, nil).Header.Get("ETag")
		d.problemOf(d.Call(t, first.token, "POST", c.path+"/items/"+letter+"/waiver", object{"reason": "Fine by me."}, "If-Match", etag), 409, "second_person_required")
		second.change(200, "POST", "/items/"+letter+"/waiver", object{"reason": "The enterprise was dissolved."})
		first.accept()
		if o := first.change(200, "POST", "/approval", nil); o["state"] != "submitted" {
			t.Errorf("after one of two approvals: %v", o["state"])
		}
		holds(t, "the customer's view between approvals", c.show(), "approval", "verdicts")
		if list := objects(second.want(200, "GET", "/api/v1/queue?view=second_approval", nil)["cases"]); len(list) != 1 {
			t.Errorf("waiting for a second approval: %v", list)
		}
		third.want(200, "POST", c.path+"/claim", nil)
		if o := third.change(200, "POST", "/approval", object{}); o["state"] != "approved" || len(objects(o["staff"].(object)["verdicts"])) != 2 {
			t.Errorf("%v", o)
		}
	})
}

// TestCorrection: the requirements follow, and the difference is shown.
func TestCorrection(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		r.want(200, "POST", c.path+"/claim", nil)
		etag := d.Call(t, r.token, "GET", c.path, nil).Header.Get("ETag")
		a := d.Call(t, r.token, "POST", c.path+"/corrections", object{"answers": object{"account_type": "enterprise"}, "reason": "It is a company."}, "If-Match", etag)
		if got := d.problemOf(a, 422, "invalid_fields"); !slices.Equal(got, []string{"/answers/enterprise_country required"}) {
			t.Errorf("%v", got)
		}
		o := r.change(200, "POST", "/corrections", object{"answers": object{"account_type": "enterprise", "enterprise_country": "CN"}, "reason": "It is a company."})
		diff := o["difference"].(object)
		if len(diff["added"].([]any)) != 1 || len(diff["kept"].([]any)) != 4 || len(diff["removed"].([]any)) != 0 {
			t.Errorf("%v", diff)
		}
		holds(t, "the customer's view", c.show(), "It is a company.")
		notes := objects(r.want(200, "GET", c.path+"/notes", nil)["messages"])
		if len(notes) != 1 || notes[0]["body"] != "It is a company." {
			t.Errorf("%v", notes)
		}
	})
}

func TestMessagePages(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		for n := range 3 {
			c.want(201, "POST", c.path+"/messages", object{"body": fmt.Sprintf("question %d", n)})
			r.want(201, "POST", c.path+"/messages", object{"body": fmt.Sprintf("answer %d", n)})
		}
		var got []string
		for next := c.path + "/messages?limit=4"; next != ""; {
			o := c.want(200, "GET", next, nil)
			for _, m := range objects(o["messages"]) {
				got = append(got, m["from"].(string)+": "+m["body"].(string))
				if m["by"] != nil {
					t.Errorf("a customer sees who wrote: %v", m)
				}
			}
			next, _ = o["next"].(string)
		}
		if len(got) != 6 || got[0] != "customer: question 0" || got[5] != "staff: answer 2" {
			t.Errorf("%v", got)
		}
		if got := d.problemOf(d.Call(t, c.token, "POST", c.path+"/messages", object{"body": " "}), 422, "invalid_fields"); !slices.Equal(got, []string{"/body required"}) {
			t.Errorf("%v", got)
		}
	})
}

func TestReasonCodesAreInEveryLanguage(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		seen := map[string]bool{}
		for _, locale := range []string{"en", "zh-Hans", "pt-BR"} {
			list := objects((&caller{d: d}).want(200, "GET", "/api/v1/reason-codes?locale="+locale, nil)["reason_codes"])
			if len(list) == 0 {
				t.Fatal("no reason codes")
			}
			for _, r := range list {
				if label, _ := r["label"].(string); label == "" || seen[label] {
					t.Errorf("%s: %v", locale, r)
				} else {
					seen[label] = true
				}
			}
		}
	})
}

func TestSubmissionNamesEachGap(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", object{"customer_type": "direct"})
		submit := func() []string {
			etag := d.Call(t, c.token, "GET", c.path, nil).Header.Get("ETag")
			return d.problemOf(d.Call(t, c.token, "POST", c.path+"/submission", nil, "If-Match", etag), 422, "invalid_fields")
		}
		if got := submit(); !slices.Equal(got, []string{"/new_email not_verified"}) {
			t.Errorf("%v", got)
		}
		c.prove("ana@example.com")
		if got := submit(); len(got) != 1 || !strings.HasPrefix(got[0], "/answers/") || !strings.HasSuffix(got[0], " required") {
			t.Errorf("%v", got)
		}
		c.change(200, "PATCH", "", object{"answers": individual()})
		if got := submit(); len(got) != 4 || !strings.HasPrefix(got[0], "/items/") || !strings.HasSuffix(got[0], " missing") {
			t.Errorf("%v", got)
		}
		if o := c.change(200, "POST", "/withdrawal", nil); o["state"] != "withdrawn" {
			t.Errorf("%v", o)
		}
	})
}
