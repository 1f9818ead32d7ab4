package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"regain/internal/regaintest"
)

// object is a JSON object as it came.
type object = regaintest.Object

// client speaks the API as one person.
type client struct {
	t     *testing.T
	url   string
	token string
}

// answer is one response.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

func (a answer) object(t *testing.T) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(a.Body, &o); err != nil {
		t.Fatalf("not a JSON object: %v\n%s", err, a.Body)
	}
	return o
}

// keys numbers the Idempotency-Keys of a test run.
var keys atomic.Int64

func newKey() string { return fmt.Sprintf("e2e-%d-%d", time.Now().UnixNano(), keys.Add(1)) }

// send makes one call. Every unsafe one carries an Idempotency-Key.
func (c *client) send(method, path string, body io.Reader, header http.Header) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if method != http.MethodGet && req.Header.Get("Idempotency-Key") == "" {
		req.Header.Set("Idempotency-Key", newKey())
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{res.StatusCode, res.Header, b}
}

// json calls with a JSON body (nil for none) and wants the status.
func (c *client) json(want int, method, path string, body any, header ...string) answer {
	c.t.Helper()
	h := http.Header{}
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(b)
		h.Set("Content-Type", "application/json")
	}
	for n := 0; n+1 < len(header); n += 2 {
		h.Set(header[n], header[n+1])
	}
	a := c.send(method, path, r, h)
	if a.Status != want {
		c.t.Fatalf("%s %s: status %d, want %d\n%s", method, path, a.Status, want, a.Body)
	}
	return a
}

func (c *client) get(path string) object {
	return c.json(http.StatusOK, http.MethodGet, path, nil).object(c.t)
}

// change calls on a case with the version that it has now.
func (c *client) change(want int, method, casePath, rest string, body any) answer {
	c.t.Helper()
	etag := c.json(http.StatusOK, http.MethodGet, casePath, nil).Header.Get("ETag")
	if etag == "" {
		c.t.Fatalf("%s has no ETag", casePath)
	}
	return c.json(want, method, casePath+rest, body, "If-Match", etag)
}

// upload sends a file as a form.
func (c *client) upload(want int, path, name string, content []byte, readOff object) answer {
	c.t.Helper()
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	if readOff != nil {
		b, err := json.Marshal(readOff)
		if err != nil {
			c.t.Fatal(err)
		}
		if err := form.WriteField("read_off", string(b)); err != nil {
			c.t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = part.Write(content)
	if err := form.Close(); err != nil {
		c.t.Fatal(err)
	}
	a := c.send(http.MethodPost, path, &buf, http.Header{"Content-Type": {form.FormDataContentType()}})
	if a.Status != want {
		c.t.Fatalf("upload %s: status %d, want %d\n%s", path, a.Status, want, a.Body)
	}
	return a
}
