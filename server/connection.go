package server

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
)

// httpBuffer is how long a body net/http writes out together with its header, at most.
const httpBuffer = 2 << 10

// gatheringListener accepts connections that can gather what is written.
type gatheringListener struct {
	net.Listener
	free *sync.Pool // of bytes.Buffer
}

func newGatheringListener(l net.Listener) gatheringListener {
	return gatheringListener{Listener: l, free: &sync.Pool{New: func() any { return new(bytes.Buffer) }}}
}

// Accept implements net.Listener.
func (l gatheringListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &gatheringConn{Conn: c, free: l.free}, nil
}

// gatheringConn is a connection that can hold back what is written, until it is written
// by one system call. net/http writes an answer of some length piece by piece, and
// every piece costs a system call here and wakes the reader there.
type gatheringConn struct {
	net.Conn
	free     *sync.Pool
	gathered *bytes.Buffer // nil when nothing is held back
}

// Write implements net.Conn. Only the goroutine that answers writes.
func (c *gatheringConn) Write(p []byte) (int, error) {
	if c.gathered == nil {
		return c.Conn.Write(p)
	}
	return c.gathered.Write(p)
}

// ReadFrom lets a file be sent without a copy.
func (c *gatheringConn) ReadFrom(r io.Reader) (int64, error) {
	if to, ok := c.Conn.(io.ReaderFrom); ok && c.gathered == nil {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

// CloseWrite ends the half that the server writes: net/http looks for it, so that whoever
// is still sending what was refused can read why.
func (c *gatheringConn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	return half.CloseWrite()
}

// release writes out what was gathered. net/http meets an error when it reads next.
func (c *gatheringConn) release() {
	gathered := c.gathered
	c.gathered = nil
	_, _ = c.Conn.Write(gathered.Bytes())
	if gathered.Cap() <= mostPooled {
		gathered.Reset()
		c.free.Put(gathered)
	}
}

type connectionKey struct{}

// withConnection is http.Server's ConnContext.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// gather holds back what is written to the call's connection until release is called.
// Tests' connections hold nothing back.
func gather(ctx context.Context) (release func()) {
	c, ok := ctx.Value(connectionKey{}).(*gatheringConn)
	if !ok {
		return func() {}
	}
	c.gathered = c.free.Get().(*bytes.Buffer)
	return c.release
}
