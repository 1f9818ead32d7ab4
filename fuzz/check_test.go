package fuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"regain/server"
)

// check holds an answer against everything that is promised of every answer. Each
// fault is one line.
func (w *world) check(c *call, a *answer) []string {
	var faults []string
	faults = append(faults, w.checkStatus(c, a)...)
	faults = append(faults, w.checkContent(c, a)...)
	faults = append(faults, w.checkLeaks(c, a)...)
	faults = append(faults, w.checkLog()...)
	return faults
}

// refusals are the statuses that the product refuses calls with.
var refusals = []int{400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 416, 422, 428, 429}

func (w *world) checkStatus(c *call, a *answer) []string {
	switch {
	case a.status >= 500:
		return []string{fmt.Sprintf("status %d: %s", a.status, shorten(string(a.body)))}
	case a.status >= 400 && !slices.Contains(refusals, a.status):
		return []string{fmt.Sprintf("status %d", a.status)}
	case a.status < 400 && c.op != nil && !c.op.documents(a.status):
		return []string{fmt.Sprintf("status %d is not documented", a.status)}
	case a.status < 300 && c.op != nil && c.op.bodyCheck != nil && c.body != nil:
		if err := validate(c.op.bodyCheck, withoutNulls(c.body)); err != nil {
			return []string{fmt.Sprintf("a body that the schema refuses was taken: %v", err)}
		}
	}
	return nil
}

// withoutNulls leaves out members that are null, which is what the API takes them for.
func withoutNulls(body []byte) []byte {
	var o object
	if json.Unmarshal(body, &o) != nil || o == nil {
		return body
	}
	maps.DeleteFunc(o, func(_ string, v any) bool { return v == nil })
	out, err := json.Marshal(o)
	if err != nil {
		return body
	}
	return out
}

func (o *operation) documents(status int) bool {
	_, ok := o.responses[strconv.Itoa(status)]
	return ok
}

func validate(schema *jsonschema.Schema, body []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	return schema.Validate(v)
}

func (w *world) checkContent(c *call, a *answer) []string {
	if a.status >= 400 {
		return w.checkProblem(c, a)
	}
	if c.op == nil {
		return nil
	}
	documented := c.op.responses[strconv.Itoa(a.status)]
	var faults []string
	for _, name := range documented.headers {
		if a.header.Get(name) == "" {
			faults = append(faults, "the header "+name+" is missing")
		}
	}
	if len(documented.content) == 0 {
		if len(a.body) > 0 {
			faults = append(faults, "a body where none is documented: "+shorten(string(a.body)))
		}
		return faults
	}
	media := mediaOf(a.header.Get("Content-Type"))
	schema, ok := documented.content[media]
	if !ok && !(a.status == 206 && media == "multipart/byteranges") {
		return append(faults, "content type "+a.header.Get("Content-Type")+" is not documented")
	}
	if schema != nil && c.method != "HEAD" {
		if err := validate(schema, a.body); err != nil {
			faults = append(faults, fmt.Sprintf("the body does not fit its schema: %v", err))
		}
	}
	return faults
}

var instance = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// checkProblem: an RFC 9457 document whose places are places in what was sent.
func (w *world) checkProblem(c *call, a *answer) []string {
	if c.method == "HEAD" {
		return nil
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		return []string{fmt.Sprintf("status %d with content type %q: %s", a.status, got, shorten(string(a.body)))}
	}
	if err := validate(w.document.problem, a.body); err != nil {
		return []string{fmt.Sprintf("the problem does not fit its schema: %v", err)}
	}
	var p server.Problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		return []string{err.Error()}
	}
	var faults []string
	if p.Status != a.status || p.Type != "/problems/"+p.Code || p.Title == "" || p.Detail == "" {
		faults = append(faults, "an inconsistent problem: "+string(a.body))
	}
	if !instance.MatchString(p.Instance) || p.Instance != "urn:uuid:"+a.header.Get("X-Request-Id") {
		faults = append(faults, "the instance is not the request's id: "+p.Instance)
	}
	if !slices.ContainsFunc(server.Codes(), func(k server.Code) bool { return k.Code == p.Code && k.Status == p.Status }) {
		faults = append(faults, fmt.Sprintf("code %s with status %d is not listed", p.Code, p.Status))
	}
	if c.op != nil && !slices.Contains(server.ProblemsOf(c.op.id), p.Code) && !slices.Contains(server.ProblemsOfAll(), p.Code) {
		faults = append(faults, fmt.Sprintf("%s answers %s, which is not among its problems", c.op.id, p.Code))
	}
	if (a.status == 401) != (a.header.Get("WWW-Authenticate") != "") {
		faults = append(faults, "WWW-Authenticate does not go with the status")
	}
	if a.status == 429 && a.header.Get("Retry-After") == "" {
		faults = append(faults, "429 without Retry-After")
	}
	for _, e := range p.Errors {
		if fault := w.checkPlace(c, e); fault != "" {
			faults = append(faults, fault)
		}
	}
	return faults
}

