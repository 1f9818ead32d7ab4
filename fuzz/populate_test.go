package fuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"regexp"
	"slices"
	"time"

	"regain/internal/regaintest"
	"regain/internal/testdocs"
	"regain/notify"
)

var (
	codePattern = regexp.MustCompile(`\b(\d{6})\b`)
	linkPattern = regexp.MustCompile(`/invitation#([\w-]{43})`)
)

// individual needs a certificate and records, resold a reseller's letter, stated a
// statement.
func individual() object {
	return object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": true, "card_added": false}
}

func resold() object {
	return object{"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": true, "enterprise_country": "CN"}
}

func stated() object {
	return object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false, "card_added": false, "paid": false, "phone_registered": true}
}

// unsettled leads to no documents: somebody has to be asked what to do.
func unsettled() object {
	return object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false, "card_added": false, "paid": true}
}

// represented and own are cases under the second policy; own has a proof by token.
func represented() object {
	return object{"requester": "guardian", "lost": []any{"phone"}, "residence": "BR", "months_idle": 2}
}

func own() object {
	return object{"requester": "holder", "lost": []any{"phone"}, "residence": "BR", "months_idle": 2}
}

// populate adds a case of every state, with markers in all that people can write.
func (w *world) populate() {
	w.t.Helper()
	w.begin(individual(), "")
	w.begin(own(), "mutua-acesso")
	w.supply(w.begin(own(), "mutua-acesso"))
	w.supply(w.begin(represented(), "mutua-acesso"))
	w.supply(w.begin(stated(), ""))
	invited := w.begin(resold(), "")
	w.invite(invited)
	w.submitted(individual())
	w.claimed(individual())
	w.supply(w.requested())
	w.requested()
	w.denied(individual())
	w.approved()
	w.withdrawn()
	w.submitted(resold())
}

// begin starts a case and proves its contact.
func (w *world) begin(answers object, policy string) *claim {
	w.t.Helper()
	c := w.start(answers, policy)
	w.want(c.owner, 200, "POST", c.path("/contacts/email/verification"), object{"code": w.contactCode(c)})
	w.want(c.owner, 201, "POST", c.path("/messages"), object{"body": "Please look at " + marker(c.number, ofCustomer)})
	return c
}

// contactCode has a code sent to the case's new address.
func (w *world) contactCode(c *claim) string {
	w.t.Helper()
	return w.mailed(c.email(), codePattern, func() { w.want(c.owner, 202, "POST", c.path("/contacts/email/code"), nil) })
}

// start starts a case, whose contact is still to be proved.
func (w *world) start(answers object, policy string) *claim {
	w.t.Helper()
	number := w.number()
	body := object{
		"account": "account " + marker(number, ofAccount), "enterprise": "Exemplo " + marker(number, ofOwed) + " Ltda.", "lost": []string{"email"},
		"new_email": marker(number, ofCustomer) + "@customer.example", "answers": answers, "locale": "en",
	}
	if policy != "" {
		body["policy"] = policy
	}
	return w.adopt(number, w.want(nobody(), 201, "POST", "/api/v1/cases", body))
}

func (c *claim) path(rest string) string { return "/api/v1/cases/" + c.id + rest }

// mailed has a letter sent to somebody and reads what is looked for in it.
func (w *world) mailed(to string, pattern *regexp.Regexp, send func()) string {
	w.t.Helper()
	since := time.Now().UTC().Truncate(time.Microsecond) // as exact as the outbox
	send()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if found := w.newestLetter(to, pattern, since); found != "" {
			return found
		}
	}
	w.t.Fatalf("no letter to %s that matches %s", to, pattern)
	return ""
}

// newestLetter is what is looked for in a letter that was written since a time: one of before
// may well arrive after it.
func (w *world) newestLetter(to string, pattern *regexp.Regexp, since time.Time) string {
	w.t.Helper()
	letters, err := w.Mailbox.List(w.t.Context(), notify.LetterQuery{To: to})
	must(w.t, err)
	for _, l := range letters {
		m := pattern.FindStringSubmatch(l.TextBody)
		if m != nil && !l.SentAt.Before(since) && w.count(w.t, "outbox", "id = ? AND created_at >= ?", l.MessageID, since) == 1 {
			return m[1]
		}
	}
	return ""
}

// show reads the case as its customer does.
func (w *world) show(c *claim) object {
	w.t.Helper()
	o := w.want(c.owner, 200, "GET", c.path(""), nil)
	c.learn(o)
	return o
}

// supply supplies all that the customer may.
func (w *world) supply(c *claim) {
	w.t.Helper()
	for _, i := range objects(w.show(c)["items"]) {
		if i["open"] != true || i["supply"] == "provided" {
			continue
		}
		path := c.path("/items/" + text(i, "id"))
		switch text(i, "kind") {
		case "statement":
			w.want(c.owner, 200, "PUT", path+"/statement", regaintest.Statement(i, marker(c.number, ofCustomer)))
		case "proof":
			w.want(c.owner, 200, "PUT", path+"/placement", object{"where": marker(c.number, ofCustomer) + ".example"})
		default:
			content := testdocs.PDF(uint64(w.number()), 1, marker(c.number, ofCustomer))
			w.upload(c.owner, path+"/documents", marker(c.number, ofCustomer)+".pdf", content)
		}
	}
	w.show(c)
}

// upload sends a file and returns the document's id.
func (w *world) upload(p *person, path, name string, content []byte) string {
	w.t.Helper()
	body, contentType := form(name, content, "")
	c := &call{who: p, method: "POST", target: path, body: body, header: [][2]string{{"Content-Type", contentType}}}
	a := w.send(c)
	if a.status != 201 {
		w.t.Fatalf("upload as %s: %d %s", p.name, a.status, a.body)
	}
	return text(a.object(w.t), "id")
}

