package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"regain/accounts"
	"regain/cases"
	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
	"regain/server"
	"regain/server/servertest"
)

// resold are answers of a reseller's customer, who needs the partner's consent by e-mail.
func resold() map[string]string {
	return map[string]string{"customer_type": "reseller", "account_type": "individual", "real_name_authenticated": "yes"}
}

// TestReviewOfWhatCannotBeHad: one person can't let an item go that they hold the case
// of; another can, takes it back, does it again; and does not approve the case then.
func TestReviewOfWhatCannotBeHad(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		ana := visit(t, h).begin("ana@example.com").answers(individual())
		gone := ana.items()[0]
		ana.open("/request/items/"+gone+"/unavailable").send("/request/items/"+gone+"/unavailable", "reason", "The office has burnt down.")
		ana.open("/request/items")
		items := ana.items()
		for _, id := range items[1:] {
			ana.open("/request/items")
			ana.upload("/request/items/"+id, "photo.jpg", testdocs.JPEG(seedOf(id), 40, 30)).wants(200, "/request/items")
		}
		ana.open("/request/check").send("/request/check").wants(200, "/request/receipt")
		id := caseOf(t, h, ana)
		path := "/staff/cases/" + id

		ben, _ := atDesk(t, h, accounts.Reviewer)
		eva, _ := atDesk(t, h, accounts.Reviewer)
		ben.open(path).send(path + "/claim")
		ben.open(path+"?item="+gone).wants(200, path, "Cannot be had", "The office has burnt down.", "Ask the customer for it, or have somebody else let it go")
		if strings.Contains(ben.body, "/waiver") {
			t.Error("the holder is offered a waiver")
		}
		eva.open(path+"?item="+gone+"&do=waive").wants(200, path, "Ana Lima holds this case")
		eva.send(path+"/items/"+gone+"/waiver", "waive-reason", "x").wants(422, path+"/items/"+gone+"/waiver", "There is a problem")
		eva.send(path+"/items/"+gone+"/waiver", "waive-reason", "The registry confirms it.").wants(200, path, "Waived", "You let go: Real-name authentication certificate")
		eva.send(path+"/items/"+gone+"/undo").wants(200, path, "Cannot be had", "taken back")
		eva.open(path+"?item="+gone+"&do=waive").send(path+"/items/"+gone+"/waiver", "waive-reason", "The registry confirms it.").wants(200, path, "Waived")

		// What waits for a look can be let go as well, since the policy may judge it by what is not known here.
		waits := items[1]
		eva.open(path+"?item="+waits+"&do=waive").send(path+"/items/"+waits+"/waiver", "waive-reason", "The registry says so.").wants(200, path, "Waived")
		eva.send(path+"/items/"+waits+"/undo").wants(200, path, "taken back")

		ben.open(path).acceptAll().wants(200, path, "Nothing is in the way of an approval")
		ben.send(path + "/release")
		eva.open(path).send(path + "/claim")
		eva.open(path+"?do=approve").send(path+"/approval").wants(409, path+"/approval", "A second person has to decide this.")
		eva.send(path+"/release").wants(200, "/staff/queue")
		ben.open(path).send(path + "/claim")
		ben.open(path+"?do=approve").send(path+"/approval").wants(200, "/staff/queue")
	})
}

// leading is where the link with these words leads.
func (v *customer) leading(words string) string {
	v.t.Helper()
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "a" && textOf(n) == words }) {
		return testhtml.Attr(n, "href")
	}
	v.t.Fatalf("%s has no link %q: %s", v.url, words, v.text())
	return ""
}

// element is the one with the id.
func (v *customer) element(id string) *html.Node {
	v.t.Helper()
	for _, n := range v.all(func(n *html.Node) bool { return testhtml.Attr(n, "id") == id }) {
		return n
	}
	v.t.Fatalf("%s has no element %q", v.url, id)
	return nil
}

func seedOf(id string) (seed uint64) {
	for _, c := range id {
		seed = seed*31 + uint64(c)
	}
	return seed
}

