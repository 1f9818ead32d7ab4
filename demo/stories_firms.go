package demo

import (
	"time"

	"regain/cases"
	"regain/demo/papers"
)

var (
	yunfan   = papers.Company{Name: "Yunfan Example Technology Co., Ltd.", Local: "云帆示例科技有限公司", Country: "China", City: "深圳市", Address: "示例路 1 号", Number: "91440300M000100Y43", Head: "Lin Xiao"}
	exemplo  = papers.Company{Name: "Exemplo Dados Ltda.", Country: "Brazil", City: "Recife", Address: "Rua do Teste 12", Number: "98.765.432/0001-10", Head: "Lívia Ramos"}
	northw   = papers.Company{Name: "Northwind Traders Ltd", Country: "Utopia", City: "Harbour Town", Address: "4 Quay Street", Number: "UT-004471", Head: "Ellen Marsh"}
	acme     = papers.Company{Name: "Acme Rockets Inc.", Country: "Utopia", City: "Mesa", Address: "77 Canyon Road", Number: "UT-118822", Head: "Will Coyne"}
	cloudier = papers.Company{Name: "Cloudier Partners SARL", Country: "Utopia", City: "Port-Sud", Address: "9 rue de l'Exemple", Number: "UT-552109", Head: "Chloé Bernard"}
)

// enterprise are the answers of a company that bought directly.
func enterprise(country string, more ...any) cases.AnswersRaw {
	return authenticated(append([]any{"account_type", "enterprise", "enterprise_country", country}, more...)...)
}

// cloudEnterprises are companies, whose cases are approved by two.
func cloudEnterprises() []story {
	return []story{
		{
			name: "an enterprise, approved by two", policy: cloudPolicy, locale: "zh-Hans", account: "yunfan-prod", firm: yunfan,
			who: papers.Person{Name: "Lin Xiao", Born: "1981-03-08", Country: "Utopia", Face: 31}, lost: lostPhone, phone: "+86 136 0013 7000",
			answers: enterprise("CN"), began: 24 * day,
			steps: all(file(), []step{ago(23 * day), claims("li"), accepts("li"), approves("li", "公章清晰，与登记名称一致。"), ago(22 * day), claims("mara"), approves("mara", "")}),
		},
		{
			name: "an enterprise, waits for its second approval", policy: cloudPolicy, locale: "en", account: "northwind-traders", firm: northw,
			who: papers.Person{Name: "Ellen Marsh", Born: "1974-09-15", Country: "Utopia", Face: 32}, lost: lostBoth, email: "it@northwind-traders.example", phone: "+44 7400 333444",
			answers: enterprise("GB", "card_added", true), began: 3 * day,
			steps: all(file(), []step{
				ago(20 * hour), claims("rei"), notes("rei", "Letter bears seal and signature; signatory is the managing director of the register."), accepts("rei"), approves("rei", "Complete. Second pair of eyes please."),
			}),
		},
		{
			name: "an enterprise, in review", policy: cloudPolicy, locale: "pt-BR", account: "exemplo-dados", firm: exemplo,
			who: papers.Person{Name: "Lívia Ramos", Born: "1986-05-05", Country: "Utopia", Face: 33}, lost: lostEmail, email: "livia@exemplo-dados.example",
			answers: enterprise("BR"), began: 2*day + 5*hour,
			steps: []step{
				prove, send("authorization_letter", bareLetter), supply(), submit,
				ago(11 * time.Minute), claims("ana"), accepts("ana", "real_name_certificate", "transaction_record"),
				rejects("ana", "authorization_letter", "not_sealed_or_signed", "A carta está sem carimbo e sem assinatura. Imprima, assine, carimbe e envie outra vez.", "Neither seal nor signature."),
			},
		},
		{
			name: "another claim on the same account", policy: cloudPolicy, locale: "en", account: "Exemplo-Dados", firm: exemplo,
			who: papers.Person{Name: "Edgar Lowe", Born: "1990-01-01", Country: "Utopia", Face: 34}, lost: lostBoth, email: "edgar.lowe@mail.example", phone: "+44 7400 555666",
			answers: enterprise("BR"), began: 26 * hour,
			steps: file(),
		},
		{
			name: "an enterprise that paid by transfer", differs: map[string]any{"account_name": "ACME ROCKETS, INC."}, policy: cloudPolicy, locale: "en", account: "acme-rockets", firm: acme,
			who: papers.Person{Name: "Will Coyne", Born: "1982-02-22", Country: "Utopia", Face: 35}, lost: lostPhone, phone: "+48 601 234 567",
			answers: enterprise("US", "real_name_authenticated", false, "paid", true, "months_of_use", 5), began: 28 * hour,
			steps: all(file(), []step{follows("rei"), writes("Our finance department can send older statements if you need them.")}),
		},
		{
			name: "a partner with many papers", policy: cloudPolicy, locale: "en", account: "cloudier-partner", firm: cloudier,
			who: papers.Person{Name: "Chloé Bernard", Born: "1979-08-20", Country: "Utopia", Face: 36}, lost: lostEmail, email: "chloe@cloudier.example",
			answers: cases.AnswersRaw{"customer_type": "partner", "enterprise_country": "FR"}, began: 47 * hour,
			steps: []step{prove, supply(), submit, looks("mara"), tells("mara", "rei", "Large partner: Omar knows their people, but is not to decide on it. @Rei Tanaka, please keep an eye on it.")},
		},
	}
}

