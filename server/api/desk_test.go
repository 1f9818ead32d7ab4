package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"
	"testing"
	"time"

	"regain/accounts"
	"regain/database"
	"regain/database/databasetest"
	"regain/internal/regaintest"
	"regain/internal/testdocs"
	"regain/notify"
	"regain/server/servertest"
)

// object is a JSON object as it came.
type object = map[string]any

// desk is a running server whose messages can be read.
type desk struct {
	*servertest.Harness
	t *testing.T
	// now is the server's time.
	now func() time.Time
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		d := &desk{Harness: servertest.Start(t, db), t: t, now: time.Now}
		d.Deliver(t)
		test(t, d)
	})
}

// onBothFromNoon is onBoth at a server at which it is noon when the test begins: for what goes by the
// day, which must not change meanwhile.
func onBothFromNoon(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		noon := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
		shift := time.Until(noon)
		now := func() time.Time { return time.Now().Add(shift) }
		d := &desk{Harness: servertest.StartWith(t, db, servertest.Options{Clock: now}), t: t, now: now}
		d.Deliver(t)
		test(t, d)
	})
}

// caller is somebody with a session.
type caller struct {
	d     *desk
	token string
	path  string // of the case that a customer or reviewer is at
}

// want calls and wants a status; header holds names and values in turn.
func (c *caller) want(status int, method, path string, body any, header ...string) object {
	c.d.t.Helper()
	a := c.d.Call(c.d.t, c.token, method, path, body, header...)
	return c.d.decode(status, method+" "+path, a)
}

func (d *desk) decode(status int, what string, a servertest.Answer) object {
	d.t.Helper()
	if a.Status != status {
		d.t.Fatalf("%s: %d, want %d: %s", what, a.Status, status, a.Body)
	}
	var o object
	if len(a.Body) > 0 {
		a.Into(d.t, &o)
	}
	return o
}

// change calls on the case with its present version.
func (c *caller) change(status int, method, rest string, body any) object {
	c.d.t.Helper()
	etag := c.d.Call(c.d.t, c.token, "GET", c.path, nil).Header.Get("ETag")
	return c.want(status, method, c.path+rest, body, "If-Match", etag)
}

func (c *caller) show() object { c.d.t.Helper(); return c.want(200, "GET", c.path, nil) }

