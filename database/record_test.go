package database

import (
	"fmt"
	"strings"
	"testing"
)

func TestSplitRecord(t *testing.T) {
	var r record
	for text, want := range map[string]string{
		`()`:                               "NULL",
		`("")`:                             "<>",
		`(a,b,c)`:                          "<a><b><c>",
		`(,b,)`:                            "NULL<b>NULL",
		`("a b",t)`:                        "<a b><t>",
		`("say ""hello""","c:\\temp",7)`:   `<say "hello"><c:\temp><7>`,
		`("""","\\","""")`:                 `<"><\><">`,
		`("{""a"": ""(1,2)""}",1,"x,y")`:   `<{"a": "(1,2)"}><1><x,y>`,
		`(é,"à la"",")`:                    `<é><à la",>`,
		`("2026-03-01 00:00:00+00",,,"",)`: "<2026-03-01 00:00:00+00>NULLNULL<>NULL",
	} {
		if err := r.split([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got strings.Builder
		for _, v := range r.values {
			if v == nil {
				got.WriteString("NULL")
				continue
			}
			_, _ = fmt.Fprintf(&got, "<%s>", v)
		}
		if got.String() != want {
			t.Errorf("%s: %s, want %s", text, got.String(), want)
		}
	}
	for _, bad := range []string{"", "(", ")", "a,b", "(a", `("a`, `("a)`, `("a"b)`, `("\a")`, `("a""`} {
		if err := r.split([]byte(bad)); err == nil {
			t.Errorf("%q was read as %q", bad, r.values)
		}
	}
}

// FuzzSplitRecord takes apart what was written as Postgres writes it.
func FuzzSplitRecord(f *testing.F) {
	f.Add("a", `say "hello"`, `\`)
	f.Add("", " ", "(),")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		quote := strings.NewReplacer(`"`, `""`, `\`, `\\`)
		var r record
		if err := r.split(fmt.Appendf(nil, `("%s","%s",,"%s")`, quote.Replace(a), quote.Replace(b), quote.Replace(c))); err != nil {
			t.Fatal(err)
		}
		if len(r.values) != 4 || string(r.values[0]) != a || string(r.values[1]) != b || r.values[2] != nil || string(r.values[3]) != c {
			t.Errorf("%q, %q, %q became %q", a, b, c, r.values)
		}
	})
}
