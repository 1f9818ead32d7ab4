package demo

import (
	"time"

	"regain/cases"
	"regain/demo/papers"
)

// domains are about the accounts of a registrar of domain names.
func domains() []story {
	byDNS := cases.AnswersRaw{"purposes": []any{"contact_email"}, "email_works": false, "holder_type": "company", "requester": "holder", "holder_country": "US", "dns_access": "full"}
	person := cases.AnswersRaw{"purposes": []any{"second_factor"}, "email_works": true, "holder_type": "individual", "requester": "holder", "holder_country": "NL", "dns_access": "full"}
	company := cases.AnswersRaw{"purposes": []any{"sign_in", "contact_email"}, "email_works": false, "holder_type": "company", "requester": "holder", "holder_country": "BR", "dns_access": "none", "registered_on": "2016-03-01"}
	authority := []string{"official_letter", "gazette_page", "registration_invoice", "registration_invoice/2", "confirmation"}
	undisputed := cases.AnswersRaw{"disputed": false, "risk": "usual"}
	return []story{
		{
			name: "a domain, proved by its DNS", policy: domainPolicy, locale: "en", account: "acme-rockets.example", firm: acme,
			who: papers.Person{Name: "Will Coyne", Born: "1982-02-22", Country: "Utopia", Face: 35}, lost: lostEmail, email: "hostmaster@acme-rockets.example",
			answers: byDNS, began: 12 * day,
			steps: []step{
				prove, submit, ago(11 * day), claims("rei"), corrects("rei", undisputed, "No dispute is on record, and the request is an ordinary one."),
				asksForAll("rei", "No dispute is pending, so your DNS will do: please place the token that the page shows you."),
				ago(10 * day), supply(), submit, ago(9 * day), claims("rei"), notes("rei", "TXT record seen from two resolvers."), accepts("rei"), approves("rei", ""),
			},
		},
		{
			name: "a domain, just handed in", policy: domainPolicy, locale: "en", account: "northwind.example", firm: northw,
			who: papers.Person{Name: "Ellen Marsh", Born: "1974-09-15", Country: "Utopia", Face: 32}, lost: lostEmail, email: "dns@northwind-traders.example",
			answers: answersOf(byDNS, "holder_country", "GB", "purposes", []any{"contact_email", "holder_change"}), began: 5 * hour,
			steps: []step{prove, submit},
		},
		{
			name: "a person's domain, an uncovered number", policy: domainPolicy, locale: "en", account: "devries.example",
			who: papers.Person{Name: "Sanne de Vries", Born: "1990-10-23", Country: "Utopia", Face: 51}, lost: lostPhone, phone: "+31 6 12345678",
			answers: person, began: 5 * day,
			steps: []step{
				prove, submit, ago(4 * day), claims("omar"), corrects("omar", undisputed, "Checked with the dispute desk."),
				asksForAll("omar", "Please place the token in your DNS and send both sides of your identity card."),
				ago(3 * day), supply(), submit, ago(2 * day), claims("omar"), accepts("omar", "dns_token"),
				rejects("omar", "identity_document", "not_masked", "Please cover the citizen service number and send the document again. We must not keep it.", "BSN visible."),
				requests("omar", "Everything else is fine. Please cover the citizen service number on your identity card.", []string{"identity_document"}),
			},
		},
		{
			name: "a company's domain, a lead has to approve", policy: domainPolicy, locale: "pt-BR", account: "exemplo-dados.example", firm: exemplo,
			who: papers.Person{Name: "Lívia Ramos", Born: "1986-05-05", Country: "Utopia", Face: 33}, lost: lostEmail, email: "dns@exemplo-dados.example",
			answers: company, began: 8 * day,
			steps: []step{
				prove, submit, ago(7 * day), claims("ana"), corrects("ana", answersOf(undisputed), "Sem disputa registrada."),
				asksForAll("ana", "Não há disputa. Envie agora os documentos da empresa e do registro.", "cnpj_card", "registration_invoice", "registration_invoice/2", "old_whois", "new_contact"),
				ago(5 * day), supply("cnpj_card", "registration_invoice", "registration_invoice/2", "old_whois", "new_contact"), submit,
				ago(2 * day), claims("ana"), accepts("ana"), approves("ana", "Reviewer's half is done."),
			},
		},
		{
			name: "an authority's domain, in review", policy: domainPolicy, locale: "en", account: "city-of-nowhere.example",
			firm: papers.Company{Name: "City of Nowhere", Country: "Utopia", City: "Nowhere", Address: "1 Town Square", Number: "UT-000001", Head: "Agnes Poe"},
			who:  papers.Person{Name: "Agnes Poe", Born: "1968-03-03", Country: "Utopia", Face: 52}, lost: lostPhone, phone: "+44 7400 909090",
			answers: answersOf(company, "holder_type", "public_body", "holder_country", "FR", "purposes", []any{"second_factor"}), began: 6 * day,
			steps: []step{
				prove, submit, ago(5 * day), claims("mara"), corrects("mara", undisputed, "Called the town hall."),
				asksForAll("mara", "Please send the letter of the authority, the page of the gazette, and two invoices of the domain.", authority...),
				ago(30 * hour), supply(authority...), submit,
				ago(19 * time.Minute), claims("mara"), accepts("mara", "official_letter"),
			},
		},
		{
			name: "a domain whose administrator can help", policy: domainPolicy, locale: "en", account: "studio-sample.example",
			who: papers.Person{Name: "Jule Brandt", Born: "1992-02-12", Country: "Utopia", Face: 43}, lost: lostEmail, email: "jule@studio-sample.example",
			answers: answersOf(byDNS, "requester", "employee", "admin_present", "present"), began: 4 * day,
			steps: []step{
				prove, submit, ago(3 * day), claims("li"), answers("li", "Your organisation still has an administrator: Jule, please ask them first. We only step in when there is none."),
				denies("li", "other", "The administrator of your organisation can give you access. Please turn to them.", "Administrator is active, last signed in this week."),
			},
		},
	}
}

