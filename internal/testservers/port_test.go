package testservers

import (
	"net"
	"testing"
)

// One server after the other listens at the address, and while none does, whoever
// connects is refused.
func TestAddressIsTheTestsOwn(t *testing.T) {
	address := Address(t)
	if other := Address(t); other == address {
		t.Errorf("%s was given twice", address)
	}
	refused := func(when string) {
		t.Helper()
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			t.Errorf("%s somebody listens", when)
		}
	}
	refused("at first")
	for range 3 {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		served, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = served.Close(), listener.Close() // the server's end is closed first, as by a server that is stopped
		_ = conn.Close()
		refused("afterwards")
	}
}
