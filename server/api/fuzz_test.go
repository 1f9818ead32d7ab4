package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regain/cases"
	"regain/problem"
)

// A cursor is one that was given for the view, or is refused; what comes out of it is
// fit for the database.
func FuzzCursor(f *testing.F) {
	f.Add(queueCursor{View: cases.ViewAll, Key: cases.QueueKey{At: time.Unix(1_700_000_000, 0), ID: "0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"}}.write(), "all")
	for _, seed := range []string{"", "{}", `{"v":"all","k":{"ID":"a\u0000b"}}`, `{"v":"all","k":{"At":"9999-99-99T00:00:00Z"}}`, `{"v":"all","k":null}`, `{"v":"all","k":{"At":"0000-01-01T00:00:00Z","ID":"x"}}`, "[[["} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(seed)), "all")
		f.Add(seed, "mine")
	}
	f.Fuzz(func(t *testing.T, cursor, view string) {
		place, err := readCursor(cursor, cases.View(view))
		key := place.Key
		if err != nil {
			if p, ok := problem.As(err); !ok || p.Code != "cursor_unknown" {
				t.Fatalf("%q: %v", cursor, err)
			}
			return
		}
		if cursor == "" {
			return
		}
		if strings.ContainsFunc(key.ID, func(r rune) bool { return r < ' ' }) || len(key.ID) > 256 {
			t.Fatalf("%q gives the id %q", cursor, key.ID)
		}
		if _, err := key.At.UTC().MarshalJSON(); err != nil {
			t.Fatalf("%q gives a time that can't be written: %v", cursor, err)
		}
		again, err := readCursor(place.write(), cases.View(view))
		if err != nil || !again.Key.At.Equal(key.At) || again.Key.ID != key.ID || again.Back != place.Back {
			t.Fatalf("%q gives %+v, and that %+v: %v", cursor, place, again, err)
		}
	})
}

// Whatever a form holds, it is refused as the caller's mistake, or gives one file with
// a name, whose digest depends on all that was sent.
func FuzzUploadForm(f *testing.F) {
	part := func(head, content string) string { return "--b\r\n" + head + "\r\n\r\n" + content + "\r\n" }
	file := part(`Content-Disposition: form-data; name="file"; filename="a.pdf"`, "%PDF")
	for _, seed := range []string{
		file + "--b--\r\n", file, part(`Content-Disposition: form-data; name="read_off"`, `{"a":1}`) + file + "--b--", part(`Content-Disposition: form-data; name="read_off"`, `{"a":1`) + file + "--b--",
		file + file + "--b--", "--b--", "", "--b\r\n\r\n\r\n--b--", part(`Content-Disposition: form-data; name="file"; filename*=UTF-8''%ff%00`, "x") + "--b--",
		part("Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Transfer-Encoding: quoted-printable", "=41=\r\n") + "--b--",
		part(`Content-Disposition: form-data; name="read_off"`, `{"a":1}`) + part(`Content-Disposition: form-data; name="read_off"`, `{"b":1}`) + file + "--b--",
		part(`Content-Disposition: form-data; name="file"; name="read_off"; filename="x"`, "x") + "--b--",
		strings.Repeat("X: y\r\n", 2000), part(strings.Repeat("X: y\r\n", 11000)+`Content-Disposition: form-data; name="file"`, "x"),
	} {
		f.Add("multipart/form-data; boundary=b", "", []byte(seed))
	}
	f.Add("application/octet-stream", `attachment; filename="a.pdf"`, []byte("%PDF"))
	f.Add("application/octet-stream", `attachment; filename*=UTF-8''%E2%82%AC.pdf`, []byte(""))
	f.Add("multipart/form-data; boundary=", "", []byte("x"))
	f.Fuzz(func(t *testing.T, contentType, disposition string, body []byte) {
		in, err := readUpload(contentType, disposition, body)
		if err != nil {
			if _, ok := problem.As(err); !ok {
				t.Fatalf("not a problem: %v", err)
			}
			return
		}
		content, err := io.ReadAll(in)
		if err != nil || in.end() != nil {
			return // cut off, which is found before anything is kept
		}
		if len(content) > len(body) || in.parts != nil && !bytes.Contains(body, content) {
			t.Fatalf("%q came out of %q", content, body)
		}
		sum := sha256.Sum256(content)
		digest := in.digest(sum)
		in.name += "x"
		if in.digest(sum) == digest {
			t.Fatal("the name is not in the digest")
		}
	})
}

func readUpload(contentType, disposition string, body []byte) (*incomingFile, error) {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Content-Disposition", disposition)
	return openUpload(r)
}
