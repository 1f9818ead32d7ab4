// Package testdocs makes the documents that tests upload: small, valid, and
// each determined by its seed alone, so that two seeds give two contents and
// one seed always the same bytes.
package testdocs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"time"
)

// PDF makes a document with the given number of A4 pages (at least one). Every
// page shows its number, the seed and the lines, which are ASCII.
func PDF(seed uint64, pages int, lines ...string) []byte {
	pages = max(pages, 1)
	w := pdfWriter{}
	w.raw("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	kids := make([]string, pages)
	for i := range pages {
		kids[i] = fmt.Sprintf("%d 0 R", 4+2*i)
	}
	w.object("<< /Type /Catalog /Pages 2 0 R >>")
	w.object(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", pages, strings.Join(kids, " ")))
	w.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for i := range pages {
		head := fmt.Sprintf("Document %d, page %d of %d", seed, i+1, pages)
		content := pdfText(append([]string{head}, lines...))
		w.object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "+
			"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+2*i))
		w.object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
	}
	return w.finish()
}

// pdfWriter counts objects and remembers where each begins.
type pdfWriter struct {
	buf     bytes.Buffer
	offsets []int
}

func (w *pdfWriter) raw(s string) { w.buf.WriteString(s) }

func (w *pdfWriter) object(body string) {
	w.offsets = append(w.offsets, w.buf.Len())
	fmt.Fprintf(&w.buf, "%d 0 obj\n%s\nendobj\n", len(w.offsets), body)
}

func (w *pdfWriter) finish() []byte {
	table := w.buf.Len()
	fmt.Fprintf(&w.buf, "xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, offset := range w.offsets {
		fmt.Fprintf(&w.buf, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&w.buf, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(w.offsets)+1, table)
	return w.buf.Bytes()
}

func pdfText(lines []string) string {
	escape := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`)
	var b strings.Builder
	b.WriteString("BT /F1 12 Tf 14 TL 56 780 Td\n")
	for _, line := range lines {
		fmt.Fprintf(&b, "(%s) Tj T*\n", escape.Replace(line))
	}
	b.WriteString("ET")
	return b.String()
}

// JPEG makes a picture of the given size in pixels.
func JPEG(seed uint64, width, height int) []byte {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, picture(seed, width, height), &jpeg.Options{Quality: 80}); err != nil {
		panic(err) // a buffer never fails and the size is the test's own
	}
	return buf.Bytes()
}

// PNG makes a picture of the given size in pixels.
func PNG(seed uint64, width, height int) []byte {
	var buf bytes.Buffer
	if err := png.Encode(&buf, picture(seed, width, height)); err != nil {
		panic(err) // as in JPEG
	}
	return buf.Bytes()
}

// picture is a grid of coloured tiles.
func picture(seed uint64, width, height int) image.Image {
	const tile = 16
	random := rand.New(rand.NewPCG(seed, 0x7265676169))
	colours := make([]color.RGBA, 64)
	for i := range colours {
		v := random.Uint32()
		colours[i] = color.RGBA{R: uint8(v), G: uint8(v >> 8), B: uint8(v >> 16), A: 255}
	}
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, colours[(x/tile+7*(y/tile))%len(colours)])
		}
	}
	return img
}

// EML makes a saved message of plain text. From is an address such as
// "Ana <ana@example.com>"; lines are ASCII.
func EML(seed uint64, from, subject string, lines ...string) []byte {
	date := time.Date(2024, time.March, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(seed%100_000) * time.Minute)
	header := []string{
		"From: " + from,
		"To: Support <support@example.com>",
		"Subject: " + subject,
		"Date: " + date.Format(time.RFC1123Z),
		fmt.Sprintf("Message-ID: <%d@example.com>", seed),
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"",
	}
	return []byte(strings.Join(append(header, lines...), "\r\n") + "\r\n")
}

// ELF makes the start of a Linux program: a valid header and some code.
func ELF(seed uint64) []byte {
	b := make([]byte, 4096)
	copy(b, "\x7fELF\x02\x01\x01\x00")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 2)         // executable
	le.PutUint16(b[18:], 62)        // x86-64
	le.PutUint32(b[20:], 1)         // version
	le.PutUint64(b[24:], 0x401_000) // entry
	le.PutUint64(b[32:], 64)        // program headers
	le.PutUint16(b[52:], 64)        // header size
	le.PutUint16(b[54:], 56)        // program header size
	fill(b[128:], seed)
	return b
}

// EXE makes the start of a Windows program.
func EXE(seed uint64) []byte {
	b := make([]byte, 4096)
	copy(b, "MZ\x90\x00")
	binary.LittleEndian.PutUint32(b[60:], 128)
	copy(b[64:], "This program cannot be run in DOS mode.\r\r\n$")
	copy(b[128:], "PE\x00\x00\x64\x86")
	fill(b[512:], seed)
	return b
}

func fill(b []byte, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
}
