package storage_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"testing"

	"pgregory.net/rapid"

	"regain/internal/testdocs"
	"regain/internal/testservers"
	"regain/storage"
)

func TestDownloadHeader(t *testing.T) {
	got := storage.DownloadHeader("letter.pdf", "pdf")
	want := map[string]string{
		"Content-Type":                 "application/pdf",
		"Content-Disposition":          `attachment; filename="letter.pdf"`,
		"X-Content-Type-Options":       "nosniff",
		"Content-Security-Policy":      "default-src 'none'; sandbox",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	}
	for name, value := range want {
		if got.Get(name) != value {
			t.Errorf("%s: %s, want %s", name, got.Get(name), value)
		}
	}
	for typ, want := range map[string]string{
		"jpeg": "image/jpeg", "png": "image/png", "eml": "message/rfc822",
		"text/html": "application/octet-stream", "": "application/octet-stream", "html": "application/octet-stream",
	} {
		if got := storage.DownloadHeader("a", typ).Get("Content-Type"); got != want {
			t.Errorf("%q is served as %s, want %s", typ, got, want)
		}
	}
}

func TestContentDisposition(t *testing.T) {
	for name, want := range map[string]string{
		"授权书 1.pdf":               `attachment; filename="___ 1.pdf"; filename*=UTF-8''%E6%8E%88%E6%9D%83%E4%B9%A6%201.pdf`,
		"Cartão.jpg":              `attachment; filename="Cart_o.jpg"; filename*=UTF-8''Cart%C3%A3o.jpg`,
		`a"; filename="x.exe.pdf`: `attachment; filename="a_; filename=_x.exe.pdf"`,
		"50%.pdf":                 `attachment; filename="50_.pdf"; filename*=UTF-8''50%25.pdf`,
		"a\r\nX-Bad: 1.pdf":       `attachment; filename="aX-Bad_ 1.pdf"`,
	} {
		if got := storage.DownloadHeader(name, "pdf").Get("Content-Disposition"); got != want {
			t.Errorf("%q:\n got %s\nwant %s", name, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		value := storage.DownloadHeader(name, "pdf").Get("Content-Disposition")
		kind, params, err := mime.ParseMediaType(value)
		if err != nil || kind != "attachment" || params["filename"] != storage.DisplayName(name) {
			t.Fatalf("%q: %s gives %q, %v", name, value, params["filename"], err)
		}
	})
}

// TestServeRanges serves an object of each store over HTTP, whole and in parts.
func TestServeRanges(t *testing.T) {
	content := testdocs.PDF(1, 30, "some text")
	stores := map[string]func(t *testing.T) storage.Store{
		"disk": func(t *testing.T) storage.Store {
			store, err := storage.OpenDisk(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Close() })
			return store
		},
		"minio":     func(t *testing.T) storage.Store { return openBucket(t, testservers.MinIO(t)) },
		"versitygw": func(t *testing.T) storage.Store { return openBucket(t, testservers.VersityGW(t)) },
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			if err := store.Put(t.Context(), "key", bytes.NewReader(content), int64(len(content)), sha256.Sum256(content)); err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				object, info, err := store.Get(r.Context(), "key")
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = object.Close() }()
				maps.Copy(w.Header(), storage.DownloadHeader("letter.pdf", "pdf"))
				http.ServeContent(w, r, "", info.Modified, object)
			}))
			defer server.Close()
			for header, want := range map[string][]byte{
				"": content, "bytes=0-9": content[:10], "bytes=100-": content[100:], "bytes=-7": content[len(content)-7:],
			} {
				checkDownload(t, server.URL, header, want)
			}
		})
	}
}

func checkDownload(t *testing.T, url, part string, want []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	status := http.StatusOK
	if part != "" {
		request.Header.Set("Range", part)
		status = http.StatusPartialContent
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := io.ReadAll(answer.Body)
	if err != nil || !bytes.Equal(got, want) || answer.StatusCode != status || answer.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("%q: status %d, %d bytes of %d, %s, %v", part, answer.StatusCode, len(got), len(want), answer.Header.Get("Content-Type"), err)
	}
}
