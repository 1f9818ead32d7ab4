package chaos

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// tap forwards connections to a server and counts them and what is sent on them, so
// that a test knows whether a fault on the way was met by anything.
type tap struct {
	listener net.Listener
	to       string
	used     atomic.Int64
}

// newTap listens for connections that go to an address.
func newTap(t *testing.T, to string) *tap {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p := &tap{listener: l, to: to}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.used.Add(1)
			go p.forward(conn)
		}
	}()
	return p
}

// forward goes on until either side ends the connection.
func (p *tap) forward(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	ended := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(counting{server, &p.used}, client); ended <- struct{}{} }()
	go func() { _, _ = io.Copy(client, server); ended <- struct{}{} }()
	<-ended
}

type counting struct {
	io.Writer
	n *atomic.Int64
}

// Write implements io.Writer.
func (c counting) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n.Add(int64(n))
	return n, err
}