// TestReviewOfAnAppeal: a denial with its text in the customer's language and its
// preview, the appeal before another reviewer, and a correction of an answer.
func TestReviewOfAnAppeal(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		ana, id := handedIn(t, h, "ana@example.com", individual())
		path := "/staff/cases/" + id
		ben, _ := atDesk(t, h, accounts.Reviewer)
		ben.open(path).send(path + "/claim")
		ben.open(path + "?do=deny")
		ben.send(path+"/denial").wants(422, path+"/denial", "Choose a reason.")
		ben.send(path+"/denial", "deny-reason_code", "other").wants(422, path+"/denial", "There is a problem")
		ben.send(path+"/denial", "deny-reason_code", "not_proven", "preview", "yes").wants(200, path+"/denial", "What the customer will get", "does not show clearly enough that you may manage this account", "You can appeal once")
		if got := fields(ben.form(path + "/denial")); got.Get("deny-reason_code") != "not_proven" {
			t.Errorf("the preview forgets what was chosen: %v", got)
		}
		ben.send(path+"/denial", "deny-reason_code", "not_proven", "deny-words_staff", "Talk to the bank.").wants(200, "/staff/queue")
		ben.open(path).wants(200, path, "Denied", "Talk to the bank.", "It does not prove enough")
		ana.open("/request").wants(200, "/request", "does not show clearly enough")
		ana.open("/request/appeal").send("/request/appeal", "reason", "The records name my maiden name.")

		ben.open(path).wants(200, path, "Round 2", "The records name my maiden name.")
		ben.send(path+"/claim").wants(403, path+"/claim", "You are named in this case, so somebody else must work on it.")
		eva, _ := atDesk(t, h, accounts.Reviewer)
		eva.open(path).send(path+"/claim").wants(200, path, "You hold this case")
		eva.open(path + "?do=correct")
		eva.send(path+"/corrections").wants(422, path+"/corrections", "There is a problem")
		eva.send(path+"/corrections", "correct-answers.card_added", "yes", "correct-reason", "The bills show a card.")
		eva.wants(200, path, "Front of the credit card", "corrected the answers", "The bills show a card.")
		eva.open(path+"?do=approve").wants(200, path, "This stands in the way", "Front of the credit card")
	})
}

// TestReviewTalk: a message to the customer, a note for staff, and an empty one.
func TestReviewTalk(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		ana, id := handedIn(t, h, "ana@example.com", unpaid())
		path := "/staff/cases/" + id
		ben, _ := atDesk(t, h, accounts.Reviewer)
		ben.open(path).wants(200, path, "Nothing was written yet")
		ben.send(path+"/messages").wants(422, path+"/messages", "There is a problem")
		ben.send(path+"/messages", "message-body", "Is this your\r\nmaiden name?").wants(200, path, "Is this your maiden name?")
		ben.send(path+"/notes", "note-body", "The bank was asked.").wants(200, path, "The bank was asked.", "internal")
		ana.open("/request/messages").wants(200, "/request/messages", "Is this your maiden name?")
		if strings.Contains(ana.body, "The bank was asked.") {
			t.Error("the customer sees a note")
		}
		ana.send("/request/messages", "body", "It is.")
		ben.open(path).wants(200, path, "It is.", "Customer wrote a message")
	})
}

