package fuzz

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"regain/accounts"
	"regain/internal/regaintest"
	"regain/internal/testdocs"
)

// An arrangement prepares the world so that a call can succeed: it chooses who calls,
// and makes or finds what the call is about. What it says of the path (ids) and of the
// body (whole) is what chance would not hit.
type arrangement func(p *plan)

// arrangements are those of the calls that need one, by operation.
func arrangements() map[string]arrangement {
	all := map[string]arrangement{
		"revise-case": (*plan).inDraft, "send-contact-code": (*plan).unproven, "verify-contact": (*plan).codeSent, "submit": (*plan).complete, "withdraw": (*plan).inDraft,
		"appeal": func(p *plan) { p.owner(p.w.denied(individual())) }, "upload-document": (*plan).openItem, "reuse-document": (*plan).supplied, "state": (*plan).openItem,
		"place-token": (*plan).openItem, "clear-item": (*plan).supplied, "cannot-provide": (*plan).openItem, "can-provide": (*plan).outOfReach, "invite": (*plan).resold,
		"revoke-invitation": (*plan).invitationSent, "download-document": (*plan).document, "download-letter": (*plan).letterItem,

		"show-invitation": (*plan).partner, "partner-upload": (*plan).partner, "partner-download": (*plan).partner, "partner-letter": (*plan).partner, "partner-clear-item": (*plan).partner,
		"show-owed": (*plan).member, "organisation-upload": (*plan).member, "organisation-download": (*plan).member, "organisation-letter": (*plan).member, "organisation-clear-item": (*plan).member,
		"open-invitation": (*plan).invitationSent, "open-member-session": (*plan).memberCode, "resume-verification": (*plan).resumeCode, "resume": (*plan).filed,

		"claim": (*plan).waiting, "claim-next": (*plan).waiting, "assign": (*plan).assignment, "assign-many": (*plan).assignment, "undo-assignment": (*plan).assigned,
		"release": (*plan).held, "decide-item": (*plan).judgement, "request-materials": (*plan).held, "deny": (*plan).denial, "correct-answers": (*plan).correction,
		"approve": (*plan).accepted, "undo-decision": (*plan).decided, "waive-item": (*plan).waiver, "snooze": (*plan).held, "wake": (*plan).snoozed,
		"tag-case": (*plan).filed, "tag-many": (*plan).filed, "undo-tags": (*plan).tagged, "merge-tag": (*plan).tagNamed, "rename-tag": (*plan).tagNamed, "retire-tag": (*plan).tagNamed,
		"remove-view": (*plan).view, "read-entry": (*plan).notice, "write-message": (*plan).conversation,

		"block": (*plan).blockable, "lift-block": (*plan).blocked, "set-absence": (*plan).somebody, "end-absence": (*plan).absence, "show-person": (*plan).somebody, "list-looks-by": (*plan).somebody,
		"enable-person": (*plan).somebody, "disable-person": (*plan).somebody, "reset-password": (*plan).somebody, "set-roles": (*plan).somebody, "choose-password": (*plan).newPassword,
		"remove-member": (*plan).newMember, "add-member": (*plan).newOrganisation, "set-domains": (*plan).newOrganisation, "leave": (*plan).another, "sign-out": (*plan).another,
		"revoke-api-key": (*plan).key, "start-audit": (*plan).noAudit, "show-audit": (*plan).audit, "list-findings": (*plan).audit, "stop-audit": (*plan).audit,
	}
	for _, id := range []string{"show-webhook", "change-webhook", "delete-webhook", "enable-webhook", "rotate-webhook-secret", "test-webhook", "list-deliveries", "show-delivery", "replay-delivery"} {
		all[id] = (*plan).webhook
	}
	all["replay-failed"] = (*plan).failedDelivery
	for _, id := range []string{
		"find-case", "show-case", "list-events", "export-case", "follow", "unfollow", "list-followers", "list-messages", "list-notes", "write-note", "look-on", "look-away",
		"list-invitations", "verify-case", "list-looks", "export-looks", "reply-many", "preview-replies",
	} {
		all[id] = (*plan).filed
	}
	return all
}

// arrange prepares for the call, if it needs that.
func (p *plan) arrange() {
	p.ids = map[string]string{}
	if p.prepare == nil {
		p.prepare = arrangements()[p.op.id]
	}
	if p.prepare != nil {
		p.prepare(p)
	}
}

