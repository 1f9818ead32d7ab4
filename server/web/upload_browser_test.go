package web_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"regain/internal/browser"
)

// line is a connection to a server that can be slow, and break under uploads.
type line struct {
	*httptest.Server
	breaks atomic.Int32 // how many uploads are still to be cut
	pause  atomic.Int64 // before each piece of an upload, in nanoseconds
	seen   atomic.Int32 // uploads that began
	most   atomic.Int64 // after how many bytes an upload stands still until the line is let on; 0 for never
	letOn  func()
	on     chan struct{}
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{on: make(chan struct{})}
	l.letOn = sync.OnceFunc(func() { close(l.on) })
	forward := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			forward.ServeHTTP(w, r)
			return
		}
		l.seen.Add(1)
		if l.breaks.Add(-1) >= 0 {
			_, _ = io.CopyN(io.Discard, r.Body, 10_000)
			panic(http.ErrAbortHandler) // cuts the connection
		}
		r.Body = &slowly{ReadCloser: r.Body, line: l}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(l.Close)
	t.Cleanup(l.letOn) // or it could not be closed
	return l
}

type slowly struct {
	io.ReadCloser
	line *line
	read int64
}

func (s *slowly) Read(p []byte) (int, error) {
	time.Sleep(time.Duration(s.line.pause.Load()))
	if most := s.line.most.Load(); most > 0 && s.read >= most {
		<-s.line.on
	}
	n, err := s.ReadCloser.Read(p[:min(len(p), 16<<10)])
	s.read += int64(n)
	return n, err
}

// TestUploadOverABadLine: an upload shows how far it is, can be cancelled, and is tried
// again by itself when the connection breaks; in the end the file is there once.
func TestUploadOverABadLine(t *testing.T) {
	h := open(t)
	c := h.claimant("ana@example.com")
	l := newLine(t, h.URL)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Allow("net::ERR_") // the line breaks on purpose
	p.Go(l.URL + "/invitation#" + c.invite("ops@parceira.example"))
	p.Follow("form[data-token] button")
	p.Shows("What signing means")
	const section = "#items section:nth-of-type(1)"
	letter := file(t, "scan.pdf", 9_000_000)

	l.most.Store(2_500_000)
	p.Choose(section+" input[type=file]", letter)
	p.WaitFor(`(bar => bar && bar.value > 20 && bar.value < 100)(document.querySelector("` + section + ` progress"))`)
	p.CheckAccessible("an upload on its way")
	p.Screenshot("partner-uploading-390")
	p.Click(section + " .file button")
	p.WaitFor(`!document.querySelector("` + section + ` .file")`)
	p.WaitFor(`document.getElementById("live").textContent.includes("cancelled")`)
	if state := p.Text(section + " .st"); state != "Please send" {
		t.Errorf("after cancelling: %q", state)
	}

	l.most.Store(0)
	l.letOn()
	l.breaks.Store(2)
	before := l.seen.Load()
	p.Choose(section+" input[type=file]", letter)
	p.WaitFor(`document.querySelector("` + section + ` .st").innerText.includes("Received")`)
	if tries := l.seen.Load() - before; tries != 3 {
		t.Errorf("tried %d times", tries)
	}
	var versions int
	if err := h.DB.NewSelect().Table("documents").ColumnExpr("COUNT(*)").Scan(t.Context(), &versions); err != nil || versions != 1 {
		t.Errorf("%d versions, %v", versions, err)
	}
	if focus := browser.Eval[string](p, `document.activeElement.tagName`); focus != "H2" {
		t.Errorf("the focus is on %s", focus)
	}
}
