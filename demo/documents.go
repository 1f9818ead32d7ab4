package demo

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"regain/cases"
	"regain/demo/papers"
	"regain/rules"
)

// paper draws what somebody would send for an item.
func (t *telling) paper(i *cases.Item) papers.Paper {
	t.tries++
	seed := t.seed(fmt.Sprintf("%s/%d/%d", i.Requirement, i.Slot, t.tries))
	bill := t.bill(i.Slot)
	switch i.Material {
	case "real_name_certificate", "bank_account_certificate", "business_licence", "incorporation_certificate", "cnpj_card":
		return t.certificate(seed)
	case "card_holder_certificate", "identity_document", "identity", "requester_identity":
		return papers.IdentityCard(seed, t.who, papers.Good)
	case "card_front":
		return papers.BankCard(seed, t.who.Name, papers.Good)
	case "authorization_letter", "official_letter", "power_of_attorney", "mandate":
		return papers.AuthorizationLetter(seed, t.letter(true, true))
	case "transaction_record":
		return [...]func(uint64, papers.Bill) papers.Paper{papers.Invoice, papers.TransferReceipt, papers.ScannedInvoice}[i.Slot%3](seed, bill)
	case "consumption_proof":
		return papers.Screenshot(seed, bill)
	case "transfer_proof", "payment_record":
		return papers.TransferReceipt(seed, bill)
	case "bank_statement", "bill":
		return papers.AccountStatement(seed, bill, 3)
	case "invoice", "registration_invoice", "utility_bill":
		return papers.Invoice(seed, bill)
	case "partner_consent":
		return papers.ConsentMail(reseller, "ops@parceira.example", t.account, t.reference, t.past.Now())
	case "register_extract":
		return papers.RegisterExtract(seed, t.firm, "Extract of the commercial register", t.past.Now().AddDate(0, 0, -9).Format(time.DateOnly))
	}
	return papers.Statement(seed, strings.ReplaceAll(cmp.Or(i.Material, "document"), "_", "-")+".pdf", title(i), "Office of Nowhere",
		fmt.Sprintf("This is to confirm what %s told us about the account %s.", t.who.Name, t.account), "It was made by a program and confirms nothing.")
}

// title is an item's material, as a heading.
func title(i *cases.Item) string {
	words := strings.ReplaceAll(cmp.Or(i.Material, "document"), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// certificate is the enterprise's, in Chinese from China, or the person's card.
func (t *telling) certificate(seed uint64) papers.Paper {
	switch {
	case t.firm.Local != "":
		return papers.ChineseLicence(seed, t.firm)
	case t.firm.Name != "":
		return papers.RegistrationCertificate(seed, t.firm)
	}
	return papers.IdentityCard(seed, t.who, papers.Good)
}

func (t *telling) letter(sealed, signed bool) papers.Letter {
	return papers.Letter{
		Reference: t.reference, Account: t.account, From: t.firm, Signer: cmp.Or(t.firm.Head, t.who.Name),
		Day: t.past.Now().Format(time.DateOnly), Sealed: sealed, Signed: signed, Locale: t.locale,
	}
}

// bill is that of the month which lies so many back.
func (t *telling) bill(months int) papers.Bill {
	currency := map[string]string{"pt-BR": "BRL", "zh-Hans": "CNY"}[t.locale]
	return papers.Bill{
		Provider: "Example Cloud", Customer: cmp.Or(t.firm.Name, t.who.Name), Account: t.account,
		Day: t.past.Now().AddDate(0, -months, -2), Currency: cmp.Or(currency, "USD"), Locale: t.locale,
	}
}

// The papers of stories in which something is wrong.

func flawedIdentity(flaw papers.Flaw) func(*telling) papers.Paper {
	return func(t *telling) papers.Paper {
		return papers.IdentityCard(t.seed(fmt.Sprint("flawed identity", flaw)), t.who, flaw)
	}
}

func flawedCard(flaw papers.Flaw) func(*telling) papers.Paper {
	return func(t *telling) papers.Paper {
		return papers.BankCard(t.seed(fmt.Sprint("flawed card", flaw)), t.who.Name, flaw)
	}
}

func openCard(t *telling) papers.Paper { return papers.OpenBankCard(t.seed("open card"), t.who.Name) }

// bareLetter bears neither seal nor signature.
func bareLetter(t *telling) papers.Paper {
	return papers.AuthorizationLetter(t.seed("bare letter"), t.letter(false, false))
}

// sameInvoice is the very file that another story sends, too.
func sameInvoice(*telling) papers.Paper {
	return papers.Invoice(4711, papers.Bill{
		Provider: "Example Cloud", Customer: "Marina Costa", Account: "marina.costa", Day: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), Currency: "USD",
	})
}

// statement is what the customer states in a field; nil leaves it empty.
func (t *telling) statement(f rules.Field) any {
	switch f.ID {
	case "account_name", "enterprise_name":
		return cmp.Or(t.firm.Name, t.who.Name)
	case "service_name":
		return "Relational database, high availability"
	case "last_amount":
		return 350
	case "new_holder_name":
		return "Nova Exemplo S.A."
	}
	switch f.Type {
	case rules.FieldPhone:
		return t.oldPhone()
	case rules.FieldEmail:
		return t.oldEmail()
	case rules.FieldAddress:
		return oldAddress()
	case rules.FieldDate:
		return t.past.Now().AddDate(0, -2, -3).Format(time.DateOnly)
	case rules.FieldCountry:
		return "BR"
	case rules.FieldBankAccount:
		return "DE89 3704 0044 0532 0130 00"
	case rules.FieldEnum:
		return f.Values[0].ID
	case rules.FieldBool:
		return false
	case rules.FieldInteger:
		return 12
	}
	return t.who.Name
}

// oldPhone, oldEmail and oldAddress are what the account was registered with.
func (s story) oldPhone() string {
	return cmp.Or(map[string]string{"pt-BR": "+5511987650012", "zh-Hans": "+8613800138000"}[s.locale], "+447400123456")
}

func (s story) oldEmail() string {
	return strings.ReplaceAll(s.account, "@", ".") + "@old-mail.example"
}

func oldAddress() map[string]any {
	return map[string]any{"line": "Rua do Teste 12", "city": "Recife", "region": "PE", "postal_code": "50000-000", "country": "BR"}
}

// readValue is what somebody reads off a document.
func (t *telling) readValue(v rules.ReadOff, i *cases.Item) any {
	switch v.Type {
	case rules.FieldDate:
		if v.ID == "expires_on" {
			return t.past.Now().AddDate(4, 0, 0).Format(time.DateOnly)
		}
		if v.ID == "born_on" {
			return t.who.Born
		}
		return t.past.Now().AddDate(0, 0, -12*i.Slot-2).Format(time.DateOnly)
	case rules.FieldText:
		return cmp.Or(t.firm.Number, "–")
	}
	return nil
}
