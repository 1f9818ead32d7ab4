package fuzz

import (
	"fmt"
	"regexp"
	"slices"

	"regain/internal/regaintest"
	"regain/notify"
	"regain/server"
)

// pageArrangements are those of pages that need more than the call of the API which they
// are alike, by the route's id.
func pageArrangements() map[string]arrangement {
	return map[string]arrangement{
		"staff-page":         func(p *plan) { p.as("policy_author") }, // others are led to what they work on
		"staff-sign-in-page": func(p *plan) { p.c.who = nobody() },
		"problem-page":       func(p *plan) { p.ids["code"] = one(p.Rand, server.Codes()).Code },
		"letter-page":        (*plan).letterInMailbox, "lead-export-page": func(p *plan) {
			p.as("lead", "auditor")
			p.ids["table"] = one(p.Rand, []string{"open", "days", "scenarios", "cases"})
		},
		"renew-invitation-page": func(p *plan) {
			p.c.who = nobody()
			p.answered("/invitation", "token=of-a-link-that-was-used")
		},
		"open-member-session-page": (*plan).memberCodeForm, "question-page": (*plan).question, "save-question-page": (*plan).question, "next-question-page": (*plan).question,
		"outcome-page": (*plan).noCase, "invite-page": (*plan).inviteForm, "save-invite-page": (*plan).inviteForm, "submitted-page": func(p *plan) { p.owner(p.w.submitted(individual())) },
		"resume-code-page": (*plan).resumeForm, "resume-verification-page": (*plan).resumeForm, "take-over-session-page": (*plan).takeOver,
		"choose-password-page": (*plan).newPasswordForm, "set-domains-page": (*plan).domainsForm, "create-webhook-page": (*plan).webhookForm, "change-webhook-page": (*plan).webhookForm,
		"queue-undo-page": (*plan).undoForm, "queue-undo-tags-page": (*plan).undoForm, "queue-write-page": (*plan).replyForm, "queue-reply-page": (*plan).replyForm,
		"review-hand-over-page": func(p *plan) { p.reviewing("hand") }, "review-waive-item-page": func(p *plan) { p.reviewing("waive") },
		"review-correct-answers-page": (*plan).correctionForm, "queue-tag-page": (*plan).tagForm,
		"review-decide-item-page": func(p *plan) { p.reviewing("accept") }, "review-reject-item-page": func(p *plan) { p.reviewing("reject") },
	}
}

func (p *plan) letterInMailbox() {
	letters, err := p.w.Mailbox.List(p.w.t.Context(), notify.LetterQuery{})
	must(p.w.t, err)
	p.ids["letter"] = one(p.Rand, letters).ID
}

// answered are the forms of the answer to a form that leads to another.
func (p *plan) answered(target string, body string) {
	a := p.w.send(&call{who: p.c.who, method: "POST", target: target, body: []byte(body), header: [][2]string{{"Content-Type", "application/x-www-form-urlencoded"}}})
	p.forms = readPaper(target, a.body).forms
}

func (p *plan) memberCodeForm() {
	m := p.w.withRole(p.Rand, "organisation")
	p.c.who, p.c.claim = nobody(), m.claim
	code := p.w.mailed(m.email, codePattern, func() { p.answered("/organisation", "email="+m.email) })
	p.whole = object{"email": m.email, "code": code}
}

// question is one of a draft.
func (p *plan) question() {
	p.inDraft()
	p.ids["fact"] = one(p.Rand, []string{"customer_type", "account_type"})
}

// noCase is a draft whose answers lead to something else than documents.
func (p *plan) noCase() { p.owner(p.w.begin(unsettled(), "")) }

func (p *plan) inviteForm() {
	p.resold()
	p.ids["supplier"] = "reseller"
}

func (p *plan) resumeForm() {
	p.resumeCode()
	p.from = []string{"/resume/code?channel=email&reference=" + p.c.claim.reference}
}

var takeOverPattern = regexp.MustCompile(`/resume/phone#([\w-]+)`)

// takeOver is a customer who goes on with the token that another device shows.
func (p *plan) takeOver() {
	p.inDraft()
	a := p.w.send(&call{who: p.c.who, method: "POST", target: "/request/phone"})
	shown := takeOverPattern.FindSubmatch(a.body)
	if shown == nil {
		p.w.t.Fatalf("no token is shown: %d %s", a.status, a.body)
	}
	p.whole, p.c.who = object{"token": string(shown[1])}, nobody()
}

func (p *plan) newPasswordForm() {
	p.newPassword()
	whole := p.whole.(object)
	whole["again"] = whole["new_password"]
}

func (p *plan) domainsForm() {
	p.newOrganisation()
	p.as("admin")
	p.whole = object{"domains": fmt.Sprintf("d%d.example", p.w.number())}
}

func (p *plan) webhookForm() {
	p.webhook()
	p.as("admin")
	p.whole = object{"url": "https://hooks.example.com/regain", "types": []any{"case.submitted", "case.approved"}}
}

// undoForm is on the list that somebody comes back to.
func (p *plan) undoForm() {
	if p.op.id == "undo-tags" {
		p.tagged()
		p.from = []string{"/staff/queue?tagged=" + p.ids["act"]}
		return
	}
	p.assigned()
	p.from = []string{"/staff/queue?done=" + p.ids["assignment"]}
}

// replyForm writes to the customer of a case that was selected in the queue.
func (p *plan) replyForm() {
	c := p.w.submitted(individual())
	p.c.claim = c
	p.as("reviewer", "lead")
	if p.c.op.id == "queue-reply-page" {
		p.answered("/staff/queue/write", "case="+c.id)
	}
}

// reviewing opens one of the forms on a case that is reviewed.
func (p *plan) reviewing(do string) {
	p.judgement()
	p.whole = nil
	if do == "waive" { // by a second person, of what the first rejected
		holder := p.c.who
		p.w.change(p.c.claim, holder, "POST", "/items/"+p.ids["item"]+"/decision", object{"verdict": "rejected", "reason_code": "unreadable", "words_customer": "In daylight " + p.mark(forBoth)})
		for p.c.who == holder {
			p.as("reviewer", "lead")
		}
	}
	p.from = []string{"/staff/cases/" + p.c.claim.id + "?do=" + do + "&item=" + p.ids["item"]}
	if do != "accept" {
		return
	}
	at := slices.IndexFunc(p.items(), func(i object) bool { return text(i, "id") == p.ids["item"] })
	whole := plain(regaintest.Acceptance(p.items()[at]))
	for name, value := range sub(whole, "read_off") {
		whole["read_off."+name] = value
	}
	p.whole = whole
}

// correctionForm corrects one answer and leaves the others.
func (p *plan) correctionForm() {
	p.held()
	p.from = []string{"/staff/cases/" + p.c.claim.id + "?do=correct"}
	p.whole = object{"answers.card_added": "yes", "reason": "because of " + p.mark(ofStaff)}
}

// tagForm gives a tag to a case that waits.
func (p *plan) tagForm() {
	p.waiting()
	p.as("reviewer", "lead")
	p.from = []string{"/staff/queue?view=unassigned"}
	p.whole = object{"do": "tag", "tags": fmt.Sprintf("tag %d", p.IntN(40))}
}
