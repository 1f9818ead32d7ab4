package web_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/cases"
	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

// enterprise are answers under which two people approve.
func enterprise() map[string]string {
	return map[string]string{
		"customer_type": "direct", "account_type": "enterprise", "real_name_authenticated": "yes", "card_added": "no", "enterprise_country": "BR",
	}
}

// handedIn is a customer who has handed in a request with these answers; id is the case's.
func handedIn(t *testing.T, h *servertest.Harness, email string, answers map[string]string) (v *customer, id string) {
	t.Helper()
	v = visit(t, h).begin(email).answers(answers).supply()
	v.open("/request/check").send("/request/check").wants(200, "/request/receipt")
	return v, caseOf(t, h, v)
}

// caseOf is the id of the case whose receipt is shown.
func caseOf(t *testing.T, h *servertest.Harness, v *customer) string {
	t.Helper()
	actor := cases.Actor{Kind: cases.Staff, ID: "nobody", Roles: []string{cases.RoleReviewer}}
	c, err := h.Cases.ByReference(t.Context(), actor, referenceText.FindString(v.text()))
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// atDesk is a member of staff with a session, in a browser without scripts.
func atDesk(t *testing.T, h *servertest.Harness, roles ...accounts.Role) (*customer, accounts.Staff) {
	t.Helper()
	who := h.NewStaff(t, roles...)
	v := visit(t, h)
	token, err := h.Accounts.OpenSession(t.Context(), accounts.StaffMember, who.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	cookie := h.Server.SessionCookie(token, hour)
	v.client.Jar.SetCookies(at, []*http.Cookie{&cookie})
	return v, who
}

// selected is the id of the item that the page looks at.
func (v *customer) selected() string {
	v.t.Helper()
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "li" && testhtml.Has(n, "data-selected") }) {
		return strings.TrimPrefix(testhtml.Attr(n, "id"), "f-items-")
	}
	v.t.Fatalf("no item is selected: %s", v.text())
	return ""
}

// acceptSelected ticks every check of the item that the page looks at, reads off what
// is asked, and accepts it.
func (v *customer) acceptSelected() *customer {
	v.t.Helper()
	action := v.url.Path + "/items/" + v.selected() + "/decision"
	var typed []string
	for _, n := range within(v.form(action), func(n *html.Node) bool { return testhtml.Has(n, "name") }) {
		switch name := testhtml.Attr(n, "name"); {
		case name == "accept-checks":
			typed = append(typed, name, testhtml.Attr(n, "value"))
		case strings.HasPrefix(name, "accept-read_off."):
			typed = append(typed, name, "2024-05-01")
		}
	}
	return v.send(action, typed...)
}

// acceptAll accepts whatever is still to review.
func (v *customer) acceptAll() *customer {
	v.t.Helper()
	for range 20 {
		if v.acceptSelected(); v.status != 200 {
			v.t.Fatalf("%d %s", v.status, v.text())
		}
		if !strings.Contains(v.text(), "To review") {
			return v
		}
	}
	v.t.Fatal("there is no end to what is to review")
	return nil
}

