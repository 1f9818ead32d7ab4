package demo_test

import (
	"net/http"
	"slices"
	"time"

	"regain/internal/browser"
)

// pictures are all that make screenshots takes.
func pictures() []picture {
	return slices.Concat(publicPictures(), customerPictures(), partnerPictures(), staffPictures())
}

func publicPictures() []picture {
	return []picture{
		{name: "opening", path: "/", looks: []look{desk, deskDark, phone, phoneChinese}},
		{name: "help", path: "/help", looks: []look{desk, phoneBrazil}},
		{name: "api", path: "/api/v1/docs", looks: []look{desk}},
		{name: "problems", path: "/problems", looks: []look{desk}},
		{name: "problem", path: "/problems/invalid_fields", looks: []look{phone}},
		{name: "mailbox", path: "/dev/mailbox", looks: []look{phoneDark}},
		{name: "letter", path: "/dev/mailbox/{letter}", looks: []look{phone}},
		{name: "nothing-there", path: "/nothing", looks: []look{phone}, status: http.StatusNotFound},
	}
}

func customerPictures() []picture {
	const draft, sentBack, waiting, denied = "a draft, half filled", "reminded twice", "due soon", "savings, heirs, denied"
	customer := func(name, path, story string, looks ...look) picture {
		return picture{name: "customer-" + name, path: path, who: "customer", story: story, looks: looks}
	}
	unavailable := customer("unavailable", "/request/items/{item}/unavailable", draft, phone)
	unavailable.item = "card_holder_certificate"
	statement := customer("statement", "/request/items/{item}/statement", "a reseller's letter, owed", phone, phoneBrazil)
	statement.item = "contact_details"
	return []picture{
		{name: "customer-start", path: "/start", looks: []look{phone, phoneDark, desk}},
		{name: "customer-account", path: "/start/account", looks: []look{phone, phoneChinese}},
		{name: "customer-account-refused", path: "/start/account", looks: []look{phone}, status: http.StatusUnprocessableEntity, then: func(p *browser.Page) {
			p.Type("#f-account", "a")
			p.Follow("main form button")
			p.Shows("There is a problem")
		}},
		{name: "customer-resume", path: "/resume", looks: []look{phone}},
		{name: "customer-resume-code", path: "/resume/code?reference=7F3K-29QD-XM&channel=email", looks: []look{phone}},
		customer("code", "/request/contacts/phone", "a draft, just begun", phone),
		customer("question", "/request/questions/customer_type", "a draft, just begun", phone, phoneDark, phoneBrazil),
		customer("next-question", "/request/questions", "a draft, just begun", desk),
		customer("particulars", "/request/account", draft, phone),
		customer("outcome", "/request/outcome", "a draft that leads to support", phone, phoneBrazil),
		customer("items", "/request/items", draft, phone, phoneDark, phoneChinese),
		customer("items-sent-back", "/request/items", sentBack, phone, desk),
		unavailable, statement,
		customer("invite", "/request/invite/reseller", "a reseller's letter, owed", phone),
		customer("items-invited", "/request/items", "a reseller's letter, owed", phoneBrazil),
		customer("check", "/request/check", draft, phone),
		customer("receipt", "/request/receipt", waiting, phoneBrazil),
		customer("status", "/request", waiting, phone, phoneDark, desk),
		customer("status-sent-back", "/request", sentBack, phone),
		customer("status-denied", "/request", denied, phone),
		customer("status-approved", "/request", "rejected twice, then approved", desk),
		customer("messages", "/request/messages", "waits for its customer", phoneBrazil),
		customer("other-device", "/request/phone", draft, desk),
		{name: "customer-other-device-arrives", path: "/resume/phone", looks: []look{phone}},
		customer("later", "/request/later", draft, phone),
		customer("withdraw", "/request/withdraw", waiting, phone),
		customer("appeal", "/request/appeal", denied, phone),
	}
}

func partnerPictures() []picture {
	const owed, half = "a reseller's letter, owed", "a reseller's letter, half of it there"
	partner := func(name, path, story string, looks ...look) picture {
		return picture{name: "partner-" + name, path: path, who: "partner", story: story, looks: looks}
	}
	member := func(name, path string, looks ...look) picture {
		return picture{name: name, path: path, who: "member", story: half, looks: looks}
	}
	return []picture{
		{name: "partner-invitation", path: "/invitation", looks: []look{phone, desk}},
		partner("owed", "/invitation/owed", owed, phone, deskBrazil),
		partner("half-sent", "/invitation/owed", half, phoneDark, desk),
		partner("receipt", "/invitation/receipt", half, phone),
		{name: "organisation-sign-in", path: "/organisation", looks: []look{phone, desk}},
		{name: "organisation-letters", path: "/organisation/letters", who: "member", looks: []look{phone, desk}},
		member("organisation-owed", "/organisation/letters/{invitation}", phone),
		member("organisation-receipt", "/organisation/letters/{invitation}/receipt", phone),
	}
}

