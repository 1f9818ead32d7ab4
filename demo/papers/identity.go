package papers

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// IdentityCard is a photograph of a person's identity card.
func IdentityCard(seed uint64, p Person, flaw Flaw) Paper {
	return Paper{"identity-card.jpg", "jpeg", photograph(seed, flaw, func(on sheet) { identity(on, seed, p) })}
}

// Passport is the page with the portrait as a PDF, as a scanner makes it.
func Passport(seed uint64, p Person) Paper {
	sheet := &page{scan: scanned(seed, func(on sheet) {
		card := within(on, shift(72, 120).after(scale(0.527)))
		card.fill(rectangle(-6, -6, cardWidth+12, cardHeight+12), light)
		identity(card, seed, p)
	})}
	return Paper{"passport.pdf", "pdf", pdf("Passport", sheet)}
}

// lensed draws on another sheet through a lens.
type lensed struct {
	sheet
	lens affine
}

// within is a part of a sheet. Text becomes outlines.
func within(on sheet, lens affine) sheet { return lensed{on, lens} }

func (l lensed) fill(p path, c rgba) { l.sheet.fill(p.under(l.lens), c) }

func (l lensed) text(x, y float64, s style, size float64, c rgba, words string) {
	l.fill(lettering(s, size, words).under(shift(x, y)), c)
}

// identity is the front of a card of a country that gives none.
func identity(on sheet, seed uint64, p Person) {
	random := chance(seed, "identity")
	tints := []uint32{0x2f6f8f, 0x5b7f3b, 0x8a4b6b, 0x3f5fa0}
	tint := rgb(tints[random.IntN(len(tints))])
	on.fill(rounded(0, 0, cardWidth, cardHeight, 34), rgb(0xf4f7f8))
	for n := range 16 {
		on.fill(wave(20, 120+float64(n)*26, cardWidth-40, 22, 3, float64(n)*0.5, 1.6), faint(tint, 0.22))
	}
	on.fill(rounded(0, 0, cardWidth, 92, 34), tint)
	on.fill(rectangle(0, 50, cardWidth, 42), tint)
	emblem(on, 62, 47, 30, rgb(0xffffff))
	on.text(110, 44, bold, 30, rgb(0xffffff), strings.ToUpper(p.Country))
	on.text(110, 76, plain, 21, faint(rgb(0xffffff), 0.9), "IDENTITY CARD · "+specimen)
	portrait(on, 44, 124, 214, 268, p.Face)
	family, given := split(p.Name)
	number := fmt.Sprintf("%c%c %06d", 'A'+rune(random.IntN(26)), 'A'+rune(random.IntN(26)), random.IntN(1000000))
	y := 142.0
	for _, field := range [][2]string{{"Surname", family}, {"Given names", given}, {"Date of birth", p.Born}, {"Document no.", number}, {"Valid until", fmt.Sprintf("%d-%02d-28", 2029+random.IntN(6), 1+random.IntN(12))}} {
		on.text(292, y, plain, 16, grey, field[0])
		on.text(292, y+28, bold, 27, ink, field[1])
		y += 56
	}
	portrait(on, 716, 290, 88, 110, p.Face)
	signature(on, 560, 372, 130, p.Name, ink)
	across(on, cardWidth/2+30, 285, 120, -18, faint(red, 0.16))
	on.fill(rectangle(0, 424, cardWidth, 76), rgb(0xfbfbf9))
	on.text(40, 456, mono, 25.4, ink, fill30("I<UTO"+strings.ReplaceAll(number, " ", "")+"<<"+specimen))
	on.text(40, 488, mono, 25.4, ink, fill30(zone(family)+"<<"+zone(given)))
}

// split takes the last word for the family's name.
func split(name string) (family, given string) {
	at := strings.LastIndexByte(name, ' ')
	if at < 0 {
		return name, "–"
	}
	return name[at+1:], name[:at]
}

// zone writes a name as the machine-readable zone does: capitals of the Latin alphabet.
func zone(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == ' ' || r == '-':
			return '<'
		}
		return unicode.ToUpper(r)
	}, norm.NFD.String(name))
}

func fill30(s string) string {
	const length = 50
	if len(s) > length {
		return s[:length]
	}
	return s + strings.Repeat("<", length-len(s))
}
