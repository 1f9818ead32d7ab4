package web_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"regain/accounts"
	"regain/cases"
	"regain/internal/browser"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

// withSelected sends what is done with selected cases of the queue, as a browser does.
func (v *customer) withSelected(action string, ids []string, typed ...string) *customer {
	v.t.Helper()
	form := fields(v.form("/staff/queue/assign"))
	form["case"] = ids
	for i := 0; i+1 < len(typed); i += 2 {
		form.Set(typed[i], typed[i+1])
	}
	return v.post(action, form)
}

// TestTagging: tags are given and taken on the page of a case and with several cases of
// the queue, with undo; they are filtered by; an auditor sees them and changes none.
func TestTagging(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		var ids []string
		for _, email := range []string{"ana@example.com", "leo@example.com"} {
			_, id := handedIn(t, h, email, unpaid())
			ids = append(ids, id)
		}
		path := "/staff/cases/" + ids[0]
		ben, _ := atDesk(t, h, accounts.Reviewer)
		ben.open(path).tag(path, "Heirs, fraud desk").wants(200, path, "tagged the case: fraud desk, heirs")
		ben.tag(path, "<b>").wants(422, path+"/tags", "Use letters and digits")
		if got := fields(ben.forms(path + "/tags")[1]).Get("tag-name"); got != "<b>" {
			t.Errorf("what was typed is %q", got)
		}
		ben.open(path)
		heirs := ben.button("tag-remove", "heirs")
		ben.send(path+"/tags", "tag-remove", heirs).wants(200, path, "took tags off: heirs")

		ben.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", "fraud desk")
		ben.withSelected("/staff/queue/tags", nil, "do", "tag", "tags", "vip").wants(422, "/staff/queue/tags", "Select at least one case first.")
		ben.open("/staff/queue?view=unassigned").withSelected("/staff/queue/tags", ids, "do", "tag", "tags", " ").wants(422, "/staff/queue/tags", "Type the tags first.")
		ben.open("/staff/queue?view=unassigned").withSelected("/staff/queue/tags", ids, "do", "tag", "tags", "?").wants(422, "/staff/queue/tags", "Use letters and digits")
		ben.open("/staff/queue?view=unassigned").withSelected("/staff/queue/tags", ids, "do", "tag", "tags", "Fraud desk, vip").wants(200, "/staff/queue", "The tags of 2 cases were changed.", "Undo")
		ben.send("/staff/queue/tags/undo").wants(200, "/staff/queue", "Undone: 2 cases have the tags that they had.")
		if strings.Contains(ben.text(), "vip") && strings.Contains(ben.body, `class="trait tag">vip`) {
			t.Error("undone, and the tag is there")
		}
		ben.withSelected("/staff/queue/tags", ids, "do", "untag", "tags", "no such").wants(422, "/staff/queue/tags", "There is no such tag.")
		ben.open("/staff/queue?view=unassigned").withSelected("/staff/queue/tags", ids, "do", "tag", "tags", "vip").wants(200, "/staff/queue", "The tags of 2 cases were changed.")
		ben.open("/staff/queue?view=unassigned").withSelected("/staff/queue/tags", ids[:1], "do", "untag", "tags", "VIP").wants(200, "/staff/queue", "The tags of 1 case were changed.")
		vip := ben.option("tag", "vip")
		ben.send("/staff/queue/filter", "tag", vip).wants(200, "/staff/queue", "Shown only", "vip", "leo@example.com")
		if strings.Contains(ben.text(), "ana@example.com") {
			t.Error("a case without the tag is shown")
		}
		ben.send("/staff/queue/filter", "name", "All VIP", "do", "save").wants(200, "/staff/queue", "All VIP", "leo@example.com")

		// A second tag narrows, is kept with the first, and each goes by itself.
		ben.open("/staff/queue?view=unassigned").withSelected("/staff/queue/tags", ids, "do", "tag", "tags", "heirs").wants(200, "/staff/queue", "The tags of 2 cases were changed.")
		heirs = ben.option("tag", "heirs")
		ben.open("/staff/queue?view=all").send("/staff/queue/filter", "tag", heirs).wants(200, "/staff/queue", "ana@example.com", "leo@example.com", "And the tag")
		ben.send("/staff/queue/filter", "tag", heirs, "tag", vip).wants(200, "/staff/queue", "leo@example.com")
		if strings.Contains(ben.text(), "ana@example.com") || ben.url.Query().Get("tag") != heirs+","+vip {
			t.Errorf("both tags: %s", ben.url)
		}
		ben.send("/staff/queue/filter", "name", "Both", "do", "save").wants(200, "/staff/queue", "Both", "leo@example.com")
		ben.send("/staff/queue/filter", "drop", "tag:"+vip).wants(200, "/staff/queue", "ana@example.com", "leo@example.com")
		if got := ben.url.Query().Get("tag"); got != heirs {
			t.Errorf("left: %s", ben.url)
		}
		lead := cases.Actor{Kind: cases.Staff, ID: "lead", Roles: []string{cases.RoleLead}}
		if _, err := h.Cases.RetireTag(t.Context(), lead, vip, true); err != nil {
			t.Fatal(err)
		}
		ben.open("/staff/queue?view=all&tag="+vip).wants(200, "/staff/queue", "Shown only", "vip", "leo@example.com")
		if got := fields(ben.form("/staff/queue/filter"))["tag"]; len(got) == 0 || got[0] != vip {
			t.Errorf("the tag that is filtered by is not kept: %v", got)
		}
		if ben.open("/staff/queue?view=all"); slices.ContainsFunc(ben.all(func(n *html.Node) bool { return n.Data == "option" }), func(n *html.Node) bool { return testhtml.Attr(n, "value") == vip }) {
			t.Error("a retired tag is a choice")
		}

		auditor, _ := atDesk(t, h, accounts.Auditor)
		auditor.open(path).wants(200, path, "fraud desk")
		auditor.open("/staff/queue?view=all&tag="+vip).wants(200, "/staff/queue", "leo@example.com")
		if forms := auditor.open(path).forms(path + "/tags"); len(forms) > 0 {
			t.Error("an auditor may tag")
		}
		ben.open("/staff/tags").wants(403, "/staff/tags")
	})
}