// form writes multipart/form-data, with read_off before the file unless it is empty.
func form(name string, content []byte, readOff string) (body []byte, contentType string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.SetBoundary("boundary-of-the-fuzzer")
	if readOff != "" {
		_ = m.WriteField("read_off", readOff)
	}
	part, _ := m.CreateFormFile("file", name) // a buffer takes everything
	_, _ = part.Write(content)
	_ = m.Close()
	return b.Bytes(), m.FormDataContentType()
}

// partnerEmail is the one address that the case's customer invites.
func (c *claim) partnerEmail() string { return fmt.Sprintf("partner%d@partner.example", c.number) }

// sendInvitation invites a reseller and returns the token in the letter.
func (w *world) sendInvitation(c *claim) string {
	w.t.Helper()
	return w.mailed(c.partnerEmail(), linkPattern, func() {
		inv := w.want(c.owner, 201, "POST", c.path("/invitations"), object{"supplier": "reseller", "organisation": "Parceira " + marker(c.number, ofOwed), "email": c.partnerEmail()})
		remember(&c.invitations, text(inv, "id"))
	})
}

// invite has a reseller come to the case and supply the letter.
func (w *world) invite(c *claim) *person {
	w.t.Helper()
	came := w.want(nobody(), 201, "POST", "/api/v1/invitations/session", object{"token": w.sendInvitation(c)})
	p := w.enrol(c, came)
	w.join(c, p, c.partnerEmail())
	for _, i := range objects(sub(came, "invitation")["items"]) {
		remember(&c.items, text(i, "id"))
		if i["open"] == true && text(i, "kind") == "document" {
			name := marker(p.number, ofPartner) + ".pdf"
			w.upload(p, "/api/v1/invitation/items/"+text(i, "id")+"/documents", name, testdocs.PDF(uint64(w.number()), 1, marker(p.number, ofPartner)))
		}
	}
	return p
}

func (w *world) submitted(answers object) *claim {
	w.t.Helper()
	c := w.begin(answers, "")
	if answers["customer_type"] == "reseller" {
		w.invite(c)
	}
	w.supply(c)
	w.change(c, c.owner, "POST", "/submission", nil)
	w.show(c)
	return c
}

// change calls on the case with its present version.
func (w *world) change(c *claim, p *person, method, rest string, body any) object {
	w.t.Helper()
	etag := w.get(p, c.path("")).header.Get("ETag")
	return w.want(p, 200, method, c.path(rest), body, "If-Match", etag)
}

func (w *world) claimed(answers object) *claim {
	w.t.Helper()
	c := w.submitted(answers)
	r := w.reviewer(0)
	w.want(r, 200, "POST", c.path("/claim"), nil)
	w.want(r, 201, "POST", c.path("/notes"), object{"body": "Odd " + marker(c.number, ofStaff)})
	w.want(r, 201, "POST", c.path("/messages"), object{"body": "We look at it " + marker(c.number, forBoth)})
	return c
}

func (w *world) reviewer(n int) *person {
	at := slices.IndexFunc(w.people, func(p *person) bool { return p.role == "reviewer" })
	return w.people[at+n]
}

func (w *world) requested() *claim {
	w.t.Helper()
	c := w.claimed(individual())
	first := c.items[0]
	w.change(c, w.reviewer(0), "POST", "/items/"+first+"/decision", object{
		"verdict": "rejected", "reason_code": "unreadable", "words_customer": "In daylight, please " + marker(c.number, forBoth), "words_staff": "blurred " + marker(c.number, ofStaff),
	})
	w.change(c, w.reviewer(0), "POST", "/requests", object{"asks": []object{{"item": first}, {"text": "A photo " + marker(c.number, forBoth)}}, "words": "More " + marker(c.number, forBoth)})
	return c
}

func (w *world) denied(answers object) *claim {
	w.t.Helper()
	c := w.claimed(answers)
	w.change(c, w.reviewer(0), "POST", "/denial", object{
		"reason_code": "not_proven", "words_customer": "Not shown " + marker(c.number, forBoth), "words_staff": "pasted " + marker(c.number, ofStaff),
	})
	w.show(c)
	return c
}

func (w *world) approved() {
	w.t.Helper()
	c := w.claimed(individual())
	r := w.reviewer(0)
	for _, i := range objects(w.want(r, 200, "GET", c.path(""), nil)["items"]) {
		w.change(c, r, "POST", "/items/"+text(i, "id")+"/decision", regaintest.Acceptance(i))
	}
	w.change(c, r, "POST", "/approval", object{"words_staff": "fine " + marker(c.number, ofStaff)})
	w.show(c)
}

func (w *world) withdrawn() {
	w.t.Helper()
	c := w.begin(individual(), "")
	w.supply(c)
	w.change(c, c.owner, "POST", "/withdrawal", nil)
	w.show(c)
}

// want calls with JSON and wants a status.
func (w *world) want(p *person, status int, method, path string, body any, header ...string) object {
	w.t.Helper()
	c := &call{who: p, method: method, target: path}
	if body != nil {
		raw, err := json.Marshal(body)
		must(w.t, err)
		c.body, c.header = raw, [][2]string{{"Content-Type", "application/json"}}
	}
	for n := 0; n+1 < len(header); n += 2 {
		c.header = append(c.header, [2]string{header[n], header[n+1]})
	}
	a := w.send(c)
	if a.status != status {
		w.t.Fatalf("%s %s as %s: %d, want %d: %s", method, path, p.name, a.status, status, a.body)
	}
	if len(a.body) == 0 {
		return nil
	}
	return a.object(w.t)
}

func (w *world) get(p *person, path string) *answer {
	return w.send(&call{who: p, method: "GET", target: path})
}
