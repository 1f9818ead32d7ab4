package cases_test

import (
	"strings"
	"testing"

	"regain/cases"
	"regain/database/databasetest"
)

// What people type of themselves and the account is judged field by field.
func TestParticulars(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	good := cases.Particulars{Account: "ana-2019", Lost: []cases.Channel{cases.Email}, NewEmail: "new@mail.example"}
	for _, test := range []struct {
		name   string
		change func(*cases.Particulars)
		want   []string
	}{
		{"nothing", func(p *cases.Particulars) { *p = cases.Particulars{} }, []string{"/account required", "/lost required"}},
		{"spaces", func(p *cases.Particulars) { p.Account = " \t " }, []string{"/account required"}},
		{"NUL", func(p *cases.Particulars) { p.Account, p.Enterprise = "a\x00b", "c\x00d" }, []string{"/account forbidden_character", "/enterprise forbidden_character"}},
		{"right to left", func(p *cases.Particulars) { p.Account = "ana\u202e9102" }, []string{"/account forbidden_character"}},
		{"broken UTF-8", func(p *cases.Particulars) { p.Account = "ana\xff" }, []string{"/account not_utf8"}},
		{"too long", func(p *cases.Particulars) {
			p.Account, p.Enterprise = strings.Repeat("ü", 255), strings.Repeat("ü", 201)
		}, []string{"/account too_long", "/enterprise too_long"}},
		{"lost what", func(p *cases.Particulars) { p.Lost = []cases.Channel{"fax"} }, []string{"/lost not_a_choice"}},
		{"lost twice", func(p *cases.Particulars) { p.Lost = []cases.Channel{cases.Email, cases.Email} }, []string{"/lost repeated"}},
		{"no new phone", func(p *cases.Particulars) { p.Lost = append(p.Lost, cases.Phone) }, []string{"/new_phone required"}},
		{"no address", func(p *cases.Particulars) { p.NewEmail = "new.mail.example" }, []string{"/new_email not_an_email"}},
		{"no domain", func(p *cases.Particulars) { p.NewEmail = "new@localhost" }, []string{"/new_email not_an_email"}},
		{"a name too", func(p *cases.Particulars) { p.NewEmail = "Ana <new@mail.example>" }, []string{"/new_email not_an_email"}},
		{"a header", func(p *cases.Particulars) { p.NewEmail = "new@mail.example\r\nBcc: all@mail.example" }, []string{"/new_email not_an_email"}},
		{"address with direction mark", func(p *cases.Particulars) { p.NewEmail = "new\u202e@mail.example" }, []string{"/new_email not_an_email"}},
		{"no country code", func(p *cases.Particulars) { p.NewPhone = "11 91234-5678" }, []string{"/new_phone not_a_mobile_number"}},
		{"a landline", func(p *cases.Particulars) { p.NewPhone = "+55 11 3091-1234" }, []string{"/new_phone not_a_mobile_number"}},
		{"letters", func(p *cases.Particulars) { p.NewPhone = "+55 11 9CALL-ME12" }, []string{"/new_phone not_a_mobile_number"}},
		{"phone with NUL", func(p *cases.Particulars) { p.NewPhone = "+55 11 91234\x005678" }, []string{"/new_phone not_a_mobile_number"}},
		{"long phone", func(p *cases.Particulars) { p.NewPhone = "+" + strings.Repeat("5", 1000) }, []string{"/new_phone not_a_mobile_number"}},
		{"the account itself", func(p *cases.Particulars) { p.Account = "NEW@Mail.Example" }, []string{"/new_email same_as_lost"}},
		{"the account in wide letters", func(p *cases.Particulars) { p.Account = "ｎｅｗ@mail.example" }, []string{"/new_email same_as_lost"}},
		{"the account's number", func(p *cases.Particulars) {
			p.Account, p.Lost, p.NewPhone = "+55 (11) 91234-5678", []cases.Channel{cases.Phone}, "+5511912345678"
		}, []string{"/new_phone same_as_lost"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := good
			test.change(&p)
			_, err := w.Start(w.ctx, cases.StartInput{Particulars: p})
			wantFields(t, err, test.want...)
			draft := w.begin("draft", nil)
			_, _, err = w.Revise(w.ctx, draft.actor, draft.id, 0, cases.Revision{Particulars: &p})
			wantFields(t, err, test.want...)
		})
	}
	_, err := w.Start(w.ctx, cases.StartInput{Particulars: good, Answers: cases.AnswersRaw{"nothing": true}})
	wantFields(t, err, "/answers/nothing unknown_fact")
}

// Good ones are written in one way.
func TestParticularsNormalised(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	c, err := w.Start(w.ctx, cases.StartInput{Particulars: cases.Particulars{
		Account: "  Ana Ⅻ  ", Enterprise: " 示例公司 ", Lost: []cases.Channel{cases.Phone, cases.Email},
		NewEmail: " Ana.New@Mail.Example ", NewPhone: "+55 (11) 91234-5678",
	}})
	must(t, err)
	wantSame(t, "particulars", []string{c.Account, c.Enterprise, c.NewEmail, c.NewPhone},
		[]string{"Ana Ⅻ", "示例公司", "Ana.New@Mail.Example", "+5511912345678"})
}

// A number is taken as people have it, typed on any keyboard or copied from their contacts.
func TestPhoneAsItIsTyped(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	for _, typed := range []string{
		"+55 11 91234-5678", "0055 11 91234-5678", "＋５５ １１ ９１２３４－５６７８", "００５５１１９１２３４５６７８", "\u202a+55 11 91234\u20115678\u202c", "+55–11–91234–5678",
	} {
		c, err := w.Start(w.ctx, cases.StartInput{Particulars: cases.Particulars{Account: "ana", Lost: []cases.Channel{cases.Phone}, NewPhone: typed}})
		if err != nil {
			t.Errorf("%q: %v", typed, err)
			continue
		}
		wantSame(t, typed, c.NewPhone, "+5511912345678")
	}
}