// forms are those that lead to an address.
func (v *customer) forms(action string) []*html.Node {
	return v.all(func(n *html.Node) bool { return n.Data == "form" && testhtml.Attr(n, "action") == action })
}

// button is the value of the button with the words, option that of a choice.
func (v *customer) button(name, words string) string {
	v.t.Helper()
	return v.valueOf(func(n *html.Node) bool {
		return n.Data == "button" && testhtml.Attr(n, "name") == name && strings.Contains(textOf(n), words)
	})
}

func (v *customer) option(name, words string) string {
	v.t.Helper()
	for _, s := range v.all(func(n *html.Node) bool { return n.Data == "select" && testhtml.Attr(n, "name") == name }) {
		for _, o := range within(s, func(n *html.Node) bool { return n.Data == "option" && textOf(n) == words }) {
			return testhtml.Attr(o, "value")
		}
	}
	v.t.Fatalf("%s has no choice %q", name, words)
	return ""
}

func (v *customer) valueOf(wanted func(n *html.Node) bool) string {
	v.t.Helper()
	for _, n := range v.all(wanted) {
		return testhtml.Attr(n, "value")
	}
	v.t.Fatalf("%s does not have it: %s", v.url, v.text())
	return ""
}

// TestTagsPage: a lead renames, merges and retires tags, with what is wrong beside its
// field; an auditor reads the list.
func TestTagsPage(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", unpaid())
		path := "/staff/cases/" + id
		lead, _ := atDesk(t, h, accounts.Lead)
		lead.open("/staff/tags").wants(200, "/staff/tags", "No case was tagged yet")
		lead.open(path).tag(path, "vip, vips, heirs")
		list, err := h.Cases.Tags(t.Context(), cases.Actor{Kind: cases.Staff, Roles: []string{cases.RoleLead}}, true)
		if err != nil || len(list) != 3 {
			t.Fatalf("%v, %v", list, err)
		}
		heirs, vip, vips := list[0].ID, list[1].ID, list[2].ID
		at := func(id, what string) string { return "/staff/tags/" + id + "/" + what }
		lead.open("/staff/tags").wants(200, "/staff/tags", "heirs", "vips", "Ana Lima")
		lead.send(at(vip, "name"), "name-"+vip, "Heirs").wants(409, at(vip, "name"), "Another tag has this name already")
		lead.send(at(vip, "name"), "name-"+vip, "!").wants(422, at(vip, "name"), "Use letters and digits")
		lead.send(at(vip, "merger")).wants(422, at(vip, "merger"), "Choose another tag.")
		lead.open("/staff/tags").send(at(vip, "name"), "name-"+vip, "Important").wants(200, "/staff/tags", "important")
		lead.send(at(vips, "merger"), "into-"+vips, vip).wants(200, "/staff/tags", "important")
		if strings.Contains(lead.text(), "vips") {
			t.Error("the merged tag is listed")
		}
		lead.open(path).wants(200, path, "tagged the case: heirs, important")
		lead.open("/staff/tags").send(at(heirs, "retirement")).wants(200, "/staff/tags", "Retired", "Bring it back")
		lead.send(at(heirs, "retirement")).wants(200, "/staff/tags", "heirs")
		auditor, _ := atDesk(t, h, accounts.Auditor)
		auditor.open("/staff/tags").wants(200, "/staff/tags", "important")
		if forms := auditor.forms(at(vip, "name")); len(forms) > 0 {
			t.Error("an auditor may rename")
		}
	})
}

