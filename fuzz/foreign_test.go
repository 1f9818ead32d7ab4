package fuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"regain/database"
	"regain/database/databasetest"
)

// TestForeignIDsAreAbsent: whoever names something of another case, in the path or
// the body, gets the answer for something that is nowhere: the same status,
// headers and body.
func TestForeignIDsAreAbsent(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := rand.New(rand.NewPCG(runOf(t, 1).seed, 0))
		compared := 0
		for _, op := range w.document.operations {
			for _, who := range w.callersOf(op) {
				for _, swap := range w.swaps(r, op, who) {
					compared++
					w.compare(t, op, who, swap)
				}
			}
		}
		if compared < 200 {
			t.Errorf("only %d comparisons", compared)
		}
		t.Logf("%d comparisons", compared)
	})
}

// callersOf are one of each role that may call, and for customers and partners one in
// each of several states.
func (w *world) callersOf(op *operation) []*person {
	var out []*person
	seen := map[string]bool{}
	for _, p := range w.people {
		kind := p.role
		if p.claim != nil {
			kind += p.claim.state
		}
		if slices.Contains(op.roles, p.role) && p.role != "anonymous" && !seen[kind] {
			seen[kind] = true
			out = append(out, p)
		}
	}
	return out
}

// swap is a call that names something foreign, and the same with something absent.
type swap struct {
	what            string
	foreign, absent *call
}

// swaps makes every pair for an operation and a caller.
func (w *world) swaps(r *rand.Rand, op *operation, who *person) []swap {
	var out []swap
	for _, name := range []string{"case", "item", "document", "invitation", "reference"} {
		if !strings.Contains(op.path, "{"+name+"}") {
			continue
		}
		for _, id := range w.foreign(name, who) {
			out = append(out, w.inPath(r, op, who, name, id))
		}
	}
	return append(out, w.inBody(r, op, who)...)
}

// home is a case that the caller may work on.
func (w *world) home(who *person) *claim {
	if who.claim != nil {
		return who.claim
	}
	for _, c := range w.claims {
		if c.state == "in_review" || c.filed && c.state == "submitted" {
			return c
		}
	}
	return w.claims[0]
}

// foreign are ids of what the caller may not know of.
func (w *world) foreign(name string, who *person) []string {
	home := w.home(who)
	var ids []string
	for _, c := range w.claims {
		if c == home {
			continue
		}
		theirs := map[string][]string{"item": c.items, "document": c.documents, "invitation": c.invitations}[name]
		if hidden := who.claim != nil || !c.filed; hidden && name == "case" {
			theirs = []string{c.id}
		} else if hidden && name == "reference" {
			theirs = []string{c.reference}
		}
		if len(theirs) > 0 {
			ids = append(ids, theirs[0])
		}
	}
	return ids[:min(len(ids), 4)]
}

func absentID() string { return uuid.Must(uuid.NewV7()).String() }

func (w *world) inPath(r *rand.Rand, op *operation, who *person, name, id string) swap {
	base := w.planAs(r, op, who, w.home(who))
	absent := absentID()
	if name == "reference" {
		absent = "2222-2222-22"
	}
	fill := func(value string) string {
		path := op.path
		for _, other := range op.pathNames() {
			own := map[string]string{"case": base.claim.id, "item": first(base.claim.items), "document": first(base.claim.documents), "invitation": first(base.claim.invitations), "channel": "email"}[other]
			if other == name {
				own = value
			}
			path = strings.Replace(path, "{"+other+"}", url.PathEscape(own), 1)
		}
		return path
	}
	return swap{name, base.at(fill(id)), base.at(fill(absent))}
}

func first(ids []string) string {
	if len(ids) == 0 {
		return absentID()
	}
	return ids[0]
}

// inBody puts ids into the bodies that name something.
func (w *world) inBody(r *rand.Rand, op *operation, who *person) []swap {
	kind, body := "document", func(id string) object { return object{"document": id} }
	switch op.id {
	case "reuse-document":
	case "request-materials":
		kind, body = "item", func(id string) object { return object{"asks": []object{{"item": id}}, "words": "More, please."} }
	default:
		return nil
	}
	var out []swap
	for _, id := range w.foreign(kind, who) {
		base := w.planAs(r, op, who, w.home(who))
		target := base.at(base.target)
		out = append(out, swap{kind + " in the body", target.with(body(id)), target.with(body(absentID()))})
	}
	return out
}

// at is the call at another address and without an Idempotency-Key.
func (c *call) at(target string) *call {
	other := *c
	other.target = target
	other.header = slices.DeleteFunc(slices.Clone(c.header), func(h [2]string) bool { return h[0] == "Idempotency-Key" })
	return &other
}

func (c *call) with(body object) *call {
	other := *c
	other.body, _ = json.Marshal(body) // of strings
	return &other
}

var ofOneAnswer = regexp.MustCompile(`urn:uuid:[0-9a-f-]{36}`)

// compare makes both calls and wants the same answer.
func (w *world) compare(t *testing.T, op *operation, who *person, s swap) {
	t.Helper()
	a, b := w.send(s.foreign), w.send(s.absent)
	for _, one := range []*answer{a, b} {
		one.body = ofOneAnswer.ReplaceAll(one.body, nil)
		one.header = maps.Clone(one.header)
		one.header.Del("X-Request-Id")
		one.header.Del("Date")
		one.header.Del("Server-Timing")
	}
	if a.status != b.status || !bytes.Equal(a.body, b.body) || fmt.Sprint(a.header) != fmt.Sprint(b.header) {
		t.Errorf("%s as %s: a foreign %s is told from an absent one:\n%s\n%d %v %s\n%d %v %s", op.id, who.name, s.what, s.foreign, a.status, a.header, a.body, b.status, b.header, b.body)
	}
	if a.status < 400 {
		t.Errorf("%s as %s: a foreign %s was taken: %d", op.id, who.name, s.what, a.status)
	}
	for _, f := range w.check(s.foreign, a) {
		if !strings.Contains(f, "instance") {
			t.Errorf("%s as %s: %s", op.id, who.name, f)
		}
	}
}
