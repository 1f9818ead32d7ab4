package papers

import "image/color"

// portrait draws somebody who does not exist, into a box.
func portrait(on sheet, x, y, w, h float64, face uint64) {
	random := chance(face, "face")
	pick := func(of ...uint32) color.RGBA { return rgb(of[random.IntN(len(of))]) }
	on.fill(rectangle(x, y, w, h), rgb(0xdfe6ee))
	skin := pick(0xf2cfae, 0xe3b48c, 0xc68d62, 0x9a6642, 0x70482f)
	hair := pick(0x20160f, 0x3b2616, 0x6b4526, 0x8f8f93, 0xa8693a)
	clothes := pick(0x2c3e63, 0x5a3342, 0x36564a, 0x4a4a55, 0x7b5a2e)
	cx, top := x+w/2, y+h*0.16
	headWidth, headHeight := w*(0.2+0.025*random.Float64()), h*(0.235+0.02*random.Float64())
	cy := top + headHeight
	long := random.IntN(2) == 0
	if long {
		on.fill(rounded(cx-headWidth*1.32, cy-headHeight*0.7, headWidth*2.64, headHeight*2.15, headWidth*0.9), hair)
	}
	on.fill(rectangle(cx-headWidth*0.42, cy+headHeight*0.5, headWidth*0.84, headHeight*0.95), faint(darker(skin), 1))
	shoulders(on, cx, y+h, w, h, clothes)
	on.fill(ellipse(cx, cy+headHeight*1.42, headWidth*0.5, headHeight*0.3), darker(skin))
	on.fill(ellipse(cx-headWidth, cy+headHeight*0.08, headWidth*0.14, headHeight*0.2), skin)
	on.fill(ellipse(cx+headWidth, cy+headHeight*0.08, headWidth*0.14, headHeight*0.2), skin)
	on.fill(ellipse(cx, cy, headWidth, headHeight), skin)
	hairline(on, cx, cy, headWidth, headHeight, hair, random.IntN(3))
	features(on, cx, cy, headWidth, headHeight, skin, hair)
	if random.IntN(3) == 0 {
		glasses(on, cx, cy, headWidth, headHeight)
	}
}

func darker(c color.RGBA) color.RGBA {
	f := func(v uint8) uint8 { return uint8(int(v) * 86 / 100) } //nolint:gosec // smaller than a byte
	return color.RGBA{f(c.R), f(c.G), f(c.B), c.A}
}

// shoulders end with the box.
func shoulders(on sheet, cx, bottom, w, h float64, c color.RGBA) {
	var p path
	p.move(cx-w*0.44, bottom)
	p.curve(point{cx - w*0.44, bottom - h*0.2}, point{cx - w*0.25, bottom - h*0.24}, point{cx - w*0.1, bottom - h*0.27})
	p.curve(point{cx - w*0.06, bottom - h*0.2}, point{cx + w*0.06, bottom - h*0.2}, point{cx + w*0.1, bottom - h*0.27})
	p.curve(point{cx + w*0.25, bottom - h*0.24}, point{cx + w*0.44, bottom - h*0.2}, point{cx + w*0.44, bottom})
	on.fill(p, c)
}

// hairline is the hair over the forehead, in one of three cuts.
func hairline(on sheet, cx, cy, w, h float64, c color.RGBA, cut int) {
	low := []float64{-0.42, -0.3, -0.55}[cut]
	part := []float64{0, 0.45, -0.5}[cut]
	var p path
	p.move(cx-w*1.04, cy-h*0.05)
	p.curve(point{cx - w*1.15, cy - h*1.25}, point{cx + w*1.15, cy - h*1.25}, point{cx + w*1.04, cy - h*0.05})
	p.curve(point{cx + w*0.98, cy - h*0.45}, point{cx + w*0.75, cy + h*(low-0.12)}, point{cx + w*part, cy + h*(low-0.12)})
	p.curve(point{cx - w*0.5, cy + h*low}, point{cx - w*0.95, cy - h*0.5}, point{cx - w*1.04, cy - h*0.05})
	on.fill(p, c)
}

func features(on sheet, cx, cy, w, h float64, skin, hair color.RGBA) {
	for _, side := range []float64{-1, 1} {
		ex := cx + side*w*0.4
		on.fill(ellipse(ex, cy, w*0.17, h*0.075), rgb(0xfdfdfb))
		on.fill(ellipse(ex, cy, w*0.075, h*0.07), rgb(0x2b211b))
		on.fill(stroke([]point{{ex - w*0.2, cy - h*0.17}, {ex, cy - h*0.22}, {ex + w*0.2, cy - h*0.17}}, func(float64) float64 { return h * 0.045 }), hair)
	}
	on.fill(stroke([]point{{cx, cy + h*0.05}, {cx - w*0.1, cy + h*0.28}, {cx + w*0.06, cy + h*0.3}}, func(float64) float64 { return h * 0.03 }), darker(darker(skin)))
	on.fill(stroke([]point{{cx - w*0.26, cy + h*0.52}, {cx, cy + h*0.57}, {cx + w*0.26, cy + h*0.52}}, func(at float64) float64 { return h * (0.03 + 0.05*at*(1-at)*4) }), rgb(0x9d4f48))
}

func glasses(on sheet, cx, cy, w, h float64) {
	for _, side := range []float64{-1, 1} {
		on.fill(ring(cx+side*w*0.42, cy+h*0.01, w*0.3, w*0.045), ink)
	}
	on.fill(straight(cx-w*0.13, cy, cx+w*0.13, cy, w*0.045), ink)
}
