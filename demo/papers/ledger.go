package papers

import (
	"fmt"
	"time"
)

// Bill is what an invoice or a payment record shows.
type Bill struct {
	// Provider sends it, Customer pays, Account is whose it is.
	Provider, Customer, Account string
	Day                         time.Time
	// Currency is written before amounts.
	Currency string
	Locale   string
}

// ledgerWords are the words of invoices and statements in a language.
type ledgerWords struct{ invoice, receipt, statement, billed, account, date, service, hours, amount, total, paid, balance string }

func wordsOf(locale string) ledgerWords {
	switch locale {
	case "pt-BR":
		return ledgerWords{"Fatura", "Comprovante de pagamento", "Extrato da conta", "Cliente", "Conta", "Data", "Serviço", "Horas", "Valor", "Total", "Pago", "Saldo"}
	case "zh-Hans":
		return ledgerWords{"账单", "付款回单", "对账单", "客户", "账号", "日期", "服务", "用量", "金额", "合计", "已付", "余额"}
	}
	return ledgerWords{"Invoice", "Payment receipt", "Account statement", "Billed to", "Account", "Date", "Service", "Hours", "Amount", "Total", "Paid", "Balance"}
}

// Invoice is what the provider's program prints.
func Invoice(seed uint64, b Bill) Paper {
	name := fmt.Sprintf("invoice-%s.pdf", b.Day.Format("2006-01"))
	return Paper{name, "pdf", written("Invoice", func(on sheet) { invoice(on, seed, b) })}
}

// ScannedInvoice is the same, printed and scanned.
func ScannedInvoice(seed uint64, b Bill) Paper {
	b.Locale = latinLocale(b.Locale)
	name := fmt.Sprintf("invoice-%s.pdf", b.Day.Format("2006-01"))
	return Paper{name, "pdf", scannedPDF(seed, "Invoice", func(on sheet) { invoice(on, seed, b) })}
}

// Screenshot is an invoice as a picture of the screen.
func Screenshot(seed uint64, b Bill) Paper {
	b.Locale = latinLocale(b.Locale)
	p := newPicture(1000, 860, rgb(0xffffff))
	p.fill(rectangle(0, 0, 1000, 56), rgb(0xe8ebf0))
	for n, c := range []uint32{0xed6a5e, 0xf4bf4f, 0x61c554} {
		p.fill(ellipse(28+float64(n)*24, 28, 7, 7), rgb(c))
	}
	p.fill(rounded(140, 14, 620, 28, 14), rgb(0xffffff))
	p.text(160, 33, plain, 14, grey, "console.cloud.example/billing")
	invoice(p.through(shift(60, 20).after(scale(1.45))), seed, b)
	return Paper{fmt.Sprintf("billing-%s.png", b.Day.Format("2006-01")), "png", p.png()}
}

// latinLocale is for pictures, whose typeface has no Chinese letters.
func latinLocale(locale string) string {
	if locale == "zh-Hans" {
		return "en"
	}
	return locale
}

func invoice(on sheet, seed uint64, b Bill) {
	w, random := wordsOf(b.Locale), chance(seed, "invoice")
	on.fill(rectangle(72, 64, 30, 30), rgb(0x2456b5))
	on.fill(ellipse(87, 79, 9, 9), rgb(0xffffff))
	on.text(112, 86, bold, 18, ink, b.Provider)
	ending(on, pageWidth-72, 86, bold, 20, grey, w.invoice)
	on.text(72, 136, plain, 10.5, grey, w.billed)
	on.text(72, 152, bold, 12, ink, b.Customer)
	on.text(300, 136, plain, 10.5, grey, w.account)
	on.text(300, 152, bold, 12, ink, b.Account)
	ending(on, pageWidth-72, 136, plain, 10.5, grey, w.date)
	ending(on, pageWidth-72, 152, bold, 12, ink, b.Day.Format(time.DateOnly))
	across(on, pageWidth/2, 330, 84, -24, faint(red, 0.11))
	services := []string{"Elastic server, 4 vCPU", "Object storage, 500 GB", "Relational database", "Load balancer", "Traffic out, 1.2 TB", "Backup vault"}
	y, sum := 210.0, 0
	headings(on, y, w.service, w.hours, w.amount)
	for _, n := range random.Perm(len(services))[:4] {
		y += 28
		hours, cents := 120+random.IntN(624), 900+random.IntN(24000)
		sum += cents
		on.text(80, y, plain, 11.5, ink, services[n])
		ending(on, 400, y, mono, 11, ink, fmt.Sprint(hours))
		ending(on, pageWidth-80, y, mono, 11, ink, money(b.Currency, cents))
		on.fill(straight(72, y+9, pageWidth-72, y+9, 0.4), light)
	}
	y += 40
	on.text(80, y, bold, 13, ink, w.total)
	ending(on, pageWidth-80, y, bold, 14, ink, money(b.Currency, sum))
	on.fill(rounded(72, y+22, 92, 26, 6), rgb(0xdff3e4))
	centred(on, 118, y+39, bold, 12, rgb(0x1f7a3d), w.paid)
	on.text(72, y+90, plain, 9.5, grey, fmt.Sprintf("No. %06d · %s", random.IntN(1000000), specimen))
}

