package fuzz

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"regain/database/databasetest"
)

// TestOtherMethods: what a path does not take is 405 with the methods that it takes.
func TestOtherMethods(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	takes := map[string][]string{}
	for _, op := range w.document.operations {
		takes[op.path] = append(takes[op.path], op.method)
		if op.method == "GET" {
			takes[op.path] = append(takes[op.path], "HEAD")
		}
	}
	for path, methods := range takes {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			if slices.Contains(methods, method) {
				continue
			}
			target := strings.NewReplacer("{", "", "}", "").Replace(path)
			for _, who := range []*person{nobody(), w.claims[0].owner, w.reviewer(0)} {
				c := &call{who: who, method: method, target: target}
				a := w.send(c)
				allow := strings.Split(a.header.Get("Allow"), ", ")
				slices.Sort(allow)
				slices.Sort(methods)
				if a.status != 405 || !slices.Equal(allow, methods) {
					t.Errorf("%s %s: %d, Allow %v, want 405 and %v", method, target, a.status, allow, methods)
				}
				for _, f := range w.check(c, a) {
					t.Errorf("%s %s: %s", method, target, f)
				}
			}
		}
	}
}

// TestOddAddresses: no way of writing an address leads where none is.
func TestOddAddresses(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	victim := w.claims[1]
	for _, target := range []string{
		"/api/v1/cases/../../../etc/passwd", "/api/v1/cases/..%2f..%2fetc%2fpasswd", "/api/v1/cases/%2e%2e/%2e%2e/metrics", "//api//v1//cases//" + victim.id, "/api/v1/cases/" + victim.id + "/",
		"/api/v1/cases/" + victim.id + "%00", "/api/v1/cases/" + victim.id + "%2f", "/api/v1/cases/" + victim.id + ";x=1", "/API/V1/CASES/" + victim.id, "/api/v1/cases/./" + victim.id,
		"/api/v1/cases/" + strings.ToUpper(victim.id), "/api/v1/cases/%20" + victim.id, "/api/v1/cases/" + victim.id + "?case=" + w.claims[0].id, "/api/v1/./openapi.json%00", "/assets/../main.go", "/assets/..%2f..%2fgo.mod",
		"/assets/%2e%2e%2fgo.mod", "/problems/..%2f..%2fx", "/dev/mailbox/..%2f", "/%c0%ae%c0%ae/", "/" + strings.Repeat("a/", 5000), "/" + strings.Repeat("%41", 9000),
	} {
		for _, who := range []*person{nobody(), w.claims[0].owner} {
			c := &call{who: who, method: "GET", target: target}
			a := w.send(c)
			if a.status < 400 {
				t.Errorf("GET %s as %s: %d", shorten(target), who.name, a.status)
			}
			for _, f := range append(w.checkLeaks(c, a), w.checkLog()...) {
				t.Errorf("GET %s as %s: %s", shorten(target), who.name, f)
			}
		}
	}
}

// TestBrokenRequests: what no HTTP client sends is refused, and the server goes on.
func TestBrokenRequests(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	path, auth := w.claims[0].path("/messages"), "Authorization: Bearer "+w.claims[0].owner.token+"\r\n"
	post := "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + auth + "Content-Type: application/json\r\n"
	whole := `{"body":"hello"}`
	requests := map[string]string{
		"two lengths":           post + "Content-Length: 16\r\nContent-Length: 5\r\n\r\n" + whole,
		"length and chunks":     post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunks of the devil":   post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx\r\n",
		"an unknown coding":     post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"a negative length":     post + "Content-Length: -1\r\n\r\n",
		"a length in words":     post + "Content-Length: sixteen\r\n\r\n",
		"a huge length":         post + "Content-Length: 99999999999999999999\r\n\r\n",
		"a length over limit":   post + "Content-Length: 10000000\r\n\r\n" + whole,
		"NUL in a header":       "GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
		"a folded header":       "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nAuthorization : x\r\n\r\n",
		"no host":               "GET /healthz HTTP/1.1\r\n\r\n",
		"two hosts":             "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"an odd version":        "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
		"no version":            "GET /healthz\r\n\r\n",
		"an absolute address":   "GET http://evil.example/api/v1/cases/x HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n",
		"an authority":          "CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
		"a star":                "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"blanks in the address": "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
		"bad escapes":           "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"two authorizations":    "GET " + w.claims[0].path("") + " HTTP/1.1\r\nHost: x\r\n" + auth + "Authorization: Bearer x\r\n\r\n",
		"a great header":        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n",
		"many headers":          "GET /healthz HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 200_000) + "\r\n",
		"Expect":                "GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 200-maybe\r\n\r\n",
		"TLS":                   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"HTTP/2":                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	}
	r := rand.New(rand.NewPCG(runOf(t, 1).seed, 0))
	for n := range 40 { // and a good request with some bytes flipped
		raw := []byte(post + "Content-Length: 16\r\n\r\n" + whole)
		for range 1 + r.IntN(4) {
			raw[r.IntN(len(raw))] ^= byte(1 << r.IntN(8))
		}
		requests[fmt.Sprintf("flipped %d", n)] = string(raw)
	}
	for name, raw := range requests {
		if status := exchange(t, w, raw); status >= 500 && status != 501 && status != 505 {
			t.Errorf("%s: %d", name, status)
		}
		for _, f := range w.checkLog() {
			t.Errorf("%s: %s", name, f)
		}
	}
	w.want(w.claims[0].owner, 201, "POST", path, object{"body": "still there"})
}

// exchange sends bytes and reads the status of what comes back; 0 when the connection
// is closed without an answer, or none comes.
func exchange(t *testing.T, w *world, raw string) int {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.URL, "http://"))
	must(t, err)
	defer func() { _ = conn.Close() }()
	must(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	go func() { _, _ = io.WriteString(conn, raw) }() // the server may answer before it has all
	got, err := http.ReadResponse(bufio.NewReader(&firstWait{Conn: conn}), nil)
	if err != nil {
		return 0
	}
	_ = got.Body.Close()
	return got.StatusCode
}

// firstWait gives up early on a server that waits for more.
type firstWait struct{ net.Conn }

// Read implements io.Reader.
func (f *firstWait) Read(p []byte) (int, error) {
	_ = f.SetReadDeadline(time.Now().Add(60 * time.Millisecond))
	return f.Conn.Read(p)
}
