package rules

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	tests := []struct {
		fieldType FieldType
		raw       any
		want      any
		code      string
	}{
		{FieldText, "  José\u0301 ", "José\u0301", ""},
		{FieldText, "e\u0301", "\u00e9", ""},
		{FieldText, "李雷", "李雷", ""},
		{FieldText, "עברית \u200f", "עברית \u200f", ""},
		{FieldText, "two\nlines", "two\nlines", ""},
		{FieldText, "", nil, "required"},
		{FieldText, " \t", nil, "required"},
		{FieldText, nil, nil, "required"},
		{FieldText, 3.0, nil, "wrong_type"},
		{FieldText, []any{"a"}, nil, "wrong_type"},
		{FieldText, "a\x00b", nil, "bad_character"},
		{FieldText, "a\x1bb", nil, "bad_character"},
		{FieldText, "a\u202eb", nil, "bad_character"},
		{FieldText, "a\u2066b", nil, "bad_character"},
		{FieldText, "a\ufeffb", nil, "bad_character"},
		{FieldText, "a\xffb", nil, "bad_character"},
		{FieldText, strings.Repeat("é", 501), nil, "too_long"},
		{FieldText, strings.Repeat("é", 500), strings.Repeat("é", 500), ""},
		{FieldText, strings.Repeat("a", 1<<20), nil, "too_long"},

		{FieldPhone, "+86 138 0013 8000", "+8613800138000", ""},
		{FieldPhone, "0055 11 96123-4567", "+5511961234567", ""},
		{FieldPhone, "13800138000", nil, "phone_country_code"},
		{FieldPhone, "+86 1", nil, "bad_phone"},
		{FieldPhone, "+1 555", nil, "bad_phone"},
		{FieldPhone, "+86 138\n0013 8000", nil, "bad_character"},

		{FieldEmail, "Ana.Maria@Exemplo.COM.BR", "Ana.Maria@exemplo.com.br", ""},
		{FieldEmail, "li@例子.cn", "li@xn--fsqu00a.cn", ""},
		{FieldEmail, "a@b", nil, "bad_email"},
		{FieldEmail, "A <a@b.cn>", nil, "bad_email"},
		{FieldEmail, "a@b.cn, c@d.cn", nil, "bad_email"},
		{FieldEmail, "a@@b.cn", nil, "bad_email"},
		{FieldEmail, "a@[127.0.0.1]", nil, "bad_email"},
		{FieldEmail, strings.Repeat("a", 65) + "@b.cn", nil, "bad_email"},
		{FieldEmail, "a@b.cn\r\nBcc: x@y.cn", nil, "bad_character"},

		{FieldDate, "2024-02-29", "2024-02-29", ""},
		{FieldDate, "2023-02-29", nil, "bad_date"},
		{FieldDate, "29.2.2024", nil, "bad_date"},
		{FieldCountry, "CN", "CN", ""},
		{FieldCountry, "cn", nil, "unknown_country"},
		{FieldCountry, "XX", nil, "unknown_country"},
		{FieldBankAccount, "6222 0000-0000.0000 000", "6222000000000000000", ""},
		{FieldBankAccount, "de89 3704 0044 0532 0130 00", "DE89370400440532013000", ""},
		{FieldBankAccount, "DE88370400440532013000", nil, "bad_checksum"},
		{FieldBankAccount, "no number", nil, "bad_bank_account"},
		{FieldBankAccount, "12", nil, "bad_bank_account"},
		{FieldEnum, "a", "a", ""},
		{FieldEnum, "c", nil, "unknown_value"},
		{FieldInteger, json.Number("12"), int64(12), ""},
		{FieldInteger, 1.5, nil, "wrong_type"},
		{FieldInteger, 1e300, nil, "wrong_type"},
		{FieldBool, false, false, ""},
		{FieldBool, "false", nil, "wrong_type"},
	}
	p := load(t, "../rules.yaml")
	for _, tt := range tests {
		f := Field{ID: "x", Type: tt.fieldType, Values: []Value{{ID: "a"}, {ID: "b"}}}
		values, bad := p.ValidateStatement([]Field{f}, map[string]any{"x": tt.raw})
		switch {
		case tt.code == "" && (len(bad) > 0 || !cmp.Equal(values["x"], tt.want)):
			t.Errorf("%s %.40q: got %v, %v", tt.fieldType, tt.raw, values["x"], bad)
		case tt.code != "" && (len(bad) != 1 || bad[0].Code != tt.code || bad[0].Pointer != "/x" || len(values) > 0):
			t.Errorf("%s %.40q: want %s, got %v, %v", tt.fieldType, tt.raw, tt.code, values, bad)
		}
	}
}

