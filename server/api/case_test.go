package api_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"regain/accounts"
	"regain/internal/testdocs"
)

// TestCaseToApproval drives a claim from the first question to its approval, with a
// rejection, a request for more and what each side may see on the way.
func TestCaseToApproval(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", object{"customer_type": "direct"})
		for range 3 { // the server says which question comes next
			next := c.show()["decision"].(object)["next"].(object)["id"].(string)
			c.change(200, "PATCH", "", object{"answers": object{next: individual()[next]}})
		}
		if o := c.show(); o["decision"].(object)["complete"] != true || len(objects(o["items"])) != 4 {
			d.t.Fatalf("after the answers: %v", o)
		}
		c.supplyAll()
		c.prove("ana@example.com")
		o := c.change(200, "POST", "/submission", nil)
		if o["state"] != "submitted" || o["review_by"] == nil || o["ahead"] != 0.0 {
			d.t.Errorf("submitted: %v", o)
		}

		r := d.staffAt(c.path, accounts.Reviewer)
		r.want(200, "POST", c.path+"/claim", nil)
		rejected := r.item("transaction_record")["id"].(string)
		r.change(200, "POST", "/items/"+rejected+"/decision", object{
			"verdict": "rejected", "reason_code": "unreadable", "words_customer": "Photograph the whole page.", "words_staff": "looks like a forgery",
		})
		holds(t, "the customer's view of a review under way", c.show(), "unreadable", "forgery", "rejected")
		r.change(200, "POST", "/requests", object{"asks": []object{{"item": rejected}, {"text": "A photo of the contract"}}, "words": "Please send these two."})

		o = c.show()
		holds(t, "the customer's view", o, "forgery", "staff", "words_staff", "approvals")
		again := c.item("transaction_record")
		if o["state"] != "materials_requested" || again["open"] != true || again["rejected"].(object)["words"] != "Photograph the whole page." {
			d.t.Errorf("back with the customer: %v", o)
		}
		if i := c.item("real_name_certificate"); i["open"] != false {
			d.t.Errorf("more was opened than was named: %v", i)
		}
		for n, i := range objects(o["items"]) {
			if i["open"] == true {
				d.decode(201, "upload", c.upload(c.path+"/items/"+i["id"].(string)+"/documents", "again.jpg", testdocs.JPEG(uint64(900+n), 40, 30)))
			}
		}
		c.change(200, "POST", "/submission", nil)

		r.want(200, "POST", c.path+"/claim", nil)
		r.accept()
		if o := r.change(200, "POST", "/approval", object{"words_staff": "All fine."}); o["state"] != "approved" {
			d.t.Errorf("approved: %v", o)
		}
		o = c.show()
		holds(t, "the customer's view at the end", o, "All fine.", "forgery", "staff")
		if o["state"] != "approved" || c.item("transaction_record")["review"] != "accepted" {
			d.t.Errorf("the customer sees %v", o)
		}
		if report, err := d.Cases.VerifyAudit(t.Context()); err != nil || len(report.Findings) != 0 {
			d.t.Errorf("audit: %+v %v", report, err)
		}
	})
}

func TestStartAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		a := d.Call(t, "", "POST", "/api/v1/cases", object{
			"account": "ana", "lost": []string{"phone"}, "new_phone": "+55 11 91234-5678", "locale": "pt-BR", "answers": individual(),
		})
		o := d.decode(201, "start", a)
		view := o["case"].(object)
		if a.Header.Get("Location") != "/api/v1/cases/"+view["id"].(string) || a.Header.Get("ETag") == "" {
			t.Errorf("%v", a.Header)
		}
		if view["contacts"].([]any)[0].(object)["address"] != "+5511912345678" || view["locale"] != "pt-BR" {
			t.Errorf("%v", view)
		}
		if label := objects(view["items"])[0]["label"].(string); !strings.Contains(label, "ocumento") && !strings.Contains(label, "ertificado") {
			t.Errorf("not in the case's language: %q", label)
		}
		c := &caller{d: d, token: o["session"].(object)["token"].(string), path: "/api/v1/cases/" + view["id"].(string)}
		if read := c.want(200, "GET", c.path, nil); !reflect.DeepEqual(read, view) {
			t.Errorf("the case as it was started\n%v\nand as it is read\n%v", view, read)
		}
		zh := c.want(200, "GET", c.path, nil, "Accept-Language", "zh-CN")
		if objects(zh["items"])[0]["label"] == objects(view["items"])[0]["label"] {
			t.Error("Accept-Language is not heard")
		}
	})
}