// letter waits for the newest message to somebody that matches, sent after the time.
func (d *desk) letter(to string, pattern *regexp.Regexp, after time.Time) string {
	d.t.Helper()
	for range 1500 {
		letters, err := d.Mailbox.List(d.t.Context(), notify.LetterQuery{To: to})
		if err != nil {
			d.t.Fatal(err)
		}
		for _, l := range letters {
			if m := pattern.FindStringSubmatch(l.TextBody); m != nil && !l.SentAt.Before(after) {
				return m[1]
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	d.t.Fatalf("no letter to %s that matches %s", to, pattern)
	return ""
}

var (
	codePattern = regexp.MustCompile(`\b(\d{6})\b`)
	linkPattern = regexp.MustCompile(`/invitation#([\w-]{43})`)
)

// individual is a claim that needs a certificate and three transaction records.
func individual() object {
	return object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": true, "card_added": false}
}

// resold is a claim whose reseller owes a letter.
func resold() object {
	return object{"customer_type": "reseller", "account_type": "enterprise", "real_name_authenticated": true, "enterprise_country": "CN"}
}

// start opens a case.
func (d *desk) start(email string, answers object) *caller {
	d.t.Helper()
	return d.startAs("account of "+email, email, answers)
}

// startAs opens a case on the account.
func (d *desk) startAs(account, email string, answers object) *caller {
	d.t.Helper()
	o := (&caller{d: d}).want(201, "POST", "/api/v1/cases", object{
		"account": account, "enterprise": "Exemplo Ltda.", "lost": []string{"email"}, "new_email": email, "answers": answers,
	})
	return &caller{d: d, token: o["session"].(object)["token"].(string), path: "/api/v1/cases/" + o["case"].(object)["id"].(string)}
}

// prove proves the new address.
func (c *caller) prove(email string) {
	c.d.t.Helper()
	asked := c.d.now().Add(-time.Second)
	c.want(202, "POST", c.path+"/contacts/email/code", nil)
	c.want(200, "POST", c.path+"/contacts/email/verification", object{"code": c.d.letter(email, codePattern, asked)})
}

func objects(v any) []object {
	var out []object
	list, _ := v.([]any)
	for _, e := range list {
		out = append(out, e.(object))
	}
	return out
}

// item finds the case's first item of a requirement.
func (c *caller) item(requirement string) object {
	c.d.t.Helper()
	for _, i := range objects(c.show()["items"]) {
		if i["requirement"] == requirement {
			return i
		}
	}
	c.d.t.Fatalf("no item %q", requirement)
	return nil
}

// supplyAll uploads a PDF for every open document of the case.
func (c *caller) supplyAll() {
	c.d.t.Helper()
	for n, i := range objects(c.show()["items"]) {
		if i["open"] == true && i["supply"] != "provided" {
			name, content := "scan.pdf", testdocs.PDF(uint64(n)+seedOf(c.path), 1, "x")
			c.d.decode(201, "upload", c.upload(c.path+"/items/"+i["id"].(string)+"/documents", name, content))
		}
	}
}

// seedOf makes the documents of one case differ from those of another.
func seedOf(path string) (seed uint64) {
	for _, b := range []byte(path) {
		seed = seed*31 + uint64(b)
	}
	return seed
}

// upload sends a form; header holds names and values in turn.
func (c *caller) upload(path, name string, content []byte, header ...string) servertest.Answer {
	c.d.t.Helper()
	body, contentType := form(c.d.t, name, content, nil)
	return c.send(path, contentType, bytes.NewReader(body), header...)
}

// form writes multipart/form-data; readOff goes before the file when it is not nil.
func form(t testing.TB, name string, content []byte, readOff any) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if readOff != nil {
		raw, err := json.Marshal(readOff)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WriteField("read_off", string(raw)); err != nil {
			t.Fatal(err)
		}
	}
	h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + name + `"`}, "Content-Type": {"application/octet-stream"}}
	part, err := w.CreatePart(h)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

// send posts a body of any type.
func (c *caller) send(path, contentType string, body io.Reader, header ...string) servertest.Answer {
	c.d.t.Helper()
	req, err := http.NewRequestWithContext(c.d.t.Context(), "POST", c.d.URL+path, body)
	if err != nil {
		c.d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		c.d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		c.d.t.Fatal(err)
	}
	return servertest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: got}
}

// problemOf wants a problem with a status and a code.
func (d *desk) problemOf(a servertest.Answer, status int, code string) []string {
	d.t.Helper()
	p := a.Problem(d.t)
	if p.Status != status || p.Code != code {
		d.t.Errorf("got %d %s, want %d %s: %s", p.Status, p.Code, status, code, a.Body)
	}
	return servertest.Pointers(p)
}

// submitted is a case that waits for review.
func (d *desk) submitted(email string, answers object) *caller {
	d.t.Helper()
	c := d.start(email, answers)
	c.prove(email)
	c.supplyAll()
	c.change(200, "POST", "/submission", nil)
	return c
}

// staffAt is a new member of staff at a case.
func (d *desk) staffAt(path string, roles ...accounts.Role) *caller {
	d.t.Helper()
	member := d.NewStaff(d.t, roles...)
	token, err := d.Accounts.OpenSession(d.t.Context(), accounts.StaffMember, member.ID, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	return &caller{d: d, token: token, path: path}
}

// accept accepts every item that waits for a decision.
func (c *caller) accept() {
	c.d.t.Helper()
	for _, i := range objects(c.show()["items"]) {
		if i["review"] != "pending" || i["supply"] != "provided" {
			continue
		}
		c.change(200, "POST", "/items/"+i["id"].(string)+"/decision", regaintest.Acceptance(i))
	}
}

// holds fails when a text is somewhere in what was answered.
func holds(t testing.TB, what string, v any, forbidden ...string) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range forbidden {
		if strings.Contains(string(raw), f) {
			t.Errorf("%s holds %q: %s", what, f, raw)
		}
	}
}

func key(n int) string { return fmt.Sprintf("idempotency-key-of-this-test-%04d", n) }
