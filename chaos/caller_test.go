package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regain/internal/regaintest"
)

// object is a JSON object as it came.
type object = regaintest.Object

var (
	// errGivenUp: the outcome of the call is unknown, and the client leaves it so.
	errGivenUp = errors.New("given up")
	// errRefused: an answer that ends the client's work and is not the server's fault.
	errRefused = errors.New("refused")
)

// caller speaks the API as one person, and writes everything down.
type caller struct {
	w       *world
	ctx     context.Context
	address string
	token   string
}

// get reads, as often as it takes.
func (c *caller) get(path string) (object, http.Header, error) {
	k := &call{What: "read", Method: http.MethodGet, Path: path, Address: c.address, Token: c.token, Header: http.Header{}}
	status, h, body, err := c.persist(k, false)
	if err != nil {
		return nil, nil, err
	}
	if status != http.StatusOK {
		return nil, nil, fmt.Errorf("%w: GET %s: %d %s", errRefused, path, status, body)
	}
	var o object
	return o, h, json.Unmarshal(body, &o)
}

// change calls with a JSON body on a case at the version that it has now.
func (c *caller) change(what, caseID, method, rest string, body any) (object, error) {
	_, h, err := c.get("/api/v1/cases/" + caseID)
	if err != nil {
		return nil, err
	}
	return c.send(what, caseID, method, "/api/v1/cases/"+caseID+rest, body, "If-Match", h.Get("ETag"))
}

// send makes an unsafe call with a JSON body, nil for none.
func (c *caller) send(what, caseID, method, path string, body any, header ...string) (object, error) {
	k := c.call(what, caseID, method, path)
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		k.Body = b
		k.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n+1 < len(header); n += 2 {
		k.Header.Set(header[n], header[n+1])
	}
	return c.settle(k)
}

// upload sends a file as a form.
func (c *caller) upload(caseID, item, name string, content []byte) (object, error) {
	k, err := c.file(caseID, item, name, content)
	if err != nil {
		return nil, err
	}
	return c.settle(k)
}

// file is the call that sends a file.
func (c *caller) file(caseID, item, name string, content []byte) (*call, error) {
	k := c.call("upload-document", caseID, http.MethodPost, "/api/v1/cases/"+caseID+"/items/"+item+"/documents")
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		return nil, err
	}
	_, _ = part.Write(content)
	if err := form.Close(); err != nil {
		return nil, err
	}
	k.Body, k.Sum = buf.Bytes(), sumOf(content)
	k.Header.Set("Content-Type", form.FormDataContentType())
	return k, nil
}

func (c *caller) call(what, caseID, method, path string) *call {
	return &call{What: what, CaseID: caseID, Method: method, Path: path, Address: c.address, Token: c.token,
		Header: http.Header{"Idempotency-Key": {c.w.newKey()}}}
}

// settle writes the call down, sends it until it is answered, and writes that down.
func (c *caller) settle(k *call) (object, error) {
	c.w.ledger.intend(k)
	status, h, body, err := c.persist(k, c.w.gaveUp())
	if err != nil {
		return nil, err
	}
	if status >= http.StatusBadRequest {
		return nil, fmt.Errorf("%w: %s %s: %d %s", errRefused, k.Method, k.Path, status, body)
	}
	c.w.ledger.ack(k, status, h, body)
	// A sign-in is the one call that may be carried out again: it gives another session.
	if c.w.twins && k.What != "sign-in" && k.Tries == 1 && c.w.maybe(0.05) {
		c.repeat(k)
	}
	if len(body) == 0 {
		return nil, nil
	}
	var o object
	return o, json.Unmarshal(body, &o)
}

// repeat sends an answered call again and wants the same answer, byte for byte.
func (c *caller) repeat(k *call) {
	status, h, body, err := c.persist(k, false)
	switch {
	case err != nil:
	case status != k.Status || !bytes.Equal(body, k.Response):
		c.w.ledger.fault(fmt.Sprintf("2: %s repeated: %d %.300s, before %d %.300s", k.What, status, body, k.Status, k.Response))
	case h.Get("Idempotency-Replayed") != "true":
		c.w.ledger.fault(fmt.Sprintf("2: %s repeated was carried out again", k.What))
	}
}

