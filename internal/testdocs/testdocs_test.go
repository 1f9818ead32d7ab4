package testdocs

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"image/png"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"regain/internal/testservers"
)

func TestSeedDecides(t *testing.T) {
	makers := map[string]func(seed uint64) []byte{
		"pdf":  func(seed uint64) []byte { return PDF(seed, 2, "text") },
		"jpeg": func(seed uint64) []byte { return JPEG(seed, 64, 48) },
		"png":  func(seed uint64) []byte { return PNG(seed, 64, 48) },
		"eml":  func(seed uint64) []byte { return EML(seed, "Ana <ana@example.com>", "Consent", "We agree.") },
		"elf":  ELF,
		"exe":  EXE,
	}
	for name, document := range makers {
		if !bytes.Equal(document(1), document(1)) {
			t.Errorf("%s: one seed gives two contents", name)
		}
		if bytes.Equal(document(1), document(2)) {
			t.Errorf("%s: two seeds give one content", name)
		}
	}
}

func TestDocumentsAreValid(t *testing.T) {
	if got, err := jpeg.DecodeConfig(bytes.NewReader(JPEG(1, 64, 48))); err != nil || got.Width != 64 || got.Height != 48 {
		t.Errorf("JPEG: %+v, %v", got, err)
	}
	if got, err := png.DecodeConfig(bytes.NewReader(PNG(1, 64, 48))); err != nil || got.Width != 64 || got.Height != 48 {
		t.Errorf("PNG: %+v, %v", got, err)
	}
	message, err := mail.ReadMessage(bytes.NewReader(EML(1, "Ana <ana@example.com>", "Consent")))
	if err != nil {
		t.Fatal(err)
	}
	if from, err := message.Header.AddressList("From"); err != nil || from[0].Address != "ana@example.com" {
		t.Errorf("EML: from %v, %v", from, err)
	}
}

// TestPDFReferences checks every offset of the cross-reference table.
func TestPDFReferences(t *testing.T) {
	pdf := PDF(7, 3, `a (nested) \ line`)
	_, tail, ok := strings.Cut(string(pdf), "\nxref\n0 10\n")
	if !ok {
		t.Fatal("no table of nine objects")
	}
	lines := strings.Split(tail, "\n")
	for number := 1; number <= 9; number++ {
		var offset int
		if _, err := fmt.Sscanf(lines[number], "%010d 00000 n", &offset); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%d 0 obj", number); !bytes.HasPrefix(pdf[offset:], []byte(want)) {
			t.Errorf("object %d is not at %d", number, offset)
		}
	}
}

// TestPDFTool has another program read the document.
func TestPDFTool(t *testing.T) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		testservers.Unavailable(t, "pdftotext is not installed (scripts/packages installs poppler-utils)")
	}
	path := filepath.Join(t.TempDir(), "test.pdf")
	if err := os.WriteFile(path, PDF(7, 3, `a (nested) \ line`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, path, "-").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Document 7, page 3 of 3") || !strings.Contains(string(out), `a (nested) \ line`) {
		t.Errorf("pdftotext: %v: %s", err, out)
	}
}
