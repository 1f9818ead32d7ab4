package demo

import (
	"time"

	"regain/cases"
	"regain/demo/papers"
)

// cloudIndividuals are people with an account of their own.
func cloudIndividuals() []story {
	return []story{
		{
			name: "approved at once", policy: cloudPolicy, locale: "en", account: "j.whitfield@old-mail.example",
			who: papers.Person{Name: "Jonas Whitfield", Born: "1990-07-21", Country: "Utopia", Face: 11}, lost: lostPhone, phone: "+44 7400 123456",
			answers: unpaid(), began: 38 * day,
			steps: all(file(), []step{ago(37 * day), claims("rei"), accepts("rei"), approves("rei", "All details agree with the record.")}),
		},
		{
			name: "rejected twice, then approved", policy: cloudPolicy, locale: "pt-BR", account: "marina.costa",
			who: papers.Person{Name: "Marina Costa", Born: "1985-02-03", Country: "Utopia", Face: 12}, lost: lostBoth, email: "marina@mail.example", phone: "+55 11 98765-0011",
			answers: withCard(2), began: 33 * day,
			steps: []step{
				prove, supply("card_holder_certificate", "consumption_proof"), send("consumption_proof/2", sameInvoice), send("card_front", openCard), submit,
				ago(32 * day), claims("ana"), accepts("ana", "card_holder_certificate", "consumption_proof", "consumption_proof/2"),
				rejects("ana", "card_front", "not_masked", "Os dígitos do meio do cartão estão visíveis. Cubra-os com uma tira de papel e envie outra foto.", "Full number visible; asked for another picture."),
				requests("ana", "Falta só a foto do cartão: deixe visíveis apenas os 6 primeiros e os 4 últimos dígitos.", []string{"card_front"}),
				ago(30 * day), send("card_front", flawedCard(papers.Blurred)), submit,
				ago(29 * day), claims("ana"),
				rejects("ana", "card_front", "unreadable", "A foto está borrada. Apoie o telefone e tire outra com mais luz.", "Masked now, but out of focus."),
				requests("ana", "Obrigada pela foto nova. Ela ficou borrada; envie mais uma, por favor.", []string{"card_front"}),
				ago(27 * day), supply(), submit, ago(26 * day), claims("ana"), accepts("ana"), approves("ana", ""),
			},
		},
		{
			name: "denied, and not appealed", policy: cloudPolicy, locale: "en", account: "+1 415 555 2671",
			who: papers.Person{Name: "Dale Harker", Born: "1979-11-30", Country: "Utopia", Face: 13}, lost: lostEmail, email: "dale.h@mail.example",
			answers: withCard(3), began: 44 * day,
			steps: all(file(), []step{
				ago(43 * day), claims("omar"), rejects("omar", "card_holder_certificate", "altered", "This document can't be accepted.", "Edges of the portrait do not line up; font of the number differs."),
				notes("omar", "Third claim with this portrait in two months. See Mara."),
				denies("omar", "altered", "We could not confirm that the account is yours. You may appeal once, within 30 days; others will look at it.", "Altered document."),
				blocks("mara", "Third claim with this portrait in two months, each for another account."),
			}),
		},
		{
			name: "denied, appealed, waits for other eyes", policy: cloudPolicy, locale: "zh-Hans", account: "zhang.mei@old-mail.example",
			who: papers.Person{Name: "Zhang Mei", Born: "1992-05-17", Country: "Utopia", Face: 14}, lost: lostPhone, phone: "+86 138 0013 8000",
			answers: authenticated(), began: 9 * day,
			steps: all(file(), []step{
				ago(8 * day), claims("rei"), accepts("rei", "transaction_record", "transaction_record/2", "transaction_record/3"),
				rejects("rei", "real_name_certificate", "does_not_match", "证件与账号实名认证时使用的证件不一致。", "The certificate on record has another number."),
				denies("rei", "not_proven", "现有材料不足以证明该账号归您所有。您可以在 30 天内申诉一次，由其他审核人员复核。", ""),
				ago(1*day + 3*hour), appeal("我的身份证去年换发过，新证件的有效期不同，但身份信息是同一人。请对照换证前后的信息再次核实，谢谢。"),
			}),
		},
		{
			name: "approved on appeal", policy: cloudPolicy, locale: "pt-BR", account: "rafael.teles@old-mail.example",
			who: papers.Person{Name: "Rafael Teles", Born: "1988-09-09", Country: "Utopia", Face: 15}, lost: lostPhone, phone: "+55 21 98765-0022",
			answers: authenticated("card_added", true), began: 40 * day,
			steps: all(file(), []step{
				ago(39 * day), claims("li"), rejects("li", "card_front", "does_not_match", "O nome no cartão é de outra pessoa.", "Name on the card is the spouse's."),
				denies("li", "does_not_match", "Não foi possível confirmar que a conta é sua. Você pode recorrer uma vez.", ""),
				ago(35 * day), appeal("O cartão é da minha esposa, com quem sou casado em comunhão de bens. Envio a certidão se for preciso."),
				ago(34 * day), claims("mara"), notes("mara", "Card of the spouse; certificate on file agrees. Fine under the appeal guideline."),
				accepts("mara"), approves("mara", "Overturned on appeal."),
			}),
		},
		{
			name: "withdrawn", policy: cloudPolicy, locale: "en", account: "priya.nair@old-mail.example",
			who: papers.Person{Name: "Priya Nair", Born: "1995-01-12", Country: "Utopia", Face: 16}, lost: lostPhone, phone: "+44 7400 654321",
			answers: unpaid(), began: 6 * day,
			steps: all(file(), []step{ago(5 * day), writes("I found my old phone in a drawer. Please close this, and thank you!"), withdraw}),
		},
		{
			name: "never finished, expired", policy: cloudPolicy, locale: "pt-BR", account: "caua.reis",
			who: papers.Person{Name: "Cauã Reis", Born: "2001-08-08", Country: "Utopia", Face: 17}, lost: lostEmail, email: "caua@mail.example",
			answers: withCard(1), began: 21 * day,
			steps: []step{prove, supply("card_front"), ago(14 * day), timePasses, ago(8 * day), timePasses, ago(6 * day), timePasses},
		},
		{
			name: "overdue", policy: cloudPolicy, locale: "zh-Hans", account: "chen.hao",
			who: papers.Person{Name: "Chen Hao", Born: "1983-12-01", Country: "Utopia", Face: 18}, lost: lostBoth, email: "chen.hao@mail.example", phone: "+86 139 1234 5678",
			answers: authenticated("card_added", true), began: 7 * day,
			steps: all(file(), []step{ago(3 * day), writes("已经提交几天了，请问大概什么时候可以审核？我们的服务器即将到期，谢谢。"), ago(2 * day), tells("mara", "li", "Overdue. @Li Wenxin, could you take this one? The customer asked, too."), tags("mara", "escalated")}),
		},
		{
			name: "due soon", policy: cloudPolicy, locale: "pt-BR", account: "helena.duarte@old-mail.example",
			who: papers.Person{Name: "Helena Duarte", Born: "1976-06-25", Country: "Utopia", Face: 19}, lost: lostPhone, phone: "+55 31 98765-0033",
			answers: authenticated("card_added", true), began: 34 * hour,
			steps: file(),
		},
		{
			name: "just handed in", policy: cloudPolicy, locale: "en", account: "tomasz.wilk",
			who: papers.Person{Name: "Tomasz Wilk", Born: "1991-03-14", Country: "Utopia", Face: 20}, lost: lostBoth, email: "tomasz@mail.example", phone: "+48 512 345 678",
			answers: withCard(3), began: 70 * time.Minute,
			steps: []step{prove, supply("card_holder_certificate", "card_front"), supply(), submit},
		},
		{
			name: "one item out of reach", policy: cloudPolicy, locale: "en", account: "grace.okafor@old-mail.example",
			who: papers.Person{Name: "Grace Okafor", Born: "1969-10-02", Country: "Utopia", Face: 21}, lost: lostEmail, email: "grace.okafor@mail.example",
			answers: withCard(3), began: 26 * hour,
			steps: []step{
				prove, supply("card_holder_certificate", "consumption_proof", "consumption_proof/2"), send("card_front", flawedCard(papers.Good)),
				cannot("consumption_proof/3", "My bank shows statements of the last two months only, and the branch is closed until next week."), submit,
				ago(20 * hour), tags("omar", "waiting for a bank"), snoozes("omar", cases.SnoozeAWeek, "Her branch opens again next week; she sends the third statement then."),
			},
		},
		{
			name: "the same file as another case", policy: cloudPolicy, locale: "en", account: "marina-costa-backup",
			who: papers.Person{Name: "M. Costa", Born: "1985-02-03", Country: "Utopia", Face: 99}, lost: lostEmail, email: "quick.help@mail.example",
			answers: withCard(2), began: 20 * hour,
			steps: []step{prove, supply("card_holder_certificate", "card_front", "consumption_proof"), send("consumption_proof/2", sameInvoice), submit, ago(5 * hour), tags("mara", "fraud desk", "escalated")},
		},
		{
			name: "in review, half of it decided", policy: cloudPolicy, locale: "en", account: "lena.hofmann",
			who: papers.Person{Name: "Lena Hofmann", Born: "1994-04-30", Country: "Utopia", Face: 22}, lost: lostPhone, phone: "+49 1512 3456789",
			answers: authenticated("card_added", true), began: 30 * hour,
			steps: all(file(), []step{ago(16 * time.Minute), claims("rei"), accepts("rei", "real_name_certificate", "transaction_record", "transaction_record/2"), notes("rei", "The third record is from the same day as the second: asked billing whether both count."), tells("ana", "rei", "@Rei Tanaka, billing says that both count: they are two orders. I had the same in spring."), tags("rei", "billing")}),
		},
		{
			name: "waits for its customer", policy: cloudPolicy, locale: "pt-BR", account: "bruno.salles",
			who: papers.Person{Name: "Bruno Salles", Born: "1998-02-19", Country: "Utopia", Face: 23}, lost: lostBoth, email: "bruno@mail.example", phone: "+55 41 98765-0044",
			answers: withCard(1), began: 5 * day,
			steps: []step{
				prove, send("card_holder_certificate", flawedIdentity(papers.Blurred)), supply(), submit,
				ago(3 * day), claims("ana"), accepts("ana", "card_front", "consumption_proof"),
				rejects("ana", "card_holder_certificate", "unreadable", "A foto está borrada e não dá para ler o nome. Tire outra com a câmera parada e boa luz.", "Blurred."),
				requests("ana", "Só falta uma coisa: uma foto nítida do documento do titular do cartão.", []string{"card_holder_certificate"}),
				ago(2 * day), writes("Oi! Posso mandar o passaporte no lugar do RG?"), ago(44 * hour), answers("ana", "Pode sim, Bruno. A página com a foto basta."),
			},
		},
		{
			name: "reminded twice", policy: cloudPolicy, locale: "en", account: "sam.oyelaran@old-mail.example",
			who: papers.Person{Name: "Sam Oyelaran", Born: "1987-07-07", Country: "Utopia", Face: 24}, lost: lostPhone, phone: "+44 7400 777888",
			answers: withCard(2), began: 16 * day,
			steps: []step{
				prove, send("card_front", flawedCard(papers.Dark)), supply(), submit, ago(13 * day), claims("omar"),
				rejects("omar", "card_front", "unreadable", "The picture is too dark. Please take another one by daylight.", ""),
				accepts("omar", "card_holder_certificate"),
				requests("omar", "Nearly there. Please send a brighter picture of the card, and tell us which bank issued it.", []string{"card_front"}, "A letter of the bank that names you as the holder of the card"),
				ago(5 * day), timePasses, ago(20 * hour), timePasses,
			},
		},
		{
			name: "supplied again, waits for its reviewer", policy: cloudPolicy, locale: "zh-Hans", account: "liu.yang@old-mail.example",
			who: papers.Person{Name: "Liu Yang", Born: "1989-01-28", Country: "Utopia", Face: 25}, lost: lostPhone, phone: "+86 137 0013 9000",
			answers: withCard(1), began: 6 * day,
			steps: []step{
				prove, send("card_holder_certificate", flawedIdentity(papers.Sideways)), supply("consumption_proof"), send("card_front", openCard), submit,
				ago(4 * day), claims("li"), accepts("li", "card_holder_certificate", "consumption_proof"),
				rejects("li", "card_front", "not_masked", "照片露出了完整卡号。请遮住中间的数字后重新拍摄。", "整张卡号可见，未抄录。"),
				requests("li", "请只保留卡号前 6 位和后 4 位，其余数字用纸条遮住后重新拍摄上传。", []string{"card_front"}),
				ago(7 * hour), supply(), submit,
			},
		},
		{
			name: "a draft, half filled", policy: cloudPolicy, locale: "zh-Hans", account: "wu.jing",
			who: papers.Person{Name: "Wu Jing", Born: "1996-11-11", Country: "Utopia", Face: 26}, lost: lostEmail, email: "wu.jing@mail.example",
			answers: withCard(3), began: 11 * day,
			steps: []step{prove, supply("card_front", "consumption_proof"), ago(3 * day), timePasses},
		},
		{
			name: "a draft that leads to support", policy: cloudPolicy, locale: "pt-BR", account: "joana.melo",
			who: papers.Person{Name: "Joana Melo", Born: "1993-12-24", Country: "Utopia", Face: 27}, lost: lostPhone, phone: "+55 51 98765-0055",
			answers: answersOf(unpaid(), "paid", true, "phone_registered", nil), began: 2 * day,
			steps: []step{prove},
		},
		{
			name: "a draft, just begun", policy: cloudPolicy, locale: "en", account: "nobody.yet",
			who: papers.Person{Name: "Iris Vale", Born: "2000-02-29", Country: "Utopia", Face: 28}, lost: lostPhone, phone: "+44 7400 111222",
			answers: nil, began: 25 * time.Minute,
		},
	}
}
