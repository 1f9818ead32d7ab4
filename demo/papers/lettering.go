package papers

import (
	"fmt"
	"image/color"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// outlines are a typeface's letters, read once each.
type outlines struct {
	font   *sfnt.Font
	mu     sync.Mutex
	buffer sfnt.Buffer
	known  map[rune]letter
}

// letter is one letter at a size of unit.
type letter struct {
	shape   path
	advance float64
}

const unit = 64

// typefaces are read at the first use.
var typefaces = sync.OnceValue(func() [4]*outlines {
	var all [4]*outlines
	for s, data := range map[style][]byte{plain: goregular.TTF, bold: gobold.TTF, italic: goitalic.TTF, mono: gomono.TTF} {
		parsed, err := sfnt.Parse(data)
		if err != nil {
			panic(fmt.Sprintf("papers: a typeface of the program can't be read: %v", err))
		}
		all[s] = &outlines{font: parsed, known: map[rune]letter{}}
	}
	return all
})

func (o *outlines) letter(r rune) letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l, ok := o.known[r]; ok {
		return l
	}
	l := o.read(r)
	o.known[r] = l
	return l
}

// read gives the shape that stands for letters that the typeface lacks, too.
func (o *outlines) read(r rune) letter {
	index, err := o.font.GlyphIndex(&o.buffer, r)
	if err != nil {
		return letter{advance: unit / 2}
	}
	advance, err := o.font.GlyphAdvance(&o.buffer, index, fixed.I(unit), font.HintingNone)
	if err != nil {
		return letter{advance: unit / 2}
	}
	l := letter{advance: number(advance)}
	segments, err := o.font.LoadGlyph(&o.buffer, index, fixed.I(unit), nil)
	if err != nil {
		return l
	}
	var last point
	for _, s := range segments {
		a, b, c := place(s.Args[0]), place(s.Args[1]), place(s.Args[2])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			l.shape.move(a.x, a.y)
			last = a
		case sfnt.SegmentOpLineTo:
			l.shape.line(a.x, a.y)
			last = a
		case sfnt.SegmentOpQuadTo:
			l.shape.curve(between(last, a, 2.0/3), between(b, a, 2.0/3), b)
			last = b
		case sfnt.SegmentOpCubeTo:
			l.shape.curve(a, b, c)
			last = c
		}
	}
	return l
}

func number(v fixed.Int26_6) float64       { return float64(v) / 64 }
func place(p fixed.Point26_6) point        { return point{number(p.X), number(p.Y)} }
func between(a, b point, at float64) point { return point{a.x + (b.x-a.x)*at, a.y + (b.y-a.y)*at} }

// width is how long a line is.
func width(s style, size float64, words string) float64 {
	total, face := 0.0, typefaces()[s]
	for _, r := range words {
		if wide(r) {
			total += unit
			continue
		}
		total += face.letter(r).advance
	}
	return total * size / unit
}

// lettering is the outline of a line from the origin.
func lettering(s style, size float64, words string) path {
	var out path
	x, face := 0.0, typefaces()[s]
	for _, r := range words {
		l := face.letter(r)
		out = append(out, l.shape.under(affine{size / unit, 0, 0, size / unit, x, 0})...)
		x += l.advance * size / unit
	}
	return out
}

// aroundCircle writes along a circle, with the middle of the line at the top.
func aroundCircle(on sheet, x, y, r float64, s style, size, spread float64, c color.RGBA, words string) {
	face := typefaces()[s]
	perPoint := 180 / (math.Pi * r) * spread
	angle := -width(s, size, words) * perPoint / 2
	for _, char := range words {
		l := face.letter(char)
		step := l.advance * size / unit * perPoint
		shape := lettering(s, size, string(char)).under(shift(-l.advance*size/unit/2, -r))
		on.fill(shape.under(shift(x, y).after(turn(angle+step/2))), c)
		angle += step
	}
}

// across writes SPECIMEN over the whole of a sheet, faintly.
func across(on sheet, x, y, size, degrees float64, c color.RGBA) {
	shape := lettering(bold, size, specimen)
	on.fill(shape.under(shift(-width(bold, size, specimen)/2, size*0.35)).under(shift(x, y).after(turn(degrees))), c)
}

// lines breaks words to a width.
func lines(s style, size, most float64, words []string) []string {
	var out []string
	line := ""
	for _, w := range words {
		longer := w
		if line != "" {
			longer = line + " " + w
		}
		if line != "" && width(s, size, longer) > most {
			out, longer = append(out, line), w
		}
		line = longer
	}
	return append(out, line)
}
