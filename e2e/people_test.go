package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/internal/testdocs"
)

// world is a running server and how its mail is read.
type world struct {
	*process
	t *testing.T
	// letters reads what was sent to an address, newest last.
	letters func(to string) []string
}

func (w *world) anonymous() *client { return &client{t: w.t, url: w.URL} }

// letter waits for a message to the address that matches, sent after seen others.
func (w *world) letter(to string, seen int, pattern *regexp.Regexp) string {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		all := w.letters(to)
		for _, text := range all[min(seen, len(all)):] {
			if m := pattern.FindStringSubmatch(text); m != nil {
				return m[1]
			}
		}
	}
	w.t.Fatalf("no letter to %s matches %s; there are:\n%s\nserver:\n%s", to, pattern, strings.Join(w.letters(to), "\n---\n"), w.output)
	return ""
}

var (
	codePattern = regexp.MustCompile(`(?m)\b(\d{6})\b`)
	linkPattern = regexp.MustCompile(`/invitation#([A-Za-z0-9_-]{20,})`)
)

// person is whoever claims an account.
type person struct {
	*client
	w     *world
	email string
	path  string // of the case
	id    string
}

// begin starts a case under the answers, one question at a time in the order in
// which the server asks them, and proves the new contact.
func (w *world) begin(email string, answers object, particulars object) *person {
	w.t.Helper()
	body := object{"account": "account-of-" + email, "lost": []string{"email"}, "new_email": email, "locale": "en"}
	for k, v := range particulars {
		body[k] = v
	}
	p := &person{client: w.anonymous(), w: w, email: email}
	a := p.json(http.StatusCreated, http.MethodPost, "/api/v1/cases", body)
	o := a.object(w.t)
	p.token = text(sub(o, "session"), "token")
	p.id = text(sub(o, "case"), "id")
	p.path = "/api/v1/cases/" + p.id
	p.answer(answers)
	p.prove()
	return p
}

// answer gives the answers as they are asked for, and wants none to be left over.
func (p *person) answer(answers object) {
	p.t.Helper()
	given := map[string]bool{}
	for range len(answers) + 1 {
		next := sub(sub(p.get(p.path), "decision"), "next")
		if next == nil {
			break
		}
		id := text(next, "id")
		v, ok := answers[id]
		if !ok {
			p.t.Fatalf("the server asks %q, for which this row has no answer (%v)", id, answers)
		}
		p.change(http.StatusOK, http.MethodPatch, p.path, "", object{"answers": object{id: v}})
		given[id] = true
	}
	for id := range answers {
		if !given[id] {
			p.t.Errorf("the server never asked %q", id)
		}
	}
}

func (p *person) prove() {
	p.t.Helper()
	seen := len(p.w.letters(p.email))
	p.json(http.StatusAccepted, http.MethodPost, p.path+"/contacts/email/code", nil)
	code := p.w.letter(p.email, seen, codePattern)
	p.json(http.StatusOK, http.MethodPost, p.path+"/contacts/email/verification", object{"code": code})
}

func (p *person) items() []object { return list(p.get(p.path), "items") }

func (p *person) submit() object {
	p.t.Helper()
	return p.change(http.StatusOK, http.MethodPost, p.path, "/submission", nil).object(p.t)
}

// supply supplies every open item that the person may: documents of each type that
// the item takes in turn, statements field by field.
func (p *person) supply(skip func(object) bool) {
	p.t.Helper()
	for n, i := range p.items() {
		if open, _ := i["open"].(bool); !open || i["optional"] == true || (skip != nil && skip(i)) {
			continue
		}
		supplyItem(p.client, p.path, i, uint64(n))
	}
}

// supplyItem supplies one item at its address under base.
func supplyItem(c *client, base string, i object, seed uint64) {
	c.t.Helper()
	path := base + "/items/" + text(i, "id")
	switch text(i, "kind") {
	case "statement":
		c.json(http.StatusOK, http.MethodPut, path+"/statement", fill(c.t, list(i, "fields")))
	case "document":
		name, content := document(sub(i, "document"), seed)
		doc := c.upload(http.StatusCreated, path+"/documents", name, content, nil).object(c.t)
		if int(doc["size"].(float64)) != len(content) {
			c.t.Errorf("document has %v bytes, %d were sent", doc["size"], len(content))
		}
	default:
		c.t.Fatalf("don't know how to supply %v", i)
	}
}

