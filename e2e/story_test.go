package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"regain/internal/regaintest"
	"regain/internal/testdocs"
)

// resellersEnterprise is a row with everything: a reseller's letter, two approvals.
func resellersEnterprise() object {
	return object{"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": true, "enterprise_country": "CN"}
}

// TestLongStory takes one case through rejection, resubmission, more materials, two
// approvals, and another through denial, appeal and approval by others.
func TestLongStory(t *testing.T) {
	stacks(t, func(t *testing.T, w *world) {
		first, second := w.staff("rei", "reviewer"), w.staff("lea", "lead")
		third, fourth := w.staff("tia", "reviewer"), w.staff("fay", "lead")
		auditor := w.staff("aud", "auditor")

		p := w.begin(address("story", 0), resellersEnterprise(), object{"enterprise": "Exemplo Comércio Ltda."})
		rejection(t, p, first)
		moreMaterials(t, p, first)
		approve(p, first, second, 2)

		q := w.begin(address("appeal", 0), resellersEnterprise(), nil)
		q.supplyWithPartner("reseller")
		q.submit()
		appeal(t, q, first, third, fourth)

		lookOver(t, auditor, p)
		out := w.Command(t, "", "audit", "verify")
		if !strings.Contains(out, "cases: 2") || !strings.Contains(out, "findings: 0") {
			t.Errorf("audit verify says %q", out)
		}
	})
}

// rejection: the partner's letter is not accepted, and opens again for the partner.
func rejection(t *testing.T, p *person, r *reviewer) {
	t.Helper()
	partnerMail := "reseller." + p.email
	p.supplyWithPartner("reseller")
	p.submit()
	r.claim(p.path)
	letter := itemOf(t, p, "authorization_letter")
	r.reject(p.path, letter.Text("id"))
	// What is accepted stays accepted; only what is named opens again.
	r.accept(p.path)
	seen := len(p.w.letters(partnerMail))
	r.change(http.StatusOK, http.MethodPost, p.path, "/requests", object{
		"asks": []object{{"item": letter.Text("id")}}, "words": "Please have the letter stamped.",
	})
	o := p.get(p.path)
	if got := o.Text("state"); got != "materials_requested" {
		t.Fatalf("state %q after the request", got)
	}
	if o["review_by"] != nil || o["supply_by"] == nil {
		t.Error("the review clock should stand still, and the customer's run")
	}
	for _, i := range o.List("items") {
		want := i.Text("id") == letter.Text("id")
		if open, _ := i["open"].(bool); open != want {
			t.Errorf("%s open: %v", i.Text("requirement"), open)
		}
		if want && i.Sub("rejected").Text("words") == "" {
			t.Error("the customer is not told why the letter was not accepted")
		}
	}
	p.w.letter(p.email, 0, regexp.MustCompile(`(need something more)`))

	partner := p.w.arrive(partnerMail, seen)
	owed := partner.get("/api/v1/invitation").List("items")
	at := slices.IndexFunc(owed, func(i object) bool { return i.Text("id") == letter.Text("id") })
	if at < 0 || owed[at]["open"] != true {
		t.Fatalf("the partner does not see the letter open: %v", owed)
	}
	path := "/api/v1/invitation/items/" + letter.Text("id") + "/documents"
	name, rejected := regaintest.Document(owed[at].Sub("document"), uint64(at))
	same := partner.upload(http.StatusConflict, path, name, rejected, nil)
	if code := problemCode(t, same); code != "same_file_rejected" {
		t.Errorf("the same file again: %s", code)
	}
	partner.upload(http.StatusCreated, path, "stamped.pdf", testdocs.PDF(77, 1, "stamped and signed"), nil)
	p.submit()
}

// moreMaterials: the reviewer asks for something of the catalogue and for something
// else, and the customer says of one that it is out of reach.
func moreMaterials(t *testing.T, p *person, r *reviewer) {
	t.Helper()
	r.claim(p.path)
	r.change(http.StatusOK, http.MethodPost, p.path, "/requests", object{
		"asks":  []object{{"material": "transaction_record"}, {"text": "A photograph of the office door"}},
		"words": "Two more things, please.",
	})
	var open []object
	for _, i := range p.items() {
		if i["open"] == true {
			open = append(open, i)
		}
	}
	if len(open) != 2 {
		t.Fatalf("%d items are open, want 2: %v", len(open), open)
	}
	p.change(http.StatusUnprocessableEntity, http.MethodPost, p.path, "/submission", nil)
	supplyItem(p.client, p.path, open[0], 9)
	p.json(http.StatusOK, http.MethodPut, p.path+"/items/"+open[1].Text("id")+"/unavailable", object{"reason": "We closed the office."})
	p.submit()

	// Out of reach is enough to submit, not to approve; a waiver is a second person's.
	r.claim(p.path)
	r.accept(p.path)
	refused := r.change(http.StatusUnprocessableEntity, http.MethodPost, p.path, "/approval", object{})
	if !bytes.Contains(refused.Body, []byte(open[1].Text("id"))) {
		t.Errorf("the refusal does not name the item: %s", refused.Body)
	}
	waiver := "/items/" + open[1].Text("id") + "/waiver"
	r.change(http.StatusConflict, http.MethodPost, p.path, waiver, object{"reason": "I can do without it."})
	waiving := p.w.staff("wia", "reviewer")
	waiving.change(http.StatusOK, http.MethodPost, p.path, waiver, object{"reason": "The other materials are enough."})
	r.change(http.StatusOK, http.MethodDelete, p.path, "/claim", nil)
}