// checkPlace: a pointer leads to a member that was sent, or to one that is missing in
// an object that was sent; "/items/<id>" may lead to an item of the case. A parameter
// is one of the operation's, or one that was sent.
func (w *world) checkPlace(c *call, e server.BadInput) string {
	if e.Code == "" || e.Message == "" || (e.Pointer == nil) == (e.Parameter == "") {
		return fmt.Sprintf("an incomplete bad input: %+v", e)
	}
	if e.Pointer == nil {
		place, name, _ := strings.Cut(e.Parameter, ".")
		if !slices.Contains([]string{"query", "path", "header", "cookie"}, place) || name == "" && !strings.Contains(c.target, "?") {
			return fmt.Sprintf("parameter %q names no place", e.Parameter)
		}
		return ""
	}
	if id, ok := strings.CutPrefix(*e.Pointer, "/items/"); ok && c.claim != nil {
		if !slices.Contains(c.claim.items, id) {
			c.claim.learn(w.get(c.claim.owner, c.claim.path("")).object(w.t)) // the call may have been preceded by others' changes
		}
		if slices.Contains(c.claim.items, id) {
			return ""
		}
	}
	if c.op != nil && c.op.bodies["multipart/form-data"] != nil && strings.HasPrefix(*e.Pointer, "/read_off") {
		return ""
	}
	if !resolves(c.body, *e.Pointer) && !w.isOfCase(c, *e.Pointer) {
		return fmt.Sprintf("pointer %q (%s) leads nowhere", *e.Pointer, e.Code)
	}
	return ""
}

// isOfCase: a submission takes no body; its gaps are places in the case.
func (w *world) isOfCase(c *call, pointer string) bool {
	if c.op == nil || c.claim == nil || c.op.id != "submit" && c.op.id != "approve" {
		return false
	}
	raw, err := json.Marshal(c.claim.shown)
	return err == nil && resolves(raw, pointer)
}

func resolves(body []byte, pointer string) bool {
	var at any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&at); err != nil {
		return pointer == ""
	}
	if pointer == "" {
		return true
	}
	if !strings.HasPrefix(pointer, "/") {
		return false
	}
	parts := strings.Split(pointer[1:], "/")
	for n, part := range parts {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		last := n == len(parts)-1
		switch v := at.(type) {
		case object:
			next, ok := v[part]
			if !ok {
				return true // it is missing, with all that should be in it
			}
			at = next
		case []any:
			index, err := strconv.Atoi(part)
			if err != nil || index < 0 || index >= len(v) {
				return false
			}
			at = v[index]
		default:
			// What is missing inside something that is no object is missing all the same.
			return last && at == nil
		}
	}
	return true
}

// checkLeaks: nobody sees another case's data, or what staff write to each other.
func (w *world) checkLeaks(c *call, a *answer) []string {
	if c.op != nil && c.op.id == "list-letters" {
		return nil // in development everybody reads the mailbox
	}
	var faults []string
	for _, f := range markersIn(append([]byte(fmt.Sprint(a.header)), a.body...)) {
		switch {
		case a.status >= 400:
			faults = append(faults, "a problem repeats what was sent or stored: "+shorten(string(a.body)))
		case c.op != nil && c.op.id == "list-events":
			faults = append(faults, fmt.Sprintf("events hold personal data: %+v", f))
		case w.maySee(c.who, f), w.maySeeHere(c, f):
		default:
			faults = append(faults, fmt.Sprintf("%s sees %s of another: %s", c.who.name, marker(f.number, f.kind), shorten(string(a.body))))
		}
	}
	return faults
}

// maySeeHere are the calls that open something to their caller.
func (w *world) maySeeHere(c *call, f found) bool {
	if c.op == nil {
		return false
	}
	switch c.op.id {
	case "start-case":
		return f.number == c.number
	case "resume-verification": // who has the code has the case
		return f.kind != ofStaff && w.claimOf(f) != nil && strings.Contains(string(c.body), w.claimOf(f).reference)
	case "open-invitation":
		of := w.claimOf(f)
		return of != nil && of == c.claim && slices.Contains([]rune{ofAccount, ofOwed, forBoth, ofPartner}, f.kind)
	case "partner-letter", "organisation-letter": // the letter names the owner and the new contacts
		return c.who.claim != nil && f.number == c.who.claim.number && f.kind == ofCustomer
	case "list-saved-views", "save-view": // what staff typed to search by, whether there is such a case or not
		return !slices.Contains([]string{"customer", "partner", "organisation"}, c.who.role)
	}
	return false
}

var secretPattern = regexp.MustCompile(`rg[nk]_[\w-]{20,}|invitation#[\w-]{20,}|(wrong|correct) horse`)

// checkLog: no panic, no error, nobody's data and no secret.
func (w *world) checkLog() []string {
	log := w.log.take()
	var faults []string
	for line := range bytes.Lines(log) {
		var entry struct{ Level, Msg, Error string }
		if err := json.Unmarshal(line, &entry); err != nil {
			faults = append(faults, "the log is not JSON: "+shorten(string(line)))
			continue
		}
		switch {
		case strings.Contains(entry.Msg, "panic"):
			faults = append(faults, "panic: "+string(line))
		case entry.Level == "ERROR" || entry.Level == "WARN":
			faults = append(faults, "an error in the log: "+shorten(string(line)))
		case markerPattern.Match(line):
			faults = append(faults, "personal data in the log: "+shorten(string(line)))
		case secretPattern.Match(line):
			faults = append(faults, "a secret in the log: "+shorten(string(line)))
		}
	}
	return faults
}
