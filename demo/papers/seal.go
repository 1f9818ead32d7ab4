package papers

import (
	"image/color"
	"math"
)

// seal is a round one: a star, the name around it, and what it is.
func seal(on sheet, x, y, r float64, name string, c color.RGBA) {
	on.fill(ring(x, y, r, r*0.06), c)
	on.fill(star(x, y, r*0.3), c)
	size := r * 0.24
	if longest := math.Pi * r * 1.35; width(bold, size, name) > longest*0.8 {
		size *= longest * 0.8 / width(bold, size, name)
	}
	aroundCircle(on, x, y, r*0.7, bold, size, 1.05, c, name)
	centred(on, x, y+r*0.62, plain, r*0.16, c, specimen)
}

// signature is a flourish that is the same for the same name.
func signature(on sheet, x, y, w float64, name string, c color.RGBA) {
	random := chance(7, name)
	knots := []point{{0, 0}}
	for n := 1; n <= 9; n++ {
		up := -1.0
		if n%2 == 0 {
			up = 0.7
		}
		knots = append(knots, point{float64(n) / 9.5, up * (0.1 + 0.2*random.Float64()) * (1.2 - float64(n)/12)})
	}
	knots = append(knots, point{1.08, -0.04}, point{0.2, 0.16}, point{0.95, 0.2})
	var line []point
	for n := 1; n+2 < len(knots); n++ {
		for step := range 12 {
			line = append(line, smooth(knots[n-1], knots[n], knots[n+1], knots[n+2], float64(step)/12))
		}
	}
	for n := range line {
		line[n] = point{x + line[n].x*w, y + line[n].y*w}
	}
	on.fill(stroke(line, func(at float64) float64 { return w * (0.008 + 0.009*math.Abs(math.Sin(at*17))) }), c)
}

// smooth is a place on the curve from b to c that a and d bend (Catmull and Rom).
func smooth(a, b, c, d point, t float64) point {
	f := func(a, b, c, d float64) float64 {
		return 0.5 * (2*b + (c-a)*t + (2*a-5*b+4*c-d)*t*t + (3*b-a-3*c+d)*t*t*t)
	}
	return point{f(a.x, b.x, c.x, d.x), f(a.y, b.y, c.y, d.y)}
}

// emblem is the sign of an office that does not exist.
func emblem(on sheet, x, y, r float64, c color.RGBA) {
	on.fill(ring(x, y, r, r*0.08), c)
	on.fill(ring(x, y, r*0.8, r*0.04), c)
	for n := range 12 {
		on.fill(straight(x, y-r*0.45, x, y-r*0.72, r*0.05).under(turnAround(x, y, float64(n)*30)), c)
	}
	on.fill(star(x, y, r*0.42), c)
}
