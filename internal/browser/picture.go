package browser

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromedp/chromedp"
)

// tallest is how much of a long page a picture shows, in pixels.
const tallest = 1700

// Screenshot keeps a picture of the page, or of the beginning of a long one, as name.png in $REGAIN_SCREENSHOTS, which make
// screenshots sets; otherwise it does nothing.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	if folder := os.Getenv("REGAIN_SCREENSHOTS"); folder != "" {
		if err := p.saveTo(filepath.Join(folder, name+".png")); err != nil {
			p.t.Errorf("no picture of %s: %v", name, err)
		}
	}
}

// Picture is what a selector finds, as a PNG.
func (p *Page) Picture(selector string) []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, stepTimeout)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.Screenshot(chromedp.CSS(selector)))
	p.try("take a picture of "+selector, err)
	return picture
}

func (p *Page) saveTo(file string) error {
	ctx, cancel := context.WithTimeout(p.ctx, stepTimeout)
	defer cancel()
	height, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	if err != nil {
		return err
	}
	defer p.Resize(p.width, p.height)
	p.Resize(p.width, min(max(height, p.height), tallest))
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	if picture, err = smaller(picture); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o644) //nolint:gosec // for everyone to look at
}

// smaller gives a picture a palette: pages have few colours, and a repository keeps
// every version of a picture for good.
func smaller(picture []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	bounds := img.Bounds()
	full := image.NewNRGBA(bounds)
	draw.Draw(full, bounds, img, bounds.Min, draw.Src)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, withPalette(full)); err != nil {
		return nil, fmt.Errorf("write the picture: %w", err)
	}
	return out.Bytes(), nil
}

// shade is a colour, and how many pixels have it.
type shade struct {
	c [3]uint8
	n int
}

// The size of a palette: colours that are kept as they are, and those in place of others.
const (
	kept    = 40
	divided = 40
)

// withPalette keeps the colours of a page's flat areas as they are, and divides the
// others, of letters' edges and photographs, into boxes.
func withPalette(img *image.NRGBA) *image.Paletted {
	flat := shadesOf(img, func(i int) bool { return i >= 4 && bytes.Equal(img.Pix[i-4:i], img.Pix[i:i+4]) })
	flat = flat[:min(len(flat), kept)]
	colours, taken := color.Palette{}, map[[3]uint8]bool{}
	for _, s := range flat {
		colours = append(colours, color.NRGBA{s.c[0], s.c[1], s.c[2], 255})
		taken[s.c] = true
	}
	others := shadesOf(img, func(i int) bool { return !taken[[3]uint8(img.Pix[i:i+3])] })
	for _, box := range boxes(others, divided) {
		colours = append(colours, middle(box))
	}
	out := image.NewPaletted(img.Bounds(), colours)
	known := map[[3]uint8]uint8{}
	for i := range len(out.Pix) {
		c := [3]uint8(img.Pix[4*i : 4*i+3])
		index, ok := known[c]
		if !ok {
			index = uint8(colours.Index(color.NRGBA{c[0], c[1], c[2], 255})) //nolint:gosec // less than 256 colours
			known[c] = index
		}
		out.Pix[i] = index
	}
	return out
}

// shadesOf are the colours of the pixels that count, the most used first.
func shadesOf(img *image.NRGBA, counts func(at int) bool) []shade {
	count := map[[3]uint8]int{}
	for i := 0; i < len(img.Pix); i += 4 {
		if counts(i) {
			count[[3]uint8(img.Pix[i:i+3])]++
		}
	}
	shades := make([]shade, 0, len(count))
	for c, n := range count {
		shades = append(shades, shade{c, n})
	}
	slices.SortFunc(shades, func(a, b shade) int {
		if a.n != b.n {
			return b.n - a.n
		}
		return bytes.Compare(a.c[:], b.c[:])
	})
	return shades
}

// boxes divides colours into at most n, always the one that spreads widest, in the middle.
func boxes(shades []shade, n int) [][]shade {
	if len(shades) == 0 {
		return nil
	}
	out := [][]shade{shades}
	for len(out) < n {
		widest, channel, spread := -1, 0, 0
		for i, box := range out {
			if c, s := spreadOf(box); s > spread {
				widest, channel, spread = i, c, s
			}
		}
		if widest < 0 {
			break
		}
		box := out[widest]
		slices.SortFunc(box, func(a, b shade) int { return int(a.c[channel]) - int(b.c[channel]) })
		out[widest] = box[:len(box)/2]
		out = append(out, box[len(box)/2:])
	}
	return out
}

func spreadOf(box []shade) (channel, spread int) {
	for c := range 3 {
		low, high := 255, 0
		for _, s := range box {
			low, high = min(low, int(s.c[c])), max(high, int(s.c[c]))
		}
		if high-low > spread {
			channel, spread = c, high-low
		}
	}
	return channel, spread
}

func middle(box []shade) color.NRGBA {
	var sum [3]int
	n := 0
	for _, s := range box {
		n += s.n
		for c := range 3 {
			sum[c] += int(s.c[c]) * s.n
		}
	}
	return color.NRGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), 255} //nolint:gosec // averages of bytes
}