// as has somebody of the first role that may call and that the arrangement is for.
func (p *plan) as(roles ...string) *person {
	p.c.who = p.w.withRole(p.Rand, one(p.Rand, slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return !slices.Contains(p.op.roles, r) })))
	return p.c.who
}

// owner has the case's customer call about it.
func (p *plan) owner(c *claim) *claim {
	p.c.claim, p.c.who = c, c.owner
	return c
}

// found is one of the latest cases that is as the call needs it, as its customer sees it
// now; nil when none was seen, and now and then, so that new ones are made.
func (p *plan) found(fits func(c *claim) bool) *claim {
	if p.chance(25) {
		return nil
	}
	recent := p.w.claims[max(0, len(p.w.claims)-30):]
	for _, n := range p.Perm(len(recent)) {
		c := recent[n]
		if !fits(c) {
			continue
		}
		seen := p.w.get(c.owner, c.path(""))
		if seen.status != 200 {
			continue
		}
		if c.learn(seen.object(p.w.t)); fits(c) {
			return c
		}
	}
	return nil
}

// inDraft is a case that its customer still works on.
func (p *plan) inDraft() {
	c := p.found(func(c *claim) bool { return c.state == "draft" })
	if c == nil {
		c = p.w.begin(individual(), "")
	}
	p.owner(c)
}

// unproven is a new case whose contact is not proved yet.
func (p *plan) unproven() {
	p.owner(p.w.start(individual(), ""))
	p.ids["channel"] = "email"
}

// codeSent is one whose contact got its code, which code() will find.
func (p *plan) codeSent() {
	p.unproven()
	c := p.c.claim
	p.whole = object{"code": p.w.contactCode(c)}
}

// complete is a draft with all that it takes to submit it.
func (p *plan) complete() {
	c := p.w.begin(one(p.Rand, []object{individual(), stated()}), "")
	p.w.supply(c)
	p.owner(c)
}

// kindOfItem is the kind of item that a call is about; empty for any.
func kindOfItem(op *operation) string {
	return map[string]string{"state": "statement", "place-token": "proof", "upload-document": "document", "reuse-document": "document"}[op.id]
}

// openItem is an item of the call's kind that its customer may supply.
func (p *plan) openItem() {
	kind := kindOfItem(p.op)
	open := func(c *claim) []string {
		var ids []string
		for _, i := range objects(c.shown["items"]) {
			if i["open"] == true && (kind == "" || text(i, "kind") == kind) && i["supply"] == "missing" {
				ids = append(ids, text(i, "id"))
			}
		}
		return ids
	}
	c := p.found(func(c *claim) bool { return c.state == "draft" && len(open(c)) > 0 })
	if c == nil {
		switch kind {
		case "statement":
			c = p.w.begin(stated(), "")
		case "proof":
			c = p.w.begin(own(), "mutua-acesso")
		default:
			c = p.w.begin(individual(), "")
		}
		p.w.show(c)
	}
	p.owner(c)
	if ids := open(c); len(ids) > 0 {
		p.ids["item"] = one(p.Rand, ids)
	}
}

// supplied is a document of the case beside another item that wants one.
func (p *plan) supplied() {
	c := p.owner(p.w.begin(individual(), ""))
	var items []string
	for _, i := range objects(p.w.show(c)["items"]) {
		if text(i, "kind") == "document" && i["open"] == true {
			items = append(items, text(i, "id"))
		}
	}
	p.ids["document"] = p.w.upload(c.owner, c.path("/items/"+items[0]+"/documents"), marker(c.number, ofCustomer)+".pdf", testdocs.PDF(uint64(p.w.number()), 1, marker(c.number, ofCustomer)))
	p.ids["item"] = items[0]
	if p.op.id == "reuse-document" {
		p.ids["item"] = items[1]
		p.whole = object{"document": p.ids["document"]}
	}
	p.w.show(c)
}

// outOfReach is an item that the customer said not to have.
func (p *plan) outOfReach() {
	c := p.owner(p.w.begin(individual(), ""))
	p.ids["item"] = text(objects(p.w.show(c)["items"])[0], "id")
	p.w.want(c.owner, 200, "PUT", c.path("/items/"+p.ids["item"]+"/unavailable"), object{"reason": "lost with " + marker(c.number, ofCustomer)})
}

// resold is a case whose reseller owes something.
func (p *plan) resold() { p.owner(p.w.begin(resold(), "")) }

