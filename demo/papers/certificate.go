package papers

import (
	"fmt"
	"strings"
)

// RegistrationCertificate is an enterprise's business licence, scanned.
func RegistrationCertificate(seed uint64, c Company) Paper {
	return Paper{"registration-certificate.pdf", "pdf", scannedPDF(seed, "Certificate of registration", func(on sheet) { certificate(on, seed, c) })}
}

// RegisterExtract is what an office's program prints of an enterprise, in the words of
// a title such as "Extract of the commercial register".
func RegisterExtract(seed uint64, c Company, title, day string) Paper {
	return Paper{"register-extract.pdf", "pdf", written(title, func(on sheet) { extract(on, seed, c, title, day) })}
}

// ChineseLicence is a business licence in Chinese.
func ChineseLicence(seed uint64, c Company) Paper {
	return Paper{"营业执照.pdf", "pdf", written("Business licence", func(on sheet) { licence(on, seed, c) })}
}

func ornate(on sheet, tint rgba) {
	on.fill(frame(28, 28, pageWidth-56, pageHeight-56, 5), tint)
	on.fill(frame(38, 38, pageWidth-76, pageHeight-76, 1.4), tint)
	for n := range 18 {
		on.fill(wave(46, 120+float64(n)*38, pageWidth-92, 14, 4, float64(n)*0.6, 0.7), faint(tint, 0.25))
	}
	for _, corner := range [][2]float64{{38, 38}, {pageWidth - 38, 38}, {38, pageHeight - 38}, {pageWidth - 38, pageHeight - 38}} {
		on.fill(ring(corner[0], corner[1], 16, 3), tint)
		on.fill(star(corner[0], corner[1], 9), tint)
	}
	across(on, pageWidth/2, pageHeight/2, 96, -38, faint(red, 0.12))
}

func certificate(on sheet, seed uint64, c Company) {
	random := chance(seed, "certificate")
	tint := rgb(0x8a6d2f)
	ornate(on, tint)
	emblem(on, pageWidth/2, 118, 44, red)
	centred(on, pageWidth/2, 200, bold, 30, ink, "BUSINESS LICENCE")
	centred(on, pageWidth/2, 224, plain, 11, grey, "Office of Company Registration · "+specimen+" · not a real document")
	facts := [][2]string{
		{"Registration number", c.Number}, {"Name of the enterprise", c.Name}, {"Legal representative", c.Head},
		{"Registered office", c.Address}, {"City and country", c.City + ", " + c.Country},
		{"Registered capital", fmt.Sprintf("%d,000,000", 1+random.IntN(40))}, {"Established on", fmt.Sprintf("%d-%02d-%02d", 2004+random.IntN(16), 1+random.IntN(12), 1+random.IntN(28))},
		{"Scope of business", "Software development; operation of online services; trade in equipment, as far as no licence is needed."},
	}
	listed(on, 286, facts)
	seal(on, 430, 690, 62, "COMPANY REGISTRATION OFFICE", faint(red, 0.85))
	on.text(90, 700, plain, 11, grey, "Issued by the registrar")
	signature(on, 90, 680, 120, "registrar of "+c.City, blue)
}

// listed are labels with values beside them.
func listed(on sheet, y float64, facts [][2]string) {
	for _, f := range facts {
		on.text(90, y, plain, 11.5, grey, f[0])
		for n, line := range lines(bold, 13, 260, strings.Fields(f[1])) {
			on.text(236, y+float64(n)*17, bold, 13, ink, line)
			y += float64(min(n, 1)) * 4
		}
		on.fill(straight(90, y+13, pageWidth-90, y+13, 0.5), light)
		y += 40
	}
}

func extract(on sheet, seed uint64, c Company, title, day string) {
	random := chance(seed, "extract")
	on.fill(rectangle(0, 0, pageWidth, 64), rgb(0x2b4a6f))
	on.text(60, 40, bold, 18, rgb(0xffffff), title)
	ending(on, pageWidth-60, 40, plain, 11, rgb(0xffffff), specimen)
	on.text(60, 100, plain, 11, grey, "Printed on "+day+" by an office that does not exist. Page 1 of 1.")
	listed(on, 150, [][2]string{
		{"Number", c.Number}, {"Name", c.Name}, {"Seat", c.City}, {"Business address", c.Address},
		{"Managing director", c.Head}, {"Share capital", fmt.Sprintf("%d,000", 25+random.IntN(400))},
		{"Last entry", fmt.Sprintf("%d-%02d-%02d", 2018+random.IntN(7), 1+random.IntN(12), 1+random.IntN(28))},
	})
	across(on, pageWidth/2, 560, 96, -30, faint(red, 0.1))
	on.fill(straight(60, 770, pageWidth-60, 770, 0.6), light)
	on.text(60, 788, mono, 9, grey, fmt.Sprintf("check %08x · %s", random.Uint32(), specimen))
}

func licence(on sheet, seed uint64, c Company) {
	random := chance(seed, "licence")
	ornate(on, rgb(0xa8842c))
	emblem(on, pageWidth/2, 112, 40, red)
	centred(on, pageWidth/2, 200, bold, 40, ink, "营业执照")
	centred(on, pageWidth/2, 228, plain, 11, grey, specimen+"　样本　不具法律效力")
	facts := [][2]string{
		{"统一社会信用代码", c.Number}, {"名称", c.Local}, {"类型", "有限责任公司"}, {"法定代表人", c.Head},
		{"注册资本", fmt.Sprintf("人民币 %d 万元", 100+random.IntN(40)*10)}, {"成立日期", fmt.Sprintf("%d 年 %d 月 %d 日", 2006+random.IntN(14), 1+random.IntN(12), 1+random.IntN(28))},
		{"住所", c.City + " " + c.Address}, {"经营范围", "软件开发；信息技术服务；计算机设备销售。"},
	}
	listed(on, 290, facts)
	seal(on, 430, 690, 60, "REGISTRATION AUTHORITY", faint(red, 0.85))
	on.text(90, 700, plain, 13, ink, "登记机关")
}
