package fuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// call is one request, exactly as it will be sent.
type call struct {
	op     *operation // nil for what no operation describes
	who    *person
	method string
	target string // path and query, escaped as they go over the wire
	header [][2]string
	body   []byte
	// claim is the case that the path names, if it is one of the world's.
	claim *claim
	// number is that of the case which the call would begin.
	number int
	// wrong says how the call was made invalid; empty when nothing was done on purpose.
	wrong string
}

// answer is a whole response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) object(t testing.TB) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(a.body, &o); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return o
}

// send makes the call and wants an answer.
func (w *world) send(c *call) *answer {
	w.t.Helper()
	a, err := w.try(c)
	if err != nil {
		w.t.Fatalf("no whole answer: %v\n%s", err, c)
	}
	return a
}

// try makes the call, without following anything. Many may be made at once.
func (w *world) try(c *call) (*answer, error) {
	req, err := http.NewRequestWithContext(w.t.Context(), c.method, w.URL, bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(c.target, "?")
	req.URL = &url.URL{Scheme: "http", Host: req.URL.Host, Opaque: "//" + req.URL.Host + path, RawQuery: query}
	for _, h := range c.header {
		req.Header[h[0]] = append(req.Header[h[0]], h[1])
	}
	if c.who.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.who.token)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: got}, nil
}

// String is the call to be read in a report.
func (c *call) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n    as %s", c.method, shorten(c.target), c.who.name)
	if c.op != nil {
		fmt.Fprintf(&b, " (%s)", c.op.id)
	}
	if c.wrong != "" {
		fmt.Fprintf(&b, ", made wrong: %s", c.wrong)
	}
	for _, h := range c.header {
		fmt.Fprintf(&b, "\n    %s: %q", h[0], shorten(h[1]))
	}
	if c.body != nil {
		fmt.Fprintf(&b, "\n    body %q", shorten(string(c.body)))
	}
	return b.String()
}

func shorten(s string) string {
	if len(s) > 600 {
		return fmt.Sprintf("%s… (%d bytes)", s[:600], len(s))
	}
	return s
}

// set replaces a header, or adds it.
func (c *call) set(name, value string) {
	for n := range c.header {
		if strings.EqualFold(c.header[n][0], name) {
			c.header[n][1] = value
			return
		}
	}
	c.header = append(c.header, [2]string{name, value})
}

func (c *call) get(name string) string {
	for _, h := range c.header {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}