func TestBadStart(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		for _, c := range []struct {
			name string
			body any
			want []string
		}{
			{"nothing", object{"account": "", "lost": []string{}}, []string{"/account required", "/lost required"}},
			{"not lost", object{"account": "ana", "lost": []string{"car"}}, []string{"/lost not_a_choice"}},
			{"no successor", object{"account": "ana", "lost": []string{"phone", "email"}}, []string{"/new_email required", "/new_phone required"}},
			{"landline", object{"account": "ana", "lost": []string{"phone"}, "new_phone": "+55 11 3123-4567"}, []string{"/new_phone not_a_mobile_number"}},
			{"unknown question", object{"account": "ana", "lost": []string{"email"}, "new_email": "a@b.example", "answers": object{"customer_typ": "direct"}}, []string{"/answers/customer_typ unknown_fact"}},
			{"unknown field", object{"account": "ana", "lost": []string{"email"}, "state": "approved"}, []string{"/state unknown_field"}},
		} {
			a := d.Call(t, "", "POST", "/api/v1/cases", c.body)
			if got := d.problemOf(a, 422, "invalid_fields"); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	})
}

// TestNULAndBidiInNames: characters that break storage or deceive readers.
func TestNULAndBidiInNames(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		for _, name := range []string{"ana\u0000lima", "ana\u202elima", "ana\u2066lima\u2069", "ana\u200flima"} {
			a := d.Call(t, "", "POST", "/api/v1/cases", object{"account": name, "enterprise": name, "lost": []string{"email"}, "new_email": "a@b.example"})
			got := d.problemOf(a, 422, "invalid_fields")
			if len(got) != 2 || !strings.HasPrefix(got[0], "/account ") || !strings.HasPrefix(got[1], "/enterprise ") {
				t.Errorf("%q: %v", name, got)
			}
		}
		c := d.start("ana@example.com", individual())
		path := c.path + "/items/" + c.item("real_name_certificate")["id"].(string) + "/documents"
		for n, name := range []string{"\u202efdp.exe\u202c scan.pdf", "a\u200fb.pdf", "../../etc/scan.pdf", "scan.pdf\u202e"} {
			o := d.decode(201, name, c.upload(path, name, testdocs.PDF(uint64(n+1), 1, "x")))
			if shown := o["name"].(string); strings.ContainsAny(shown, "\u202e\u202c\u200f/\x00") || !strings.HasSuffix(shown, ".pdf") {
				t.Errorf("%q is shown as %q", name, shown)
			}
		}
		a := c.send(path, "application/octet-stream", strings.NewReader(string(testdocs.PDF(9, 1, "x"))), "Content-Disposition", "attachment; filename*=UTF-8''a%00b.pdf")
		if a.Status == 201 {
			if o := d.decode(201, "NUL", a); strings.ContainsRune(o["name"].(string), 0) {
				t.Errorf("NUL in %q", o["name"])
			}
		} else if a.Status >= 500 {
			t.Errorf("NUL in a file's name: %d %s", a.Status, a.Body)
		}
	})
}

