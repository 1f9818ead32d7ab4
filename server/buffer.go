package server

import (
	"bufio"
	"bytes"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
)

// bufferedWriter holds back the answer of an unsafe call until what it says has
// been committed.
type bufferedWriter struct {
	gin.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
	wrote  bool
}

func newBufferedWriter(w gin.ResponseWriter) *bufferedWriter {
	return &bufferedWriter{ResponseWriter: w, header: http.Header{}, status: http.StatusOK}
}

func (b *bufferedWriter) Header() http.Header { return b.header }

func (b *bufferedWriter) WriteHeader(status int) {
	if status > 0 {
		b.status, b.wrote = status, true
	}
}

func (b *bufferedWriter) WriteHeaderNow() { b.wrote = true }

func (b *bufferedWriter) Write(p []byte) (int, error) {
	b.wrote = true
	return b.body.Write(p)
}

func (b *bufferedWriter) WriteString(s string) (int, error) {
	b.wrote = true
	return b.body.WriteString(s)
}

func (b *bufferedWriter) Status() int   { return b.status }
func (b *bufferedWriter) Size() int     { return b.body.Len() }
func (b *bufferedWriter) Written() bool { return b.wrote }
func (b *bufferedWriter) Flush()        {}

// Hijack is refused: what is held back can't be handed over.
func (b *bufferedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, http.ErrNotSupported
}

// Unwrap lets http.ResponseController reach the connection's deadlines.
func (b *bufferedWriter) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// send writes the held answer out.
func (b *bufferedWriter) send() {
	h := b.ResponseWriter.Header()
	for name, values := range b.header {
		h[name] = values
	}
	b.ResponseWriter.WriteHeader(b.status)
	if b.body.Len() > 0 {
		_, _ = b.ResponseWriter.Write(b.body.Bytes())
		return
	}
	b.ResponseWriter.WriteHeaderNow()
}
