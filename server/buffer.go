package server

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/gin-gonic/gin"
)

// bufferedWriter holds back the answer of a call until it is there as a whole and, for
// a call that changes something, until what it says has been committed.
type bufferedWriter struct {
	gin.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
	wrote  bool
}

// buffers are bufferedWriters that are free.
type buffers struct{ pool sync.Pool }

// mostPooled bounds what a free buffer keeps.
const mostPooled = 64 << 10

func (p *buffers) take(w gin.ResponseWriter) *bufferedWriter {
	b, ok := p.pool.Get().(*bufferedWriter)
	if !ok {
		b = &bufferedWriter{header: http.Header{}}
	}
	b.ResponseWriter, b.status = w, http.StatusOK
	return b
}

// reset forgets what was written; nothing of it was sent.
func (b *bufferedWriter) reset() {
	clear(b.header)
	b.body.Reset()
	b.status, b.wrote = http.StatusOK, false
}

// give takes a buffer back; nobody may hold on to its body.
func (p *buffers) give(b *bufferedWriter) {
	if b.body.Cap() > mostPooled {
		return
	}
	b.reset()
	b.ResponseWriter = nil
	p.pool.Put(b)
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

// send writes the held answer out, when c has its own writer back.
func (b *bufferedWriter) send(c *gin.Context) {
	h := c.Writer.Header()
	for name, values := range b.header {
		h[name] = values
	}
	sendWhole(c, b.status, b.body.Bytes())
}

// sendWhole answers with a body that is there as a whole, by one system call.
func sendWhole(c *gin.Context, status int, body []byte) {
	SayTiming(c)
	c.Writer.WriteHeader(status)
	if len(body) == 0 {
		c.Writer.WriteHeaderNow()
		return
	}
	c.Writer.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if len(body) <= httpBuffer {
		_, _ = c.Writer.Write(body)
		return
	}
	release := gather(c.Request.Context())
	_, _ = c.Writer.Write(body)
	c.Writer.Flush()
	release()
}
