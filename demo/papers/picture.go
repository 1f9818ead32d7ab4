package papers

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// picture is a sheet of pixels. lens maps points of the sheet to pixels.
type picture struct {
	img  *image.RGBA
	lens affine
	// fills is kept from one shape to the next, with its memory.
	fills *vector.Rasterizer
}

func newPicture(w, h int, ground color.RGBA) *picture {
	p := &picture{image.NewRGBA(image.Rect(0, 0, w, h)), scale(1), vector.NewRasterizer(w, h)}
	draw.Draw(p.img, p.img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	return p
}

// through is the same picture under another lens.
func (p *picture) through(lens affine) *picture { return &picture{p.img, p.lens.after(lens), p.fills} }

func (p *picture) fill(shape path, c color.RGBA) {
	shape = shape.under(p.lens)
	bounds := extent(shape).Intersect(p.img.Bounds())
	if bounds.Empty() {
		return
	}
	r := p.fills
	r.Reset(bounds.Dx(), bounds.Dy())
	at := func(q point) (float32, float32) {
		return float32(q.x - float64(bounds.Min.X)), float32(q.y - float64(bounds.Min.Y))
	}
	for n, s := range shape {
		x, y := at(s.to[0])
		switch s.kind {
		case 'm':
			if n > 0 {
				r.ClosePath()
			}
			r.MoveTo(x, y)
		case 'l':
			r.LineTo(x, y)
		case 'c':
			bx, by := at(s.to[1])
			cx, cy := at(s.to[2])
			r.CubeTo(x, y, bx, by, cx, cy)
		}
	}
	r.ClosePath()
	r.Draw(p.img, bounds, image.NewUniform(c), image.Point{})
}

// extent is the pixels that a shape can touch.
func extent(shape path) image.Rectangle {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, s := range shape {
		n := 1
		if s.kind == 'c' {
			n = 3
		}
		for _, q := range s.to[:n] {
			low, high = point{min(low.x, q.x), min(low.y, q.y)}, point{max(high.x, q.x), max(high.y, q.y)}
		}
	}
	if low.x > high.x {
		return image.Rectangle{}
	}
	return image.Rect(int(math.Floor(low.x)), int(math.Floor(low.y)), int(math.Ceil(high.x))+1, int(math.Ceil(high.y))+1)
}

func (p *picture) text(x, y float64, s style, size float64, c color.RGBA, words string) {
	p.fill(lettering(s, size, words).under(shift(x, y)), c)
}

// grain is what a camera adds in poor light: the same pixel for pixel at each run.
func (p *picture) grain(seed uint64, strength int) {
	state := seed*2862933555777941757 + 3037000493
	for i := 0; i < len(p.img.Pix); i += 4 {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		noise := int(state>>40)%(2*strength+1) - strength
		for n := range 3 {
			p.img.Pix[i+n] = uint8(min(max(int(p.img.Pix[i+n])+noise, 0), 255)) //nolint:gosec // bounded
		}
	}
}

// shade darkens towards a corner, as light from one side does.
func (p *picture) shade(strength float64) {
	b := p.img.Bounds()
	for y := range b.Dy() {
		row := p.img.Pix[y*p.img.Stride:]
		fy := float64(y) / float64(b.Dy())
		for x := range b.Dx() {
			f := int(256 * (1 - strength*(fy+float64(x)/float64(b.Dx()))/2))
			for n := range 3 {
				row[x*4+n] = uint8(int(row[x*4+n]) * f >> 8) //nolint:gosec // bounded
			}
		}
	}
}

// blur is a shaken or unfocused camera: twice a box of 2r+1 pixels each way.
func (p *picture) blur(r int) {
	b := p.img.Bounds()
	for range 2 {
		for y := range b.Dy() {
			smear(p.img.Pix[y*p.img.Stride:], 4, b.Dx(), r)
		}
		for x := range b.Dx() {
			smear(p.img.Pix[x*4:], p.img.Stride, b.Dy(), r)
		}
	}
}

// smear averages each value of a line with its neighbours.
func smear(pix []uint8, step, n, r int) {
	line := make([]int, n)
	for channel := range 3 {
		for i := range n {
			line[i] = int(pix[i*step+channel])
		}
		sum := line[0] * (r + 1)
		for i := range r {
			sum += line[min(i, n-1)]
		}
		for i := range n {
			sum += line[min(i+r, n-1)] - line[max(i-r-1, 0)]
			pix[i*step+channel] = uint8(sum / (2*r + 1)) //nolint:gosec // an average of bytes
		}
	}
}

// turned is the picture on its side, as a telephone takes it.
func (p *picture) turned() *picture {
	b := p.img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dy(), b.Dx()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.SetRGBA(b.Dy()-1-y, x, p.img.RGBAAt(x, y))
		}
	}
	return &picture{out, scale(1), p.fills}
}

func (p *picture) jpeg(quality int) []byte {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, p.img, &jpeg.Options{Quality: quality}); err != nil {
		panic(err) // a buffer takes everything, and the size is ours
	}
	return out.Bytes()
}

func (p *picture) png() []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, p.img); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// chance is the source of everything that differs between two papers.
func chance(seed uint64, of string) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, b := range []byte(of) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(seed, h)) //nolint:gosec // for looks, not for secrets
}
