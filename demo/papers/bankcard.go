package papers

import (
	"fmt"
	"strings"
)

// BankCard is a photograph of the front of a credit card: the middle digits lie under
// a strip of paper, as the guidance asks.
func BankCard(seed uint64, holder string, flaw Flaw) Paper {
	return bankCardPhoto(seed, holder, flaw, true)
}

// OpenBankCard shows every digit, and so should be rejected.
func OpenBankCard(seed uint64, holder string) Paper { return bankCardPhoto(seed, holder, Good, false) }

func bankCardPhoto(seed uint64, holder string, flaw Flaw, masked bool) Paper {
	return Paper{"card-front.jpg", "jpeg", photograph(seed, flaw, func(on sheet) { bankCard(on, seed, holder, masked) })}
}

func bankCard(on sheet, seed uint64, holder string, masked bool) {
	random := chance(seed, "bank card")
	grounds := []uint32{0x1d3557, 0x3a2a4d, 0x16423c, 0x5c1a2b, 0x30363f}
	ground := rgb(grounds[random.IntN(len(grounds))])
	banks := []string{"EXAMPLE BANK", "BANCO EXEMPLO", "NORTHWIND BANK", "BANK OF NOWHERE"}
	white := rgb(0xf7f8fa)
	on.fill(rounded(0, 0, cardWidth, cardHeight, 34), ground)
	for n := range 7 {
		on.fill(wave(0, 250+float64(n)*34, cardWidth, 60, 0.9, float64(n)*0.25, 26), faint(rgb(0xffffff), 0.035))
	}
	on.text(52, 92, bold, 40, white, banks[random.IntN(len(banks))])
	ending(on, cardWidth-52, 92, plain, 26, faint(white, 0.8), specimen)
	chip(on, 60, 158)
	for n := range 3 {
		on.fill(ring(cardWidth-120+float64(n)*16, 206, 20+float64(n)*10, 3), faint(white, 0.18))
	}
	last := random.IntN(10000)
	digits := fmt.Sprintf("4000 %02d%02d %04d %04d", random.IntN(100), random.IntN(100), random.IntN(10000), last)
	const size, x, y = 60.0, 52.0, 340.0
	on.text(x+2, y+2, mono, size, faint(rgb(0), 0.5), digits)
	on.text(x, y, mono, size, white, digits)
	if masked { // after six digits and before four
		at := func(n int) float64 { return x + width(mono, size, digits[:n]) }
		covered(on, at(7)-4, y-52, at(14)-at(7)+2, 70)
	}
	on.text(430, 398, plain, 17, faint(white, 0.75), "VALID THRU")
	on.text(430, 428, mono, 30, white, fmt.Sprintf("%02d/%02d", 1+random.IntN(12), 27+random.IntN(5)))
	on.text(52, 484, plain, 32, white, strings.ToUpper(holder))
	on.fill(rounded(cardWidth-160, 408, 108, 74, 12), faint(white, 0.16))
	on.fill(star(cardWidth-106, 446, 26), white)
}

func chip(on sheet, x, y float64) {
	gold := rgb(0xd9b45b)
	on.fill(rounded(x, y, 108, 82, 14), gold)
	line := rgb(0x8f6f2a)
	for _, n := range []float64{0.33, 0.66} {
		on.fill(straight(x, y+82*n, x+34, y+82*n, 2.5), line)
		on.fill(straight(x+74, y+82*n, x+108, y+82*n, 2.5), line)
	}
	on.fill(frame(x+34, y+14, 40, 54, 2.5), line)
}
