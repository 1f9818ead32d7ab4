package testservers

import (
	"net"
	"strconv"
	"testing"
)

// Address returns host:port on the loopback interface, which is the test's own until it
// ends: nobody else on the machine is given it, and while no server of the test listens
// there, whoever connects is refused. Servers may listen there one after the other.
func Address(t testing.TB) string {
	t.Helper()
	port, release, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return loopback(port)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