// invitationSent is an invitation that nobody opened yet.
func (p *plan) invitationSent() {
	c := p.w.begin(resold(), "")
	token := p.w.sendInvitation(c)
	p.ids["invitation"] = c.invitations[0]
	if p.op.id == "open-invitation" {
		p.c.claim, p.c.who, p.whole = c, nobody(), object{"token": token}
		return
	}
	p.owner(c)
}

// document is one of a case that was filed.
func (p *plan) document() {
	c := p.found(func(c *claim) bool { return c.filed && len(c.documents) > 0 })
	if c == nil {
		c = p.w.submitted(individual())
	}
	p.ids["document"] = one(p.Rand, c.documents)
	p.readerOf(c)
}

// readerOf has the customer or staff read a case.
func (p *plan) readerOf(c *claim) {
	p.as("customer", "reviewer", "lead", "auditor", program)
	if p.c.claim = c; p.c.who.role == "customer" {
		p.c.who = c.owner
	}
}

// filed is a case that staff see, with its customer or staff to call.
func (p *plan) filed() {
	c := p.found(func(c *claim) bool { return c.filed && c.state != "withdrawn" })
	if c == nil {
		c = p.w.claimed(individual())
	}
	if p.op.id == "resume" {
		p.c.claim, p.c.who = c, nobody()
		p.whole = object{"reference": c.reference, "channel": "email"}
		return
	}
	p.readerOf(c)
}

// letterItem is an item with a letter to print.
func (p *plan) letterItem() {
	c := p.found(func(c *claim) bool { return c.filed && len(c.partners) > 0 })
	if c == nil {
		c = p.w.submitted(resold())
	}
	for _, i := range objects(p.w.show(c)["items"]) {
		if text(i, "letter") != "" {
			p.ids["item"] = text(i, "id")
		}
	}
	p.readerOf(c)
}

// partner is somebody who came by an invitation, with what is owed.
func (p *plan) partner() {
	c := p.w.begin(resold(), "")
	p.c.who, p.c.claim = p.w.invite(c), c
	p.owes(p.w.want(p.c.who, 200, "GET", "/api/v1/invitation", nil))
}

// member is somebody of the organisation that was invited.
func (p *plan) member() {
	c := p.w.begin(resold(), "")
	p.w.invite(c)
	p.c.who, p.c.claim = p.w.people[len(p.w.people)-1], c
	p.ids["invitation"] = c.invitations[0]
	p.owes(sub(p.w.want(p.c.who, 200, "GET", "/api/v1/organisation/invitations/"+c.invitations[0], nil), "owed"))
}

// owes picks the item and the document of what a partner is shown.
func (p *plan) owes(owed object) {
	for _, i := range objects(owed["items"]) {
		documents := objects(i["documents"])
		if strings.HasSuffix(p.op.id, "-letter") && text(i, "letter") == "" || text(i, "kind") != "document" {
			continue
		}
		p.ids["item"] = text(i, "id")
		if len(documents) > 0 {
			p.ids["document"] = text(documents[0], "id")
			return
		}
	}
}

// memberCode is a member with a code to sign in by.
func (p *plan) memberCode() {
	m := p.w.withRole(p.Rand, "organisation")
	code := p.w.mailed(m.email, codePattern, func() {
		p.w.want(nobody(), 202, "POST", "/api/v1/organisation/code", object{"email": m.email})
	})
	p.c.who, p.c.claim = nobody(), m.claim
	p.whole = object{"email": m.email, "code": code}
}

// resumeCode is a customer who comes back with a code.
func (p *plan) resumeCode() {
	c := p.w.begin(individual(), "")
	code := p.w.mailed(c.email(), codePattern, func() {
		p.w.want(nobody(), 202, "POST", "/api/v1/resume", object{"reference": c.reference, "channel": "email"})
	})
	p.c.who, p.c.claim = nobody(), c
	p.whole = object{"reference": c.reference, "channel": "email", "code": code}
}

// waiting is a case that waits for a reviewer.
func (p *plan) waiting() {
	c := p.found(func(c *claim) bool { return c.state == "submitted" })
	if c == nil {
		c = p.w.submitted(individual())
	}
	p.c.claim = c
	p.as("reviewer", "lead", program)
}

