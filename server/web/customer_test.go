package web_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/database"
	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
	"regain/notify"
	"regain/server/servertest"
)

// customer is a browser without scripts: it reads pages, follows links and sends the
// forms that stand on them, with all their fields.
type customer struct {
	t      *testing.T
	h      *servertest.Harness
	client *http.Client
	page   *html.Node
	body   string
	url    *url.URL
	status int
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, h *servertest.Harness)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		h := servertest.StartWith(t, db, servertest.Options{Unlimited: true, Logger: testLog(t)})
		h.Deliver(t)
		test(t, h)
	})
}

func visit(t *testing.T, h *servertest.Harness) *customer {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &customer{t: t, h: h, client: &http.Client{Jar: jar}}
}

func (v *customer) open(path string) *customer {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.h.URL+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(req)
}

// do reads the page that answers, and wants it to be sound.
func (v *customer) do(req *http.Request) *customer {
	v.t.Helper()
	req.Header.Set("Accept", "text/html")
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.status, v.url, v.body = resp.StatusCode, resp.Request.URL, string(raw)
	if v.page, err = html.Parse(bytes.NewReader(raw)); err != nil {
		v.t.Fatal(err)
	}
	for _, bad := range []string{"<no value>", "ZgotmplZ", " style=", "<script>", "%!"} {
		if strings.Contains(v.body, bad) {
			v.t.Errorf("%s holds %s", v.url, bad)
		}
	}
	seen := map[string]bool{}
	for _, n := range v.all(func(n *html.Node) bool { return testhtml.Attr(n, "id") != "" }) {
		if id := testhtml.Attr(n, "id"); seen[id] {
			v.t.Errorf("%s has two elements %q", v.url, id)
		} else {
			seen[id] = true
		}
	}
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "a" }) {
		if id, ok := strings.CutPrefix(testhtml.Attr(n, "href"), "#"); ok && !seen[id] {
			v.t.Errorf("%s: the link to #%s leads nowhere", v.url, id)
		}
	}
	for _, fault := range testhtml.SummaryFaults(v.page) {
		v.t.Errorf("%s: %s", v.url, fault)
	}
	return v
}

// wants checks where the customer is, and what the page says.
func (v *customer) wants(status int, path string, words ...string) *customer {
	v.t.Helper()
	if v.status != status || !regexp.MustCompile("^"+path+"$").MatchString(v.url.Path) {
		v.t.Fatalf("%d %s, want %d %s: %s", v.status, v.url.Path, status, path, v.text())
	}
	for _, w := range words {
		if !strings.Contains(v.text(), w) {
			v.t.Errorf("%s does not say %q: %s", v.url.Path, w, v.text())
		}
	}
	return v
}

func (v *customer) all(wanted func(n *html.Node) bool) []*html.Node { return within(v.page, wanted) }

func within(root *html.Node, wanted func(n *html.Node) bool) []*html.Node {
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && wanted(n) {
			out = append(out, n)
		}
	}
	return out
}

func textOf(root *html.Node) string {
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// text is what the page's main part says.
func (v *customer) text() string {
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "main" }) {
		return textOf(n)
	}
	return textOf(v.page)
}

// form finds the form whose address matches.
func (v *customer) form(action string) *html.Node {
	v.t.Helper()
	pattern := regexp.MustCompile("^" + action + `(\?|$)`)
	for _, n := range v.all(func(n *html.Node) bool { return n.Data == "form" }) {
		if pattern.MatchString(testhtml.Attr(n, "action")) {
			return n
		}
	}
	v.t.Fatalf("%s has no form to %s: %s", v.url, action, v.body)
	return nil
}

