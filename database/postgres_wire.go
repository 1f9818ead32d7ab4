package database

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// wire is the network connection under pgdriver. It reads along, because
// pgdriver throws away what the guarantees need: the state of the transaction
// as the server sees it, and the key for cancelling.
type wire struct {
	net.Conn                 // plain, or TLS over socket
	socket   syscall.RawConn // the socket underneath; nil when there is none to look at
	messages messages

	mu     sync.Mutex
	latest time.Time // no deadline may be later, once set
}

// dialWire connects, with TLS when the target asks for it.
func dialWire(ctx context.Context, target postgresTarget) (*wire, error) {
	dialer := net.Dialer{KeepAlive: 30 * time.Second}
	conn, err := dialer.DialContext(ctx, target.network, target.address)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: conn}
	if socket, ok := conn.(syscall.Conn); ok {
		if w.socket, err = socket.SyscallConn(); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if target.tls == nil {
		return w, nil
	}
	if w.Conn, err = startTLS(ctx, conn, target.tls); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return w, nil
}

// sslRequest is the code that asks a Postgres server for TLS.
const sslRequest = 80877103

func startTLS(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	request := binary.BigEndian.AppendUint32(nil, 8)
	if _, err := conn.Write(binary.BigEndian.AppendUint32(request, sslRequest)); err != nil {
		return nil, fmt.Errorf("ask for TLS: %w", err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, fmt.Errorf("ask for TLS: %w", err)
	}
	if answer[0] != 'S' {
		return nil, errors.New("the Postgres server does not offer TLS")
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS with the Postgres server: %w", err)
	}
	return secured, nil
}

// Read passes on what the server sent, and follows its messages.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.messages.follow(b[:n])
	return n, err
}

// endBy makes reads and writes, also those under way, end at the latest then.
func (w *wire) endBy(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latest = t
	_ = w.SetDeadline(t)
}

// SetReadDeadline keeps to the limit of endBy.
func (w *wire) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Conn.SetReadDeadline(w.capped(t))
}

// SetWriteDeadline keeps to the limit of endBy.
func (w *wire) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Conn.SetWriteDeadline(w.capped(t))
}

func (w *wire) capped(t time.Time) time.Time {
	if w.latest.IsZero() || (!t.IsZero() && t.Before(w.latest)) {
		return t
	}
	return w.latest
}

// quiet says that the server waits for a statement outside a transaction and
// has nothing more to say. What it says unasked while a connection is idle is
// mostly that it closes it.
func (w *wire) quiet() bool {
	return w.messages.ready && w.messages.status == statusIdle && !socketReadable(w.socket)
}

// The server's transaction status, in every ReadyForQuery message.
const (
	statusIdle   = 'I'
	statusInTx   = 'T'
	statusFailed = 'E'
)

// messages follows the framing of what a server sends: a type, a length that
// counts itself, a body.
type messages struct {
	status byte // of the last ReadyForQuery
	ready  bool // nothing came after that message

	completed int // CommandComplete messages; set to zero before a statement is sent

	process, secret uint32 // from BackendKeyData

	header [5]byte
	have   int // bytes of the header
	left   int // bytes of the body to come
	body   [8]byte
	kept   int // bytes of the body in body
}

func (m *messages) follow(b []byte) {
	for len(b) > 0 {
		m.ready = false
		if m.have < len(m.header) {
			n := copy(m.header[m.have:], b)
			m.have += n
			b = b[n:]
			if m.have < len(m.header) {
				return
			}
			m.left = max(0, int(binary.BigEndian.Uint32(m.header[1:]))-4)
			m.kept = 0
		}
		n := min(m.left, len(b))
		m.kept += copy(m.body[m.kept:], b[:n])
		m.left -= n
		b = b[n:]
		if m.left == 0 {
			m.have = 0
			m.take()
		}
	}
}

// take looks at a complete message.
func (m *messages) take() {
	switch {
	case m.header[0] == 'Z' && m.kept == 1: // ReadyForQuery
		m.status, m.ready = m.body[0], true
	case m.header[0] == 'C': // CommandComplete
		m.completed++
	case m.header[0] == 'K' && m.kept == 8: // BackendKeyData
		m.process = binary.BigEndian.Uint32(m.body[:4])
		m.secret = binary.BigEndian.Uint32(m.body[4:])
	}
}
