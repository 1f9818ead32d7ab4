package web_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"golang.org/x/net/html"

	"regain/accounts"
	"regain/internal/browser"
)

// ticked are the cases that are selected in the queue, the tags that are typed for them,
// and to whom they are to be given.
func (v *customer) ticked() (ids []string, tags, to string) {
	v.t.Helper()
	for _, n := range v.all(func(n *html.Node) bool { return attr(n, "form") == "selection" }) {
		switch {
		case attr(n, "name") == "case" && has(n, "checked"):
			ids = append(ids, attr(n, "value"))
		case attr(n, "name") == "tags":
			tags = attr(n, "value")
		case n.Data == "select":
			for _, o := range within(n, func(o *html.Node) bool { return has(o, "selected") }) {
				to = attr(o, "value")
			}
		}
	}
	return ids, tags, to
}

// TestSelectionIsKept: what is wrong with what is done to selected cases costs nobody their
// selection, nor what they typed.
func TestSelectionIsKept(t *testing.T) {
	h := open(t)
	all := listed(t, h.Harness, 3, nil)
	ids := []string{all[0].ID, all[2].ID}
	other := h.NewStaff(t, accounts.Reviewer)
	lead, _ := atDesk(t, h.Harness, accounts.Lead)
	for name, c := range map[string]struct {
		action, says string
		typed        []string
		tags, to     string
	}{
		"a bad tag":  {"/staff/queue/tags", "Use letters and digits", []string{"do", "tag", "tags", "vip, ?"}, "vip, ?", ""},
		"no such":    {"/staff/queue/tags", "There is no such tag.", []string{"do", "untag", "tags", "none"}, "none", ""},
		"no tag":     {"/staff/queue/tags", "Type the tags first.", []string{"do", "tag", "tags", "", "to", other.ID}, "", other.ID},
		"to nobody":  {"/staff/queue/assign", "Choose first to whom", []string{"do", "give", "tags", "heirs"}, "heirs", ""},
		"who is not": {"/staff/queue/assign", "problem", []string{"do", "give", "to", "nobody", "tags", "heirs"}, "heirs", ""},
	} {
		lead.open("/staff/queue?view=unassigned").withSelected(c.action, ids, c.typed...)
		if lead.status < 400 || !strings.Contains(lead.text(), c.says) {
			t.Errorf("%s: %d %s", name, lead.status, lead.text())
		}
		if kept, tags, to := lead.ticked(); !slices.Equal(kept, ids) || tags != c.tags || to != c.to {
			t.Errorf("%s: kept are %v, %q and %q", name, kept, tags, to)
		}
	}
	lead.open("/staff/queue?view=unassigned")
	if kept, tags, to := lead.ticked(); len(kept) > 0 || tags != "" || to != "" {
		t.Errorf("at first %v, %q and %q", kept, tags, to)
	}
}

// TestEnterTags: Enter in the field of the tags presses the first button of their form, as
// browsers do. It gives tags, and the cases to nobody.
func TestEnterTags(t *testing.T) {
	h := open(t)
	listed(t, h.Harness, 1, nil)
	ben, _ := atDesk(t, h.Harness, accounts.Reviewer)
	ben.open("/staff/queue?view=unassigned")
	form := ben.element("selection")
	buttons := ben.all(func(n *html.Node) bool {
		return n.Data == "button" && attr(n, "type") != "button" && (attr(n, "form") == "selection" || slices.Contains(within(form, func(*html.Node) bool { return true }), n))
	})
	if len(buttons) == 0 {
		t.Fatal("the form has no button")
	}
	first := buttons[0] // which is what Enter presses
	if attr(first, "value") != "tag" || attr(first, "formaction") != "/staff/queue/tags" {
		t.Errorf("Enter presses %q to %q", attr(first, "value"), attr(first, "formaction"))
	}
	if attr(first, "tabindex") != "-1" || attr(first, "aria-hidden") != "true" {
		t.Error("who goes through the page by keys comes to a button that is not there for the eye")
	}
}

// TestEnterTagsInABrowser does so, and what is refused stays selected and typed when the
// list is asked for anew.
func TestEnterTagsInABrowser(t *testing.T) {
	h := open(t)
	all := listed(t, h.Harness, 2, nil)
	other := h.NewStaff(t, accounts.Reviewer)
	p := signedIn(t, h.Harness, browser.Options{}, accounts.Lead)
	p.Go(h.URL + "/staff/queue?view=unassigned")
	for _, c := range all {
		p.Click("#case-" + c.ID + " input[type=checkbox]")
	}
	browser.Eval[string](p, `document.getElementById("selection-to").value = "`+other.ID+`"`)
	p.Type("#selection-tags", "?")
	p.Press(kb.Enter)
	p.Shows("Use letters and digits")
	p.CheckAccessible("a refused selection")
	for range 2 {
		const state = `[document.querySelectorAll("#queue-rows input:checked").length, document.getElementById("selection-tags").value, document.getElementById("selection-to").value, document.getElementById("selection-bar").hidden].join()`
		if got := browser.Eval[string](p, state); got != "2,?,"+other.ID+",false" {
			t.Errorf("the selection is %s", got)
		}
		look(t, p)
	}
}
