package papers

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image/color"
	"slices"
	"strings"
)

// The size of a page of A4, in points.
const (
	pageWidth  = 595.0
	pageHeight = 842.0
)

// page is a sheet of a PDF. Text stays text: it can be searched and copied.
type page struct {
	content bytes.Buffer
	// opacities are those that are used, in percent.
	opacities []int
	// chinese are the Chinese letters that are used.
	chinese []rune
	// scan is a picture that fills the page, or nil.
	scan *picture
}

func (p *page) fill(shape path, c color.RGBA) {
	if len(shape) == 0 { // a space
		return
	}
	p.colour(c)
	for n, s := range shape {
		if s.kind == 'm' && n > 0 {
			p.content.WriteString("h\n")
		}
		last := 1
		if s.kind == 'c' {
			last = 3
		}
		for _, to := range s.to[:last] {
			fmt.Fprintf(&p.content, "%.2f %.2f ", to.x, pageHeight-to.y)
		}
		p.content.WriteByte(s.kind)
		p.content.WriteByte('\n')
	}
	p.content.WriteString("h f\n")
}

// colour sets the colour and the opacity of what follows.
func (p *page) colour(c color.RGBA) {
	a := max(float64(c.A), 1)
	percent := int(a*100/255 + 0.5)
	if !slices.Contains(p.opacities, percent) {
		p.opacities = append(p.opacities, percent)
	}
	fmt.Fprintf(&p.content, "/G%d gs %.3f %.3f %.3f rg\n", percent, float64(c.R)/a, float64(c.G)/a, float64(c.B)/a)
}

func (p *page) text(x, y float64, s style, size float64, c color.RGBA, words string) {
	p.colour(c)
	for words != "" {
		run := words
		first := wide([]rune(words)[0])
		if cut := strings.IndexFunc(words, func(r rune) bool { return wide(r) != first }); cut > 0 {
			run = words[:cut]
		}
		face, shown := fmt.Sprintf("/F%d", s), latin(run)
		if first {
			face, shown = "/FH", twoBytes(run)
			p.chinese = append(p.chinese, []rune(run)...)
		}
		fmt.Fprintf(&p.content, "BT %s %.2f Tf %.2f %.2f Td %s Tj ET\n", face, size, x, pageHeight-y, shown)
		x += width(s, size, run)
		words = words[len(run):]
	}
}

// latin is a text in WinAnsi, as a PDF writes it.
func latin(words string) string {
	beyond := map[rune]byte{'•': 0x95, '–': 0x96, '—': 0x97, '’': 0x92, '€': 0x80}
	var out strings.Builder
	out.WriteByte('<')
	for _, r := range words {
		b, there := beyond[r]
		switch {
		case there:
		case r < 0x100:
			b = byte(r)
		default:
			b = '?'
		}
		fmt.Fprintf(&out, "%02x", b)
	}
	out.WriteByte('>')
	return out.String()
}

// wide says whether a letter is Chinese, or stands among Chinese ones.
func wide(r rune) bool { return r >= 0x3000 && r < 0xa000 || r >= 0xff00 && r < 0xfff0 }

func twoBytes(words string) string {
	var out strings.Builder
	out.WriteByte('<')
	for _, r := range words {
		fmt.Fprintf(&out, "%04x", r)
	}
	out.WriteByte('>')
	return out.String()
}

// writer puts a PDF's objects one after the other and remembers where they begin.
type writer struct {
	bytes.Buffer
	starts []int
}

// next is the number of the object that comes next.
func (w *writer) next() int { return len(w.starts) + 1 }

func (w *writer) object(body string) int {
	w.starts = append(w.starts, w.Len())
	fmt.Fprintf(w, "%d 0 obj\n%s\nendobj\n", len(w.starts), body)
	return len(w.starts)
}

func (w *writer) stream(dictionary string, content []byte) int {
	return w.object(fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dictionary, len(content), content))
}

func (w *writer) packed(dictionary string, content []byte) int {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, err := z.Write(content)
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return w.stream(dictionary+"/Filter/FlateDecode", out.Bytes())
}

// pdf writes the pages as one file.
func pdf(title string, pages ...*page) []byte {
	w := &writer{}
	w.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	fonts := w.latinFonts()
	var chinese []rune
	for _, p := range pages {
		chinese = append(chinese, p.chinese...)
	}
	if len(chinese) > 0 {
		slices.Sort(chinese)
		fonts += w.chineseFont(slices.Compact(chinese))
	}
	var kids []string
	root := w.next() + len(pages)*3 // of the tree of pages, which each page names
	for _, p := range pages {
		content, resources := p.content.Bytes(), "/Font<<"+fonts+">>/ExtGState<<"
		for _, percent := range p.opacities {
			resources += fmt.Sprintf("/G%d<</ca %.2f>>", percent, float64(percent)/100)
		}
		resources += ">>"
		scan := w.scan(p.scan)
		if p.scan != nil {
			resources += fmt.Sprintf("/XObject<</Scan %d 0 R>>", scan)
			content = append(fmt.Appendf(nil, "q %.0f 0 0 %.0f 0 0 cm /Scan Do Q\n", pageWidth, pageHeight), content...)
		}
		stream := w.packed("", content)
		kid := w.object(fmt.Sprintf("<</Type/Page/Parent %d 0 R/MediaBox[0 0 %.0f %.0f]/Resources<<%s>>/Contents %d 0 R>>", root, pageWidth, pageHeight, resources, stream))
		kids = append(kids, fmt.Sprintf("%d 0 R", kid))
	}
	tree := w.object(fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", strings.Join(kids, " "), len(kids)))
	catalog := w.object(fmt.Sprintf("<</Type/Catalog/Pages %d 0 R>>", tree))
	info := w.object(fmt.Sprintf("<</Title %s>>", latin(title+" ("+specimen+")")))
	w.end(catalog, info)
	return w.Bytes()
}

// scan writes a picture, or a nothing that keeps the count of objects.
func (w *writer) scan(p *picture) int {
	if p == nil {
		return w.object("null")
	}
	size := p.img.Bounds()
	return w.stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", size.Dx(), size.Dy()), p.jpeg(72))
}

func (w *writer) end(catalog, info int) {
	table := w.Len()
	fmt.Fprintf(w, "xref\n0 %d\n0000000000 65535 f \n", len(w.starts)+1)
	for _, at := range w.starts {
		fmt.Fprintf(w, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(w, "trailer\n<</Size %d/Root %d 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(w.starts)+1, catalog, info, table)
}
