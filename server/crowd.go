package server

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a connection on which nothing has been said is left alone while
// others wait for its place.
const patience = 500 * time.Millisecond

// crowd bounds how many connections are open at once. Each takes one of the files that
// the process may open, and without any left neither the database nor an upload gets
// one. When all places are taken, the connection that has been quiet for longest makes
// room for the next; while none is quiet, the next one waits unanswered.
type crowd struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
	quiet  sync.Map // net.Conn → *atomic.Int64: since when nobody speaks, 0 while somebody does
}

func newCrowd(l net.Listener, most int) *crowd {
	return &crowd{Listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !c.enter() {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return conn, nil
}

// enter takes a place; false when the listener is closed first.
func (c *crowd) enter() bool {
	for {
		select {
		case c.places <- struct{}{}:
			return true
		default:
		}
		next := time.NewTimer(c.makeRoom())
		select {
		case c.places <- struct{}{}:
			next.Stop()
			return true
		case <-c.closed:
			next.Stop()
			return false
		case <-next.C:
		}
	}
}

// makeRoom ends the connection that has been quiet for longest, if that is long enough,
// and says when to look again.
func (c *crowd) makeRoom() time.Duration {
	var quietest net.Conn
	since := time.Now().UnixNano()
	c.quiet.Range(func(conn, at any) bool {
		if t := at.(*atomic.Int64).Load(); t != 0 && t < since {
			quietest, since = conn.(net.Conn), t
		}
		return true
	})
	rest := patience - time.Duration(time.Now().UnixNano()-since)
	if quietest == nil || rest > 0 {
		return min(max(rest, time.Millisecond), patience)
	}
	_ = quietest.Close()
	return time.Millisecond
}

// watch is http.Server's ConnState, which is told of every connection's end once.
func (c *crowd) watch(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew, http.StateIdle:
		since, _ := c.quiet.LoadOrStore(conn, new(atomic.Int64))
		since.(*atomic.Int64).Store(time.Now().UnixNano())
	case http.StateActive:
		if since, ok := c.quiet.Load(conn); ok {
			since.(*atomic.Int64).Store(0)
		}
	case http.StateClosed, http.StateHijacked:
		c.quiet.Delete(conn)
		<-c.places
	}
}

// Close implements net.Listener.
func (c *crowd) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Listener.Close()
}

const (
	// ownFiles are for the database, the document store, mail and the program itself.
	ownFiles = 128
	// uploadFiles are for each upload: its temporary file, and where it goes.
	uploadFiles = 2
	// mostConnections keeps what quiet connections take in memory within bounds.
	mostConnections = 10_000
)

// connectionsWith is how many connections leave enough of the files for everything else.
func connectionsWith(files, uploads int) int {
	return min(mostConnections, max(files/2, files-ownFiles-uploadFiles*uploads))
}
