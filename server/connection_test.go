package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"

	"regain/database/databasetest"
)

// countingListener counts the system calls that write.
type countingListener struct {
	net.Listener
	writes *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countingConn{c, l.writes}, err
}

type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

type sized struct {
	Size int `query:"size"`
}

type filler struct {
	Body struct {
		Text string `json:"text"`
	}
}

// An answer of any length leaves by one system call, and the connection goes on.
func TestAnswersLeaveInOnePiece(t *testing.T) {
	var writes atomic.Int64
	s, err := New(testConfig(), Parts{DB: databasetest.SQLite(t), Sessions: testCallers(), Limits: &counted{}})
	if err != nil {
		t.Fatal(err)
	}
	JSON(s, Route{ID: "fill", Method: "GET", Path: "/api/v1/fill", Roles: Everyone(), Effect: Reads, Tag: "Test", Summary: "Fill"},
		func(_ context.Context, in *sized) (*filler, error) {
			out := &filler{}
			out.Body.Text = strings.Repeat("x", in.Size)
			return out, nil
		})
	s.Raw(Route{ID: "stream", Method: "GET", Path: "/api/v1/stream", Roles: Everyone(), Effect: Reads, Tag: "Test", Summary: "Stream"},
		func(c *gin.Context) error {
			_, err := io.Copy(c.Writer, strings.NewReader(strings.Repeat("y", 300_000)))
			return err
		})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener = countingListener{inner, &writes}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	conn, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	get := func(method, path string) (status int, length int64, text string) {
		t.Helper()
		req, _ := http.NewRequest(method, "http://test"+path, nil)
		if err := req.Write(conn); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(reader, req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.ContentLength, string(body)
	}
	for _, size := range []string{"10", "2000", "3000", "4096", "20000", "200000"} {
		before := writes.Load()
		_, length, body := get("GET", "/api/v1/fill?size="+size)
		if got := writes.Load() - before; got != 1 || length != int64(len(body)) || !strings.HasSuffix(body, "\"}\n") {
			t.Errorf("%s bytes took %d writes; length %d, body of %d", size, got, length, len(body))
		}
		if status, head, none := get("HEAD", "/api/v1/fill?size="+size); none != "" || status != 200 || head != length {
			t.Errorf("HEAD: %d, %d bytes, length %d", status, len(none), head)
		}
	}
	if _, _, body := get("GET", "/api/v1/stream"); body != strings.Repeat("y", 300_000) {
		t.Errorf("a stream of %d bytes", len(body))
	}
}
