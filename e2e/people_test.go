package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"regain/internal/regaintest"
)

// world is a running server and how its mail is read.
type world struct {
	*regaintest.Process
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
	w.t.Fatalf("no letter to %s matches %s; there are:\n%s\nserver:\n%s", to, pattern, strings.Join(w.letters(to), "\n---\n"), w.Output.Tail())
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
	p.token = o.Sub("session").Text("token")
	p.id = o.Sub("case").Text("id")
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
		next := p.get(p.path).Sub("decision").Sub("next")
		if next == nil {
			break
		}
		id := next.Text("id")
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

func (p *person) items() []object { return p.get(p.path).List("items") }

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
	path := base + "/items/" + i.Text("id")
	switch i.Text("kind") {
	case "statement":
		c.json(http.StatusOK, http.MethodPut, path+"/statement", regaintest.Statement(i, "example"))
	case "document":
		name, content := regaintest.Document(i.Sub("document"), seed)
		doc := c.upload(http.StatusCreated, path+"/documents", name, content, nil).object(c.t)
		if int(doc["size"].(float64)) != len(content) {
			c.t.Errorf("document has %v bytes, %d were sent", doc["size"], len(content))
		}
	default:
		c.t.Fatalf("don't know how to supply %v", i)
	}
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
	args := []string{"user", "add", email, "--name", name}
	for _, r := range roles {
		args = append(args, "--role", r)
	}
	w.Command(w.t, password+"\n", args...)
	r := &reviewer{client: w.anonymous(), w: w}
	o := r.json(http.StatusOK, http.MethodPost, "/api/v1/staff/session", object{"email": email, "password": password}).object(w.t)
	r.token = o.Text("token")
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
	for _, i := range r.get(casePath).List("items") {
		if i.Text("review") != "pending" || i.Text("supply") != "provided" {
			continue
		}
		r.change(http.StatusOK, http.MethodPost, casePath, "/items/"+i.Text("id")+"/decision", regaintest.Acceptance(i))
	}
}

func (r *reviewer) reject(casePath, item string) {
	r.t.Helper()
	r.change(http.StatusOK, http.MethodPost, casePath, "/items/"+item+"/decision", object{
		"verdict": "rejected", "reason_code": "unreadable", "words_customer": "Please photograph the whole page in daylight.", "words_staff": "blurred",
	})
}
