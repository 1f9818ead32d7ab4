package fuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"regain/internal/regaintest"
	"regain/internal/testdocs"
	"regain/server/servertest"
)

// plan makes one call up.
type plan struct {
	*values
	w  *world
	c  *call
	op *operation
	// ids are what the path names, by parameter, and whole is the body, where an
	// arrangement says so.
	ids   map[string]string
	whole any
	// Of pages: prepare is the arrangement of the page itself, from are pages to look at
	// first, and forms are those of an answer that led here.
	prepare arrangement
	from    []string
	forms   []htmlForm
}

// plan draws the next call.
func (w *world) plan(r *rand.Rand, op *operation) *call {
	p := &plan{w: w, op: op, c: &call{op: op, method: op.method}}
	p.values = &values{Rand: r, document: w.document}
	p.honest = p.chance(45)
	p.cast()
	p.write()
	return p.c
}

// planWell makes up a call that is meant well: it is wrong by bad luck alone.
func (w *world) planWell(r *rand.Rand, op *operation) *call {
	p := &plan{w: w, op: op, c: &call{op: op, method: op.method}}
	p.values = &values{Rand: r, document: w.document, honest: true}
	p.cast()
	p.write()
	return p.c
}

// planAs makes up a call that is meant well, by somebody on a case.
func (w *world) planAs(r *rand.Rand, op *operation, who *person, at *claim) *call {
	p := &plan{w: w, op: op, c: &call{op: op, method: op.method, who: who, claim: at, number: w.number()}}
	p.values = &values{Rand: r, document: w.document, honest: true}
	p.write()
	return p.c
}

func (p *plan) write() {
	p.values.hint = p.hintFor
	p.address()
	p.headers()
	if len(p.op.bodies) > 0 {
		p.body()
	}
}

// cast picks who calls and about which case. Most calls could succeed until something
// about them is made wrong, so that they are not all refused at the first look.
func (p *plan) cast() {
	if p.honest || p.chance(60) {
		p.arrange()
	}
	if p.c.who == nil {
		p.c.who = p.w.withRole(p.Rand, one(p.Rand, p.op.roles))
	}
	if !p.honest && p.chance(15) {
		p.c.wrong, p.c.who = "somebody else", one(p.Rand, p.w.people)
	}
	if p.c.claim == nil {
		p.c.claim = p.c.who.claim
	}
	if p.c.claim == nil || !p.honest && p.ids == nil && p.chance(12) {
		p.c.claim = newer(p.Rand, p.w.claims)
	}
	if p.op.id == "leave" || p.op.id == "sign-out" {
		p.c.who = p.w.renew(p.c.who)
	}
	p.c.number = p.w.number()
}

// address fills in the path and the query.
func (p *plan) address() {
	path := p.op.path
	for _, name := range p.op.pathNames() {
		path = strings.Replace(path, "{"+name+"}", p.segment(name), 1)
	}
	query := url.Values{}
	for _, param := range p.op.parameters {
		if param.in != "query" || p.chance(60) {
			continue
		}
		drawn := p.of(param.schema, "query."+param.name, 0)
		if drawn == (gone{}) {
			continue
		}
		value := fmt.Sprint(drawn)
		if !p.honest && p.chance(25) {
			p.c.wrong = "query " + param.name
			value = one(p.Rand, append(nastyTexts(), "9999999999999999999", "-1", "0", "1.5", "0x10"))
		}
		query.Add(param.name, value)
		if !p.honest && p.chance(4) {
			query.Add(param.name, value+"1")
		}
	}
	if !p.honest && p.chance(4) {
		p.c.wrong = "an unknown parameter"
		query.Set(one(p.Rand, nastyTexts()[:20]), one(p.Rand, nastyTexts()[:20]))
	}
	p.c.target = path
	if len(query) > 0 {
		p.c.target += "?" + shortQuery(query)
	}
	if !p.honest && p.chance(1) {
		p.c.wrong = "an unreadable query"
		p.c.target += one(p.Rand, []string{"?%zz", "?a=%ff", "?;=1", "?=&=", "?limit=%00"})
	}
}

// shortQuery keeps within what clients send at most.
func shortQuery(q url.Values) string {
	if s := q.Encode(); len(s) < 16<<10 {
		return s
	}
	return "limit=1"
}