// savings are about the accounts of a savings association, in Portuguese.
func savings() []story {
	holder := cases.AnswersRaw{"requester": "holder", "lost": []any{"phone", "card"}, "residence": "BR", "months_idle": 4}
	return []story{
		{
			name: "savings, any two of four", policy: savingsPolicy, locale: "pt-BR", account: "0042-7781-3",
			who: papers.Person{Name: "Otávio Brandão", Born: "1966-07-19", Country: "Utopia", Face: 61}, lost: lostPhone, phone: "+55 71 98765-0077",
			answers: holder, began: 22 * hour,
			steps: []step{prove, supply("identity", "utility_bill", "bank_statement", "video"), submit},
		},
		{
			name: "savings, an attorney, waived and approved", noRecord: true, policy: savingsPolicy, locale: "pt-BR", account: "0042-1190-8",
			who: papers.Person{Name: "Sônia Prates", Born: "1977-01-31", Country: "Utopia", Face: 62}, lost: lostPhone, phone: "+55 85 98765-0088",
			answers: cases.AnswersRaw{"requester": "attorney", "lost": []any{"phone"}, "residence": "BR"}, began: 30 * day,
			steps: []step{
				prove, supply("holder_identity", "requester_identity", "power_of_attorney", "utility_bill", "tax_notice"), submit, ago(28 * day), claims("ana"),
				accepts("ana", "requester_identity", "power_of_attorney", "utility_bill", "tax_notice"), notes("ana", "No record of the holder's birthday here: needs a waiver."),
				waives("rei", "holder_identity", "The birthday is confirmed by the branch that knows the holder; their note is on file."),
				approves("ana", ""), ago(26 * day), claims("mara"), approves("mara", ""),
			},
		},
		{
			name: "savings, heirs, denied", policy: savingsPolicy, locale: "en", account: "0042-5567-1",
			who: papers.Person{Name: "Julian Frost", Born: "1989-09-29", Country: "Utopia", Face: 63}, lost: lostEmail, email: "julian.frost@mail.example",
			answers: cases.AnswersRaw{"requester": "heir", "lost": []any{"phone"}, "died_on": "2024-02-29", "will": "none"}, began: 15 * day,
			steps: all(file(), []step{
				ago(13 * day), claims("li"), rejects("li", "inheritance", "incomplete", "The division of the estate is not signed by all heirs.", ""),
				denies("li", "incomplete", "The papers do not show that you may act for all heirs. You may appeal once, within 30 days.", ""),
			}),
		},
		{
			name: "savings, too long ago", policy: savingsPolicy, locale: "pt-BR", account: "0042-0003-9",
			who: papers.Person{Name: "Alda Pires", Born: "1950-05-15", Country: "Utopia", Face: 64}, lost: lostPhone, phone: "+55 61 98765-0099",
			answers: cases.AnswersRaw{"requester": "heir", "lost": []any{"phone"}, "died_on": "2010-05-05"}, began: 8 * day,
			steps: []step{prove},
		},
		{
			name: "savings, the card alone", policy: savingsPolicy, locale: "pt-BR", account: "0042-9901-2",
			who: papers.Person{Name: "Ivo Neri", Born: "1999-11-02", Country: "Utopia", Face: 65}, lost: lostPhone, phone: "+55 91 98765-0101",
			answers: cases.AnswersRaw{"requester": "holder", "lost": []any{"card"}}, began: 1 * day,
			steps: []step{prove},
		},
	}
}
