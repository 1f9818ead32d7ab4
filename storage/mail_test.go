package storage

import (
	"strings"
	"testing"

	"regain/internal/testdocs"
)

func TestReadMail(t *testing.T) {
	plain := string(testdocs.EML(1, "Ops <ops@parceira.example>", "Consent", "We agree.", "Parceira"))
	for name, c := range map[string]struct {
		raw  string
		want Mail
	}{
		"plain": {plain, Mail{From: `Ops <ops@parceira.example>`, Subject: "Consent", Text: "We agree.\nParceira"}},
		"encoded": {
			"From: =?gb18030?B?uaTJzA==?= <a@example.com>\r\nSubject: =?UTF-8?Q?Autoriza=C3=A7=C3=A3o?=\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nN=F3s concordamos=\r\n.\r\n",
			Mail{From: "工商 <a@example.com>", Subject: "Autorização", Text: "Nós concordamos."},
		},
		"parts": {
			"From: a@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\nContent-Type: text/html\r\n\r\n<style>p{}</style><p>Markup</p><script>alert(1)</script>\r\n--y\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nU2ltLg==\r\n--y--\r\n--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"letter.pdf\"\r\n\r\n%PDF\r\n--x--\r\n",
			Mail{From: "a@example.com", Text: "Sim.", Attached: []string{"letter.pdf"}},
		},
		"markup only": {
			"From: a@example.com\r\nContent-Type: text/html\r\n\r\n<title>x</title><div>We agree.</div><div>Parceira &amp; Co</div>",
			Mail{From: "a@example.com", Text: "We agree.\n\nParceira & Co"},
		},
		"turned around": {
			"From: a@example.com\r\nSubject: a\xe2\x80\xaeb\r\n\r\nx\x07y\xff",
			Mail{From: "a@example.com", Subject: "ab", Text: "xy�"},
		},
	} {
		got, err := ReadMail(strings.NewReader(c.raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.From != c.want.From || got.Subject != c.want.Subject || got.Text != c.want.Text || strings.Join(got.Attached, ",") != strings.Join(c.want.Attached, ",") {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if _, err := ReadMail(strings.NewReader("nothing of a message")); err == nil {
		t.Error("what is no message is read")
	}
	endless := "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + strings.Repeat("--x\r\n\r\na\r\n", 5000) + "--x--"
	if got, err := ReadMail(strings.NewReader(endless)); err != nil || len(got.Text) > 200 {
		t.Errorf("many parts: %v, %v", got, err)
	}
	long, err := ReadMail(strings.NewReader("From: a@example.com\r\n\r\n" + strings.Repeat("x", 1<<20)))
	if err != nil || !long.Cut || len(long.Text) > maxMailText {
		t.Errorf("a long one: %d, %v", len(long.Text), err)
	}
}

// FuzzReadMail: whatever a message is made of, reading it ends, and gives text.
func FuzzReadMail(f *testing.F) {
	f.Add(testdocs.EML(1, "Ops <ops@parceira.example>", "Consent", "We agree."))
	f.Add([]byte("From: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ReadMail(strings.NewReader(string(raw)))
		if err == nil && strings.ContainsAny(m.Text+m.From+m.Subject, "\x00\x1b\u202e") {
			t.Errorf("%+v", m)
		}
	})
}