// fields are those that a browser would send, before anything is typed.
func fields(form *html.Node) url.Values {
	values := url.Values{}
	for _, n := range within(form, func(n *html.Node) bool { return testhtml.Has(n, "name") }) {
		name := testhtml.Attr(n, "name")
		switch {
		case n.Data == "textarea":
			values.Add(name, textOf(n))
		case n.Data == "select":
			for _, o := range within(n, func(o *html.Node) bool { return o.Data == "option" && testhtml.Has(o, "selected") }) {
				values.Add(name, testhtml.Attr(o, "value"))
			}
		case n.Data == "button", testhtml.Attr(n, "type") == "file":
		case testhtml.Attr(n, "type") == "radio" || testhtml.Attr(n, "type") == "checkbox":
			if testhtml.Has(n, "checked") {
				values.Add(name, testhtml.Attr(n, "value"))
			}
		case n.Data == "input":
			values.Add(name, testhtml.Attr(n, "value"))
		}
	}
	return values
}

// send fills in the form and sends it: names and values in turn. A field that the
// form does not have is a mistake.
func (v *customer) send(action string, typed ...string) *customer {
	v.t.Helper()
	form := v.form(action)
	values := fields(form)
	names := map[string]bool{}
	for _, n := range within(form, func(n *html.Node) bool { return testhtml.Has(n, "name") }) {
		names[testhtml.Attr(n, "name")] = true
	}
	for i := 0; i < len(typed); i += 2 {
		if !names[typed[i]] {
			v.t.Fatalf("%s: the form has no field %q", v.url, typed[i])
		}
		values.Del(typed[i])
	}
	for i := 0; i < len(typed); i += 2 {
		values.Add(typed[i], typed[i+1])
	}
	return v.post(testhtml.Attr(form, "action"), values)
}

func (v *customer) post(action string, values url.Values) *customer {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.h.URL+action, strings.NewReader(values.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req)
}

// chosen is a file that somebody chose.
type chosen struct {
	name    string
	content []byte
}

// upload sends a file by the page's form.
func (v *customer) upload(action, name string, content []byte) *customer {
	v.t.Helper()
	return v.uploadAll(action, chosen{name, content})
}

// uploadAll sends several.
func (v *customer) uploadAll(action string, files ...chosen) *customer {
	v.t.Helper()
	form := v.form(action)
	return v.postFiles(testhtml.Attr(form, "action"), fields(form), files...)
}

func (v *customer) postFiles(address string, typed url.Values, files ...chosen) *customer {
	v.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for field, values := range typed {
		for _, value := range values {
			if err := w.WriteField(field, value); err != nil {
				v.t.Fatal(err)
			}
		}
	}
	for _, file := range files {
		part, err := w.CreateFormFile("file", file.name)
		if err != nil {
			v.t.Fatal(err)
		}
		if _, err := part.Write(file.content); err != nil {
			v.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		v.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.h.URL+address, &body)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return v.do(req)
}

// letter waits for a message to somebody that matches, sent after a time.
func (v *customer) letter(to string, pattern *regexp.Regexp, after time.Time) string {
	v.t.Helper()
	return letterTo(v.t, v.h, to, pattern, func(l notify.Letter, _ string) bool { return l.SentAt.After(after) })
}

var (
	codeInLetter  = regexp.MustCompile(`\b(\d{6})\b`)
	itemInPage    = regexp.MustCompile(`id="item-([0-9a-f-]{36})"`)
	referenceText = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}`)
)

// begin starts a request and proves its new address.
func (v *customer) begin(email string) *customer {
	v.t.Helper()
	v.open("/start").wants(200, "/start", "does not guarantee")
	v.open("/start/account").wants(200, "/start/account")
	before := time.Now()
	v.send("/start/account", "account", "account of "+email, "lost", "email", "new_email", email, "enterprise", "Exemplo Ltda.")
	v.wants(200, "/request/contacts/email", "We sent a code to "+email)
	v.send("/request/contacts/email", "code", v.letter(email, codeInLetter, before.Add(-time.Second)))
	return v
}

// answers answers what is asked, one question a page.
func (v *customer) answers(given map[string]string) *customer {
	v.t.Helper()
	return v.answersUntil("", given)
}

// answersUntil stops at a question.
func (v *customer) answersUntil(last string, given map[string]string) *customer {
	v.t.Helper()
	for range 12 {
		id, ok := strings.CutPrefix(v.url.Path, "/request/questions/")
		if !ok || id == last {
			return v
		}
		if given[id] == "" {
			v.t.Fatalf("no answer to %s", id)
		}
		v.send(v.url.Path, "answers."+id, given[id])
	}
	v.t.Fatal("too many questions")
	return v
}

func (v *customer) items() []string {
	var ids []string
	for _, m := range itemInPage.FindAllStringSubmatch(v.body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// supply uploads a file for, or fills in, every item of the page.
func (v *customer) supply() *customer {
	v.t.Helper()
	for n, id := range v.items() {
		v.open("/request/items")
		action := "/request/items/" + id
		if strings.Contains(v.body, `action="`+action+`?`) {
			v.upload(action, fmt.Sprintf("photo-%d.jpg", n), testdocs.JPEG(uint64(1000+n), 40, 30)).wants(200, "/request/items", fmt.Sprintf("photo-%d.jpg", n))
			continue
		}
		v.open(action+"/statement").wants(200, action+"/statement")
		v.fillIn(action+"/statement").wants(200, "/request/items")
	}
	return v
}