// segment is one parameter of the path, escaped.
func (p *plan) segment(name string) string {
	if !p.honest && p.chance(6) {
		p.c.wrong = "an odd " + name
		odd := one(p.Rand, append(nastyTexts(), "..", ".", "%2e%2e%2f", "0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2/x", "by-reference"))
		if len(odd) > 4000 {
			odd = odd[:4000]
		}
		return url.PathEscape(strings.ToValidUTF8(odd, ""))
	}
	if !p.honest && p.chance(4) {
		return uuid.Must(uuid.NewV7()).String()
	}
	if id := p.ids[name]; id != "" && (p.honest || p.chance(90)) {
		return url.PathEscape(id)
	}
	for _, param := range p.op.parameters {
		if choices, ok := param.schema["enum"].([]any); ok && param.in == "path" && param.name == name {
			return url.PathEscape(fmt.Sprint(one(p.Rand, choices)))
		}
	}
	other := p.c.claim
	if !p.honest && p.chance(6) {
		other = one(p.Rand, p.w.claims)
		if name == "case" {
			p.c.claim = other // what is planted is planted there
		}
	}
	ids := map[string][]string{
		"case": {other.id}, "item": p.open(other), "document": other.documents, "invitation": other.invitations, "reference": {other.reference, strings.ToLower(other.reference)},
		"channel": {"email", "phone"}, "policy": {"huawei-id", "mutua-acesso"}, "organisation": p.w.organisations, "member": p.w.members,
		"person": p.w.staffAdded, "absence": p.w.absences,
		"key": p.w.keys, "webhook": p.w.webhooks, "message": p.w.deliveries, "entry": p.w.entries, "tag": p.w.tags, "act": p.w.acts,
		"run": p.w.audits,
	}[name]
	if name == "policy" {
		ids = append(ids, text(one(p.Rand, p.w.policies), "id"))
	}
	if len(ids) == 0 {
		return uuid.Must(uuid.NewV7()).String()
	}
	return url.PathEscape(one(p.Rand, ids))
}

// open are the items that can be supplied more often than the others.
func (p *plan) open(c *claim) []string {
	var open []string
	kind := kindOfItem(p.op)
	for _, i := range objects(c.shown["items"]) {
		if i["open"] == true && (kind == "" || kind == i["kind"]) {
			open = append(open, text(i, "id"))
		}
	}
	if len(open) > 0 && (p.honest || p.chance(70)) {
		return open
	}
	return c.items
}

// headers adds If-Match, the Idempotency-Key and whatever else a client may send.
func (p *plan) headers() {
	if p.op.parameter("If-Match") != nil {
		p.ifMatch()
	}
	if p.op.changes() && p.chance(50) {
		key := uuid.Must(uuid.NewV7()).String()
		if !p.honest && p.chance(15) {
			p.c.wrong = "Idempotency-Key"
			key = one(p.Rand, []string{"short", "", strings.Repeat("k", 256), "a key with spaces in it", "ünïcödé-ünïcödé-ünïcödé"})
		}
		p.c.header = append(p.c.header, [2]string{"Idempotency-Key", key})
		if !p.honest && p.chance(3) {
			p.c.header = append(p.c.header, [2]string{"Idempotency-Key", key + "2"})
		}
	}
	if p.chance(20) {
		p.c.header = append(p.c.header, [2]string{"Accept-Language", one(p.Rand, []string{"pt-BR", "zh-Hans,en;q=0.5", "*", "xx-XX", "en;q=2", ";;;", strings.Repeat("a-", 300), "de, \xff"})})
	}
	if p.chance(15) {
		p.c.header = append(p.c.header, one(p.Rand, [][2]string{
			{"Range", "bytes=0-3"}, {"Range", "bytes=99999999-"}, {"Range", "bytes=-1,-1"}, {"Range", "lines=1"}, {"Range", "bytes=5-1"}, {"If-None-Match", "*"}, {"If-None-Match", `"x"`},
			{"If-Modified-Since", "Thu, 01 Jan 2037 00:00:00 GMT"}, {"If-Range", "x"}, {"If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"},
			{"Accept", "text/html"}, {"Accept", "application/cbor"}, {"Accept", "image/png;q=x"}, {"Accept-Encoding", "br"},
			{"X-Forwarded-For", "1.2.3.4, 10.0.0.1"}, {"X-Forwarded-Proto", "https"}, {"X-Http-Method-Override", "DELETE"}, {"Forwarded", "for=x"},
			{"Cookie", "regain=rgn_x"}, {"Cookie", ";;;=;"}, {"Origin", "null"}, {"X-Request-Id", "mine"}, {"Content-Encoding", "gzip"}, {"Te", "trailers"},
		}))
	}
}