// assignment gives a waiting case to somebody.
func (p *plan) assignment() {
	c := p.w.submitted(individual())
	p.c.claim = c
	p.as("lead")
	to := p.w.withRole(p.Rand, one(p.Rand, []string{"reviewer", "lead"})).id
	p.whole = object{"to": p.mostly(to, "me", "nobody")}
	if p.op.id == "assign-many" {
		p.whole = object{"cases": []any{c.id}, "to": p.mostly(to, "me", "nobody")}
	}
}

// assigned is an assignment by a lead, who may undo it.
func (p *plan) assigned() {
	c, lead := p.w.submitted(individual()), p.as("lead")
	p.c.claim = c
	done := p.w.want(lead, 200, "POST", "/api/v1/queue/assignments", object{"cases": []string{c.id}, "to": p.w.reviewer(0).id})
	p.ids["assignment"] = text(done, "id")
}

// held is a case that somebody reviews, who calls.
func (p *plan) held() {
	who := p.as("reviewer", "lead")
	p.c.claim = p.found(func(c *claim) bool { return c.state == "submitted" })
	if p.c.claim == nil || p.w.send(&call{who: who, method: "POST", target: p.c.claim.path("/claim")}).status != 200 { // whoever decided before has no part in an appeal
		p.c.claim = p.w.submitted(individual())
		p.w.want(who, 200, "POST", p.c.claim.path("/claim"), nil)
	}
	p.c.claim.state = "in_review"
}

// items are the items of the case as staff see them.
func (p *plan) items() []object {
	return objects(p.w.want(p.c.who, 200, "GET", p.c.claim.path(""), nil)["items"])
}

// judgement decides one item of a case in review.
func (p *plan) judgement() {
	p.held()
	item := one(p.Rand, p.items())
	p.ids["item"] = text(item, "id")
	p.whole = object{"verdict": "rejected", "reason_code": "unreadable", "words_customer": "In daylight " + p.mark(forBoth), "words_staff": "blurred " + p.mark(ofStaff)}
	if p.chance(60) {
		p.whole = plain(regaintest.Acceptance(item))
	}
}

// plain is an object as JSON would give it.
func plain(o map[string]any) object {
	out := object{}
	for k, v := range o {
		switch v := v.(type) {
		case regaintest.Object:
			out[k] = plain(v)
		case []string:
			list := []any{}
			for _, s := range v {
				list = append(list, s)
			}
			out[k] = list
		default:
			out[k] = v
		}
	}
	return out
}

func (p *plan) denial() {
	p.held()
	p.whole = object{"reason_code": "not_proven", "words_customer": "Not shown " + p.mark(forBoth), "words_staff": "pasted " + p.mark(ofStaff)}
}

func (p *plan) correction() {
	p.held()
	p.whole = object{"answers": object{"card_added": true}, "reason": "because of " + p.mark(ofStaff)}
}

// accepted is a case of which every item is accepted.
func (p *plan) accepted() {
	p.held()
	for _, i := range p.items() {
		p.w.change(p.c.claim, p.c.who, "POST", "/items/"+text(i, "id")+"/decision", regaintest.Acceptance(i))
	}
}

// decided is an item whose decision can be taken back.
func (p *plan) decided() {
	p.held()
	item := one(p.Rand, p.items())
	p.ids["item"] = text(item, "id")
	p.w.change(p.c.claim, p.c.who, "POST", "/items/"+p.ids["item"]+"/decision", regaintest.Acceptance(item))
}

func (p *plan) waiver() {
	p.held()
	p.ids["item"] = text(one(p.Rand, p.items()), "id")
	p.c.who = p.w.withRole(p.Rand, "lead")
}

// snoozed is a case that was put away.
func (p *plan) snoozed() {
	p.held()
	p.w.change(p.c.claim, p.c.who, "PUT", "/snooze", object{"preset": "in_a_week"})
}

// retireTags retires all that were seen, before there are as many as there can be.
func (w *world) retireTags() {
	w.t.Helper()
	if len(w.tags) < 60 {
		return
	}
	lead := w.people[slices.IndexFunc(w.people, func(p *person) bool { return p.role == "lead" })]
	for _, id := range w.tags {
		w.send(jsonCall(w.t, lead, "PUT", "/api/v1/tags/"+id+"/retired", object{"retired": true})) // merged ones are not there
	}
	w.tags = nil
}