// cloudResellers are customers of resellers, who add letters of their own.
func cloudResellers() []story {
	answers := cases.AnswersRaw{"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": true, "enterprise_country": "BR"}
	individual := cases.AnswersRaw{"customer_type": "reseller", "account_type": "individual", "real_name_authenticated": false, "service_enabled": true}
	return []story{
		{
			name: "a reseller's letter, approved", policy: cloudPolicy, locale: "pt-BR", account: "padaria-modelo", firm: papers.Company{Name: "Padaria Modelo Ltda.", Country: "Brazil", City: "Olinda", Address: "Praça do Exemplo 3", Number: "11.222.333/0001-81", Head: "Teresa Dias"},
			who: papers.Person{Name: "Teresa Dias", Born: "1971-04-04", Country: "Utopia", Face: 41}, lost: lostPhone, phone: "+55 81 98765-0066",
			answers: answers, began: 19 * day,
			steps: []step{
				prove, supply("real_name_certificate"), invite("ops@parceira.example"), ago(18 * day), partner("ops@parceira.example"), submit,
				ago(17 * day), claims("omar"), accepts("omar"), approves("omar", ""), ago(16 * day), claims("rei"), approves("rei", "Consent checked with the reseller's desk."),
			},
		},
		{
			name: "a reseller's letter, owed", policy: cloudPolicy, locale: "pt-BR", account: "clinica-exemplo", firm: papers.Company{Name: "Clínica Exemplo S.A.", Country: "Brazil", City: "Natal", Address: "Avenida do Teste 55", Number: "22.333.444/0001-72", Head: "Davi Nunes"},
			who: papers.Person{Name: "Davi Nunes", Born: "1984-10-10", Country: "Utopia", Face: 42}, lost: lostEmail, email: "davi@clinica-exemplo.example",
			answers: answersOf(answers, "real_name_authenticated", false, "service_enabled", true), began: 2 * day,
			steps: []step{prove, supply("latest_service"), invite("ops@parceira.example")},
		},
		{
			name: "a reseller's letter, half of it there", policy: cloudPolicy, locale: "en", account: "studio-sample", firm: papers.Company{Name: "Studio Sample GmbH", Country: "Utopia", City: "Neustadt", Address: "Musterweg 8", Number: "UT-660031", Head: "Jule Brandt"},
			who: papers.Person{Name: "Jule Brandt", Born: "1992-02-12", Country: "Utopia", Face: 43}, lost: lostPhone, phone: "+49 1512 9876543",
			answers: answersOf(answers, "enterprise_country", "DE"), began: 4 * day,
			steps: []step{prove, supply("real_name_certificate"), invite("letters@parceira.example"), ago(3 * day), partner("letters@parceira.example", "partner_consent")},
		},
		{
			name: "a reseller's customer, sent back", differs: map[string]any{"phone": "+447400999111"}, policy: cloudPolicy, locale: "en", account: "amir.sadeghi@old-mail.example",
			who: papers.Person{Name: "Amir Sadeghi", Born: "1985-06-16", Country: "Utopia", Face: 44}, lost: lostEmail, email: "amir@mail.example",
			answers: individual, began: 6 * day,
			steps: []step{
				prove, supply("contact_details", "latest_service", "authorization_letter"), invite("desk@parceira.example"), partner("desk@parceira.example", "partner_consent"), submit,
				ago(4 * day), claims("rei"), accepts("rei", "contact_details", "authorization_letter"),
				rejects("rei", "partner_consent", "wrong_document", "The mail came from a private address. It has to come from the reseller's company address.", "Sender is a free-mail address."),
				requests("rei", "Please ask your reseller to send the consent from their company address. They got a new link.", []string{"partner_consent"}),
			},
		},
	}
}
