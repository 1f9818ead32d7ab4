package papers

import "strings"

// Letter is what a letter of authorization says.
type Letter struct {
	Reference, Account string
	// From is the enterprise; a letter of a person has a name alone.
	From   Company
	Signer string
	Day    string
	// Sealed and Signed say what it bears.
	Sealed, Signed bool
	// Locale is its language.
	Locale string
}

// AuthorizationLetter is the printed letter, signed, sealed and scanned.
func AuthorizationLetter(seed uint64, l Letter) Paper {
	return Paper{"authorization-letter.pdf", "pdf", scannedPDF(seed, "Authorization letter", func(on sheet) { authorization(on, l) })}
}

// letterTexts are the words of a letter. Chinese ones are in Latin letters in a scan, and so left out.
func letterTexts(locale string) (title, body, signed, seal string) {
	if locale == "pt-BR" {
		return "Carta de autorização",
			"A conta acima pertence a quem assina esta carta. O telefone ou e-mail cadastrado não pode mais ser usado. Autorizamos a pessoa indicada a pedir a recuperação da conta e pedimos que o novo contato seja cadastrado. Esta carta vale só para este pedido.",
			"Assinatura", "Carimbo da empresa"
	}
	return "Authorization letter",
		"The account named above belongs to whoever signs this letter. Its registered phone number or e-mail address can no longer be used. We authorize the person named in the case to apply for the recovery of this account, and ask that the new contact be registered. This letter is for this case alone.",
		"Signature", "Official seal"
}

func authorization(on sheet, l Letter) {
	title, body, signed, sealed := letterTexts(l.Locale)
	from := l.From.Name
	if from == "" {
		from = l.Signer
	}
	on.text(72, 92, bold, 15, ink, from)
	on.text(72, 110, plain, 10.5, grey, strings.TrimPrefix(l.From.Address+", "+l.From.City, ", "))
	on.fill(straight(72, 124, pageWidth-72, 124, 1), ink)
	on.text(72, 196, bold, 24, ink, title)
	y := 236.0
	for _, f := range [][2]string{{"Case", l.Reference}, {"Account", l.Account}, {"Enterprise", l.From.Name}, {"Date", l.Day}} {
		if f[1] == "" {
			continue
		}
		on.text(72, y, plain, 11.5, grey, f[0])
		on.text(170, y, bold, 12, ink, f[1])
		y += 22
	}
	y += 24
	for _, line := range lines(plain, 12.5, pageWidth-144, strings.Fields(body)) {
		on.text(72, y, plain, 12.5, ink, line)
		y += 20
	}
	across(on, pageWidth/2, 470, 92, -32, faint(red, 0.1))
	on.fill(straight(72, 640, 280, 640, 0.8), grey)
	on.text(72, 656, plain, 10, grey, signed+": "+l.Signer)
	on.text(350, 656, plain, 10, grey, sealed)
	on.fill(frame(340, 540, 184, 126, 0.6), light)
	if l.Signed {
		signature(on, 86, 624, 150, l.Signer, blue)
	}
	if l.Sealed {
		seal(on, 432, 600, 58, strings.ToUpper(from), faint(red, 0.82))
	}
	on.text(72, 790, plain, 9, grey, specimen+" · made by a program, to show how a case looks")
}

// Statement is a paper with a title and a few paragraphs, of an authority or an office,
// sealed: a police report, a mandate, a certificate of residence.
func Statement(seed uint64, name, title, from string, paragraphs ...string) Paper {
	return Paper{name, "pdf", scannedPDF(seed, title, func(on sheet) {
		on.fill(rectangle(72, 70, 40, 40), faint(blue, 0.15))
		emblem(on, 92, 90, 17, blue)
		on.text(124, 88, bold, 13, ink, from)
		on.text(124, 104, plain, 10, grey, specimen)
		on.text(72, 176, bold, 22, ink, title)
		y := 216.0
		for _, p := range paragraphs {
			for _, line := range lines(plain, 12.5, pageWidth-144, strings.Fields(p)) {
				on.text(72, y, plain, 12.5, ink, line)
				y += 20
			}
			y += 12
		}
		across(on, pageWidth/2, 470, 92, -32, faint(red, 0.1))
		signature(on, 86, 660, 150, from, blue)
		seal(on, 440, 650, 56, strings.ToUpper(from), faint(blue, 0.8))
	})}
}
