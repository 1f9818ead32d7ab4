package papers

import "image/color"

// Flaw is what is wrong with a photograph.
type Flaw int

// The flaws.
const (
	Good Flaw = iota
	Blurred
	Sideways
	Dark
)

// The size of a card in points: that of a bank card, times ten.
const (
	cardWidth  = 856.0
	cardHeight = 540.0
)

// photograph is a card on a table, a little askew.
func photograph(seed uint64, flaw Flaw, card func(sheet)) []byte {
	const w, h = 960, 676
	random := chance(seed, "photograph")
	tables := []uint32{0xb98d62, 0x8a8f98, 0xd8d2c6, 0x6f5138, 0x9fb0b6}
	p := newPicture(w, h, rgb(tables[random.IntN(len(tables))]))
	grainOfWood(p, random.Float64()*6)
	lens := shift(w/2, h/2).after(turn(random.Float64()*5 - 2.5)).after(scale(0.94)).after(shift(-cardWidth/2, -cardHeight/2))
	shadow := p.through(shift(9, 13)).through(lens)
	for n := range 4 {
		d := float64(n) * 4
		shadow.fill(rounded(-d, -d, cardWidth+2*d, cardHeight+2*d, 34+d), faint(rgb(0), 0.09))
	}
	card(p.through(lens))
	p.shade(0.12 + 0.1*random.Float64())
	return p.flawed(flaw).finish(seed, flaw)
}

func grainOfWood(p *picture, phase float64) {
	b := p.img.Bounds()
	for n := range 14 {
		y := float64(b.Dy()) * (float64(n) + 0.5) / 14
		p.fill(wave(-10, y, float64(b.Dx())+20, 9, 1.3, phase+float64(n)*0.7, 2+float64(n%4)), faint(rgb(0x000000), 0.05))
	}
}

func (p *picture) flawed(flaw Flaw) *picture {
	switch flaw {
	case Blurred:
		p.blur(9)
	case Sideways:
		return p.turned()
	case Dark:
		p.fill(rectangle(-2000, -2000, 6000, 6000), faint(rgb(0x060608), 0.72))
	}
	return p
}

func (p *picture) finish(seed uint64, flaw Flaw) []byte {
	grain := 3
	if flaw == Dark {
		grain = 12
	}
	p.grain(seed+1, grain)
	return p.jpeg(80)
}

// covered is a strip of paper over a part of a card.
func covered(on sheet, x, y, w, h float64) {
	on.fill(rectangle(x+3, y+4, w, h), faint(rgb(0), 0.25))
	on.fill(rectangle(x, y, w, h), color.RGBA{246, 244, 236, 255})
	on.fill(straight(x+6, y+h*0.3, x+w-6, y+h*0.34, 1.5), faint(rgb(0x9aa0aa), 0.5))
	on.fill(straight(x+6, y+h*0.64, x+w-6, y+h*0.62, 1.5), faint(rgb(0x9aa0aa), 0.5))
}
