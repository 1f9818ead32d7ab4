package server

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"regain/database/databasetest"
)

// crowded is a server that takes few connections, with a route that answers when it is
// released and one that answers at once.
type crowded struct {
	*bench
	entered chan struct{}
	release chan struct{}
	stop    func()
	served  chan error
}

func newCrowded(t *testing.T, most int) *crowded {
	t.Helper()
	config := testConfig()
	config.MaxConnections = most
	w := &crowded{entered: make(chan struct{}, most), release: make(chan struct{}), served: make(chan error, 1)}
	route := func(id string) Route {
		return Route{ID: id, Method: "GET", Path: "/api/v1/" + id, Roles: Everyone(), Effect: Reads, Tag: "T", Summary: "S"}
	}
	w.bench = newBench(t, databasetest.SQLite(t), config, func(s *Server) {
		s.Raw(route("held"), func(c *gin.Context) error { w.entered <- struct{}{}; <-w.release; c.Status(204); return nil })
		s.Raw(route("quick"), func(c *gin.Context) error { c.Status(204); return nil })
	})
	address, err := w.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + address.String()
	ctx, stop := context.WithCancel(t.Context())
	w.stop = stop
	go func() { w.served <- w.Serve(ctx) }()
	t.Cleanup(stop)
	return w
}

// get calls on a connection of its own.
func (w *crowded) get(path string) chan int {
	got := make(chan int, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
		req, _ := http.NewRequestWithContext(w.Context(), http.MethodGet, w.url+path, nil)
		res, err := client.Do(req)
		if err != nil {
			w.Logf("%s: %v", path, err)
			got <- 0
			return
		}
		_ = res.Body.Close()
		got <- res.StatusCode
	}()
	return got
}

// Whoever takes every connection and says nothing keeps nobody out for long, and the
// calls under way are not disturbed.
func TestQuietConnectionsMakeRoom(t *testing.T) {
	w := newCrowded(t, 4)
	held := []chan int{w.get("/api/v1/held"), w.get("/api/v1/held")}
	<-w.entered
	<-w.entered
	var quiet []net.Conn
	for range 6 {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.url[len("http://"):])
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		quiet = append(quiet, c)
	}
	began := time.Now()
	if status := <-w.get("/api/v1/quick"); status != 204 {
		t.Errorf("status %d for somebody who has something to say", status)
	}
	if took := time.Since(began); took < patience {
		t.Errorf("room was made after %s: others are to be left alone for %s", took, patience)
	}
	_ = quiet[0].SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := quiet[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection that was quiet for longest: %v, want its end", err)
	}
	close(w.release)
	for _, got := range held {
		if status := <-got; status != 204 {
			t.Errorf("status %d for a call under way", status)
		}
	}
	w.stop()
	if err := <-w.served; err != nil {
		t.Error(err)
	}
}

// While everybody speaks, whoever comes waits; and a server that stops leaves nobody
// waiting.
func TestBusyConnectionsAreWaitedFor(t *testing.T) {
	w := newCrowded(t, 1)
	held := w.get("/api/v1/held")
	<-w.entered
	waiting := w.get("/api/v1/quick")
	select {
	case status := <-waiting:
		t.Errorf("answered with %d beyond the limit", status)
	case <-time.After(2 * patience):
	}
	w.release <- struct{}{}
	if first, second := <-held, <-waiting; first != 204 || second != 204 {
		t.Errorf("statuses %d and %d", first, second)
	}
	held = w.get("/api/v1/held")
	<-w.entered
	waiting = w.get("/api/v1/quick")
	time.Sleep(patience) // until it is accepted: nobody can see that from outside
	w.stop()
	if status := <-waiting; status != 0 {
		t.Errorf("status %d while stopping", status)
	}
	close(w.release)
	if status := <-held; status != 204 {
		t.Errorf("status %d for the call under way", status)
	}
	if err := <-w.served; err != nil {
		t.Error(err)
	}
}

// A process that may open few files keeps half of them for itself at least.
func TestConnectionsLeaveFiles(t *testing.T) {
	for _, c := range []struct{ files, uploads, want int }{
		{128, 64, 64}, {1024, 64, 768}, {4096, 8, 3952}, {1 << 20, 64, 10_000}, {math.MaxInt, 64, 10_000},
	} {
		if got := connectionsWith(c.files, c.uploads); got != c.want {
			t.Errorf("%d files, %d uploads: %d connections, want %d", c.files, c.uploads, got, c.want)
		}
	}
}
