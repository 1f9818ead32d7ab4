package fuzz

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"regain/database"
	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
	"regain/server"
)

// TestEveryPage draws pages to read and forms to send until the run is over. A form is
// taken from the page that holds it, as its reader sees it, filled in, and most often
// spoiled.
func TestEveryPage(t *testing.T) {
	const databases = 2
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := runOf(t, databases)
		r.calls = min(r.calls, pagesInShort)
		w := newWorld(t, db)
		tally := newTally(w.pages())
		made := 0
		for ; !r.over(made) && len(tally.faults) < mostFaults; made++ {
			random := rand.New(rand.NewPCG(r.seed, uint64(made)))
			w.visit(random, one(random, tally.operations), random.IntN(100) < 45, made, tally)
		}
		made += tally.makeUp(r.seed, w.visitWell(tally))
		tally.report(t, r, made)
	})
}

// pagesInShort is how many pages a run visits when no minutes are given.
const pagesInShort = 180

// pages are the routes that the OpenAPI document does not describe.
func (w *world) pages() []*operation {
	var out []*operation
	for _, r := range w.Server.Routes() {
		if slices.ContainsFunc(w.document.operations, func(o *operation) bool { return o.id == r.ID }) {
			continue
		}
		op := &operation{id: r.ID, method: r.Method, path: r.Path, page: true, repeatable: r.Effect == server.Changes}
		for _, role := range r.Roles {
			op.roles = append(op.roles, string(role))
		}
		out = append(out, op)
	}
	return out
}

// alike are the calls of the API that do what a page does, where its name does not say it:
// what such a call needs, the page needs.
func alike() map[string]string {
	return map[string]string{
		"owed-page": "show-invitation", "owed-receipt-page": "show-invitation", "owed-upload-page": "partner-upload", "owed-remove-page": "partner-clear-item",
		"owed-letter-page": "partner-letter", "owed-document-page": "partner-download", "letters-page": "list-owed", "asked-page": "show-owed", "asked-receipt-page": "show-owed",
		"asked-upload-page": "organisation-upload", "asked-remove-page": "organisation-clear-item", "asked-letter-page": "organisation-letter", "asked-document-page": "organisation-download",
		"start-case-page": "start-case", "save-particulars-page": "revise-case", "particulars-page": "revise-case", "contact-page": "send-contact-code", "save-contact-page": "verify-contact",
		"next-question-page": "revise-case", "question-page": "revise-case", "save-question-page": "revise-case", "outcome-page": "revise-case", "items-page": "upload-document",
		"item-upload-page": "upload-document", "item-reuse-page": "reuse-document", "item-remove-page": "clear-item", "item-available-page": "can-provide", "statement-page": "state",
		"save-statement-page": "state", "unavailable-page": "cannot-provide", "save-unavailable-page": "cannot-provide", "item-letter-page": "download-letter", "item-document-page": "download-document",
		"invite-page": "invite", "save-invite-page": "invite", "check-page": "submit", "save-check-page": "submit", "withdraw-page": "withdraw", "save-withdraw-page": "withdraw",
		"appeal-page": "appeal", "save-appeal-page": "appeal", "write-page": "write-message", "send-resume-code-page": "resume", "resume-verification-page": "resume-verification",
		"request-page": "revise-case", "later-page": "revise-case",
		"person-page": "show-person", "kept-organisation-page": "add-member", "queue-remove-view-page": "remove-view", "queue-next-page": "claim-next", "queue-claim-page": "claim",
		"queue-assign-page": "assign-many", "queue-tag-page": "tag-many", "queue-undo-tags-page": "undo-tags", "queue-write-page": "reply-many", "queue-reply-page": "reply-many", "queue-undo-page": "undo-assignment",
		"inbox-read-page": "read-entry", "inbox-read-entry-page": "read-entry", "inbox-choices-page": "choose-inbox", "tag-name-page": "rename-tag", "tag-merger-page": "merge-tag", "tag-retirement-page": "retire-tag",
		"review-page": "show-case", "review-document-page": "download-document", "review-hand-over-page": "assign", "review-reject-item-page": "decide-item",
		"export-page": "export-case", "export-file-page": "export-case", "audit-run-page": "show-audit", "audit-case-page": "verify-case", "audit-case-export-page": "export-looks",
		"webhook-page": "show-webhook", "delivery-page": "show-delivery", "rotate-webhook-page": "rotate-webhook-secret", "create-key-page": "create-api-key", "revoke-key-page": "revoke-api-key",
		"sign-out-page": "sign-out",
	}
}

