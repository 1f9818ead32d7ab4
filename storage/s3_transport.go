package storage

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Time-outs of the connection to an S3 server. An upload may take long, so none
// bounds a whole request: its context does. What is bounded is silence.
const (
	dialTimeout    = 5 * time.Second
	tlsTimeout     = 10 * time.Second
	answerTimeout  = 30 * time.Second
	silenceTimeout = 30 * time.Second
	keepIdle       = 25 * time.Second // below silenceTimeout, which would end it
	keepIdleConns  = 64
)

// sendChunk is how much of a body is sent at once.
const sendChunk = 64 << 10

func newTransport() *http.Transport {
	buffers := &sync.Pool{New: func() any { return new([sendChunk]byte) }}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &patientConn{Conn: conn, patience: silenceTimeout, buffers: buffers}, nil
		},
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   tlsTimeout,
		ResponseHeaderTimeout: answerTimeout,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          keepIdleConns,
		MaxIdleConnsPerHost:   keepIdleConns,
		IdleConnTimeout:       keepIdle,
		// Documents are compressed already, and a decoded body has no length.
		DisableCompression: true,
	}
}

// readRoots reads certificate authorities from a PEM file.
func readRoots(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authorities: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("the file of certificate authorities holds none")
	}
	return roots, nil
}

// patientConn fails a read or write once nothing moved for patience, so that a
// peer which hangs in the middle of a body is noticed. A write moves the
// deadline of a waiting read as well: the server is silent during an upload.
type patientConn struct {
	net.Conn
	patience time.Duration
	buffers  *sync.Pool // of *[sendChunk]byte
}

// Read implements net.Conn.
func (c *patientConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// ReadFrom implements io.ReaderFrom, which is how a body is sent: in pieces of a size that
// connections without it don't get, from a buffer that each of them would make anew.
func (c *patientConn) ReadFrom(r io.Reader) (sent int64, err error) {
	buffer := c.buffers.Get().(*[sendChunk]byte)
	defer c.buffers.Put(buffer)
	for {
		n, readErr := r.Read(buffer[:])
		if n > 0 {
			written, err := c.Write(buffer[:n])
			sent += int64(written)
			if err != nil {
				return sent, err
			}
		}
		if errors.Is(readErr, io.EOF) {
			return sent, nil
		}
		if readErr != nil {
			return sent, readErr
		}
	}
}

// Write implements net.Conn.
func (c *patientConn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