// fillIn types something good into every field of a statement.
func (v *customer) fillIn(action string) *customer {
	v.t.Helper()
	var typed []string
	for name := range fields(v.form(action)) {
		if name == "idempotency_key" {
			continue
		}
		typed = append(typed, name, example(name))
	}
	for _, n := range within(v.form(action), func(n *html.Node) bool { return n.Data == "select" }) {
		if !slices.Contains(typed, testhtml.Attr(n, "name")) {
			typed = append(typed, testhtml.Attr(n, "name"), "BR")
		}
	}
	return v.send(action, typed...)
}

func example(name string) string {
	switch {
	case strings.Contains(name, "mail"):
		return "ana@example.com"
	case strings.Contains(name, "phone"), strings.Contains(name, "mobile"):
		return "+55 11 91234-5678"
	case strings.HasSuffix(name, "postal_code"):
		return "01310-100"
	case strings.HasSuffix(name, "country"):
		return "BR"
	case strings.Contains(name, "bank"):
		return "DE89370400440532013000"
	case strings.Contains(name, "date"):
		return "2024-05-01"
	}
	return "Rua Exemplo 12"
}

func individual() map[string]string {
	return map[string]string{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": "yes", "card_added": "no"}
}

// TestCustomersWay goes the whole way without scripts: before the start, the account
// and its code, the questions, the materials, the check, the receipt and the status,
// with bad input at each step.
func TestCustomersWay(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := visit(t, h)
		v.open("/start/account")
		v.send("/start/account", "account", "ana", "new_email", "nonsense")
		v.wants(422, "/start/account", "There is a problem", "name@example.com", "Say what was lost")
		if got := fields(v.form("/start/account")); got.Get("account") != "ana" || got.Get("new_email") != "nonsense" {
			t.Errorf("what was typed is lost: %v", got)
		}
		before := time.Now().Add(-time.Second)
		v.send("/start/account", "account", "ana", "lost", "email", "new_email", "ana@example.com").wants(200, "/request/contacts/email")
		v.send("/request/contacts/email", "code", "12").wants(422, "/request/contacts/email", "There is a problem")
		v.send("/request/contacts/email", "code", v.letter("ana@example.com", codeInLetter, before))
		v.wants(200, "/request/questions/customer_type", "Question 1", "Why we ask")

		v.send("/request/questions/customer_type").wants(422, "/request/questions/customer_type", "Choose or enter an answer")
		v.answers(individual()).wants(200, "/request/items", "What we need from you", "0 of 4 ready")
		v.open("/request/questions/account_type").wants(200, "/request/questions/account_type")
		if got := fields(v.form("/request/questions/account_type")); got.Get("answers.account_type") != "individual" {
			t.Errorf("the answer is not shown: %v", got)
		}

		v.open("/request/items")
		ids := v.items()
		v.open("/request/check").wants(200, "/request/check")
		v.wants(200, "/request/check", "4 materials are still to do.")
		if strings.Contains(v.text(), "Materials (done)") {
			t.Error("the way says that the materials are done")
		}
		v.send("/request/check").wants(422, "/request/check", "There is a problem", "Transaction record, 2 of 3: Supply this, or say why")
		v.open("/request/items")
		v.upload("/request/items/"+ids[0], "virus.exe", []byte("MZ nonsense")).wants(415, "/request/items/"+ids[0], "There is a problem")
		v.open("/request/items/"+ids[0]).wants(200, "/request/items") // a browser that opens the window again
		v.open("/request/items").supply()
		v.wants(200, "/request/items", "Everything is here")
		v.open("/request/check").wants(200, "/request/check", "photo-0.jpg", "Confirmed")
		form := fields(v.form("/request/check"))
		v.send("/request/check").wants(200, "/request/receipt", "We have your request", "photo-0.jpg")
		reference := referenceText.FindString(v.text())
		if v.post("/request/check", form).wants(200, "/request/receipt"); !strings.Contains(v.text(), reference) {
			t.Error("a second click has another effect")
		}
		v.open("/request").wants(200, "/request", "Waiting for a reviewer", "Yours is next", "Reviewed by", "photo-0.jpg Sent")
		v.open("/request/items").wants(200, "/request")
		v.open("/request/later").wants(200, "/request/later", reference)
	})
}

