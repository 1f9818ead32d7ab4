package web_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
	"regain/rules"
	"regain/server/servertest"
)

// everything is a server with a policy that has everything pages can meet, and a customer
// whose contact is proved.
func everything(t *testing.T) *customer {
	t.Helper()
	bundle, err := rules.ReadBundle(os.DirFS("testdata"), "everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := rules.Compile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t), Policies: []*rules.Policy{policy}})
	h.Deliver(t)
	return visit(t, h).begin("ana@example.com").wants(200, "/request/questions/way", "I don't know")
}

// TestOtherOutcomes: where nothing is collected, the page says what to do instead, and
// every answer can still be changed.
func TestOtherOutcomes(t *testing.T) {
	v := everything(t)
	for _, test := range []struct{ answer, title, words string }{
		{"self_service", "You can do this yourself", "Sign in with your phone and change it there."},
		{"administrator", "Your administrator can do this", "Ask whoever administers your organisation."},
		{"refuse", "This cannot be done here", "This kind of account is not recovered."},
		{"contact_support", "Please contact support", "Call us."},
	} {
		v.open("/request/questions/way").send("/request/questions/way", "answers.way", test.answer)
		v.wants(200, "/request/outcome", test.title, test.words, "Nothing was sent", "Which way?")
		if strings.Contains(v.text(), "Materials are no promise") {
			t.Errorf("%s speaks of materials", test.answer)
		}
		for _, path := range []string{"/request/items", "/request/check", "/request/questions"} {
			v.open(path).wants(200, "/request/outcome", test.words)
		}
		v.open("/request").wants(200, "/request", "You have not sent it yet")
	}
	v.open("/request/questions/way").send("/request/questions/way", "answers.way", "collect").wants(200, "/request/questions/tools")
	v.open("/request/outcome").wants(200, "/request/questions/tools")
}

// TestUnsure: who does not know says so, and is asked no more than that leads to.
func TestUnsure(t *testing.T) {
	v := everything(t)
	v.send("/request/questions/way", "answers.way", "sure").wants(200, "/request/items", "Licence")
	v.open("/request/check").wants(200, "/request/check", "Which way? I don't know")
	v.open("/request/questions/way").wants(200, "/request/questions/way")
	if got := fields(v.form("/request/questions/way")).Get("answers.way"); got != "sure" {
		t.Errorf("the answer is shown as %q", got)
	}
}

// TestEveryKindOfQuestion: each says what is wrong with an answer, keeps what was typed,
// and shows what was answered before.
func TestEveryKindOfQuestion(t *testing.T) {
	v := everything(t)
	v.send("/request/questions/way", "answers.way", "collect")
	questions := []struct {
		id   string
		bad  []string
		good []string
	}{
		{"tools", nil, []string{"hammer", "saw"}},
		{"since", []string{"yesterday"}, []string{"2020-02-29"}},
		{"many", []string{"１０"}, []string{"3"}},
		{"seen", nil, []string{"yes"}},
		{"country", []string{""}, []string{"BR"}},
	}
	for _, q := range questions {
		path, name := "/request/questions/"+q.id, "answers."+q.id
		v.wants(200, path)
		v.send(path, name, "").wants(422, path, "There is a problem", "Choose or enter an answer.")
		for _, bad := range q.bad {
			v.send(path, name, bad).wants(422, path, "There is a problem")
			if got := fields(v.form(path)).Get(name); got != bad {
				t.Errorf("%s: typed %q, and the page keeps %q", q.id, bad, got)
			}
		}
		var typed []string
		for _, good := range q.good {
			typed = append(typed, name, good)
		}
		v.send(path, typed...)
	}
	v.wants(200, "/request/items", "Hints")
	for _, q := range questions {
		path := "/request/questions/" + q.id
		v.open(path).wants(200, path)
		if got := fields(v.form(path))["answers."+q.id]; !slices.Equal(got, q.good) {
			t.Errorf("%s shows %v, answered was %v", q.id, got, q.good)
		}
	}
	v.open("/request/check").wants(200, "/request/check", "A hammer, A saw", "29 February 2020", "Brazil")
	v.open("/zh-Hans/request/check").wants(200, "/zh-Hans/request/check", "2020年2月29日")
}

// collecting is a customer of the policy with everything, at the list.
func collecting(t *testing.T) *customer {
	t.Helper()
	v := everything(t)
	v.send("/request/questions/way", "answers.way", "collect").send("/request/questions/tools", "answers.tools", "hammer").
		send("/request/questions/since", "answers.since", "2020-01-01").send("/request/questions/many", "answers.many", "2").
		send("/request/questions/seen", "answers.seen", "yes").send("/request/questions/country", "answers.country", "BR")
	return v.wants(200, "/request/items")
}

// TestEveryKindOfField: a statement is judged field by field, and nothing typed is lost.
func TestEveryKindOfField(t *testing.T) {
	v := collecting(t)
	path := v.statementPath("Every field")
	v.open(path).send(path).wants(422, path, "There is a problem", "A short text: This is needed", "A bank account:", "Is it true? This is needed", "City: This is needed")
	if strings.Contains(v.text(), "Something more: ") {
		t.Error("asks for what is optional")
	}
	bad := []string{"short", strings.Repeat("x", 501), "long", "fine", "phone", "12", "email", "nobody", "day", "2020-13-01", "bank", "1", "colour", "red", "count", "many", "truth", "yes"}
	v.send(path, bad...).wants(422, path, "There is a problem", "A phone number: ", "An e-mail address: ", "A day: ", "A number: ")
	got := fields(v.form(path))
	for n := 0; n < len(bad); n += 2 {
		if got.Get(bad[n]) != bad[n+1] {
			t.Errorf("%s: typed %q, and the page keeps %q", bad[n], bad[n+1], got.Get(bad[n]))
		}
	}
	good := []string{
		"short", "Ana", "long", "Two\nlines", "phone", "+55 11 91234-5678", "email", "ana@example.com", "address.line", "Rua Exemplo 12", "address.city", "São Paulo",
		"address.region", "SP", "address.postal_code", "01310-100", "address.country", "BR", "day", "2020-12-01", "land", "PT", "bank", "DE89370400440532013000", "colour", "blue", "count", "7", "truth", "no",
	}
	v.send(path, good...).wants(200, "/request/items", "Rua Exemplo 12, São Paulo, SP, 01310-100, Brazil", "1 December 2020", "Portugal", "Blue", "Change what you filled in")
	v.open(path)
	got = fields(v.form(path))
	for n := 0; n < len(good); n += 2 {
		if value := got.Get(good[n]); value == "" || good[n] != "phone" && good[n] != "long" && value != good[n+1] {
			t.Errorf("%s: given was %q, and the page shows %q", good[n], good[n+1], value)
		}
	}
}

// statementPath is where the item with a label is filled in.
func (v *customer) statementPath(label string) string {
	v.t.Helper()
	for _, section := range v.all(func(n *html.Node) bool { return n.Data == "section" }) {
		if !strings.HasPrefix(textOf(section), label) {
			continue
		}
		for _, a := range within(section, func(n *html.Node) bool {
			return n.Data == "a" && strings.HasSuffix(testhtml.Attr(n, "href"), "/statement")
		}) {
			return testhtml.Attr(a, "href")
		}
	}
	v.t.Fatalf("nothing to fill in for %s: %s", label, v.text())
	return ""
}

// TestEveryKindOfProof: each says what to do with which text, and where it was placed is
// shown to be changed.
func TestEveryKindOfProof(t *testing.T) {
	v := collecting(t)
	for label, words := range map[string]string{
		"Record in the domain": "as a TXT record to the domain", "File on the site": "into a file on the website",
		"Mail from the address": "from the mailbox", "Public profile": "into the public profile",
	} {
		path := v.open("/request/items").statementPath(label)
		v.open(path).wants(200, path, words, "regain-")
		v.send(path, "where", "").wants(422, path, "There is a problem")
		v.send(path, "where", "example.com").wants(200, "/request/items", "example.com")
	}
}

// TestGroupsOfMaterials: the list says how many of a group are enough, and counts so.
func TestGroupsOfMaterials(t *testing.T) {
	v := collecting(t)
	v.wants(200, "/request/items", "One of these is enough", "At least 1 of these", "The first of these that you have", "As many as you have, up to 3",
		"Show all 2 sides.", "In colour.", "Not accepted: Copies of copies", "With a sworn translation, unless it is in: English, French")
	licence := ""
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "form" && testhtml.Has(n, "data-upload") }) {
		for section := n.Parent; section != nil && licence == ""; section = section.Parent {
			if section.Data == "section" && strings.HasPrefix(textOf(section), "Licence") {
				licence, _, _ = strings.Cut(testhtml.Attr(n, "action"), "?")
			}
		}
	}
	before := v.missing()
	v.upload(licence, "licence.jpg", testdocs.JPEG(5, 40, 30)).wants(200, "/request/items", "licence.jpg")
	if after := v.missing(); after != before-2 { // the passport is not missed any more
		t.Errorf("%d were missing, now %d", before, after)
	}
}