// TestReviewWithoutScripts: claim, a rejection, a request for more with its preview, what
// the customer gets, their new file, and two approvals by two people.
func TestReviewWithoutScripts(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		ana, id := handedIn(t, h, "ana@example.com", enterprise())
		ben, _ := atDesk(t, h, accounts.Reviewer)
		path := "/staff/cases/" + id
		ben.open(path).wants(200, path, "Exemplo Ltda.", "Nobody holds this case", "0 of 2 approvals", "Real-name authentication completed", "handed the request in", "Was a credit card added")
		ben.send(path+"/claim").wants(200, path, "You hold this case", "Before an approval, 5 are left")

		item := ben.selected()
		ben.send(path+"/items/"+item+"/decision").wants(422, path+"/items/"+item+"/decision", "There is a problem", "Confirm this, or reject the item: All of it can be read")
		ben.open(path+"?item="+item+"&do=reject").wants(200, path)
		ben.send(path+"/items/"+item+"/rejection").wants(422, path+"/items/.*/rejection", "There is a problem")
		ben.send(path+"/items/"+item+"/rejection", "reject-reason_code", "unreadable").wants(200, path, "Rejected", "It can't be read")
		ben.acceptAll().wants(200, path, "Before an approval, 1 is left")

		ben.open(path+"?do=request").wants(200, path, "Ask the customer for more")
		if got := fields(ben.form(path + "/requests")); got.Get("request-item") != item || !strings.Contains(got.Get("request-words"), "need something more") {
			t.Errorf("the request begins with %v", got)
		}
		ben.send(path+"/requests", "request-item", item, "request-text", "A photo of the seal", "request-words", "Please send both.", "preview", "yes")
		ben.wants(200, path+"/requests", "What the customer will get", "need something more from you", "Real-name authentication certificate", "A photo of the seal", "Please send both.")
		ben.send(path+"/requests", "request-words", "x").wants(422, path+"/requests", "There is a problem")
		ben.send(path+"/requests", "request-words", "Please send both.", "request-item", item, "request-text", "A photo of the seal").wants(200, "/staff/queue")
		ben.open(path).wants(200, path, "With the customer", "asked for more: Real-name authentication certificate, A photo of the seal")

		ana.open("/request/items").wants(200, "/request/items", "We cannot read all of it.", "A photo of the seal")
		for n, id := range ana.items() {
			ana.open("/request/items")
			ana.upload("/request/items/"+id, "again.jpg", testdocs.JPEG(uint64(7000+n), 40, 30)).wants(200, "/request/items")
		}
		ana.open("/request/check").send("/request/check").wants(200, "/request/receipt")

		ben.open(path).wants(200, path, "A new one has arrived", "1 earlier version", "handed in what was asked for")
		ben.send(path+"/claim").wants(200, path)
		ben.acceptAll().wants(200, path, "Nothing is in the way of your approval")
		ben.open(path+"?do=approve").send(path+"/approval").wants(200, "/staff/queue")

		eva, _ := atDesk(t, h, accounts.Lead)
		eva.open(path).wants(200, path, "1 of 2 approvals", "Decisions on the case")
		eva.send(path+"/claim").wants(200, path, "Nothing is in the way of an approval")
		eva.open(path+"?do=approve").send(path+"/approval").wants(200, "/staff/queue")
		eva.open(path).wants(200, path, "Approved", "This case is approved")
		ana.open("/request").wants(200, "/request", "Approved")
	})
}

// TestApprovalsThatFell: how many approvals are given counts those that stand.
func TestApprovalsThatFell(t *testing.T) {
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t)})
	h.Deliver(t)
	ana, id := handedIn(t, h, "ana@example.com", enterprise())
	path := "/staff/cases/" + id
	ben, _ := atDesk(t, h, accounts.Reviewer)
	eva, _ := atDesk(t, h, accounts.Lead)
	ben.open(path).send(path + "/claim")
	ben.acceptAll().open(path+"?do=approve").send(path+"/approval").wants(200, "/staff/queue")
	eva.open(path).send(path+"/claim").wants(200, path, "1 of 2 approvals")
	eva.open(path+"?do=request").send(path+"/requests", "request-text", "The seal", "request-words", "Please send the seal.").wants(200, "/staff/queue")
	ana.open("/request/items").wants(200, "/request/items", "The seal")
	ana.upload("/request/items/"+ana.items()[0], "seal.jpg", testdocs.JPEG(77, 40, 30)).wants(200, "/request/items")
	ana.open("/request/check").send("/request/check").wants(200, "/request/receipt")
	eva.open(path).send(path + "/claim")
	eva.acceptAll().open(path+"?do=approve").wants(200, path, "0 of 2 approvals are given. With yours")
}

const hour = 3600_000_000_000

// TestEventsHaveWords: whatever can happen to a case is said in words of its own.
func TestEventsHaveWords(t *testing.T) {
	said, err := os.ReadFile("words/review.en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, events, _ := strings.Cut(string(said), "\nevent:\n")
	for _, action := range cases.Actions() {
		name := map[string]string{"decide_item": "accept"}[action]
		if name == "" {
			name = action
		}
		if !strings.Contains(events, "  "+name+": ") {
			t.Errorf("nothing says %s", action)
		}
	}
}