// TestReviewOfALongTalk: of many messages the newest are there, with the way to those before.
func TestReviewOfALongTalk(t *testing.T) {
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t)})
	h.Deliver(t)
	ana, id := handedIn(t, h, "ana@example.com", unpaid())
	ben, who := atDesk(t, h, accounts.Reviewer)
	for n := range 205 {
		customer, staff := cases.Actor{Kind: cases.Customer, ID: id}, cases.Actor{Kind: cases.Staff, ID: who.ID, Roles: []string{cases.RoleReviewer}}
		if _, err := h.Cases.Write(t.Context(), customer, id, fmt.Sprintf("message number %d.", n)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Cases.WriteNote(t.Context(), staff, id, fmt.Sprintf("note number %d.", n)); err != nil {
			t.Fatal(err)
		}
	}
	path := "/staff/cases/" + id
	for _, page := range []struct {
		v    *customer
		path string
		kind string
	}{{ben, path, "message"}, {ben, path, "note"}, {ana, "/request/messages", "message"}} {
		page.v.open(page.path).wants(200, page.path, page.kind+" number 204.")
		said, parts := page.v.text(), 1
		for ; strings.Contains(page.v.text(), "Earlier messages"); parts++ {
			page.v.open(page.v.leading("Earlier messages")).wants(200, page.path)
			said += page.v.text()
		}
		for n := range 205 {
			if got := strings.Count(said, fmt.Sprintf("%s number %d.", page.kind, n)); got != 1 {
				t.Errorf("%s has %s %d %d times in %d parts", page.path, page.kind, n, got, parts)
			}
		}
	}
}

// TestReviewHandOver: the holder gives the case to another, with a note.
func TestReviewHandOver(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", unpaid())
		path := "/staff/cases/" + id
		ben, _ := atDesk(t, h, accounts.Reviewer)
		eva, whom := atDesk(t, h, accounts.Lead)
		ben.open(path).send(path + "/claim")
		ben.open(path+"?do=hand").wants(200, path, "Hand this case over")
		ben.send(path+"/assignment", "hand-to", "nobody", "hand-note", "Please look at the address.").wants(422, path+"/assignment", "There is a problem")
		ben.send(path+"/assignment", "hand-to", whom.ID, "hand-note", strings.Repeat("Look. ", 1000)).wants(422, path+"/assignment", "There is a problem", "You hold this case")
		if got := fields(ben.form(path + "/assignment")).Get("hand-note"); !strings.HasPrefix(got, "Look.") || testhtml.Attr(ben.element("f-hand-note"), "aria-invalid") != "true" {
			t.Errorf("a note that is too long is kept as %.20q, and nothing says so beside it", got)
		}
		ben.send(path+"/assignment", "hand-to", whom.ID, "hand-note", "Please look at the address.").wants(200, "/staff/queue")
		eva.open(path).wants(200, path, "You hold this case", "Please look at the address.", "gave the case to Ana Lima")
		ben.open(path).wants(200, path, "Ana Lima holds this case")
	})
}

// TestReviewOfAMail: a saved message is shown as text, and looking at it is on record.
func TestReviewOfAMail(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		ana := visit(t, h).begin("ana@example.com").answers(resold())
		for n, id := range ana.items() {
			ana.open("/request/items")
			if strings.Contains(ana.body, `action="/request/items/`+id+`?`) {
				name, content := "photo.jpg", testdocs.JPEG(uint64(4000+n), 40, 30)
				if n == 1 {
					name, content = "consent.eml", testdocs.EML(7, "Ops <ops@parceira.example>", "Consent to the request", "We agree that the account goes back.", "<b>Parceira</b>")
				}
				ana.upload("/request/items/"+id, name, content).wants(200, "/request/items")
			}
		}
		ana.open("/request/check").send("/request/check").wants(200, "/request/receipt")
		path := "/staff/cases/" + caseOf(t, h, ana)
		ben, _ := atDesk(t, h, accounts.Reviewer)
		ben.open(path)
		consent := ""
		for _, n := range ben.all(func(n *html.Node) bool { return n.Data == "a" && testhtml.Attr(n, "data-type") == "eml" }) {
			consent = testhtml.Attr(n, "href")
		}
		ben.open(consent).wants(200, path, "ops@parceira.example", "Consent to the request", "We agree that the account goes back.", "<b>Parceira</b>", "Nothing of it was checked")
		var looks int
		if err := h.DB.NewSelect().Table("events").ColumnExpr("COUNT(*)").Where("type = 'view_document'").Where("actor_kind = 'staff'").Scan(t.Context(), &looks); err != nil || looks != 1 {
			t.Errorf("%d looks are on record, %v", looks, err)
		}
	})
}

