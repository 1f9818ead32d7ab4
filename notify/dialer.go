package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// errPrivateAddress says that a name led to an address inside.
var errPrivateAddress = errors.New("the address is not a public one")

// notPublic are the networks beyond those that netip knows as private, local or
// multicast: where a request from inside could reach what the world can't.
func notPublic() []string {
	return []string{
		"0.0.0.0/8",
		"100.64.0.0/10", // carriers' own
		"192.0.0.0/24",
		"192.0.2.0/24", // documentation
		"192.88.99.0/24",
		"198.18.0.0/15", // benchmarks
		"198.51.100.0/24",
		"203.0.113.0/24",
		"240.0.0.0/4",
		"64:ff9b::/96", // these hold IPv4 addresses, private ones too
		"64:ff9b:1::/48",
		"2002::/16",
		"2001::/23",
		"2001:db8::/32",
		"100::/64",
		"fec0::/10",
	}
}

// isPublic reports whether an address is one of the open internet.
func isPublic(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(notPublic(), func(network string) bool {
		prefix, err := netip.ParsePrefix(network)
		return err != nil || prefix.Contains(address)
	})
}

// publicOnly looks at the address that is about to be connected to, after names were
// resolved: so no name can lead inside, however it resolves and whenever it changes.
func publicOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(to.Addr()) {
		return errPrivateAddress
	}
	return nil
}

// hookClient posts to addresses that strangers chose. It uses no proxy, which would
// resolve names by itself, follows no redirects, and reads little.
func hookClient(timeout time.Duration, anywhere bool) *http.Client {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	if !anywhere {
		dialer.Control = publicOnly
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    timeout,
			ResponseHeaderTimeout:  timeout,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
