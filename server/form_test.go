package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"
)

// readForm tells everything that a form says: parts, their content, and how it ends.
func readForm(next func() (*multipart.Part, error), content func(*multipart.Part) io.Reader) string {
	var b strings.Builder
	for {
		part, err := next()
		if err != nil {
			fmt.Fprintf(&b, "end %t", errors.Is(err, io.EOF))
			return b.String()
		}
		got, err := io.ReadAll(content(part))
		if err != nil {
			return b.String() + "broken" // how much of it arrived means nothing
		}
		fmt.Fprintf(&b, "%v %q\n", part.Header, got)
	}
}

func asLibrary(body []byte) string {
	r := multipart.NewReader(bytes.NewReader(body), "b0")
	return readForm(r.NextRawPart, func(p *multipart.Part) io.Reader { return p })
}

var forms = []string{
	"--b0\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ncontent\r\n--b0--\r\n",
	"preamble\r\n--b0\r\nA: b\r\n\r\none\r\n--b0\r\nC: d\r\n\r\n\r\n--b0 \t\r\n\r\nthree\r\n--b0--",
	"--b0\r\n\r\n--b0\r\n\r\n--b0-\r\n--b0x\r\n--b0",
	"--b0\r\n\r\n--b0--",
	"--b0\r\n\r\n-",
	"--b0\r\n\r\n\r\n--b",
	"--b0\r\n\r\n\r\n--b0-",
	"--b0\n\nonly line ends\n--b0\n\nmore\r\n--b0--\n",
	"--b0\r\nA: b\n\r\ncontent\r\n--b0--",
	"--b0\r\n\r\n" + strings.Repeat("a\r\n--b", 30_000) + "\r\n--b0--\r\nepilogue",
	"--b0\r\n\r\n" + strings.Repeat("a", uploadChunk-11) + "\r\n--b0\r\n\r\nx\r\n--b0--",
	"",
}

// checkForm wants the same of a form as the library finds in it, in whatever pieces it arrives.
func checkForm(t *testing.T, body []byte) {
	t.Helper()
	want := asLibrary(body)
	for name, pieces := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "with its end": iotest.DataErrReader,
	} {
		f := newForm(pieces(bytes.NewReader(body)), "b0")
		if got := readForm(f.NextRawPart, f.Content); got != want {
			t.Fatalf("in %s:\n%.500s\nwant\n%.500s", name, got, want)
		}
	}
}

func TestForm(t *testing.T) {
	for _, form := range forms {
		checkForm(t, []byte(form))
	}
	if got := asLibrary([]byte(forms[0])); !strings.Contains(got, `"content"`) || !strings.HasSuffix(got, "end true") {
		t.Errorf("the first form is %s", got)
	}
	cut := newForm(io.MultiReader(strings.NewReader(forms[0][:strings.LastIndex(forms[0], "tent")]), iotest.ErrReader(iotest.ErrTimeout)), "b0")
	part, err := cut.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(cut.Content(part)); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("a connection that fails: %v", err)
	}
}

// Forms that are made of what matters in them, by chance.
func TestFormOfAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"\r\n", "\r\n--b0", "--b0", "--b0\r\n\r\n", "\r\n--b0--", "-", "--", "\r", "\n", "b", "0", " ", "\t", "A: b\r\n", "a"}
	whole := 0
	for range 20_000 {
		body := "--b0\r\n\r\n"
		for range random.IntN(12) {
			body += pieces[random.IntN(len(pieces))]
		}
		checkForm(t, []byte(body))
		if strings.HasSuffix(asLibrary([]byte(body)), "end true") {
			whole++
		}
	}
	if whole < 1000 {
		t.Errorf("only %d forms were whole", whole)
	}
}

// Parts that were not read to their end are passed over.
func TestFormSkips(t *testing.T) {
	f := newForm(strings.NewReader(forms[1]), "b0")
	var got []string
	for {
		part, err := f.NextRawPart()
		if err != nil {
			break
		}
		one := make([]byte, 1)
		n, _ := f.Content(part).Read(one)
		got = append(got, string(one[:n]))
	}
	if want := "o||t"; strings.Join(got, "|") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzForm(f *testing.F) {
	for _, form := range forms {
		f.Add([]byte(form))
	}
	f.Fuzz(func(t *testing.T, body []byte) { checkForm(t, body) })
}
