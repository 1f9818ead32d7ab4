package web_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"golang.org/x/net/html"

	"regain/accounts"
	"regain/internal/browser"
	"regain/internal/testhtml"
)

// ticked are the cases that are selected in the queue, the tags that are typed for them,
// and to whom they are to be given.
func (v *customer) ticked() (ids []string, tags, to string) {
	v.t.Helper()
	for _, n := range v.all(func(n *html.Node) bool { return testhtml.Attr(n, "form") == "selection" }) {
		switch {
		case testhtml.Attr(n, "name") == "case" && testhtml.Has(n, "checked"):
			ids = append(ids, testhtml.Attr(n, "value"))
		case testhtml.Attr(n, "name") == "tags":
			tags = testhtml.Attr(n, "value")
		case n.Data == "select":
			for _, o := range within(n, func(o *html.Node) bool { return testhtml.Has(o, "selected") }) {
				to = testhtml.Attr(o, "value")
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
		return n.Data == "button" && testhtml.Attr(n, "type") != "button" && (testhtml.Attr(n, "form") == "selection" || slices.Contains(within(form, func(*html.Node) bool { return true }), n))
	})
	if len(buttons) == 0 {
		t.Fatal("the form has no button")
	}
	first := buttons[0] // which is what Enter presses
	if testhtml.Attr(first, "value") != "tag" || testhtml.Attr(first, "formaction") != "/staff/queue/tags" {
		t.Errorf("Enter presses %q to %q", testhtml.Attr(first, "value"), testhtml.Attr(first, "formaction"))
	}
	if testhtml.Attr(first, "tabindex") != "-1" || testhtml.Attr(first, "aria-hidden") != "true" {
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