func (p *plan) ifMatch() {
	switch n := p.IntN(100); {
	case p.honest || n < 80:
		etag := p.w.get(p.c.who, p.c.claim.path("")).header.Get("ETag")
		if etag == "" {
			etag = `"1"`
		}
		p.c.header = append(p.c.header, [2]string{"If-Match", etag})
	case n < 95:
		p.c.wrong = "If-Match"
		p.c.header = append(p.c.header, [2]string{"If-Match", one(p.Rand, []string{
			`"0"`, `"1"`, `"-1"`, `"9223372036854775807"`, `"9223372036854775808"`, `W/"1"`, `*`, `"1", "2"`, `1`, `"`, `""`, `"+1"`, `"01"`, "x",
		})})
	default:
		p.c.wrong = "no If-Match"
	}
}

// body makes the body, most often valid.
func (p *plan) body() {
	if schema := p.op.bodies["application/json"]; schema != nil {
		p.jsonBody(schema)
	} else {
		p.file()
	}
	if !p.honest && p.chance(3) {
		p.c.wrong = "content type"
		p.c.set("Content-Type", one(p.Rand, []string{"", "text/plain", "application/xml", "application/json; charset=utf-16", "multipart/form-data", "multipart/form-data; boundary=", "application/x-www-form-urlencoded", "application/json, text/plain", ";"}))
	}
}

func (p *plan) jsonBody(schema object) {
	value := p.of(schema, "", 0)
	if p.op.id == "state" && p.chance(80) {
		for _, i := range objects(p.c.claim.shown["items"]) {
			if strings.Contains(p.c.target, text(i, "id")) {
				value = regaintest.Statement(i, p.mark(ofCustomer))
			}
		}
	}
	if !p.honest && p.chance(60) {
		value, p.c.wrong = p.spoil(value)
		if p.chance(20) {
			value, _ = p.spoil(value)
		}
	}
	raw, err := json.Marshal(value)
	must(p.w.t, err)
	p.c.body = raw
	p.c.header = append(p.c.header, [2]string{"Content-Type", "application/json"})
	if !p.honest && p.chance(12) {
		p.c.body, p.c.wrong = p.garble(raw)
	}
}

// garble spoils the bytes of a JSON text.
func (p *plan) garble(raw []byte) ([]byte, string) {
	cut := p.IntN(len(raw) + 1)
	switch p.IntN(10) {
	case 0:
		return raw[:cut], "truncated"
	case 1:
		return append(bytes.Clone(raw), raw...), "twice"
	case 2:
		return []byte(strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)), "very deep"
	case 3:
		return []byte(strings.Replace(string(raw), `"`, `"\ud800`, 1)), "a lone surrogate"
	case 4:
		return slices.Insert(bytes.Clone(raw), cut, 0xff), "not UTF-8"
	case 5:
		return append([]byte("\xef\xbb\xbf"), raw...), "a byte order mark"
	case 6:
		return []byte(strings.Replace(string(raw), "{", `{"account":1,"account":2,`, 1)), "a member twice"
	case 7:
		return []byte(strings.Replace(string(raw), ":", ":1e99999,\"x\":", 1)), "a number out of range"
	case 8:
		return bytes.Repeat([]byte(" "), 1<<20+1<<19), "blanks without end"
	}
	flipped := bytes.Clone(raw)
	if len(flipped) > 0 {
		flipped[p.IntN(len(flipped))] ^= byte(1 << p.IntN(8))
	}
	return flipped, "a flipped bit"
}