// TestPuttingAway: a reviewer puts a case away and goes on to the next, with a way back;
// it is in its own view, and comes back when its customer writes.
func TestPuttingAway(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		ana, id := handedIn(t, h, "ana@example.com", unpaid())
		_, other := handedIn(t, h, "leo@example.com", unpaid())
		path, next := "/staff/cases/"+id, "/staff/cases/"+other
		ben, _ := atDesk(t, h, accounts.Reviewer)
		ben.open(path+"?do=snooze&view=unassigned").wants(200, path, "Put this case away", "The next working day")
		ben.send(path+"/snooze").wants(422, path+"/snooze", "Choose until when.")
		if by := testhtml.Attr(within(ben.form(path+"/snooze"), func(n *html.Node) bool { return n.Data == "fieldset" })[0], "aria-describedby"); by == "" || textOf(ben.element(by)) == "" {
			t.Error("the choice is not described by what is wrong with it")
		}
		ben.send(path+"/snooze", "snooze-when", "day").wants(422, path+"/snooze", "This is needed.")
		ben.send(path+"/snooze", "snooze-when", "day", "snooze-day", "2020-01-01", "snooze-note", "Wait for it").wants(422, path+"/snooze", "still to come")
		if got := fields(ben.form(path + "/snooze")); got.Get("snooze-day") != "2020-01-01" || got.Get("snooze-note") != "Wait for it" {
			t.Errorf("what was typed is %v", got)
		}
		ben.send(path+"/snooze", "snooze-when", "in_a_week").wants(200, next, "You put", "away until")
		ben.open("/staff/queue?view=snoozed").wants(200, "/staff/queue", "ana@example.com", "Away until")
		ben.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", "leo@example.com")
		if strings.Contains(ben.text(), "ana@example.com") {
			t.Error("it waits for somebody")
		}
		ben.open(path).wants(200, path, "Put away until", "It is late by then", "put the case away until", "Wait for it")
		ben.open(next+"?was="+id).send(path+"/waking").wants(200, path, "brought the case back")
		ben.open(path+"?do=snooze").send(path+"/snooze", "snooze-when", "day", "snooze-day", time.Now().AddDate(0, 0, 20).Format(time.DateOnly))
		auditor, _ := atDesk(t, h, accounts.Auditor)
		auditor.open(path).wants(200, path, "Put away until")
		if forms := auditor.forms(path + "/waking"); len(forms) > 0 {
			t.Error("an auditor may wake it")
		}
		ana.open("/request/messages").send("/request/messages", "body", "Here it is.")
		ben.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", "ana@example.com")
	})
}