// tag makes a tag on a case and returns its id.
func (p *plan) tag() string {
	p.w.retireTags()
	name := fmt.Sprintf("mark %d", p.w.number())
	c := p.found(func(c *claim) bool { return c.state == "submitted" || c.state == "in_review" })
	if c == nil {
		c = p.w.submitted(individual())
	}
	p.c.claim = c
	seen := p.w.want(p.w.withRole(p.Rand, "lead"), 200, "POST", c.path("/tags"), object{"add": []string{name}})
	for _, t := range objects(sub(seen, "staff")["tags"]) {
		if remember(&p.w.tags, text(t, "id")); text(t, "name") == name {
			return text(t, "id")
		}
	}
	p.w.t.Fatalf("no tag %q: %v", name, seen)
	return ""
}

// tagNamed is a tag that a lead changes.
func (p *plan) tagNamed() {
	p.ids["tag"] = p.tag()
	if p.op.id == "merge-tag" {
		p.whole = object{"into": p.tag()}
	}
	p.as("lead")
}

// tagged is a tagging of several cases that its maker may undo.
func (p *plan) tagged() {
	c, who := p.w.submitted(individual()), p.as("reviewer", "lead")
	p.c.claim = c
	p.ids["act"] = text(p.w.want(who, 200, "POST", "/api/v1/queue/tags", object{"cases": []string{c.id}, "add": []string{fmt.Sprintf("mark %d", p.w.number())}}), "id")
}

// view is a saved view of whoever calls.
func (p *plan) view() {
	who := p.as("reviewer", "lead", "auditor")
	p.w.makeRoom(who, "/api/v1/queue/views", "views")
	saved := p.w.want(who, 201, "POST", "/api/v1/queue/views", object{"name": fmt.Sprintf("View %d", p.w.number()), "view": "unassigned"})
	p.ids["view"] = text(saved, "id")
}

// notice is an entry in the inbox of somebody who was mentioned.
func (p *plan) notice() {
	who := p.as("reviewer", "lead", "auditor")
	c := p.w.claimed(individual())
	p.c.claim = c
	from := p.w.reviewer(0)
	if from.id == who.id {
		from = p.w.reviewer(1)
	}
	p.w.want(from, 201, "POST", c.path("/notes"), object{"body": "Look " + marker(c.number, ofStaff), "mentions": []string{who.id}})
	for _, e := range objects(p.w.want(who, 200, "GET", "/api/v1/inbox", nil)["entries"]) {
		p.ids["entry"] = text(e, "id")
		return
	}
}

// conversation is a case whose customer or holder may write.
func (p *plan) conversation() {
	c := p.w.claimed(individual())
	p.c.claim, p.c.who = c, one(p.Rand, []*person{c.owner, p.w.reviewer(0)})
}

// blockable is something that is not blocked yet.
func (p *plan) blockable() {
	p.as("lead")
	n := p.w.number()
	digest := sha256.Sum256(fmt.Append(nil, n))
	p.whole = one(p.Rand, []object{
		{"kind": "account", "value": fmt.Sprintf("blocked %d", n)}, {"kind": "contact", "value": fmt.Sprintf("blocked%d@mail.example", n)}, {"kind": "file", "value": hex.EncodeToString(digest[:])},
	})
	o := p.whole.(object)
	o["reason"], o["expires_at"], o["refuse"] = "seen before", time.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339), p.chance(50)
}

// blocked is a block that a lead may lift.
func (p *plan) blocked() {
	p.blockable()
	p.ids["block"] = text(p.w.want(p.c.who, 201, "POST", "/api/v1/blocks", p.whole), "id")
	p.whole = nil
}

// somebody is a member of staff whom an administrator added, and who calls nothing.
func (p *plan) somebody() {
	if p.as("admin", "lead"); p.op.id == "set-absence" {
		p.as("lead")
	}
	if len(p.w.staffAdded) > 0 && p.chance(70) {
		p.ids["person"] = newer(p.Rand, p.w.staffAdded)
	} else {
		p.newcomer()
	}
	if p.op.id == "enable-person" {
		p.w.want(p.w.withRole(p.Rand, "admin"), 200, "POST", "/api/v1/people/"+p.ids["person"]+"/disablement", nil)
	}
}

// newcomer has an administrator add somebody.
func (p *plan) newcomer() {
	o := p.w.want(p.w.withRole(p.Rand, "admin"), 201, "POST", "/api/v1/people", object{"email": fmt.Sprintf("new%d@staff.example", p.w.number()), "name": "Rui Costa", "roles": []string{"reviewer"}})
	p.ids["person"] = text(sub(o, "person"), "id")
	remember(&p.w.staffAdded, p.ids["person"])
	p.w.newcomer.email, p.w.newcomer.password = text(sub(o, "person"), "email"), text(sub(o, "one_time"), "password")
}