// missing is how many are still to do, by the page's progress.
func (v *customer) missing() int {
	v.t.Helper()
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "progress" && testhtml.Attr(n, "class") == "whole" }) {
		return number(v.t, testhtml.Attr(n, "max")) - number(v.t, testhtml.Attr(n, "value"))
	}
	v.t.Fatal("no progress")
	return 0
}

func number(t *testing.T, s string) int {
	t.Helper()
	n := 0
	for _, digit := range s {
		if digit < '0' || digit > '9' {
			t.Fatalf("%q is no number", s)
		}
		n = 10*n + int(digit-'0')
	}
	return n
}

// TestReadOffByTheCustomer: what stands in the document is asked with it, and judged.
func TestReadOffByTheCustomer(t *testing.T) {
	v := collecting(t)
	passport := ""
	for _, n := range v.all(func(n *html.Node) bool {
		return n.Data == "form" && testhtml.Has(n, "data-upload") && strings.Contains(textOf(n), "Day of issue")
	}) {
		passport, _, _ = strings.Cut(testhtml.Attr(n, "action"), "?")
	}
	send := func(day string) *customer {
		v.t.Helper()
		v.open("/request/items")
		form := v.form(passport)
		typed := fields(form)
		typed.Set("read_off.issued_on", day)
		return v.postFiles(testhtml.Attr(form, "action"), typed, photo("passport.jpg", 9))
	}
	send(time.Now().AddDate(1, 0, 0).Format(time.DateOnly)).wants(422, passport, "It cannot have been issued after today.")
	if got := fields(v.form(passport)).Get("read_off.issued_on"); got == "" {
		t.Error("what was typed is lost")
	}
	send("2020-01-01").wants(200, "/request/items", "passport.jpg")
}