// file makes an upload.
func (p *plan) file() {
	mark := p.mark(ofCustomer)
	if p.c.who.invited() {
		mark = p.mark(ofPartner)
	}
	seed := p.Uint64N(1 << 40)
	content := one(p.Rand, [][]byte{
		testdocs.PDF(seed, 1, mark), testdocs.PNG(seed, 20, 20), testdocs.JPEG(seed, 20, 20), testdocs.EML(seed, "A <a@b.example>", mark, "text"), testdocs.EXE(seed), {}, []byte(mark),
	})
	name := mark + one(p.Rand, []string{".pdf", ".pdf", ".pdf", ".png", ".jpg", ".eml", ".exe", ".pdf.exe", "", ".PDF"})
	if p.honest || p.chance(50) {
		content, name = testdocs.PDF(seed, 1, mark), mark+".pdf"
	}
	if !p.honest && p.chance(20) {
		p.c.wrong = "a nasty name"
		name = one(p.Rand, nastyTexts())
	}
	if !p.honest && p.chance(20) {
		p.c.wrong, content = "a cut file", content[:p.IntN(len(content)+1)]
	}
	if p.chance(25) {
		p.c.body = content
		p.c.header = append(p.c.header, [2]string{"Content-Type", "application/octet-stream"}, [2]string{"Content-Disposition", `attachment; filename="` + headerSafe(name) + `"`})
		return
	}
	readOff := ""
	if !p.honest && p.chance(25) {
		raw, _ := json.Marshal(p.anything(0)) // of strings, numbers and the like
		readOff = string(raw)
	}
	body, contentType := form(headerSafe(name), content, readOff)
	if !p.honest && p.chance(20) {
		p.c.wrong = "a garbled form"
		body, _ = p.garble(body)
	}
	p.c.body = body
	p.c.header = append(p.c.header, [2]string{"Content-Type", contentType})
}

// headerSafe leaves out what no HTTP client can send in a header.
func headerSafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s[:min(len(s), 4000)])
}

// mark is what is planted by the caller in this call.
func (p *plan) mark(kind rune) string {
	switch {
	case p.op.id == "start-case":
		return marker(p.c.number, kind)
	case kind == ofPartner:
		return marker(p.c.who.number, kind)
	}
	return marker(p.c.claim.number, kind)
}

// hintFor knows what the names in the API mean.
func (p *plan) hintFor(name string) (any, bool) {
	c, staff := p.c.claim, !slices.Contains([]string{"customer", "partner", "organisation", "anonymous"}, p.c.who.role)
	typed, written := ofCustomer, ofCustomer
	if staff {
		typed, written = ofStaff, forBoth
	}
	if whole, ok := p.wholeHint(name); ok {
		return whole, true
	}
	switch name {
	case "account":
		return "account " + p.mark(ofAccount), true
	case "enterprise":
		return "Exemplo " + p.mark(ofOwed), true
	case "where":
		return p.mark(ofCustomer) + ".example", true
	case "name":
		if p.op.id == "rename-tag" {
			return p.mostly(fmt.Sprintf("tag %d", p.IntN(40)), "?", "", strings.Repeat("x", 41)), true
		}
		return fmt.Sprintf("Parceira %d", p.IntN(1_000_000)), true
	case "domains":
		return []any{fmt.Sprintf("d%d.example", p.IntN(1_000_000)), p.mostly("mail.d1.example", "gmail.com", "x", "@")}, true
	case "new_email":
		return p.mark(ofCustomer) + p.mostly("@customer.example", "@", "@x"), true
	case "new_phone":
		return p.mostly(fmt.Sprintf("+55 11 9%04d-%04d", p.IntN(10000), p.IntN(10000)), "0", "+1", "112"), true
	case "reason", "words_staff", "fallback_reason":
		if p.op.id == "set-absence" { // about no case
			return p.mostly("on leave", strings.Repeat("x", 121)), true
		}
		return "because of " + p.mark(typed), true
	case "words_customer", "words":
		return "words " + p.mark(written), true
	case "note":
		return "because of " + p.mark(ofStaff), true
	case "body":
		if p.op.id == "write-note" {
			written = ofStaff
		}
		return "text " + p.mark(written), true
	case "mentions":
		return []any{p.mostly(p.w.withRole(p.Rand, one(p.Rand, []string{"reviewer", "lead", "auditor"})).id, "nobody")}, true
	case "text":
		return "a photo " + p.mark(forBoth), true
	case "organisation":
		return "Parceira " + p.mark(ofOwed), true
	case "email":
		return p.email(), true
	case "answers":
		return p.answers(), true
	case "lost":
		return one(p.Rand, []any{[]any{"phone"}, []any{"email"}, []any{"email", "phone"}}), true
	case "asks":
		return []any{p.ask()}, true
	case "supplier":
		return p.mostly("reseller", "partner"), true
	case "policy":
		return text(one(p.Rand, p.w.policies), "id"), true
	case "locale", "query.locale":
		return one(p.Rand, []any{"en", "pt-BR", "zh-Hans", "de", "x"}), true
	}
	return p.referenceHint(name, c)
}