func headings(on sheet, y float64, first, second, third string) {
	on.fill(rectangle(72, y-16, pageWidth-144, 24), rgb(0xeef1f6))
	on.text(80, y, bold, 10.5, grey, first)
	ending(on, 400, y, bold, 10.5, grey, second)
	ending(on, pageWidth-80, y, bold, 10.5, grey, third)
}

func money(currency string, cents int) string {
	return fmt.Sprintf("%s %d.%02d", currency, cents/100, cents%100)
}

// TransferReceipt is what a bank gives for a payment.
func TransferReceipt(seed uint64, b Bill) Paper {
	return Paper{fmt.Sprintf("transfer-%s.pdf", b.Day.Format("2006-01")), "pdf", written("Payment receipt", func(on sheet) {
		w, random := wordsOf(b.Locale), chance(seed, "transfer")
		on.fill(rounded(72, 70, pageWidth-144, 330, 10), rgb(0xf3f6fa))
		on.text(96, 112, bold, 17, ink, "Example Bank")
		ending(on, pageWidth-96, 112, plain, 12, grey, w.receipt)
		y := 160.0
		for _, f := range [][2]string{
			{w.date, b.Day.Format(time.DateOnly)}, {w.billed, b.Customer}, {"IBAN", "DE89 3704 0044 0532 0130 00"}, {"→", b.Provider},
			{w.account, b.Account}, {w.amount, money(b.Currency, 40000+random.IntN(900000))}, {"No.", fmt.Sprintf("TR-%08d", random.IntN(100000000))},
		} {
			if f[0] == "→" {
				f[0] = "To"
			}
			on.text(96, y, plain, 11, grey, f[0])
			on.text(220, y, bold, 12, ink, f[1])
			y += 31
		}
		across(on, pageWidth/2, 300, 84, -20, faint(red, 0.12))
		on.text(72, 430, plain, 9.5, grey, specimen+" · no money moved")
	})}
}

// AccountStatement is a bank's, of several pages.
func AccountStatement(seed uint64, b Bill, pages int) Paper {
	draws := make([]func(sheet), pages)
	for n := range pages {
		draws[n] = func(on sheet) { statementPage(on, seed, b, n+1, pages) }
	}
	return Paper{fmt.Sprintf("statement-%s.pdf", b.Day.Format("2006-01")), "pdf", written("Account statement", draws...)}
}

func statementPage(on sheet, seed uint64, b Bill, n, pages int) {
	w, random := wordsOf(b.Locale), chance(seed, fmt.Sprint("statement", n))
	on.text(72, 84, bold, 17, ink, "Example Bank")
	ending(on, pageWidth-72, 84, plain, 12, grey, fmt.Sprintf("%s %s · %d/%d", w.statement, b.Day.Format("2006-01"), n, pages))
	on.text(72, 112, plain, 11, ink, b.Customer)
	across(on, pageWidth/2, 430, 96, -35, faint(red, 0.1))
	payees := []string{"Rent, office", "Example Telecom", b.Provider, "City utilities", "Card purchase", "Transfer in", "Insurance", "Paper & Co."}
	y := 150.0
	headings(on, y, w.date, w.service, w.amount)
	balance := 200000 + random.IntN(900000)
	for row := range 22 {
		y += 26
		payee, cents := payees[random.IntN(len(payees))], 1000+random.IntN(60000)
		balance -= cents
		if payee == b.Provider {
			on.fill(rectangle(72, y-13, pageWidth-144, 20), faint(rgb(0xffe9a8), 0.8))
		}
		on.text(80, y, mono, 10, ink, b.Day.AddDate(0, 0, -28+row+n).Format(time.DateOnly))
		on.text(190, y, plain, 10.5, ink, payee)
		ending(on, pageWidth-80, y, mono, 10, ink, "-"+money(b.Currency, cents))
	}
	on.text(80, y+44, bold, 12, ink, w.balance)
	ending(on, pageWidth-80, y+44, bold, 12, ink, money(b.Currency, balance))
	on.text(72, 800, plain, 9, grey, specimen)
}

// ConsentMail is a mail from a partner's company address, saved as a file.
func ConsentMail(from Company, address, account, reference string, day time.Time) Paper {
	body := fmt.Sprintf("From: %s <%s>\r\nTo: Account recovery <recovery@provider.example>\r\nDate: %s\r\nSubject: Consent for %s\r\n"+
		"Message-ID: <%s@%s>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
		"%s\r\n\r\nWe are the reseller of the account %s and agree that its registered contact is replaced, case %s.\r\n\r\nWith kind regards\r\n%s\r\n%s\r\n",
		from.Name, address, day.Format(time.RFC1123Z), account, reference, "mail.example", specimen, account, reference, from.Head, from.Name)
	return Paper{"consent.eml", "eml", []byte(body)}
}