// testLog shows what the server finds wrong.
func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
}

// TestBothContacts: the second contact gets its code as soon as the first one is proved, and a page that
// knows of no code does not speak of one.
func TestBothContacts(t *testing.T) {
	h := open(t)
	v, before := visit(t, h.Harness), time.Now().Add(-time.Second)
	code := func(to string) string { return v.letter(to, codeInLetter, before) }
	v.open("/start/account").send("/start/account", "account", "ana", "lost", "phone", "lost", "email", "new_phone", "+5511912345678", "new_email", "ana@example.com")
	v.wants(200, "/request/contacts/phone", "We sent a code to +5511912345678")
	v.send("/request/contacts/phone", "code", "").wants(422, "/request/contacts/phone", "Enter the six digits of the code.", "Send a new code")
	v.send("/request/contacts/phone", "code", code("+5511912345678")).wants(200, "/request/contacts/email", "We sent a code to ana@example.com")
	v.open("/request/contacts/email").wants(200, "/request/contacts/email", "Ask for a code, and we send it to ana@example.com", "You have a code already?")
	v.open("/request/contacts/email/code").wants(200, "/request/contacts/email")
	v.send("/request/contacts/email", "code", code("ana@example.com")).wants(200, "/request/questions/customer_type", "Question 1")

	// Another address is proved anew, with a code that is on its way.
	v.open("/request/account").send("/request/account", "new_email", "eva@example.com").wants(200, "/request/contacts/email", "We sent a code to eva@example.com")
	v.send("/request/contacts/email", "code", code("eva@example.com")).wants(200, "/request/questions/customer_type")
}

// TestQuestionsInTheOrderTheyAreAsked: they are counted, and gone back through, as they came.
func TestQuestionsInTheOrderTheyAreAsked(t *testing.T) {
	v := visit(t, open(t).Harness).begin("ana@example.com")
	given, seen := individual(), []string{}
	for {
		path, at := strings.CutPrefix(v.url.Path, "/request/questions/")
		if !at {
			break
		}
		seen = append(seen, path)
		v.wants(200, "/request/questions/"+path, fmt.Sprintf("Question %d ", len(seen)))
		back := v.all(func(n *html.Node) bool { return n.Data == "a" && testhtml.Attr(n.Parent, "class") == "back" })
		if len(seen) > 1 && (len(back) != 1 || testhtml.Attr(back[0], "href") != "/request/questions/"+seen[len(seen)-2]) {
			t.Errorf("the way back from %s does not lead to %s", path, seen[len(seen)-2])
		}
		v.send("/request/questions/"+path, "answers."+path, given[path])
	}
	if len(seen) < 3 {
		t.Fatalf("only %v were asked", seen)
	}
}