func TestStaleIfMatch(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", object{})
		old := d.Call(t, c.token, "GET", c.path, nil).Header.Get("ETag")
		c.want(200, "PATCH", c.path, object{"answers": object{"customer_type": "direct"}}, "If-Match", old)
		for _, e := range []struct {
			tag, code string
			status    int
		}{
			{old, "case_changed", 412}, {`"0"`, "case_changed", 412}, {`W/"2"`, "case_changed", 412}, {"*", "if_match_required", 428}, {"", "if_match_required", 428},
		} {
			header := []string{"If-Match", e.tag}
			if e.tag == "" {
				header = nil
			}
			d.problemOf(d.Call(t, c.token, "PATCH", c.path, object{"answers": object{"customer_type": "partner"}}, header...), e.status, e.code)
			d.problemOf(d.Call(t, c.token, "POST", c.path+"/submission", nil, header...), e.status, e.code)
		}
		if got := c.show()["answers"].(object)["customer_type"]; got != "direct" {
			t.Errorf("the stale change was made: %v", got)
		}
	})
}

// TestTwoReviewersAtOnce: neither overwrites the other, and the loser is told.
func TestTwoReviewersAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		first, second := d.staffAt(c.path, accounts.Reviewer), d.staffAt(c.path, accounts.Lead)
		answers := make(chan int, 2)
		for _, r := range []*caller{first, second} {
			go func() { answers <- d.Call(t, r.token, "POST", c.path+"/claim", nil).Status }()
		}
		got := []int{<-answers, <-answers}
		slices.Sort(got)
		if !slices.Equal(got, []int{200, 409}) {
			t.Errorf("two claims at once: %v", got)
		}
	})
}

func TestRepeatedIdempotencyKey(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		body := object{"account": "ana", "lost": []string{"email"}, "new_email": "ana@example.com"}
		first := d.Call(t, "", "POST", "/api/v1/cases", body, "Idempotency-Key", key(1))
		again := d.Call(t, "", "POST", "/api/v1/cases", body, "Idempotency-Key", key(1))
		if first.Status != 201 || string(first.Body) != string(again.Body) || again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("ETag") != first.Header.Get("ETag") {
			t.Errorf("%d %d %s", first.Status, again.Status, again.Body)
		}
		body["account"] = "bob"
		d.problemOf(d.Call(t, "", "POST", "/api/v1/cases", body, "Idempotency-Key", key(1)), 422, "idempotency_key_reused")
	})
}

// TestRepeatedUpload: an upload is known by its bytes, its name and what was read off.
func TestRepeatedUpload(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", individual())
		item := c.item("real_name_certificate")["id"].(string)
		path := c.path + "/items/" + item + "/documents"
		first := c.upload(path, "a.pdf", testdocs.PDF(1, 1, "x"), "Idempotency-Key", key(2))
		again := c.upload(path, "a.pdf", testdocs.PDF(1, 1, "x"), "Idempotency-Key", key(2)) // with another boundary
		if first.Status != 201 || again.Status != 201 || string(first.Body) != string(again.Body) || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%d %s, %d %s", first.Status, first.Body, again.Status, again.Body)
		}
		d.problemOf(c.upload(path, "a.pdf", testdocs.PDF(2, 1, "x"), "Idempotency-Key", key(2)), 422, "idempotency_key_reused")
		d.problemOf(c.upload(path, "b.pdf", testdocs.PDF(1, 1, "x"), "Idempotency-Key", key(2)), 422, "idempotency_key_reused")
		if docs := objects(c.item("real_name_certificate")["documents"]); len(docs) != 1 {
			t.Errorf("%d documents after one upload, repeated", len(docs))
		}
		c.change(200, "POST", "/withdrawal", nil) // the item is closed now, but the call was carried out
		if late := c.upload(path, "a.pdf", testdocs.PDF(1, 1, "x"), "Idempotency-Key", key(2)); string(late.Body) != string(first.Body) {
			t.Errorf("repeated later: %d %s", late.Status, late.Body)
		}
		d.problemOf(c.upload(path, "a.pdf", testdocs.PDF(1, 1, "x"), "Idempotency-Key", key(3)), 409, "wrong_state")
	})
}

