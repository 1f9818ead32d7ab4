package papers

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regain/storage"
)

func everyPaper(seed uint64) []Paper {
	ana := Person{Name: "Ana Lúcia Lima", Born: "1987-04-12", Country: "Utopia", Face: seed}
	firm := Company{Name: "Exemplo Nuvem Ltda.", Local: "云帆示例科技有限公司", Country: "Utopia", City: "Recife", Address: "Rua do Teste 12", Number: "91350100M000100Y43", Head: "Ana Lima"}
	bill := Bill{Provider: "Example Cloud", Customer: firm.Name, Account: "exemplo-cloud", Day: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Currency: "USD"}
	chinese, portuguese := bill, bill
	chinese.Locale, chinese.Customer = "zh-Hans", firm.Local
	portuguese.Locale = "pt-BR"
	letter := Letter{Reference: "7F3K-29QD-XM", Account: "exemplo-cloud", From: firm, Signer: "Ana Lima", Day: "2026-03-02", Sealed: true, Signed: true}
	return []Paper{
		IdentityCard(seed, ana, Good), IdentityCard(seed, ana, Blurred), IdentityCard(seed, ana, Sideways), IdentityCard(seed, ana, Dark), Passport(seed, ana),
		BankCard(seed, ana.Name, Good), OpenBankCard(seed, ana.Name), RegistrationCertificate(seed, firm), ChineseLicence(seed, firm),
		RegisterExtract(seed, firm, "Extract of the commercial register", "2026-03-02"), AuthorizationLetter(seed, letter),
		Statement(seed, "police-report.pdf", "Police report", "Police of Nowhere", "A telephone was reported stolen."),
		Invoice(seed, chinese), ScannedInvoice(seed, portuguese), Screenshot(seed, bill), TransferReceipt(seed, bill), AccountStatement(seed, bill, 3),
		ConsentMail(firm, "ops@reseller.example", "exemplo-cloud", "7F3K-29QD-XM", bill.Day),
	}
}

// TestPapers: each paper is what it says it is, of a size that people send, says that it
// is a specimen, and is the same for the same seed alone.
func TestPapers(t *testing.T) {
	spool, err := storage.NewSpool(t.TempDir(), 1<<26)
	if err != nil {
		t.Fatal(err)
	}
	again, others := everyPaper(3), everyPaper(4)
	for n, p := range everyPaper(3) {
		t.Run(fmt.Sprint(n, p.Name), func(t *testing.T) {
			up, err := spool.Receive(t.Context(), bytes.NewReader(p.Content), p.Name, storage.Limits{Types: []string{p.Type}, MaxSize: 400 << 10})
			if err != nil {
				t.Fatal(err)
			}
			defer up.Discard()
			if !bytes.Equal(p.Content, again[n].Content) {
				t.Error("differs from one time to the next")
			}
			if p.Type != "eml" && bytes.Equal(p.Content, others[n].Content) {
				t.Error("is the same for another seed")
			}
			if (p.Type == "pdf" || p.Type == "eml") && !bytes.Contains(p.Content, []byte(specimen)) && !bytes.Contains(p.Content, []byte(strings.Trim(latin(specimen), "<>"))) {
				t.Error("does not say that it is a specimen")
			}
			if dir := os.Getenv("REGAIN_PAPERS"); dir != "" { // to look at them
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d-%s", n, p.Name)), p.Content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestPicturesBearTheirWord: pictures can't be searched, so it is looked for where it is
// drawn: red over the middle of a card.
func TestPicturesBearTheirWord(t *testing.T) {
	img, _, err := image.Decode(bytes.NewReader(IdentityCard(3, Person{Name: "Ana Lima", Country: "Utopia"}, Good).Content))
	if err != nil {
		t.Fatal(err)
	}
	red := 0
	b := img.Bounds()
	for y := b.Dy() / 3; y < b.Dy()*2/3; y++ {
		for x := b.Dx() / 3; x < b.Dx()*2/3; x++ {
			if r, g, _, _ := img.At(x, y).RGBA(); r > g+0x1200 {
				red++
			}
		}
	}
	if red < 1500 {
		t.Errorf("only %d pixels of the word", red)
	}
}

// TestChineseLetters: the numbers of glyphs are those of Adobe-GB1, of which a few are
// known from the collection's own tables.
func TestChineseLetters(t *testing.T) {
	for letter, wanted := range map[rune]int{'。': 98, '啊': 940, '云': 4361, '座': 4694, '亍': 4695, 'A': 0, '€': 0} {
		if got := glyph(letter); got != wanted {
			t.Errorf("%c is %d, want %d", letter, got, wanted)
		}
	}
}