// persist sends until an answer comes that is the last word: not a broken
// connection, and not "later". A client that gives up does so when an attempt
// failed in a way that leaves the outcome open.
func (c *caller) persist(k *call, givesUp bool) (int, http.Header, []byte, error) {
	for {
		if err := c.ctx.Err(); err != nil {
			return 0, nil, nil, errGivenUp
		}
		k.Tries++
		began := time.Now()
		status, h, body, err := c.once(k)
		c.w.ledger.tried(attempt{What: k.What, Status: status, Took: time.Since(began)})
		if err == nil && status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
			c.w.judge(k, status, h, body)
			return status, h, body, nil
		}
		if err == nil {
			c.w.judge(k, status, h, body)
			c.pause(h)
			continue
		}
		if givesUp {
			return 0, nil, nil, errGivenUp
		}
		c.pause(nil)
	}
}

// pause waits as the server asked, but not for long: the tests are impatient.
func (c *caller) pause(h http.Header) {
	wait := 20 * time.Millisecond
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		wait = min(time.Duration(seconds)*time.Second, c.w.patience)
	}
	select {
	case <-c.ctx.Done():
	case <-time.After(wait):
	}
}

// once sends a call and reads its answer to the end.
func (c *caller) once(k *call) (int, http.Header, []byte, error) {
	return c.onceFrom(k, bytes.NewReader(k.Body))
}

// onceFrom is once with a body that may take its time.
func (c *caller) onceFrom(k *call, from io.Reader) (int, http.Header, []byte, error) {
	// A client that stops still waits for what it has sent.
	deadline := c.w.deadline
	if k.Sum != "" {
		deadline = c.w.uploadDeadline
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, k.Method, c.w.server.URL+k.Path, from)
	if err != nil {
		return 0, nil, nil, err
	}
	req.ContentLength = int64(len(k.Body))
	maps.Copy(req.Header, k.Header)
	req.Header.Set("X-Forwarded-For", k.Address)
	if k.Token != "" {
		req.Header.Set("Authorization", "Bearer "+k.Token)
	}
	status, h, body, err := c.answer(req)
	if errors.Is(err, context.DeadlineExceeded) {
		c.w.ledger.fault(fmt.Sprintf("%s was not answered within %s", k.What, deadline))
	}
	return status, h, body, err
}

// answer reads an answer to its end.
func (c *caller) answer(req *http.Request) (int, http.Header, []byte, error) {
	res, err := c.w.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, nil, err
	}
	return res.StatusCode, res.Header, body, nil
}

// judge notes an answer that no client may get.
func (w *world) judge(k *call, status int, h http.Header, body []byte) {
	if status < http.StatusBadRequest {
		return
	}
	text := fmt.Sprintf("%s %s: %d %.400s", k.Method, k.What, status, body)
	var p struct {
		Status     int
		Code, Type string
	}
	if h.Get("Content-Type") != "application/problem+json" || json.Unmarshal(body, &p) != nil || p.Status != status || p.Code == "" {
		w.ledger.fault("not a problem document: " + text)
	}
	if status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable {
		w.ledger.fault("an internal error was shown: " + text)
	}
	if (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) && h.Get("Retry-After") == "" {
		w.ledger.fault("no Retry-After: " + text)
	}
	for _, leak := range []string{"goroutine ", ".go:", "dial tcp", "pq:", "SQLSTATE", "sqlite"} {
		if bytes.Contains(body, []byte(leak)) {
			w.ledger.fault("shows internals: " + text)
		}
	}
	allowed := []int{http.StatusServiceUnavailable, http.StatusTooManyRequests}
	if !slices.Contains(append(allowed, w.allowed...), status) {
		w.ledger.fault("an answer that nothing in this run explains: " + strings.TrimSpace(text))
	}
}
