package database_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"regain/database"
	"regain/internal/testservers"
)

func TestServerMustProveItself(t *testing.T) {
	certificate, authority := makeCertificate(t, "localhost")
	_, stranger := makeCertificate(t, "localhost")
	elsewhere, elsewhereAuthority := makeCertificate(t, "db.example.org")
	plainURL := testservers.Postgres(t)
	right, wrongName := startTLSFront(t, plainURL, certificate), startTLSFront(t, plainURL, elsewhere)
	for _, c := range []struct {
		name                 string
		front                *tlsFront
		authority, wantError string
	}{
		{"known authority", right, authority, ""},
		{"unknown authority", right, stranger, "certificate"},
		{"another host's certificate", wrongName, elsewhereAuthority, "certificate is valid for db.example.org"},
		{"no TLS", &tlsFront{address: serverAddress(t, plainURL)}, authority, "does not offer TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := database.Open(t.Context(), database.Config{URL: secured(t, plainURL, c.front.address, c.authority)})
			if c.wantError != "" {
				if !errors.Is(err, database.ErrUnavailable) || !strings.Contains(err.Error(), c.wantError) {
					t.Errorf("error %v, want %q", err, c.wantError)
				}
				if err == nil {
					_ = db.Close()
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			exerciseTLS(t, db, plainURL, c.front)
		})
	}
}

// exerciseTLS shows that the guards work through TLS as well.
func exerciseTLS(t *testing.T, db *database.DB, plainURL string, front *tlsFront) {
	t.Helper()
	makeThings(t, db)
	mustInsert(t, db, newThing("1"))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := db.ExecContext(ctx, "SELECT pg_sleep(60)"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
	watcher := plain(t, plainURL)
	eventually(t, watcher, running, 0)
	fillPool(t, db, 3)
	before := db.Stats().MaxIdleClosed + db.Stats().MaxIdleTimeClosed
	for range 10 { // quiet connections are not taken for dead ones
		if _, err := db.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Error(err)
		}
	}
	if after := db.Stats(); after.OpenConnections != 3 || after.MaxIdleClosed+after.MaxIdleTimeClosed != before {
		t.Errorf("%d connections are open, want the 3 of before", after.OpenConnections)
	}
	number(t, watcher, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'regain'")
	const cancelling = 1 // the connection that is reserved for it lives on
	for end := time.Now().Add(8 * time.Second); front.open.Load() > cancelling; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections are open at the front, want %d", front.open.Load(), cancelling)
		}
	}
	for range 5 {
		if _, err := db.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Errorf("after the kill: %v", err)
		}
	}
}

// makeCertificate makes an authority and a certificate of it for host, and
// writes the authority's certificate to a file.
func makeCertificate(t *testing.T, host string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// tlsFront offers TLS in front of the real server, as poolers and load balancers do.
type tlsFront struct {
	address string
	open    atomic.Int64 // connections
}

func startTLSFront(t *testing.T, plainURL string, certificate tls.Certificate) *tlsFront {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	server, f := serverAddress(t, plainURL), &tlsFront{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			f.open.Add(1)
			go func() {
				defer f.open.Add(-1)
				front(conn, server, &tls.Config{Certificates: []tls.Certificate{certificate}})
			}()
		}
	}()
	return f
}

func front(conn net.Conn, server string, config *tls.Config) {
	defer func() { _ = conn.Close() }()
	if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil { // the request for TLS
		return
	}
	if _, err := conn.Write([]byte{'S'}); err != nil {
		return
	}
	client := tls.Server(conn, config)
	if err := client.Handshake(); err != nil {
		return
	}
	back, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = back.Close() }()
	go func() {
		_, _ = io.Copy(back, client)
		_ = back.Close()
	}()
	_, _ = io.Copy(client, back)
	_ = client.Close()
}

func serverAddress(t *testing.T, raw string) string {
	t.Helper()
	parsed, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Host
}

// secured is the URL of the database behind the front at address, by the name
// that the certificate should have.
func secured(t *testing.T, plainURL, address, authority string) string {
	t.Helper()
	parsed, err := url.Parse(plainURL)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.Host = net.JoinHostPort("localhost", port)
	parsed.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {authority}}.Encode()
	return parsed.String()
}
