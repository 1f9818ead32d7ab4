package papers

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// latinFonts are standard ones, which every reader has.
func (w *writer) latinFonts() string {
	var out strings.Builder
	for s, name := range []string{"Helvetica", "Helvetica-Bold", "Times-Italic", "Courier"} {
		font := w.object("<</Type/Font/Subtype/Type1/BaseFont/" + name + "/Encoding/WinAnsiEncoding>>")
		fmt.Fprintf(&out, "/F%d %d 0 R", s, font)
	}
	return out.String()
}

// chineseFont is one that readers have or put another in the place of: the file says
// of each letter which glyph of Adobe's collection it is, and which character.
func (w *writer) chineseFont(letters []rune) string {
	const system = "/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
	glyphs := w.packed("/Type/CMap/CMapName/Regain-GB1"+system, letterMap("GB1", "cidchar", letters, func(r rune) string { return fmt.Sprint(glyph(r)) }))
	characters := w.packed("", letterMap("UCS", "bfchar", letters, func(r rune) string { return fmt.Sprintf("<%04x>", r) }))
	about := w.object("<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>")
	face := w.object(fmt.Sprintf("<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light%s/DW 1000/FontDescriptor %d 0 R>>", system, about))
	font := w.object(fmt.Sprintf("<</Type/Font/Subtype/Type0/BaseFont/STSong-Light-Regain-GB1/Encoding %d 0 R/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>", glyphs, face, characters))
	return fmt.Sprintf("/FH %d 0 R", font)
}

// letterMap is a CMap.
func letterMap(ordering, kind string, letters []rune, to func(rune) string) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n/CIDSystemInfo <</Registry(Adobe)/Ordering(%s)/Supplement 2>> def\n", ordering)
	fmt.Fprintf(&out, "/CMapName /Regain-%s def /CMapType 1 def\n1 begincodespacerange <0000> <ffff> endcodespacerange\n", ordering)
	for part := range slices.Chunk(letters, 100) { // a CMap allows no more at once
		fmt.Fprintf(&out, "%d begin%s\n", len(part), kind)
		for _, r := range part {
			fmt.Fprintf(&out, "<%04x> %s\n", r, to(r))
		}
		fmt.Fprintf(&out, "end%s\n", kind)
	}
	out.WriteString("endcmap CMapName currentdict /CMap defineresource pop end end\n")
	return out.Bytes()
}

// glyph is a letter's number in Adobe-GB1, which follows the rows of GB 2312, each
// kind of row from a start of its own. Zero is the glyph of what there is none of.
func glyph(r rune) int {
	b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(string(r)))
	if err != nil || len(b) != 2 || b[0] < 0xa1 || b[1] < 0xa1 {
		return 0
	}
	row, column := int(b[0]-0xa0), int(b[1]-0xa0)
	var start int
	switch {
	case row == 1: // marks such as the full stop
		start = 96
	case row == 3: // wide forms of Latin marks
		start = 74
	case row >= 16 && row <= 55:
		start = -470
	case row >= 56 && row <= 87:
		start = -475
	default:
		return 0
	}
	return (row-1)*94 + column - 1 + start
}