func TestAddress(t *testing.T) {
	good := map[string]any{"line": "Bantian", "city": "Shenzhen", "region": "Guangdong", "postal_code": "518129", "country": "CN"}
	with := func(changes map[string]any) map[string]any {
		m := maps.Clone(good)
		maps.Copy(m, changes)
		return m
	}
	tests := []struct {
		name string
		raw  any
		bad  []string
	}{
		{"all parts", good, nil},
		{"no city", with(map[string]any{"city": ""}), []string{"/home/city required"}},
		{"no postal code in China", with(map[string]any{"postal_code": nil}), []string{"/home/postal_code required"}},
		{"Hong Kong has neither", with(map[string]any{"postal_code": nil, "region": "", "country": "HK"}), nil},
		{"two lines", with(map[string]any{"line": "a\nb"}), []string{"/home/line bad_character"}},
		{"long code", with(map[string]any{"postal_code": strings.Repeat("1", 21)}), []string{"/home/postal_code too_long"}},
		{"unknown part", with(map[string]any{"stret": "x"}), []string{"/home/stret unknown_field"}},
		{"a text", "Shenzhen", []string{"/home wrong_type"}},
		{"nothing", nil, []string{"/home/line required", "/home/city required", "/home/region required", "/home/postal_code required", "/home/country required"}},
	}
	p := load(t, "../rules.yaml")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, bad := p.ValidateStatement([]Field{{ID: "home", Type: FieldAddress}}, map[string]any{"home": tt.raw})
			var got []string
			for _, b := range bad {
				got = append(got, b.Pointer+" "+b.Code)
			}
			if diff := cmp.Diff(tt.bad, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	values, bad := p.ValidateStatement([]Field{{ID: "home", Type: FieldAddress, Optional: true}}, map[string]any{"home": map[string]any{"city": " "}})
	if len(values)+len(bad) > 0 {
		t.Errorf("an optional address may be left out: %v %v", values, bad)
	}
}

func TestUnknownFieldHasHint(t *testing.T) {
	p := load(t, "../rules.yaml")
	_, bad := p.ValidateStatement([]Field{{ID: "email", Type: FieldEmail, Optional: true}}, map[string]any{"emial": "x", "a/b~": 1})
	if len(bad) != 2 || bad[0].Pointer != "/a~1b~0" || !strings.Contains(bad[1].Message, "Did you mean email?") {
		t.Errorf("got %v", bad)
	}
}

func TestBadAnswers(t *testing.T) {
	tests := []struct {
		fact string
		raw  any
		code string
	}{
		{"custmer_type", "direct", "unknown_fact"},
		{"customer_type", "dirct", "unknown_value"},
		{"customer_type", 1.0, "wrong_type"},
		{"card_added", "yes", "wrong_type"},
		{"months_of_use", "3", "wrong_type"},
		{"months_of_use", -1.0, "out_of_range"},
		{"months_of_use", 2.5, "wrong_type"},
		{"enterprise_country", "China", "unknown_country"},
		{"enterprise_country", map[string]any{}, "wrong_type"},
	}
	p := load(t, "../rules.yaml")
	for _, tt := range tests {
		_, bad := p.ParseAnswers(map[string]any{tt.fact: tt.raw})
		if len(bad) != 1 || bad[0].Code != tt.code || bad[0].Pointer != "/"+tt.fact || bad[0].Message == "" {
			t.Errorf("%s = %v: want %s, got %v", tt.fact, tt.raw, tt.code, bad)
		}
	}
	a, bad := p.ParseAnswers(map[string]any{"customer_type": nil})
	if len(bad) > 0 || p.Value(a, "customer_type") != nil {
		t.Errorf("nil is unanswered: %v", bad)
	}
}

func TestValidity(t *testing.T) {
	p := load(t, "testdata/domains.yaml")
	a, _ := p.ParseAnswers(nil)
	extract, ok := p.RequirementFor(a, "register_extract")
	if !ok || !p.ReadsAccount(extract) {
		t.Fatal("the extract is compared with the account")
	}
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	read := map[string]any{"issued_on": "2026-01-01", "register_number": "HRB 1"}
	account := map[string]any{"register_number": "HRB 1"}
	tests := []struct {
		name    string
		env     ValidityEnv
		want    Validity
		reasons int
	}{
		{"all right", ValidityEnv{ReadOff: read, FiledOn: day("2026-04-01"), Account: account}, Valid, 0},
		{"one day late", ValidityEnv{ReadOff: read, FiledOn: day("2026-04-02"), Account: account}, Invalid, 1},
		{"from the future", ValidityEnv{ReadOff: read, FiledOn: day("2025-12-31"), Account: account}, Invalid, 1},
		{"another number", ValidityEnv{ReadOff: read, FiledOn: day("2026-04-01"), Account: map[string]any{"register_number": "HRB 2"}}, Invalid, 1},
		{"before submission the account says nothing", ValidityEnv{ReadOff: read, FiledOn: day("2026-04-01")}, Unknown, 0},
		{"not read yet", ValidityEnv{ReadOff: map[string]any{"register_number": "HRB 1"}, FiledOn: day("2026-04-01"), Account: account}, Unknown, 0},
		{"not filed yet", ValidityEnv{ReadOff: read, Account: account}, Unknown, 0},
		{"invalid beats unknown", ValidityEnv{ReadOff: read, FiledOn: day("2026-06-01")}, Invalid, 1},
		{"an account that knows something else", ValidityEnv{ReadOff: read, FiledOn: day("2026-04-01"), Account: map[string]any{"register_number": 7}}, Unknown, 0},
	}
	for _, tt := range tests {
		got, reasons := p.Validity(extract, tt.env)
		if got != tt.want || len(reasons) != tt.reasons {
			t.Errorf("%s: got %s %v", tt.name, got, reasons)
		}
	}
	stored, err := json.Marshal(extract)
	if err != nil {
		t.Fatal(err)
	}
	var back Requirement
	if err := json.Unmarshal(stored, &back); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.Validity(back, ValidityEnv{ReadOff: read, FiledOn: day("2026-04-02"), Account: account}); got != Invalid {
		t.Errorf("a requirement that was stored is judged %s", got)
	}
	values, bad := p.ParseReadOff(extract, map[string]any{"issued_on": "2026-02-30", "register_number": " HRB 1 "})
	if len(bad) != 1 || bad[0].Pointer != "/issued_on" || values["register_number"] != "HRB 1" {
		t.Errorf("got %v %v", values, bad)
	}
}

func TestMonthsBetween(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     int
	}{
		{"2024-01-31", "2024-02-29", 1}, {"2024-01-31", "2024-02-28", 0}, {"2024-01-15", "2025-01-15", 12}, {"2024-01-15", "2024-01-14", 0}, {"2024-03-01", "2024-01-01", -2},
	} {
		from, _ := parseDate(tt.from)
		to, _ := parseDate(tt.to)
		if got := monthsBetween(int(from), int(to)); got != tt.want {
			t.Errorf("%s to %s: got %d, want %d", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestMet(t *testing.T) {
	item := func(id string, count int) Requirement { return Requirement{ID: id, Kind: Item, Count: count} }
	group := func(kind RequirementKind, n int, children ...Requirement) Requirement {
		return Requirement{ID: string(kind), Kind: kind, AtLeast: n, Children: children}
	}
	optional := item("o", 1)
	optional.Optional = true
	tests := []struct {
		name    string
		reqs    []Requirement
		slots   map[string]int
		missing []string
	}{
		{"item short", []Requirement{item("a", 3)}, map[string]int{"a": 2}, []string{"a"}},
		{"item filled", []Requirement{item("a", 3), optional}, map[string]int{"a": 3}, nil},
		{"all of names children", []Requirement{group(AllOf, 0, item("a", 1), item("b", 1))}, map[string]int{"a": 1}, []string{"b"}},
		{"any of", []Requirement{group(AnyOf, 0, item("a", 1), item("b", 1))}, map[string]int{"b": 1}, nil},
		{"any of none", []Requirement{group(AnyOf, 0, item("a", 1), item("b", 1))}, nil, []string{"any_of"}},
		{"two of three", []Requirement{group(AtLeast, 2, item("a", 1), item("b", 1), item("c", 1))}, map[string]int{"a": 1, "c": 1}, nil},
		{"one of three", []Requirement{group(AtLeast, 2, item("a", 1), item("b", 1), item("c", 1))}, map[string]int{"c": 1}, []string{"at_least"}},
		{"nested", []Requirement{group(Prefer, 0, item("a", 1), group(AllOf, 0, item("b", 1), item("c", 1)))}, map[string]int{"b": 1, "c": 1}, nil},
	}
	for _, tt := range tests {
		ok, missing := Met(tt.reqs, func(r Requirement) int { return tt.slots[r.ID] })
		var ids []string
		for _, r := range missing {
			ids = append(ids, r.ID)
		}
		if ok != (tt.missing == nil) || !slices.Equal(ids, tt.missing) {
			t.Errorf("%s: got %v %v", tt.name, ok, ids)
		}
	}
}

func TestSatisfied(t *testing.T) {
	leaf := func(id string) CheckNode { return CheckNode{Kind: CheckLeaf, ID: id} }
	seal := []CheckNode{leaf("legible"), {Kind: CheckPrefer, Children: []CheckNode{
		{Kind: CheckAllOf, Children: []CheckNode{leaf("sealed"), leaf("signed")}}, leaf("signed"),
	}}}
	tests := []struct {
		ticked       string
		ok, fallback bool
		missing      string
	}{
		{"legible sealed signed", true, false, ""},
		{"legible signed", true, true, ""},
		{"legible sealed", false, false, "signed"},
		{"sealed signed", false, false, "legible"},
		{"", false, false, "legible sealed signed"},
	}
	for _, tt := range tests {
		ticked := map[string]bool{}
		for _, id := range strings.Fields(tt.ticked) {
			ticked[id] = true
		}
		ok, fallback, missing := Satisfied(seal, ticked)
		if ok != tt.ok || fallback != tt.fallback || strings.Join(missing, " ") != tt.missing {
			t.Errorf("%q: got %v %v %v", tt.ticked, ok, fallback, missing)
		}
	}
}
