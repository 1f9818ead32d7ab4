package storage

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestPatientConn: silence ends a connection, but not while the other direction
// moves. The time is a bubble's own: a busy machine makes none of it longer.
func TestPatientConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer func() { _ = server.Close() }()
		conn := &patientConn{Conn: client, patience: 200 * time.Millisecond}
		defer func() { _ = conn.Close() }()
		read := make(chan error, 1)
		start := time.Now()
		go func() {
			_, err := conn.Read(make([]byte, 1))
			read <- err
		}()
		go func() { // the peer takes what is sent, for a while
			for range 8 {
				_, _ = server.Read(make([]byte, 1))
			}
		}()
		for range 8 {
			time.Sleep(150 * time.Millisecond)
			if _, err := conn.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read: %v", err)
		}
		if took := time.Since(start); took != 1400*time.Millisecond {
			t.Errorf("ended after %s, want 200ms after the last of 8 writes", took)
		}
		if _, err := conn.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write to a peer that hangs: %v", err)
		}
	})
}

// TestPatientConnRead: a peer that never says anything is given up.
func TestPatientConnRead(t *testing.T) {
	client, server := net.Pipe()
	defer func() { _ = server.Close() }()
	conn := &patientConn{Conn: client, patience: 50 * time.Millisecond}
	giveUp := time.AfterFunc(5*time.Second, func() { _ = conn.Close() })
	defer giveUp.Stop()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read: %v", err)
	}
}