// TestWritingToSeveral: one message goes to the customers of selected cases, after a look
// at who gets what; a text from the list in each one's own language.
func TestWritingToSeveral(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		ana, id := handedIn(t, h, "ana@example.com", unpaid())
		leo, other := handedIn(t, h, "leo@example.com", unpaid())
		gone, ended := handedIn(t, h, "bia@example.com", unpaid())
		gone.open("/request/withdraw").send("/request/withdraw")
		if _, err := h.DB.NewRaw("UPDATE cases SET locale = 'pt-BR' WHERE id = ?", other).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		ids := []string{id, other, ended}
		ben, _ := atDesk(t, h, accounts.Reviewer)
		ben.open("/staff/queue?view=all").withSelected("/staff/queue/write", nil).wants(422, "/staff/queue/write", "Select at least one case first.")
		ben.open("/staff/queue?view=all").withSelected("/staff/queue/write", ids).wants(200, "/staff/queue/write", "English", "Portuguese", "1 selected case is left out", "These customers read different languages")
		ben.again("/staff/queue/write", "/staff/queue/replies", "preview", "yes").wants(200, "/staff/queue/write", "What they get", "We are still looking at your request", "Ainda estamos analisando")
		ben.again("/staff/queue/replies", "/staff/queue/replies", "what", "own").wants(422, "/staff/queue/replies", "There is a problem")
		for _, action := range []string{"/staff/queue/write", "/staff/queue/replies"} { // whoever writes and forgets to choose it does not send the other
			ben.again(action, "/staff/queue/replies", "what", "still_looking", "body", "Two more days.", "preview", "yes").wants(422, action, "You have typed words of your own, too.")
			if got := fields(ben.form("/staff/queue/replies")).Get("body"); got != "Two more days." {
				t.Errorf("what was typed is %q", got)
			}
		}
		ben.again("/staff/queue/replies", "/staff/queue/replies", "what", "still_looking", "body", "").wants(200, "/staff/queue", "2 customers were written to.", "1 was left as it is:")
		ana.open("/request/messages").wants(200, "/request/messages", "We are still looking at your request")
		leo.open("/request/messages").wants(200, "/request/messages", "Ainda estamos analisando")
		ben.open("/staff/queue?view=all").withSelected("/staff/queue/write", ids[2:]).wants(200, "/staff/queue/write", "None of the selected cases can be written to.")
		if n := len(within(ben.form("/staff/queue/replies"), func(n *html.Node) bool { return n.Data == "button" })); n > 0 {
			t.Errorf("%d buttons send to nobody", n)
		}
		ben.open("/staff/queue?view=all").withSelected("/staff/queue/write", ids[:1])
		ben.send("/staff/queue/replies", "what", "own", "body", "Ana, one more day.").wants(200, "/staff/queue", "1 customer was written to.")
		ana.open("/request/messages").wants(200, "/request/messages", "Ana, one more day.")
		auditor, _ := atDesk(t, h, accounts.Auditor)
		auditor.post("/staff/queue/write", url.Values{"case": ids}).wants(403, "/staff/queue/write")
	})
}

// tag adds tags by the form for that, which stands behind the one that takes them off.
func (v *customer) tag(path, typed string) *customer {
	v.t.Helper()
	all := v.forms(path + "/tags")
	values := fields(all[len(all)-1])
	values.Set("tag-name", typed)
	return v.post(path+"/tags", values)
}

// again sends a form of the page to another address, as a button of it does.
func (v *customer) again(action, form string, typed ...string) *customer {
	v.t.Helper()
	all := v.form(form)
	values := fields(all)
	values["case"] = nil
	for _, n := range within(all, func(n *html.Node) bool { return n.Data == "input" && testhtml.Attr(n, "name") == "case" }) {
		values.Add("case", testhtml.Attr(n, "value"))
	}
	for i := 0; i+1 < len(typed); i += 2 {
		values.Set(typed[i], typed[i+1])
	}
	return v.post(action, values)
}

