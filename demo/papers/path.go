package papers

import (
	"image/color"
	"math"
)

// point is a place on a sheet, in points from its upper left corner.
type point struct{ x, y float64 }

// segment is a piece of a path: a move, a line, or a curve to the last of its points.
type segment struct {
	kind byte // 'm', 'l', 'c'
	to   [3]point
}

// path is an outline to be filled.
type path []segment

func (p *path) move(x, y float64) { *p = append(*p, segment{'m', [3]point{{x, y}}}) }
func (p *path) line(x, y float64) { *p = append(*p, segment{'l', [3]point{{x, y}}}) }
func (p *path) curve(a, b, c point) {
	*p = append(*p, segment{'c', [3]point{a, b, c}})
}

// affine maps x to a·x + c·y + e and y to b·x + d·y + f.
type affine struct{ a, b, c, d, e, f float64 }

func (m affine) apply(p point) point { return point{m.a*p.x + m.c*p.y + m.e, m.b*p.x + m.d*p.y + m.f} }

// after is what first does before, and then m.
func (m affine) after(before affine) affine {
	o, x, y := m.apply(point{before.e, before.f}), point{before.a, before.b}, point{before.c, before.d}
	return affine{
		m.a*x.x + m.c*x.y, m.b*x.x + m.d*x.y,
		m.a*y.x + m.c*y.y, m.b*y.x + m.d*y.y,
		o.x, o.y,
	}
}

func shift(x, y float64) affine { return affine{1, 0, 0, 1, x, y} }
func scale(f float64) affine    { return affine{f, 0, 0, f, 0, 0} }

func turn(degrees float64) affine {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return affine{cos, sin, -sin, cos, 0, 0}
}

// turnAround turns about a point.
func turnAround(x, y, degrees float64) affine {
	return shift(x, y).after(turn(degrees)).after(shift(-x, -y))
}

func (p path) under(m affine) path {
	out := make(path, len(p))
	for i, s := range p {
		out[i].kind = s.kind
		for n, to := range s.to {
			out[i].to[n] = m.apply(to)
		}
	}
	return out
}

func rectangle(x, y, w, h float64) path {
	var p path
	p.move(x, y)
	p.line(x+w, y)
	p.line(x+w, y+h)
	p.line(x, y+h)
	return p
}

// arc is how far the handles of a quarter of a circle reach.
const arc = 0.5523

func rounded(x, y, w, h, r float64) path {
	k := r * (1 - arc)
	var p path
	p.move(x+r, y)
	p.line(x+w-r, y)
	p.curve(point{x + w - k, y}, point{x + w, y + k}, point{x + w, y + r})
	p.line(x+w, y+h-r)
	p.curve(point{x + w, y + h - k}, point{x + w - k, y + h}, point{x + w - r, y + h})
	p.line(x+r, y+h)
	p.curve(point{x + k, y + h}, point{x, y + h - k}, point{x, y + h - r})
	p.line(x, y+r)
	p.curve(point{x, y + k}, point{x + k, y}, point{x + r, y})
	return p
}

func ellipse(x, y, rx, ry float64) path {
	kx, ky := rx*arc, ry*arc
	var p path
	p.move(x+rx, y)
	p.curve(point{x + rx, y + ky}, point{x + kx, y + ry}, point{x, y + ry})
	p.curve(point{x - kx, y + ry}, point{x - rx, y + ky}, point{x - rx, y})
	p.curve(point{x - rx, y - ky}, point{x - kx, y - ry}, point{x, y - ry})
	p.curve(point{x + kx, y - ry}, point{x + rx, y - ky}, point{x + rx, y})
	return p
}

// ring is a circle's line: its inside runs the other way round and so stays empty.
func ring(x, y, r, width float64) path {
	outer := ellipse(x, y, r+width/2, r+width/2)
	inner := ellipse(0, 0, r-width/2, r-width/2).under(affine{-1, 0, 0, 1, x, y})
	return append(outer, inner...)
}

func frame(x, y, w, h, width float64) path {
	outer := rectangle(x, y, w, h)
	inner := rectangle(0, 0, w-2*width, h-2*width).under(affine{-1, 0, 0, 1, x + w - width, y + width})
	return append(outer, inner...)
}

func star(x, y, r float64) path {
	var p path
	for n := range 10 {
		sin, cos := math.Sincos(float64(n)*math.Pi/5 - math.Pi/2)
		at := r
		if n%2 == 1 {
			at = r * 0.382
		}
		if n == 0 {
			p.move(x+at*cos, y+at*sin)
			continue
		}
		p.line(x+at*cos, y+at*sin)
	}
	return p
}

// stroke is the outline of a line through the points, as wide at each as width says.
func stroke(points []point, width func(at float64) float64) path {
	if len(points) < 2 {
		return nil
	}
	left, right := make([]point, len(points)), make([]point, len(points))
	for n, p := range points {
		before, after := points[max(n-1, 0)], points[min(n+1, len(points)-1)]
		dx, dy := after.x-before.x, after.y-before.y
		length := math.Hypot(dx, dy)
		if length == 0 {
			length = 1
		}
		w := width(float64(n)/float64(len(points)-1)) / 2
		nx, ny := -dy/length*w, dx/length*w
		left[n], right[n] = point{p.x + nx, p.y + ny}, point{p.x - nx, p.y - ny}
	}
	var out path
	out.move(left[0].x, left[0].y)
	for _, p := range left[1:] {
		out.line(p.x, p.y)
	}
	for n := len(right) - 1; n >= 0; n-- {
		out.line(right[n].x, right[n].y)
	}
	return out
}

func straight(x1, y1, x2, y2, width float64) path {
	return stroke([]point{{x1, y1}, {x2, y2}}, func(float64) float64 { return width })
}

// wave is a fine curve across a sheet, as security paper has.
func wave(x, y, w, height, waves, phase, width float64) path {
	points := make([]point, 0, 120)
	for n := range 120 {
		at := float64(n) / 119
		points = append(points, point{x + at*w, y + height*math.Sin(at*waves*2*math.Pi+phase)})
	}
	return stroke(points, func(float64) float64 { return width })
}

// style is a typeface.
type style int

const (
	plain style = iota
	bold
	italic
	mono
)

// sheet is what is drawn on: a picture, or a page of a PDF.
type sheet interface {
	fill(p path, c color.RGBA)
	// text writes a line from x, on the baseline y.
	text(x, y float64, s style, size float64, c color.RGBA, words string)
}

// centred writes a line around x, ending writes one that ends there.
func centred(on sheet, x, y float64, s style, size float64, c color.RGBA, words string) {
	on.text(x-width(s, size, words)/2, y, s, size, c, words)
}

func ending(on sheet, x, y float64, s style, size float64, c color.RGBA, words string) {
	on.text(x-width(s, size, words), y, s, size, c, words)
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255} //nolint:gosec // the cut is meant
}

// faint is a colour that lets through what lies under it; opacity from 0 to 1.
func faint(c color.RGBA, opacity float64) color.RGBA {
	f := func(v uint8) uint8 { return uint8(float64(v) * opacity) }
	return color.RGBA{f(c.R), f(c.G), f(c.B), f(255)}
}

var (
	ink   = rgb(0x1f2430)
	grey  = rgb(0x6b7280)
	light = rgb(0xd7dbe2)
	red   = rgb(0xc1272d)
	blue  = rgb(0x24407c)
)