// TestNoneOfThem: nothing of a set is an answer, too, when it is meant.
func TestNoneOfThem(t *testing.T) {
	v := everything(t)
	const path = "/request/questions/tools"
	v.send("/request/questions/way", "answers.way", "collect").send(path).wants(422, path, "Choose or enter an answer.")
	v.send(path, "answers.tools", "-").wants(200, "/request/questions/seen", "Which of these do you have? None") // what hangs on the others is not asked
	v.open(path).wants(200, path)
	if got := fields(v.form(path)).Get("answers.tools"); got != "-" {
		t.Errorf("shows %q", got)
	}
}

// TestChangedAnswers: what was sent is kept when an answer changes: it serves what is
// asked for the same material, waits unseen, can be used for something else, and comes
// back with the old answer.
func TestChangedAnswers(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := withItems(t, h)
		ids := v.items()
		v.upload("/request/items/"+ids[0], "passport.jpg", photo("", 1).content)
		v.uploadAll("/request/items/"+ids[1], photo("may.jpg", 2), photo("june.jpg", 3)).wants(200, "/request/items", "3 of 4 ready")

		v.open("/request/questions/customer_type").send("/request/questions/customer_type", "answers.customer_type", "reseller")
		v.wants(200, "/request/items", "passport.jpg", "1 of 3 ready", "Files that are not asked for any more", "may.jpg", "june.jpg")
		consent := ""
		for _, n := range v.all(func(n *html.Node) bool {
			return n.Data == "form" && strings.HasSuffix(testhtml.Attr(n, "action"), "/reuse")
		}) {
			if consent == "" {
				consent = testhtml.Attr(n, "action")
			}
		}
		may := ""
		for _, o := range within(v.form(consent), func(n *html.Node) bool { return n.Data == "option" && textOf(n) == "may.jpg" }) {
			may = testhtml.Attr(o, "value")
		}
		v.send(consent, "document", may).wants(200, "/request/items", "2 of 3 ready")

		v.open("/request/questions/customer_type").send("/request/questions/customer_type", "answers.customer_type", "direct")
		v.answers(individual()).wants(200, "/request/items", "passport.jpg", "may.jpg", "june.jpg", "3 of 4 ready")
	})
}