// likeOf is the id of the call that a page is like, or its own.
func likeOf(id string) string {
	if like, ok := alike()[id]; ok {
		return like
	}
	return strings.TrimPrefix(strings.TrimSuffix(id, "-page"), "review-")
}

// visitWell reads pages and sends forms as somebody who means well.
func (w *world) visitWell(tally *tally) func(*rand.Rand, *operation, int) {
	return func(r *rand.Rand, op *operation, n int) { w.visit(r, op, true, n, tally) }
}

// visit reads a page, or sends a form, and checks the answer.
func (w *world) visit(r *rand.Rand, op *operation, honest bool, n int, tally *tally) {
	like := *op
	like.id = likeOf(op.id)
	p := &plan{w: w, op: &like, c: &call{op: op, method: op.method}}
	p.values = &values{Rand: r, document: w.document, honest: honest, hint: p.hintFor}
	p.prepare = pageArrangements()[op.id]
	p.cast()
	if op.method == "GET" {
		p.readPage()
	} else {
		p.sendForm()
	}
	p.c.set("Accept", "text/html")
	faults := w.checkLog() // of what prepared for the visit
	a := w.send(p.c)
	if c := p.c.claim; op.method == "POST" && c != nil { // what a form has done to the case is not in its answer
		if seen := w.get(c.owner, c.path("")); seen.status == 200 {
			c.learn(seen.object(w.t))
		}
	}
	faults = append(faults, w.checkPage(p.c, a)...)
	if op.repeatable && a.status < 400 && p.c.wrong == "" && p.chance(30) {
		faults = append(faults, w.checkFormTwice(p.c, a)...)
	}
	tally.count(p.c, a, n, faults)
}

// readPage fills in the address of a page.
func (p *plan) readPage() {
	path := p.op.path
	if len(p.from) > 0 && strings.HasPrefix(p.from[0], path) {
		p.c.target = p.from[0]
		return
	}
	if len(p.op.pathNames()) > 0 && p.ids == nil || p.missing() {
		if link, ok := p.lookFor(func(at paper) []string {
			return slices.DeleteFunc(slices.Clone(at.links), func(l string) bool { return !fits(p.op.path, l) })
		}); ok {
			p.c.target = link
			return
		}
	}
	for _, name := range p.op.pathNames() {
		path = strings.Replace(path, "{"+name+"}", p.segment(name), 1)
	}
	p.c.target = path
	if !p.honest && p.chance(30) {
		p.c.wrong = "an odd query"
		query := url.Values{one(p.Rand, []string{"view", "cursor", "limit", "from", "to", "next", "page", "q", "x", "return", "locale", "sent", "case", "person", "tag", "within"}): {one(p.Rand, nastyTexts()[:50])}}
		p.c.target += "?" + query.Encode()
	}
}

// missing says whether the arrangement left something of the path open.
func (p *plan) missing() bool {
	return slices.ContainsFunc(p.op.pathNames(), func(name string) bool { return p.ids[name] == "" && name != "case" })
}

// places are the pages that may hold what is looked for: those whose addresses begin the
// route's own, the longest first, and where the caller begins.
func (p *plan) places() []string {
	known := map[string]string{
		"/invitation/items/{item}": "/invitation/owed", "/invitation/items/{item}/remove": "/invitation/owed", "/invitation/items/{item}/letter": "/invitation/owed", "/invitation/documents/{document}": "/invitation/owed",
		"/request/invitations/{invitation}/revoke": "/request/items", "/request/items/{item}": "/request/items", "/preferences": "/", "/organisation/session": "/organisation",
	}
	out := slices.Clone(p.from)
	if at, ok := known[p.op.path]; ok {
		out = append(out, at)
	}
	path := p.op.path
	for ; path != ""; path = path[:strings.LastIndex(path, "/")] {
		at := path
		for _, name := range p.op.pathNames() {
			at = strings.Replace(at, "{"+name+"}", p.segment(name), 1)
		}
		out = append(out, at)
	}
	switch p.c.who.role {
	case "customer":
		return append(out, "/request", "/request/items", "/request/check")
	case "anonymous", "stale":
		return append(out, "/")
	case "partner":
		return append(out, "/invitation/owed")
	case "organisation":
		return append(out, "/organisation/letters")
	}
	return append(out, "/staff")
}