// wholeHint is a body whose members go together. What goes to several cases names none
// of them.
func (p *plan) wholeHint(name string) (any, bool) {
	if name != "" {
		return nil, false
	}
	if p.whole != nil {
		return p.whole, true
	}
	var some []any
	for range 1 + p.IntN(3) {
		some = append(some, one(p.Rand, p.w.claims).id)
	}
	tagging := func(o object) (any, bool) {
		o["add"] = []any{p.mostly(fmt.Sprintf("tag %d", p.IntN(40)), "?", "", "a\u202eb")}
		if len(p.w.tags) > 0 && p.chance(50) {
			o["remove"] = []any{one(p.Rand, p.w.tags)}
		}
		return o, true
	}
	switch p.op.id {
	case "tag-case":
		return tagging(object{})
	case "tag-many":
		return tagging(object{"cases": some})
	case "reply-many", "preview-replies":
		if p.chance(30) {
			return object{"cases": some, "bodies": object{"en": "We look at it.", "pt-BR": p.mostly("Vamos ver.", "")}}, true
		}
		return object{"cases": some, "body": p.mostly("We look at it.", "", strings.Repeat("x", 6000))}, true
	case "merge-tag":
		if len(p.w.tags) > 0 {
			return object{"into": one(p.Rand, p.w.tags)}, true
		}
	case "snooze":
		return one(p.Rand, []object{
			{"preset": p.mostly("in_a_week", "soon")}, {"day": p.mostly(time.Now().AddDate(0, 0, 9).Format(time.DateOnly), "2026-02-30"), "note": "because of " + p.mark(ofStaff)},
			{"until": p.mostly(time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "1970-01-01T00:00:00Z")},
		}), true
	}
	return nil, false
}

// referenceHint are names of things that exist.
func (p *plan) referenceHint(name string, c *claim) (any, bool) {
	pick := func(ids []string) (any, bool) {
		if p.chance(10) {
			ids = one(p.Rand, p.w.claims).documents
		}
		if len(ids) == 0 {
			return uuid.Must(uuid.NewV7()).String(), true
		}
		return one(p.Rand, ids), true
	}
	switch name {
	case "document":
		return pick(c.documents)
	case "item":
		return pick(c.items)
	case "material":
		return one(p.Rand, []any{"transaction_record", "real_name_certificate", "identity", "x"}), true
	case "reference":
		return c.reference, true
	case "reason_code":
		return p.mostly("not_proven", "unreadable", "other", "no_such"), true
	case "checks", "read_off":
		return p.acceptance(name)
	case "code":
		return p.code(), true
	case "token":
		return p.link(), true
	case "password":
		if p.op.id == "choose-password" {
			return p.mostly(p.w.newcomer.password, "wrong horse"), true
		}
		return p.mostly(servertest.StaffPassword, "wrong horse"), true
	case "new_password":
		return p.mostly(fmt.Sprintf("words of number %d", p.IntN(1_000_000)), "short"), true
	case "roles":
		return []any{p.mostly("reviewer", "auditor", "king"), "policy_author"}, true
	case "from", "until":
		if p.op.id == "read-inbox" {
			return p.mostly(time.Now().UTC().Format(time.RFC3339), "1970-01-01T00:00:00Z", "9999-12-31T00:00:00Z"), true
		}
		day := p.IntN(300)
		if name == "until" {
			day += 3
		}
		return p.mostly(time.Now().AddDate(0, 0, day).Format(time.DateOnly), "2026-02-30", "0000-01-01", "9999-12-31"), true
	case "query.after":
		return pick(c.texts)
	case "cursor", "query.cursor":
		if known := p.w.cursors; len(known) > 0 && (p.op.id == "list-queue" || p.op.id == "list-owed" || !p.honest) {
			return one(p.Rand, known), true
		}
		return gone{}, p.honest
	}
	return nil, false
}