// TestReviewKeepsWhatWasTyped: somebody was faster; what was typed is still in its form,
// or on the page when the form is gone, with what the other did.
func TestReviewKeepsWhatWasTyped(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", individual())
		path := "/staff/cases/" + id
		ben, _ := atDesk(t, h, accounts.Reviewer)
		lead, _ := atDesk(t, h, accounts.Lead)
		ben.open(path).send(path + "/claim")
		item := ben.selected()
		reject := fields(ben.form(path + "/items/" + item + "/rejection"))
		reject.Set("reject-reason_code", "altered")
		reject.Set("reject-words_customer", "The date was changed.")

		// Another decision of their own in a second tab.
		tab := &customer{t: t, h: h, client: ben.client}
		tab.open(path + "?item=" + item).acceptSelected()
		ben.post(path+"/items/"+item+"/rejection", reject).wants(412, path+"/items/.*/rejection", "Nothing was done.", "Meanwhile", "accepted: Real-name authentication certificate")
		if got := fields(ben.form(path + "/items/" + item + "/rejection")); got.Get("reject-words_customer") != "The date was changed." || got.Get("reject-reason_code") != "altered" {
			t.Errorf("what was typed is lost: %v", got)
		}
		ben.send(path+"/items/"+item+"/rejection").wants(200, path, "You rejected")

		// And one that takes the form away.
		deny := fields(ben.form(path + "/denial"))
		deny.Set("deny-reason_code", "altered")
		deny.Set("deny-words_customer", "The dates do not fit.")
		lead.open(path).send(path + "/release")
		ben.post(path+"/denial", deny).wants(412, path+"/denial", "Nothing was done.", "What you typed", "The dates do not fit.", "gave the case back")
		deny.Del("deny-reason_code") // and what is wrong with a form that is gone leads to no field
		deny.Set(server.FormKey, uuid.NewString())
		ben.post(path+"/denial", deny).wants(422, path+"/denial", "There is a problem", "The dates do not fit.")
		if links := ben.all(func(n *html.Node) bool { return n.Data == "a" && testhtml.Attr(n, "href") == "#case-title" }); len(links) == 0 {
			t.Error("the summary leads nowhere")
		}
	})
}

// TestReviewForReadersOnly: an auditor sees the case with no form that changes it; people
// without a part in reviewing see nothing; a case that was not handed in is no case.
func TestReviewForReadersOnly(t *testing.T) {
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t)})
	h.Deliver(t)
	ana, id := handedIn(t, h, "ana@example.com", individual())
	path := "/staff/cases/" + id
	ida, _ := atDesk(t, h, accounts.Auditor)
	ida.open(path).wants(200, path, "Nobody holds this case", "To decide, this takes the role of a reviewer")
	for _, n := range within(mainOf(ida), func(n *html.Node) bool { return n.Data == "form" }) {
		if action := testhtml.Attr(n, "action"); action != path+"/follow" { // which changes what they are told, and not the case
			t.Errorf("an auditor is offered %s", action)
		}
	}
	ida.open(path+"?view=nonsense&item=x&document=y&beside=z&do=deny&was=w&before=-1&seen=9x").wants(200, path)
	noor, _ := atDesk(t, h, accounts.Admin)
	noor.open(path)
	if noor.status != 403 {
		t.Errorf("an admin without a part in it: %d", noor.status)
	}
	if ana.open(path); ana.status != 403 {
		t.Errorf("the customer: %d", ana.status)
	}
	visit(t, h).open(path).wants(401, path, "Sign in to go on.")
	ben, _ := atDesk(t, h, accounts.Reviewer)
	ben.open("/staff/cases/nothing").wants(404, "/staff/cases/nothing")
	form := url.Values{"version": {"x"}, "idempotency_key": {"0123456789abcdef"}}
	ben.post(path+"/claim", form).wants(412, path+"/claim", "Nothing was done.")
	ben.post(path+"/items/nothing/decision", form).wants(412, path+"/items/nothing/decision")
}