// mostLooked is how many pages are looked through for a form.
const mostLooked = 12

// lookFor goes from page to page, as the caller, until one holds something.
func (p *plan) lookFor(wanted func(at paper) []string) (string, bool) {
	open, seen := p.places(), map[string]bool{}
	for looked := 0; len(open) > 0 && looked < mostLooked; {
		at := open[0]
		open = open[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		looked++
		page, links := p.look(at)
		if found := wanted(page); len(found) > 0 {
			return one(p.Rand, found), true
		}
		open = append(open, links...)
	}
	return "", false
}

// look reads a page and follows one redirection. links are those that lead to other pages
// of the same part.
func (p *plan) look(at string) (paper, []string) {
	a := p.w.get(p.c.who, at)
	if to := a.header.Get("Location"); a.status >= 300 && a.status < 400 && to != "" {
		at = to
		a = p.w.get(p.c.who, at)
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		return paper{}, nil
	}
	page := readPaper(at, a.body)
	var links []string
	for _, l := range page.links {
		if !strings.HasPrefix(l, "/assets/") && !slices.Contains(links, l) {
			links = append(links, l)
		}
	}
	return page, links
}

// sendForm finds the route's form and fills it in.
func (p *plan) sendForm() {
	forms := p.formsIn(p.forms)
	if len(forms) == 0 {
		_, _ = p.lookFor(func(at paper) []string {
			if forms = p.formsIn(at.forms); len(forms) > 0 {
				return []string{"found"}
			}
			return nil
		})
	}
	if len(forms) == 0 { // the caller has no such form: somebody sends it all the same
		p.c.wrong = "a form that no page shows"
		path := p.op.path
		for _, name := range p.op.pathNames() {
			path = strings.Replace(path, "{"+name+"}", p.segment(name), 1)
		}
		forms = []htmlForm{{action: path, encoding: "application/x-www-form-urlencoded", controls: []control{{name: "x", kind: "text"}}}}
	}
	f := one(p.Rand, forms)
	for _, other := range forms {
		if named := p.ids["item"] + p.ids["document"]; named != "" && strings.Contains(other.action, named) {
			f = other
		}
	}
	for _, c := range p.w.claims { // what is planted is planted there
		if strings.Contains(f.action, c.id) {
			p.c.claim = c
		}
	}
	p.fill(f)
}

// formsIn are the route's forms among those of a page. Who means well does not ask for a
// preview.
func (p *plan) formsIn(all []htmlForm) []htmlForm {
	return slices.DeleteFunc(slices.Clone(all), func(f htmlForm) bool {
		return !fits(p.op.path, f.action) || p.honest && f.previews()
	})
}

// entry is one field as it is sent.
type entry struct{ name, value string }

// fill writes the form with values.
func (p *plan) fill(f htmlForm) {
	p.c.target = f.action
	var entries []entry
	file := ""
	radios := map[string][]control{}
	for _, c := range f.controls {
		switch c.kind {
		case "file":
			file = c.name
		case "radio":
			radios[c.name] = append(radios[c.name], c)
		case "checkbox":
			if p.ticked(c) {
				entries = append(entries, entry{c.name, c.value})
			}
		default:
			entries = append(entries, entry{c.name, p.valueFor(c)})
		}
	}
	for _, c := range f.controls { // in the form's order, which chance repeats
		if group := radios[c.name]; group != nil {
			entries = append(entries, entry{c.name, p.picked(group)})
			delete(radios, c.name)
		}
	}
	if !p.honest && p.chance(55) {
		entries = p.spoilForm(entries)
	}
	p.encode(f, entries, file)
}

// fieldOf is the name of a field without that of its form: "reject-words" is "words".
func fieldOf(name string) string { return name[strings.LastIndex(name, "-")+1:] }

// given is what the arrangement says of a field.
func (p *plan) given(name string) (string, bool) {
	whole, _ := p.whole.(object)
	v, ok := whole[fieldOf(name)]
	if !ok {
		return "", false
	}
	switch v.(type) {
	case []any, object:
		return "", false
	}
	return fmt.Sprint(v), true
}

// ticked says whether a box is ticked: those of what the arrangement names, and others by
// chance.
func (p *plan) ticked(c control) bool {
	if whole, ok := p.whole.(object); ok {
		if list, ok := whole[fieldOf(c.name)].([]any); ok {
			return slices.Contains(list, any(c.value))
		}
	}
	if p.c.claim != nil && c.value == p.c.claim.id {
		return true
	}
	return c.required || c.checked || p.chance(50)
}

// keeps says whether a field is left as the page has it: who means well and has something
// to say changes nothing else.
func (p *plan) keeps() bool { return p.honest && p.whole != nil || p.chance(50) }

// picked is one of several choices.
func (p *plan) picked(group []control) string {
	if v, ok := p.given(group[0].name); ok {
		return v
	}
	if at := slices.IndexFunc(group, func(c control) bool { return c.checked }); at >= 0 && p.keeps() {
		return group[at].value
	}
	return one(p.Rand, group).value
}

// valueFor is what somebody writes into a field.
func (p *plan) valueFor(c control) string {
	if c.kind == "hidden" {
		return c.value
	}
	if v, ok := p.given(c.name); ok {
		return v
	}
	if c.kind == "button" || c.value != "" && p.keeps() {
		return c.value
	}
	if c.kind == "select" && len(c.options) > 0 {
		if filled := slices.DeleteFunc(slices.Clone(c.options), func(o string) bool { return o == "" }); len(filled) > 0 && (c.required || p.chance(80)) {
			return one(p.Rand, filled)
		}
		return one(p.Rand, c.options)
	}
	if hinted, ok := p.hintFor(fieldOf(c.name)); ok {
		if s, ok := hinted.(string); ok {
			return s
		}
	}
	text := p.string(object{"minLength": 3.0, "maxLength": 30.0})
	switch c.kind {
	case "email":
		return p.email()
	case "tel":
		return "+55 11 91234-5678"
	case "date":
		return one(p.Rand, []string{"2024-02-29", "2026-12-01"})
	case "number":
		return fmt.Sprint(p.IntN(40))
	}
	return text
}

// spoilForm makes a form wrong in one place.
func (p *plan) spoilForm(entries []entry) []entry {
	if len(entries) == 0 {
		return entries
	}
	at := p.IntN(len(entries))
	p.c.wrong = "the field " + entries[at].name
	switch p.IntN(5) {
	case 0:
		return slices.Delete(entries, at, at+1)
	case 1:
		return append(entries, entry{entries[at].name, one(p.Rand, nastyTexts())})
	case 2:
		return append(entries, entry{one(p.Rand, append(nastyTexts()[:20], "version", "case", "id", "roles", "to")), one(p.Rand, nastyTexts())})
	case 3:
		entries[at].value = uuid.Must(uuid.NewV7()).String()
	default:
		entries[at].value = one(p.Rand, nastyTexts())
	}
	return entries
}

// encode writes the form as a browser does.
func (p *plan) encode(f htmlForm, entries []entry, file string) {
	contentType := f.encoding
	if f.encoding == "multipart/form-data" {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		_ = m.SetBoundary("boundary-of-the-fuzzer")
		for _, e := range entries {
			_ = m.WriteField(e.name, e.value)
		}
		if file != "" {
			name, content := p.scan()
			part, _ := m.CreateFormFile(file, headerSafe(name)) // a buffer takes everything
			_, _ = part.Write(content)
		}
		_ = m.Close()
		p.c.body, contentType = b.Bytes(), m.FormDataContentType()
	} else {
		values := url.Values{}
		for _, e := range entries {
			values.Add(e.name, e.value)
		}
		p.c.body = []byte(values.Encode())
	}
	if !p.honest && p.chance(8) {
		p.c.wrong = "the form as a whole"
		p.c.body, _ = p.garble(p.c.body)
	}
	p.c.set("Content-Type", contentType)
	if !p.honest && p.chance(3) {
		p.c.wrong = "another site"
		p.c.set("Sec-Fetch-Site", "cross-site")
	}
}

// scan is the file of an upload.
func (p *plan) scan() (name string, content []byte) {
	mark := p.mark(ofCustomer)
	if p.c.who.invited() {
		mark = p.mark(ofPartner)
	}
	seed := p.Uint64N(1 << 40)
	if p.honest || p.chance(60) {
		return mark + ".pdf", testdocs.PDF(seed, 1, mark)
	}
	return one(p.Rand, append(nastyTexts(), mark+".exe")), one(p.Rand, [][]byte{{}, testdocs.EXE(seed), []byte(mark), testdocs.PNG(seed, 20, 20)})
}

// checkPage holds the answer to a reader against what is promised of every one.
func (w *world) checkPage(c *call, a *answer) []string {
	var faults []string
	if a.status >= 500 || a.status >= 400 && !slices.Contains(refusals, a.status) {
		faults = append(faults, fmt.Sprintf("status %d: %s", a.status, shorten(string(a.body))))
	}
	if a.status == 429 && a.header.Get("Retry-After") == "" {
		faults = append(faults, "429 without Retry-After")
	}
	if media := mediaOf(a.header.Get("Content-Type")); a.status >= 400 && media != "text/html" && len(a.body) > 0 && !forTools(c.op.id) {
		faults = append(faults, fmt.Sprintf("status %d with content type %q", a.status, media))
	}
	for _, bad := range []string{"<no value>", "ZgotmplZ", "%!"} {
		if bytes.Contains(a.body, []byte(bad)) && mediaOf(a.header.Get("Content-Type")) == "text/html" {
			faults = append(faults, "a page that holds "+bad)
		}
	}
	if mediaOf(a.header.Get("Content-Type")) == "text/html" && c.wrong == "" { // what no form sends has no field there
		if page, err := html.Parse(bytes.NewReader(a.body)); err == nil {
			faults = append(faults, testhtml.SummaryFaults(page)...)
		}
	}
	if to := a.header.Get("Location"); a.status >= 300 && a.status < 400 && a.status != 304 && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//")) {
		faults = append(faults, fmt.Sprintf("it leads away, to %q", to))
	}
	for _, f := range markersIn(append([]byte(fmt.Sprint(a.header)), a.body...)) {
		if !w.maySee(c.who, f) && !w.maySeeOnPage(c, f) {
			faults = append(faults, fmt.Sprintf("%s sees %s of another: %s", c.who.name, marker(f.number, f.kind), excerpt(a.body, marker(f.number, f.kind))))
		}
	}
	return append(faults, w.checkLog()...)
}