func staffPictures() []picture {
	staff := func(name, path, who string, looks ...look) picture {
		return picture{name: "staff-" + name, path: path, who: who, looks: looks}
	}
	of := func(name, path, who, story string, looks ...look) picture {
		return picture{name: "staff-" + name, path: path, who: who, story: story, looks: looks, then: documentsShown}
	}
	inReview := of("case-in-review", "/staff/cases/{case}?item={item}", "rei", "in review, half of it decided", desk, deskDark, phone)
	inReview.item = "card_holder_certificate"
	letter := of("case-letter", "/staff/cases/{case}?item={item}", "ana", "an enterprise, in review", desk, deskBrazil)
	letter.item = "authorization_letter"
	differing := of("case-differs", "/staff/cases/{case}?item={item}", "rei", "an enterprise that paid by transfer", desk)
	differing.item = "bank_account"
	return []picture{
		{name: "staff-sign-in", path: "/staff/sign-in", looks: []look{desk, phoneDark}},
		staff("home", "/staff", "rei", desk),
		staff("queue", "/staff/queue?view=unassigned", "rei", desk, deskDark, phone, deskChinese),
		staff("queue-overdue", "/staff/queue?view=overdue", "mara", desk),
		staff("queue-mine", "/staff/queue?view=mine", "rei", desk),
		staff("queue-followed", "/staff/queue?view=followed", "rei", desk),
		staff("inbox", "/staff/inbox", "rei", desk, deskDark, phone, deskChinese),
		staff("queue-snoozed", "/staff/queue?view=snoozed", "omar", desk),
		of("case-snoozed", "/staff/cases/{case}", "omar", "one item out of reach", desk),
		of("case-snooze", "/staff/cases/{case}?do=snooze", "mara", "overdue", phone),
		{name: "staff-queue-write", path: "/staff/queue?view=unassigned", who: "mara", looks: []look{desk}, then: func(p *browser.Page) {
			p.Click("[data-all]")
			p.Follow(".selection button[formaction$=write]")
			p.Follow("button[name=preview]")
		}},
		staff("tags", "/staff/tags", "mara", desk),
		staff("queue-ended", "/staff/queue?view=ended", "idris", desk),
		inReview, letter, differing,
		of("blocks", "/staff/blocks?case={case}", "mara", "the same file as another case", desk),
		staff("blocks-list", "/staff/blocks", "mara", desk, phone),
		staff("lead", "/staff/lead?days=90", "mara", desk, deskDark, phone),
		staff("audit", "/staff/audit", "idris", desk, phone),
		staff("audit-run", "/staff/audit/runs/{run}", "idris", desk),
		of("audit-case", "/staff/audit/cases/{case}", "idris", "rejected twice, then approved", desk, phone),
		staff("audit-looks", "/staff/audit/looks?person={rei}", "idris", desk),
		staff("webhooks", "/staff/webhooks", "noor", desk, deskDark, phone),
		staff("webhook", "/staff/webhooks/{webhook}", "noor", desk, phone),
		staff("webhook-delivery", "/staff/webhooks/{webhook}/deliveries/{message}", "noor", desk),
		staff("keys", "/staff/keys", "noor", desk, phone),
		of("case-appeal", "/staff/cases/{case}", "mara", "denied, appealed, waits for other eyes", desk, deskChinese),
		of("case-second-approval", "/staff/cases/{case}", "mara", "an enterprise, waits for its second approval", desk),
		of("case-same-file", "/staff/cases/{case}", "omar", "the same file as another case", desk),
		{name: "staff-export", path: "/staff/cases/{case}/export", who: "idris", story: "rejected twice, then approved", looks: []look{desk, phone}},
		staff("people", "/staff/people", "noor", desk, deskDark, phone),
		staff("person", "/staff/people/{person}", "noor", desk),
		staff("changes", "/staff/people/changes", "idris", desk),
		staff("password", "/staff/password", "rei", phone),
		staff("organisations", "/staff/organisations", "mara", desk),
		staff("organisation", "/staff/organisations/{organisation}", "mara", desk, phone),
		of("case-approved", "/staff/cases/{case}", "idris", "rejected twice, then approved", desk),
	}
}

// documentsShown waits until the viewer has drawn the document and its thumbnails, which
// come one after the other.
func documentsShown(p *browser.Page) {
	p.WaitFor(`[...document.querySelectorAll("[data-screen]")].every(s => s.dataset.shown)`)
	drawn := -1
	for n := browser.Eval[int](p, drawings); n != drawn; n = browser.Eval[int](p, drawings) {
		drawn = n
		time.Sleep(1500 * time.Millisecond)
	}
}

const drawings = `document.querySelectorAll("[data-viewer] canvas").length`