func mainOf(v *customer) *html.Node {
	v.t.Helper()
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "main" }) {
		return n
	}
	v.t.Fatal("no main part")
	return nil
}

// TestReviewInEveryLanguage: no state of the page fails in any language, and what the
// customer is told is in theirs.
func TestReviewInEveryLanguage(t *testing.T) {
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t)})
	h.Deliver(t)
	_, id := handedIn(t, h, "ana@example.com", enterprise())
	path := "/staff/cases/" + id
	ben, _ := atDesk(t, h, accounts.Reviewer)
	ben.open(path).send(path + "/claim")
	item := ben.selected()
	ben.send(path+"/items/"+item+"/rejection", "reject-reason_code", "unreadable")
	for _, locale := range []string{"en", "zh-Hans", "pt-BR"} {
		for _, q := range []string{"", "?item=" + item, "?do=reject", "?do=request", "?do=deny", "?do=approve", "?do=correct", "?do=hand", "?seen=1", "?before=5"} {
			if ben.open("/" + locale + path + q); ben.status != 200 || strings.Contains(ben.text(), "review.") {
				t.Errorf("%s%s: %d %s", locale, q, ben.status, ben.text())
			}
			if locale != "en" && strings.Contains(ben.text(), "What is to be decided") {
				t.Errorf("%s%s is in English", locale, q)
			}
			if !strings.Contains(ben.body, `data-canned="We cannot read all of it.`) {
				t.Errorf("%s%s: the text for the customer is not in their language", locale, q)
			}
		}
	}
}

// directory is a provider's own, with what is on record for every account.
type directory struct {
	record map[string]any
	err    error
}

func (d *directory) Account(context.Context, string, string) (map[string]any, error) {
	return d.record, d.err
}

// TestReviewCompares: what the customer said against what is on record, with differences
// marked, and what is alike but for case and spacing said so; without an answer of the
// directory the page says that.
func TestReviewCompares(t *testing.T) {
	known := &directory{record: map[string]any{"name": "RUA  EXEMPLO 12", "email": "other@example.com", "phone": "+5511912345678", "shoe_size": "forty-two"}}
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t), Directory: known})
	h.Deliver(t)
	_, id := handedIn(t, h, "ana@example.com", unpaid())
	path := "/staff/cases/" + id
	ben, _ := atDesk(t, h, accounts.Reviewer)
	ben.open(path).wants(200, path, "Compare", "On record")
	rows := map[string]string{}
	for _, n := range ben.all(func(n *html.Node) bool { return n.Data == "tr" }) {
		for _, th := range within(n, func(n *html.Node) bool { return n.Data == "th" && testhtml.Attr(n, "scope") == "row" }) {
			label, _, _ := strings.Cut(textOf(th), " Your details")
			rows[label] = textOf(n)
		}
	}
	for label, want := range map[string]string{"Phone number": "the same", "Name": "the same but for case and spacing", "Email address": "differs"} {
		if !strings.HasSuffix(rows[label], want) {
			t.Errorf("%s: %q, want %s", label, rows[label], want)
		}
	}
	if len(rows) != 3 || strings.Contains(ben.text(), "forty-two") {
		t.Errorf("compared: %v", rows)
	}
	ben.send(path + "/claim")
	ben.acceptAll()
	ben.open(path+"?do=approve").wants(200, path, "1 value differs")

	ida, _ := atDesk(t, h, accounts.Auditor)
	if ida.open(path); strings.Contains(ida.text(), "other@example.com") {
		t.Error("the record is shown to somebody who does not review")
	}
	known.record, known.err = nil, errors.New("away")
	quiet := servertest.StartWith(t, h.DB, servertest.Options{Unlimited: true, Directory: known})
	eva, _ := atDesk(t, quiet, accounts.Reviewer)
	eva.open(path).wants(200, path, "The account's record can't be read just now.")
}