// absence is one that a lead set.
func (p *plan) absence() {
	p.newcomer()
	p.as("lead")
	o := p.w.want(p.c.who, 201, "POST", "/api/v1/people/"+p.ids["person"]+"/absences", object{"from": time.Now().Format(time.DateOnly), "until": time.Now().AddDate(0, 0, 3).Format(time.DateOnly)})
	p.ids["absence"] = text(sub(o, "absence"), "id")
}

// newPassword is somebody who has a password that works once.
func (p *plan) newPassword() {
	p.newcomer()
	p.c.who = nobody()
	p.whole = object{"email": p.w.newcomer.email, "password": p.w.newcomer.password, "new_password": fmt.Sprintf("words of number %d", p.w.number())}
}

// newOrganisation is one without members and domains.
func (p *plan) newOrganisation() {
	o, err := p.w.Accounts.CreateOrganisation(p.w.t.Context(), "", fmt.Sprintf("Nuvem %d", p.w.number()))
	must(p.w.t, err)
	p.ids["organisation"] = o.ID
	remember(&p.w.organisations, o.ID)
	p.as("lead", "admin")
}

// newMember is somebody of an organisation who calls nothing.
func (p *plan) newMember() {
	m := p.w.NewMember(p.w.t, fmt.Sprintf("leaving%d@members.example", p.w.number()))
	p.ids["organisation"], p.ids["member"] = m.Organisation, m.ID
	p.as("lead", "admin")
}

// another is a session that the call may end.
func (p *plan) another() {
	p.c.who = p.w.renew(p.as("customer", "organisation", "reviewer", "lead", "auditor", "admin"))
}

// key is an API key that nobody uses.
func (p *plan) key() {
	_, id := p.w.NewKey(p.w.t, accounts.Scopes()...)
	p.ids["key"] = id
	p.as("admin")
}

// noAudit ends the verification that runs, so that another can begin: it is carried out,
// or given up.
func (p *plan) noAudit() {
	p.as("lead", "auditor", program)
	if p.chance(30) {
		must(p.w.t, p.w.Cases.AuditDue(p.w.t.Context()))
	}
	for _, run := range objects(p.w.want(p.c.who, 200, "GET", "/api/v1/audit/runs?limit=1", nil)["runs"]) {
		if text(run, "state") == "running" {
			p.w.want(p.c.who, 200, "POST", "/api/v1/audit/runs/"+text(run, "id")+"/stop", nil)
		}
	}
}

// audit is a verification that has just begun.
func (p *plan) audit() {
	p.noAudit()
	p.ids["run"] = text(p.w.want(p.c.who, 202, "POST", "/api/v1/audit/runs", nil), "id")
	if p.op.id != "stop-audit" && p.chance(50) {
		must(p.w.t, p.w.Cases.AuditDue(p.w.t.Context()))
	}
}

// makeRoom removes most of what somebody lists, before there are as many as there can be.
func (w *world) makeRoom(who *person, path, members string) {
	w.t.Helper()
	if list := objects(w.want(who, 200, "GET", path, nil)[members]); len(list) > 30 {
		for _, o := range list[:25] {
			w.send(&call{who: who, method: "DELETE", target: path + "/" + text(o, "id")}) // others' stay
		}
	}
}

// webhook is one with something to deliver.
func (p *plan) webhook() {
	admin := p.w.withRole(p.Rand, "admin")
	p.w.makeRoom(admin, "/api/v1/webhooks", "webhooks")
	made := p.w.want(admin, 201, "POST", "/api/v1/webhooks", object{"url": "https://hooks.example.com/regain", "types": []string{"case.submitted"}})
	p.ids["webhook"] = text(sub(made, "webhook"), "id")
	p.ids["message"] = text(p.w.want(admin, 202, "POST", "/api/v1/webhooks/"+p.ids["webhook"]+"/test", nil), "message")
	p.as("admin", "auditor", program)
}

// failedDelivery is a webhook of which a message ran out of attempts, which takes days.
func (p *plan) failedDelivery() {
	p.webhook()
	_, err := p.w.DB.NewUpdate().Table("webhook_deliveries").Set("state = ?", "failed").Set("done_at = created_at").Where("webhook_id = ?", p.ids["webhook"]).Exec(p.w.t.Context())
	must(p.w.t, err)
}