// TestOthersCases: a session opens one case, and no other shows that it is there.
func TestOthersCases(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		mine, other := d.start("ana@example.com", individual()), d.start("bob@example.com", individual())
		item := other.item("real_name_certificate")["id"].(string)
		absent := d.Call(t, mine.token, "GET", "/api/v1/cases/0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2", nil)
		for _, path := range []string{"", "/messages", "/items/" + item + "/letter", "/documents/x", "/invitations"} {
			got := d.Call(t, mine.token, "GET", other.path+path, nil)
			if got.Status != 404 || got.Problem(t).Code != absent.Problem(t).Code {
				t.Errorf("GET %s: %d %s", path, got.Status, got.Body)
			}
		}
		d.problemOf(mine.upload(other.path+"/items/"+item+"/documents", "a.pdf", testdocs.PDF(1, 1, "x")), 404, "case_not_found")
		r := d.staffAt(other.path, accounts.Lead)
		d.problemOf(d.Call(t, r.token, "GET", other.path, nil), 404, "case_not_found") // a draft is nobody else's business
	})
}

// TestHeldLooksSubmitted: a competing claim shows nothing of the case before it.
func TestHeldLooksSubmitted(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		same := func(email string) object {
			c := d.start(email, individual())
			c.change(200, "PATCH", "", object{"account": "shared"})
			c.prove(email)
			c.supplyAll()
			c.change(200, "POST", "/submission", nil)
			return object{"view": c.show(), "path": c.path}
		}
		first, second := same("ana@example.com"), same("bob@example.com")
		holds(t, "a held case", second, "held", "staff")
		keys := func(o object) []string {
			var out []string
			for k, v := range o["view"].(object) {
				out = append(out, fmt.Sprintf("%s %T", k, v))
			}
			slices.Sort(out)
			return out
		}
		if !slices.Equal(keys(first), keys(second)) || second["view"].(object)["state"] != "submitted" {
			t.Errorf("held: %v", second)
		}
		r := d.staffAt(second["path"].(string), accounts.Reviewer)
		if r.show()["staff"].(object)["held"] != true {
			t.Error("staff don't see that it is held")
		}
		d.problemOf(d.Call(t, r.token, "POST", r.path+"/claim", nil), 409, "held")
	})
}

// TestAuditor reads everything and changes nothing.
func TestAuditor(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.submitted("ana@example.com", individual())
		r := d.staffAt(c.path, accounts.Reviewer)
		r.want(201, "POST", c.path+"/notes", object{"body": "Looks odd."})
		c.want(201, "POST", c.path+"/messages", object{"body": "How long will it take?"})
		a := d.staffAt(c.path, accounts.Auditor)
		o := a.show()
		doc := objects(objects(o["items"])[0]["documents"])[0]
		for _, path := range []string{"/notes", "/messages", "/events", "/invitations"} {
			a.want(200, "GET", c.path+path, nil)
		}
		a.want(200, "GET", "/api/v1/queue?view=all", nil)
		a.want(200, "GET", "/api/v1/cases/by-reference/"+strings.ToLower(strings.ReplaceAll(o["reference"].(string), "-", " ")), nil)
		if got := d.Call(t, a.token, "GET", doc["download"].(string), nil); got.Status != 200 || got.Header.Get("ETag") != `"`+doc["sha256"].(string)+`"` {
			t.Errorf("download: %d %v", got.Status, got.Header)
		}
		events := objects(a.want(200, "GET", c.path+"/events?limit=200", nil)["events"])
		if last := events[len(events)-1]; last["type"] != "view_document" || last["data"].(object)["document"] != doc["id"] {
			t.Errorf("the look is not on record: %v", last)
		}
		for _, path := range []string{"/claim", "/notes", "/messages", "/approval", "/denial"} {
			if got := d.Call(t, a.token, http.MethodPost, c.path+path, object{"body": "x"}); got.Status != 403 {
				t.Errorf("an auditor may POST %s: %d %s", path, got.Status, got.Body)
			}
		}
		if notes := d.Call(t, c.token, "GET", c.path+"/notes", nil); notes.Status != 403 {
			t.Errorf("a customer reads notes: %d", notes.Status)
		}
		holds(t, "the customer's messages", c.want(200, "GET", c.path+"/messages", nil), "odd")
	})
}