// appeal: denied by one, approved by others.
func appeal(t *testing.T, q *person, denier, third, fourth *reviewer) {
	t.Helper()
	denier.claim(q.path)
	denier.change(http.StatusOK, http.MethodPost, q.path, "/denial", object{
		"reason_code": "not_proven", "words_customer": "The materials do not show that you may manage the account.", "words_staff": "seal looks pasted",
	})
	o := q.get(q.path)
	if o.Text("state") != "denied" || o.Sub("denial").Text("words") == "" || bytes.Contains([]byte(o.Sub("denial").Text("words")), []byte("pasted")) {
		t.Fatalf("what the customer sees of the denial: %v", o["denial"])
	}
	q.change(http.StatusOK, http.MethodPost, q.path, "/appeal", object{"reason": "The seal is our registered one; the partner can confirm it."})
	denier.change(http.StatusForbidden, http.MethodPost, q.path, "/claim", nil)
	approve(q, third, fourth, 2)
	q.change(http.StatusConflict, http.MethodPost, q.path, "/appeal", object{"reason": "Once more, please, once more."})
}

// lookOver: an auditor sees everything and changes nothing; documents come back as
// they were sent, each view on record.
func lookOver(t *testing.T, auditor *reviewer, p *person) {
	t.Helper()
	for _, i := range auditor.get(p.path).List("items") {
		for _, d := range i.List("documents") {
			a := auditor.json(http.StatusOK, http.MethodGet, p.path+"/documents/"+d.Text("id"), nil)
			if len(a.Body) != int(d["size"].(float64)) {
				t.Errorf("document of %d bytes came back with %d", int(d["size"].(float64)), len(a.Body))
			}
			if a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
				t.Errorf("unsafe headers: %v", a.Header)
			}
		}
	}
	events := auditor.get(p.path + "/events").List("events")
	if !slices.ContainsFunc(events, func(e object) bool { return e.Text("type") == "view_document" }) {
		t.Error("no view is on record")
	}
	auditor.change(http.StatusForbidden, http.MethodPost, p.path, "/claim", nil)
}

func itemOf(t *testing.T, p *person, requirement string) object {
	t.Helper()
	items := p.items()
	at := slices.IndexFunc(items, func(i object) bool { return i.Text("requirement") == requirement })
	if at < 0 {
		t.Fatalf("no item for %s", requirement)
	}
	return items[at]
}

// TestOldCaseUnderItsOwnPolicy restarts the server with a changed policy and finishes
// a case that was begun under the old one.
func TestOldCaseUnderItsOwnPolicy(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"rules.yaml", "rules.zh-Hans.yaml", "rules.pt-BR.yaml"} {
		copyPolicy(t, dir, name, func(s string) string { return s })
	}
	policy := filepath.Join(dir, "rules.yaml")
	w := embedded(t, "--policy", policy)
	answers := object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": true, "card_added": false}
	old := w.begin(address("old", 0), answers, nil)
	oldHash := old.get(old.path).Sub("policy").Text("hash")

	copyPolicy(t, dir, "rules.yaml", func(s string) string {
		return strings.Replace(s, "- transaction_record: {last: 3}", "- transaction_record: {last: 2}", 1)
	})
	w.Stop(t)
	w.MustStart(t)

	fresh := w.begin(address("fresh", 0), answers, nil)
	if got := countOf(fresh, "transaction_record"); got != 2 {
		t.Errorf("a new case is asked for %d records, want 2", got)
	}
	if got := countOf(old, "transaction_record"); got != 3 {
		t.Errorf("the old case is asked for %d records, want 3", got)
	}
	if got := old.get(old.path).Sub("policy").Text("hash"); got != oldHash {
		t.Errorf("the old case moved from policy %s to %s", oldHash, got)
	}
	old.supply(nil)
	old.submit()
	approve(old, w.staff("rei", "reviewer"), nil, 1)
}

func countOf(p *person, requirement string) int {
	n := 0
	for _, i := range p.items() {
		if i.Text("requirement") == requirement {
			n++
		}
	}
	return n
}

func copyPolicy(t *testing.T, dir, name string, change func(string) string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(b))
	if err := os.WriteFile(filepath.Join(dir, name), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}
