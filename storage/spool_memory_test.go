package storage_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"regain/internal/testdocs"
	"regain/storage"
)

// TestReceiveMemory counts every byte that is allocated while 20 MB are
// received and inspected, of each type.
func TestReceiveMemory(t *testing.T) {
	const size, most = 20 << 20, 1 << 20
	comment := append([]byte("\xff\xfe\xff\xff"), bytes.Repeat([]byte("c"), 0xFFFF-2)...)
	jpeg, png := testdocs.JPEG(1, 64, 64), testdocs.PNG(1, 64, 64)
	coded := bytes.LastIndex(jpeg, []byte("\xff\xd9"))
	pdf := fmt.Sprintf("%%PDF-1.7\n%s\nxref\n", strings.Repeat("% a comment\n", size/12))
	contents := map[string][]byte{
		"a.pdf":     join(pdf, "startxref\n", fmt.Sprint(len(pdf)-5), "\n%%EOF\n"),
		"a.jpg":     join(jpeg[:2], bytes.Repeat(comment, size/len(comment)), jpeg[2:]),
		"coded.jpg": join(jpeg[:coded], bytes.Repeat([]byte("\x12\xff\x00\x34"), size/4), jpeg[coded:]),
		"a.png":     join(png, make([]byte, size)),
		"a.eml":     join(testdocs.EML(1, "a@example.com", "x"), bytes.Repeat([]byte("line\r\n"), size/6)),
	}
	spool, _ := newSpool(t, 64<<20)
	for name, content := range contents {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		upload, err := spool.Receive(t.Context(), bytes.NewReader(content), name, storage.Limits{Types: allTypes, MaxSize: 64 << 20})
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		upload.Discard()
		if used := after.TotalAlloc - before.TotalAlloc; used > most {
			t.Errorf("%s: %d bytes were allocated for an upload of %d", name, used, len(content))
		}
	}
}
