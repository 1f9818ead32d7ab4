package storage_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"mime"
	"net/mail"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"regain/internal/testdocs"
	"regain/problem"
	"regain/storage"
)

// Whatever a file is called, its display name can be shown, stored and offered for a
// download, and the header of the download says just that name.
func FuzzDisplayName(f *testing.F) {
	for _, seed := range []string{
		"letter.pdf", "../../etc/passwd", `C:\x\y.pdf`, "Zeugnis über.pdf", "a\u202efdp.exe", "\x00", "", ".", "...", " .pdf", strings.Repeat("漢", 300) + ".pdf", "e\u0301.png",
		"a\"b;c.pdf", "%2e%2e", "\xff\xfe.jpg", "👩‍👩‍👧.eml", "a\r\nX: y.pdf", "CON", "a.", "ﬁ.pdf", "\u200c", "\u200d.pdf",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		shown := storage.DisplayName(name)
		if shown == "" || !utf8.ValidString(shown) || utf8.RuneCountInString(shown) > 120 || strings.ContainsAny(shown, `/\<>:"|?*`) {
			t.Fatalf("%q is shown as %q", name, shown)
		}
		if strings.ContainsFunc(shown, unicode.IsControl) {
			t.Fatalf("%q is shown with a control character: %q", name, shown)
		}
		if again := storage.DisplayName(shown); again != shown {
			t.Fatalf("%q is shown as %q, and that as %q", name, shown, again)
		}
		disposition := storage.DownloadHeader(name, storage.TypePDF).Get("Content-Disposition")
		kind, params, err := mime.ParseMediaType(disposition)
		if err != nil || kind != "attachment" || params["filename"] != shown {
			t.Fatalf("%q: %q is read as %q %q: %v", name, disposition, kind, params, err)
		}
		if strings.ContainsFunc(disposition, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q: %q can't be a header", name, disposition)
		}
	})
}

// What is received is what was sent, of the type that its name says, and a message can
// be read as one.
func FuzzReceiveMessage(f *testing.F) {
	f.Add(testdocs.EML(1, "Ana <ana@example.com>", "x", "text"))
	f.Add([]byte("From: a@b.c\nDate: Mon, 02 Jan 2006 15:04:05 -0700\n\nx"))
	f.Add([]byte("From: =?utf-8?q?=41?= <a@b.c>\r\nDate: Fri, 1 Mar 2024 00:00:00 +0000\r\nFrom: d@e.f\r\n\r\n"))
	f.Add([]byte("Date: Fri, 1 Mar 2024 00:00:00 +0000\r\nFrom: undisclosed:;\r\n\r\n"))
	f.Add([]byte("%PDF-1.7\nFrom: a@b.c\nDate: Fri, 1 Mar 2024 00:00:00 +0000\n\n"))
	f.Add([]byte("From: a@b.c\nDate: Fri, 1 Mar 2024 00:00:00 +0000\nContent-Type: multipart/mixed; boundary=\"\"\n\n--\n"))
	spool, err := storage.NewSpool(f.TempDir(), 64<<20)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		up, err := spool.Receive(t.Context(), bytes.NewReader(content), "consent.eml", storage.Limits{Types: allTypes, MaxSize: 1 << 20})
		if err != nil {
			if _, ok := problem.As(err); !ok {
				t.Fatalf("not a problem: %v", err)
			}
			return
		}
		defer up.Discard()
		if up.Type != storage.TypeEML || up.Size != int64(len(content)) || up.SHA256 != sha256.Sum256(content) {
			t.Fatalf("received as %+v", up)
		}
		message, err := mail.ReadMessage(bytes.NewReader(content))
		if err != nil {
			t.Fatalf("taken, but no message: %v", err)
		}
		if _, err := message.Header.Date(); err != nil || message.Header.Get("From") == "" || bytes.IndexByte(content, 0) >= 0 {
			t.Fatalf("taken without a date or a sender, or with NUL: %v", err)
		}
		r := up.Open()
		defer func() { _ = r.Close() }()
		if kept, err := io.ReadAll(r); err != nil || !bytes.Equal(kept, content) {
			t.Fatalf("kept %q: %v", kept, err)
		}
	})
}