// document makes a file of one of the item's types, another for each seed.
func document(spec object, seed uint64) (string, []byte) {
	types, _ := spec["types"].([]any)
	switch typ := types[int(seed)%len(types)]; typ {
	case "jpeg":
		return fmt.Sprintf("IMG_%04d.JPG", seed), testdocs.JPEG(seed, 640, 480)
	case "png":
		return fmt.Sprintf("scan %d.png", seed), testdocs.PNG(seed, 320, 240)
	case "eml":
		return fmt.Sprintf("consent-%d.eml", seed), testdocs.EML(seed, "Partner <consent@partner.example>", "We agree", "We agree to the request.")
	default:
		return fmt.Sprintf("document-%d.pdf", seed), testdocs.PDF(seed, 2, "Generated for a test", fmt.Sprint(seed))
	}
}

// fill answers a statement's fields by their types.
func fill(t *testing.T, fields []object) object {
	t.Helper()
	out := object{}
	for _, f := range fields {
		id := text(f, "id")
		switch text(f, "type") {
		case "phone":
			out[id] = "+86 138 0013 8000"
		case "email":
			out[id] = "registered@example.com"
		case "text":
			out[id] = "示例 Example & Söhne"
		case "date":
			out[id] = "2026-03-01"
		case "country":
			out[id] = "CN"
		case "bank_account":
			out[id] = "6222 0200 0000 0000 003"
		case "address":
			out[id] = object{"line": "1 Example Road", "city": "Shenzhen", "region": "Guangdong", "postal_code": "518000", "country": "CN"}
		default:
			t.Fatalf("don't know how to fill %v", f)
		}
	}
	return out
}

// reviewer is a member of staff.
type reviewer struct {
	*client
	w *world
}

// staff makes a member of staff by the command line, and signs in.
func (w *world) staff(name string, roles ...string) *reviewer {
	w.t.Helper()
	email, password := name+"@staff.example", "correct horse battery "+name
	args := []string{"user", "add", email, "--data", w.Dir, "--name", name}
	for _, r := range roles {
		args = append(args, "--role", r)
	}
	w.command(w.t, password+"\n", args...)
	r := &reviewer{client: w.anonymous(), w: w}
	o := r.json(http.StatusOK, http.MethodPost, "/api/v1/staff/session", object{"email": email, "password": password}).object(w.t)
	r.token = text(o, "token")
	if r.token == "" {
		w.t.Fatalf("no token in %v", o)
	}
	return r
}

func (r *reviewer) claim(casePath string) {
	r.t.Helper()
	r.change(http.StatusOK, http.MethodPost, casePath, "/claim", nil)
}

// accept accepts every item that is pending, with every check of the preferred
// way confirmed and what must be read off read.
func (r *reviewer) accept(casePath string) {
	r.t.Helper()
	for _, i := range list(r.get(casePath), "items") {
		if text(i, "review") != "pending" || text(i, "supply") != "provided" {
			continue
		}
		staff := sub(i, "staff")
		r.change(http.StatusOK, http.MethodPost, casePath, "/items/"+text(i, "id")+"/decision", object{
			"verdict": "accepted", "checks": preferred(list(staff, "checks")), "read_off": readOff(list(staff, "read_off")),
		})
	}
}

func (r *reviewer) reject(casePath, item string) {
	r.t.Helper()
	r.change(http.StatusOK, http.MethodPost, casePath, "/items/"+item+"/decision", object{
		"verdict": "rejected", "reason_code": "unreadable", "words_customer": "Please photograph the whole page in daylight.", "words_staff": "blurred",
	})
}

func readOff(values []object) object {
	out := object{}
	for _, v := range values {
		if text(v, "type") == "date" {
			out[text(v, "id")] = "2026-02-01"
		}
	}
	return out
}

// preferred lists the ids of the checks that fulfil a tree in the preferred way.
func preferred(nodes []object) []string {
	ids := []string{}
	for _, n := range nodes {
		children := list(n, "children")
		switch text(n, "kind") {
		case "check":
			ids = append(ids, text(n, "id"))
		case "prefer", "any_of":
			ids = append(ids, preferred(children[:1])...)
		default:
			ids = append(ids, preferred(children)...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
