package regaintest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"time"
)

// Connection is one keep-alive connection that costs as little as it can, because it
// shares the processors with the server that it loads. It is for one goroutine.
type Connection struct {
	Address string
	// Token is who calls, and From the address that limits count by.
	Token, From string
	// Gzip asks for answers as gzip, which nobody opens.
	Gzip bool

	conn   net.Conn
	reader *bufio.Reader
	out    []byte
	in     bytes.Buffer
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
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if err := c.write(method, path, content); err != nil {
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

// Quick is Send for measuring: of the headers it reads only what it needs, and the
// answer is there until the next call.
func (c *Connection) Quick(method, path string, content Content) (status int, answer []byte, err error) {
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if err := c.write(method, path, content); err != nil {
		return 0, nil, err
	}
	status, length, err := c.readHead()
	if err != nil {
		return 0, nil, err
	}
	c.in.Reset()
	if length >= 0 {
		_, err = io.CopyN(&c.in, c.reader, int64(length))
		return status, c.in.Bytes(), err
	}
	if _, err = c.in.ReadFrom(httputil.NewChunkedReader(c.reader)); err == nil {
		_, err = c.reader.Discard(len("\r\n")) // there are no trailers
	}
	return status, c.in.Bytes(), err
}

// readHead reads an answer's headers; the length is -1 when it comes in chunks.
func (c *Connection) readHead() (status, length int, err error) {
	length = -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			return status, length, nil
		case status == 0 && len(line) >= len("HTTP/1.1 200"):
			status, err = strconv.Atoi(string(line[9:12]))
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			length, err = strconv.Atoi(string(line[len("Content-Length: "):]))
		}
		if err != nil {
			return 0, 0, err
		}
	}
}

// write sends a call.
func (c *Connection) write(method, path string, content Content) error {
	if c.conn == nil {
		if err := c.Open(); err != nil {
			return err
		}
	}
	out := fmt.Appendf(c.out[:0], "%s %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\n", method, path, c.Address, c.From)
	if c.Token != "" {
		out = fmt.Appendf(out, "Authorization: Bearer %s\r\n", c.Token)
	}
	if c.Gzip {
		out = append(out, "Accept-Encoding: gzip\r\n"...)
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
	_, err := pieces.WriteTo(c.conn)
	return err
}
