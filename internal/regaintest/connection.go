package regaintest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Connection is one keep-alive connection that costs as little as it can, because it
// shares the processors with the server that it loads. It is for one goroutine.
type Connection struct {
	Address string
	// Token is who calls, and From the address that limits count by.
	Token, From string

	conn   net.Conn
	reader *bufio.Reader
	out    []byte
}

// Content is what a call sends; the body may be in pieces.
type Content struct {
	Type string
	Key  string // Idempotency-Key
	Body [][]byte
}

// Open connects, where Send would at its first call.
func (c *Connection) Open() error {
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", c.Address)
	if err != nil {
		return err
	}
	c.conn, c.reader = conn, bufio.NewReaderSize(conn, 64<<10)
	return nil
}

// Close ends the connection; the next Send opens another.
func (c *Connection) Close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// Send makes one call and reads its answer to the end.
func (c *Connection) Send(method, path string, content Content) (status int, header http.Header, answer []byte, err error) {
	if c.conn == nil {
		if err := c.Open(); err != nil {
			return 0, nil, nil, err
		}
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	out := fmt.Appendf(c.out[:0], "%s %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\n", method, path, c.Address, c.From)
	if c.Token != "" {
		out = fmt.Appendf(out, "Authorization: Bearer %s\r\n", c.Token)
	}
	if method != http.MethodGet {
		size := 0
		for _, b := range content.Body {
			size += len(b)
		}
		out = fmt.Appendf(out, "Content-Type: %s\r\nContent-Length: %d\r\nIdempotency-Key: %s\r\n", content.Type, size, content.Key)
	}
	c.out = append(out, "\r\n"...)
	_ = c.conn.SetDeadline(time.Now().Add(60 * time.Second))
	pieces := net.Buffers(append([][]byte{c.out}, content.Body...))
	if _, err := pieces.WriteTo(c.conn); err != nil {
		return 0, nil, nil, err
	}
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	answer, err = io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.Close {
		c.Close()
	}
	return res.StatusCode, res.Header, answer, err
}
