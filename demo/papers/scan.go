package papers

import "image/color"

type rgba = color.RGBA

// scanned is a page of A4 as a scanner sees it: off-white, not quite straight.
func scanned(seed uint64, draw func(sheet)) *picture {
	const sharpness, w, h = 1.6, 952, 1347 // pixels for each point, and in all
	random := chance(seed, "scan")
	p := newPicture(w, h, rgb(0xf5f3ee))
	draw(p.through(scale(sharpness).after(turnAround(pageWidth/2, pageHeight/2, random.Float64()*1.6-0.8))))
	p.shade(0.05)
	p.grain(seed, 3)
	return p
}

// scannedPDF is a PDF of one page, as an office's scanner sends it.
func scannedPDF(seed uint64, title string, draw func(sheet)) []byte {
	return pdf(title, &page{scan: scanned(seed, draw)})
}

// written is a PDF as a program writes it.
func written(title string, draws ...func(sheet)) []byte {
	pages := make([]*page, len(draws))
	for n, draw := range draws {
		pages[n] = &page{}
		draw(pages[n])
	}
	return pdf(title, pages...)
}
