//go:build unix

package database

import "syscall"

// socketReadable says that an idle socket has something to read: a message, or
// the news that the other side is gone. It never waits and takes nothing.
func socketReadable(socket syscall.RawConn) bool {
	if socket == nil {
		return false
	}
	readable := true
	// Control and not Read: Read fails when the deadline of the last statement has
	// passed, as it has on most idle connections.
	err := socket.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		readable = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK && err != syscall.EINTR
	})
	return err != nil || readable
}