// ask is one thing to ask for, as the API takes it.
func (p *plan) ask() object {
	switch item := p.c.claim.items; p.IntN(3) {
	case 0:
		if len(item) > 0 {
			return object{"item": one(p.Rand, item)}
		}
	case 1:
		return object{"material": p.mostly("transaction_record", "identity", "x")}
	}
	return object{"text": "a photo " + p.mark(forBoth)}
}

// mostly is the first, and in calls that are not meant well sometimes another.
func (p *plan) mostly(good string, others ...string) string {
	if p.honest || p.chance(70) {
		return good
	}
	return one(p.Rand, others)
}

// newer picks from a list that grows, the later half more often.
func newer[T any](r *rand.Rand, list []T) T { return list[max(r.IntN(len(list)), r.IntN(len(list)))] }

func (p *plan) email() string {
	switch p.op.id {
	case "invite":
		return p.c.claim.partnerEmail()
	case "send-member-code", "open-member-session":
		return p.mostly(p.w.withRole(p.Rand, "organisation").email, "nobody@members.example", "no address")
	case "add-member":
		return fmt.Sprintf("m%d@members.example", p.IntN(1_000_000))
	case "add-person":
		return fmt.Sprintf("p%d@staff.example", p.IntN(1_000_000))
	case "choose-password": // of somebody new: those who call here keep their sessions
		return p.w.newcomer.email
	}
	return p.mostly(p.w.withRole(p.Rand, "reviewer").email, "nobody@staff.example")
}

// answers answers some of the questions of the case's policy or of another.
func (p *plan) answers() object {
	policy := one(p.Rand, p.w.policies)
	if id := text(sub(p.c.claim.shown, "policy"), "id"); p.chance(80) {
		for _, other := range p.w.policies {
			if text(other, "id") == id {
				policy = other
			}
		}
	}
	if p.chance(50) {
		return maps.Clone(one(p.Rand, []object{individual(), resold(), stated(), represented()}))
	}
	out := object{}
	for _, f := range objects(p.facts(policy)) {
		if p.chance(40) {
			out[text(f, "id")] = p.factValue(f)
		}
	}
	return out
}

// facts are those of a policy's own page.
func (p *plan) facts(policy object) any {
	if policy["facts"] == nil {
		whole := p.w.get(nobody(), "/api/v1/policies/"+url.PathEscape(text(policy, "id")))
		policy["facts"] = whole.object(p.w.t)["facts"]
	}
	return policy["facts"]
}

func (p *plan) factValue(f object) any {
	var ids []any
	for _, v := range objects(f["values"]) {
		ids = append(ids, v["id"])
	}
	switch text(f, "type") {
	case "bool":
		return p.chance(50)
	case "enum":
		if len(ids) > 0 {
			return one(p.Rand, ids)
		}
	case "set":
		if len(ids) > 0 {
			return []any{one(p.Rand, ids)}
		}
	case "integer":
		return p.IntN(40) - 1
	case "country":
		return one(p.Rand, []any{"CN", "BR", "US", "XX"})
	case "date":
		return one(p.Rand, []any{"2024-02-29", "2023-02-29", "1900-01-01", "2026-01-01"})
	}
	return p.anything(3)
}

// acceptance gives the checks or values that an item of the case wants.
func (p *plan) acceptance(name string) (any, bool) {
	r := p.w.withRole(p.Rand, "reviewer")
	a := p.w.get(r, p.c.claim.path(""))
	if a.status != 200 {
		return nil, false
	}
	for _, i := range objects(a.object(p.w.t)["items"]) {
		if strings.Contains(p.c.target, text(i, "id")) {
			return regaintest.Acceptance(i)[name], true
		}
	}
	return nil, false
}

// code is the newest code to the case's contact, or a wrong one.
func (p *plan) code() string {
	to := p.c.claim.email()
	if p.op.id == "open-member-session" {
		to = p.w.withRole(p.Rand, "organisation").email
	}
	if p.honest || p.chance(70) {
		if code := p.w.newestLetter(to, codePattern, time.Time{}); code != "" {
			return code
		}
	}
	return fmt.Sprintf("%06d", p.IntN(1_000_000))
}

// link is the newest token of an invitation to the case, or a wrong one.
func (p *plan) link() string {
	if p.honest || p.chance(80) {
		if token := p.w.newestLetter(p.c.claim.partnerEmail(), linkPattern, time.Time{}); token != "" {
			return token
		}
	}
	return strings.Repeat("A", 43)
}