// TestTagsInABrowser: tagging with undo, by keys on a case and with the selection in the
// queue; putting away and bringing back; the pages for it are accessible and fit.
func TestTagsInABrowser(t *testing.T) {
	h := open(t)
	var ids []string
	for _, email := range []string{"ana@example.com", "leo@example.com", "bia@example.com"} {
		_, id := handedIn(t, h.Harness, email, unpaid())
		ids = append(ids, id)
	}
	for _, o := range []browser.Options{{Width: 390, Height: 844, Language: "en"}, {Width: 1280, Height: 900, Dark: true, Language: "zh-Hans"}, {Width: 390, Height: 844, Language: "pt-BR"}} {
		t.Run(o.Language, func(t *testing.T) {
			p := signedIn(t, h.Harness, o, accounts.Lead, accounts.Reviewer)
			look := func(name string) {
				t.Helper()
				checkIn(p, o.Language, name)
			}
			p.Go(h.URL + "/staff/cases/" + ids[0])
			shown(p)
			p.Press("l")
			p.WaitFor(`document.activeElement.id === "f-tag-name"`)
			p.Type("#f-tag-name", "heirs, vip")
			look("case-tagging")
			p.Click(".tagging form button")
			p.WaitFor(`document.querySelectorAll(".case-tags .chip").length === 2`)
			shown(p)
			look("case-tagged")
			p.Press("h")
			p.WaitFor(`document.getElementById("do-snooze").matches(":modal")`)
			look("case-snooze")
			p.Click(`#f-snooze-when-1`)
			p.Click("#do-snooze .btn-primary")
			p.WaitFor(`!location.pathname.includes("` + ids[0] + `") && document.querySelector("form.flash[action$=waking]") !== null`)
			shown(p)
			look("case-put-away-undo")
			p.Go(h.URL + "/staff/queue?view=snoozed")
			p.WaitFor(`document.querySelectorAll("#queue-rows tr").length === 1`)
			look("queue-snoozed")
			p.Go(h.URL + "/staff/cases/" + ids[0])
			shown(p)
			look("case-snoozed")
			p.Click("form[action$=waking] button")
			p.WaitFor(`document.querySelector("[data-key=h]") !== null`)
			for left := range 2 { // leave it as it was for the next
				p.Click(".case-tags .chip")
				p.WaitFor(fmt.Sprintf(`document.querySelectorAll(".case-tags .chip").length === %d`, 1-left))
			}

			p.Go(h.URL + "/staff/queue?view=unassigned")
			p.Click("#queue-rows tr:nth-child(1) input[type=checkbox]")
			p.Click("#queue-rows tr:nth-child(2) input[type=checkbox]")
			p.Type("#selection-tags", "bulk tag")
			look("queue-tagging")
			p.Follow(".selection button[value=tag]")
			p.WaitFor(`document.querySelectorAll("a.trait.tag").length === 2`)
			look("queue-tagged")
			p.Follow("#outcome button")
			p.WaitFor(`document.querySelectorAll("a.trait.tag").length === 0`)
			p.Click("#queue-rows tr:nth-child(1) input[type=checkbox]")
			p.Click("#queue-rows tr:nth-child(2) input[type=checkbox]")
			p.Follow(".selection button[formaction$=write]")
			look("queue-write")
			p.Follow("button[name=preview]")
			p.WaitFor(`document.getElementById("preview") !== null`)
			look("queue-write-preview")
			p.Go(h.URL + "/staff/tags")
			p.Click("main details summary")
			look("tags-page")
		})
	}
}

// TestTagsWithoutScripts: tags, putting away and writing take no script.
func TestTagsWithoutScripts(t *testing.T) {
	h := open(t)
	_, id := handedIn(t, h.Harness, "ana@example.com", unpaid())
	p := signedIn(t, h.Harness, browser.Options{Width: 320, Height: 700, NoScript: true}, accounts.Reviewer)
	p.Go(h.URL + "/staff/cases/" + id)
	p.Click(".tagging summary")
	p.Type("#f-tag-name", "heirs")
	p.Follow(".tagging form button")
	p.Shows("tagged the case: heirs")
	p.CheckFits("a tagged case at 320")
	p.Follow("[data-key=h]")
	p.Click("#f-snooze-when-2")
	p.CheckFits("putting away at 320")
	p.Follow("#do-snooze .btn-primary")
	p.Go(h.URL + "/staff/queue?view=snoozed")
	p.Shows("Away until")
	p.Click("#queue-rows input[type=checkbox]")
	p.Type("#selection-tags", "vip")
	p.Follow(".selection button[value=tag]")
	p.Shows("The tags of 1 case were changed.")
	p.CheckFits("the queue at 320")
	p.Click("#queue-rows input[type=checkbox]")
	p.Follow(".selection button[formaction$=write]")
	p.Shows("Write to several customers")
	p.CheckFits("writing at 320")
	p.Follow(`form[action$="/staff/queue/replies"] .btn-primary`)
	p.Shows("1 customer was written to.")
}