// maySeeOnPage: in development everybody reads the mailbox; who begins a case is shown what
// they typed.
func (w *world) maySeeOnPage(c *call, f found) bool {
	if (c.op.id == "owed-letter-page" || c.op.id == "asked-letter-page") && c.who.claim != nil && f.number == c.who.claim.number && f.kind == ofCustomer {
		return true // the letter names the owner and the new contacts
	}
	return c.op.id == "mailbox-page" || c.op.id == "letter-page" || f.number == c.number || bytes.Contains(c.body, []byte(marker(f.number, f.kind)))
}

// excerpt is what stands around a word.
func excerpt(body []byte, word string) string {
	at := max(0, bytes.Index(body, []byte(word)))
	return string(body[max(0, at-100):min(len(body), at+100)])
}

// checkFormTwice: a form that is sent twice, as by a double click, does one thing and is
// answered the same.
func (w *world) checkFormTwice(c *call, a *answer) []string {
	again := w.send(c)
	if again.status != a.status || again.header.Get("Location") != a.header.Get("Location") {
		return []string{fmt.Sprintf("sent twice: %d %s, then %d %s %s", a.status, a.header.Get("Location"), again.status, again.header.Get("Location"), shorten(string(again.body)))}
	}
	return w.checkLog()
}

// leadsOn names the addresses that are no pages: they lead to the one that comes next.
func leadsOn(id string) bool { return id == "next-question-page" }

// forTools names the routes that the operator's tools read.
func forTools(id string) bool { return slices.Contains([]string{"live", "ready", "metrics"}, id) }
