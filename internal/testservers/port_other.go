//go:build !linux

package testservers

import (
	"context"
	"fmt"
	"net"
)

// reservePort finds a loopback port that nobody uses. Another process may take it before
// a server does: only Linux lets it be kept.
func reservePort() (port int, release func(), err error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, func() {}, nil
}
