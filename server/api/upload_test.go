package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"regain/internal/testdocs"
	"regain/server/servertest"
)

// certificate is a draft with the address to which its certificate is uploaded.
func (d *desk) certificate() (c *caller, path string) {
	d.t.Helper()
	c = d.start("ana@example.com", individual())
	return c, c.path + "/items/" + c.item("real_name_certificate")["id"].(string) + "/documents"
}

func TestDocumentGoesInAndComesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, path := d.certificate()
		content := testdocs.PDF(1, 3, "Zeugnis")
		a := c.upload(path, "Zeugnis über Ana.pdf", content)
		doc := d.decode(201, "upload", a)
		if a.Header.Get("Location") != doc["download"] || doc["type"] != "pdf" || doc["version"] != 1.0 || int(doc["size"].(float64)) != len(content) {
			t.Errorf("%v %v", a.Header, doc)
		}
		got := d.Call(t, c.token, "GET", doc["download"].(string), nil)
		if got.Status != 200 || !bytes.Equal(got.Body, content) || got.Header.Get("ETag") != `"`+doc["sha256"].(string)+`"` {
			t.Errorf("download: %d %v", got.Status, got.Header)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/pdf", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
			"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if h := got.Header.Get(name); h != want {
				t.Errorf("%s: %q, want %q", name, h, want)
			}
		}
		if h := got.Header.Get("Content-Disposition"); !strings.HasPrefix(h, "attachment;") || !strings.Contains(h, "filename*=UTF-8''Zeugnis%20%C3%BCber") {
			t.Errorf("Content-Disposition: %s", h)
		}
		part := d.Call(t, c.token, "GET", doc["download"].(string), nil, "Range", "bytes=5-8")
		if part.Status != 206 || !bytes.Equal(part.Body, content[5:9]) {
			t.Errorf("range: %d %q", part.Status, part.Body)
		}
		beyond := d.Call(t, c.token, "GET", doc["download"].(string), nil, "Range", "bytes=9999999-")
		d.problemOf(beyond, 416, "range_not_satisfiable")
		if got, want := beyond.Header.Get("Content-Range"), fmt.Sprintf("bytes */%d", len(content)); got != want || beyond.Header.Get("Content-Disposition") != "" {
			t.Errorf("Content-Range: %q, want %q; %v", got, want, beyond.Header)
		}
		d.problemOf(d.Call(t, c.token, "GET", doc["download"].(string), nil, "If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"), 412, "precondition_failed")
		if same := d.Call(t, c.token, "GET", doc["download"].(string), nil, "If-None-Match", got.Header.Get("ETag")); same.Status != 304 || len(same.Body) != 0 {
			t.Errorf("If-None-Match: %d", same.Status)
		}
	})
}

// TestReplaceAndClear: earlier versions stay on record.
func TestReplaceAndClear(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, path := d.certificate()
		d.decode(201, "first", c.upload(path, "one.pdf", testdocs.PDF(1, 1, "x")))
		second := c.send(path, "application/octet-stream", bytes.NewReader(testdocs.PNG(2, 30, 30)), "Content-Disposition", `attachment; filename="two.png"`)
		d.decode(201, "second", second)
		c.want(200, "DELETE", strings.TrimSuffix(path, "/documents")+"/supply", nil)
		i := c.item("real_name_certificate")
		var got []string
		for _, doc := range objects(i["documents"]) {
			got = append(got, fmt.Sprintf("%v %v %v", doc["version"], doc["name"], doc["state"]))
		}
		if want := []string{"1 one.pdf replaced", "2 two.png removed"}; !slices.Equal(got, want) || i["supply"] != "missing" {
			t.Errorf("%v, want %v; %v", got, want, i["supply"])
		}
	})
}

// TestReuse: one file can stand in several slots.
func TestReuse(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", individual())
		var records []object
		for _, i := range objects(c.show()["items"]) {
			if i["requirement"] == "transaction_record" {
				records = append(records, i)
			}
		}
		at := func(n int) string { return c.path + "/items/" + records[n]["id"].(string) + "/documents" }
		doc := d.decode(201, "upload", c.upload(at(0), "statement.pdf", testdocs.PDF(1, 1, "x")))
		again := c.want(201, "POST", at(1)+"/reuse", object{"document": doc["id"]})
		if again["sha256"] != doc["sha256"] || again["id"] == doc["id"] || again["item"] != records[1]["id"] {
			t.Errorf("%v", again)
		}
		d.problemOf(d.Call(t, c.token, "POST", at(2)+"/reuse", object{"document": "of-another-case"}), 404, "document_not_found")
	})
}

func TestCannotProvide(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, path := d.certificate()
		unavailable := strings.TrimSuffix(path, "/documents") + "/unavailable"
		if got := d.problemOf(d.Call(t, c.token, "PUT", unavailable, object{"reason": " "}), 422, "invalid_fields"); !slices.Equal(got, []string{"/reason required"}) {
			t.Errorf("%v", got)
		}
		c.want(200, "PUT", unavailable, object{"reason": "It was lost in a fire."})
		if i := c.item("real_name_certificate"); i["supply"] != "unavailable" || i["unavailable_reason"] != "It was lost in a fire." {
			t.Errorf("%v", i)
		}
		c.want(200, "DELETE", unavailable, nil)
		if i := c.item("real_name_certificate"); i["supply"] != "missing" || i["unavailable_reason"] != nil {
			t.Errorf("%v", i)
		}
	})
}

// TestStatement: pointers lead to the fields.
func TestStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", object{
			"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false, "card_added": false, "paid": false, "phone_registered": true,
		})
		path := c.path + "/items/" + c.item("contact_details")["id"].(string) + "/statement"
		got := d.problemOf(d.Call(t, c.token, "PUT", path, object{"address": object{"line": "1 Road", "country": "Atlantis"}, "colour": "red"}), 422, "invalid_fields")
		for _, want := range []string{"/address/country", "/address/city required", "/colour unknown_field"} {
			if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, want) }) {
				t.Errorf("no %q in %v", want, got)
			}
		}
		full := object{}
		for _, f := range objects(c.item("contact_details")["fields"]) {
			full[f["id"].(string)] = map[string]any{
				"text": "Ana Lima", "email": "ana@example.com", "phone": "+55 11 91234-5678",
				"address": object{"line": "1 Road", "city": "São Paulo", "region": "SP", "postal_code": "01310-100", "country": "BR"},
			}[f["type"].(string)]
		}
		c.want(200, "PUT", path, full)
		if i := c.item("contact_details"); i["supply"] != "provided" || len(i["statement"].(object)) != len(full) {
			t.Errorf("%v", i)
		}
	})
}

// TestStatementThatCannotBe: the policy's own words lead to the field that they are about.
func TestStatementThatCannotBe(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		answers := resold()
		answers["real_name_authenticated"], answers["service_enabled"] = false, true
		c := d.start("ana@example.com", answers)
		path := c.path + "/items/" + c.item("latest_service")["id"].(string) + "/statement"
		a := d.Call(t, c.token, "PUT", path, object{"service_name": "Elastic Cloud Server", "enabled_on": "2999-01-01"})
		if got := d.problemOf(a, 422, "not_valid"); !slices.Equal(got, []string{"/enabled_on not_valid"}) {
			t.Errorf("%v", got)
		}
		if i := c.item("latest_service"); i["supply"] != "missing" {
			t.Errorf("%v", i["supply"])
		}
	})
}

func TestLetter(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", resold())
		i := c.item("authorization_letter")
		got := d.Call(t, c.token, "GET", i["letter"].(string), nil)
		page := string(got.Body)
		if got.Status != 200 || got.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment;") {
			t.Errorf("%d %v", got.Status, got.Header)
		}
		for _, want := range []string{c.show()["reference"].(string), "account of ana@example.com", "Exemplo Ltda.", `lang="en"`} {
			if !strings.Contains(page, want) {
				t.Errorf("the letter does not hold %q", want)
			}
		}
		if zh := d.Call(t, c.token, "GET", i["letter"].(string)+"?locale=zh-Hans", nil); !strings.Contains(string(zh.Body), "授权书") {
			t.Errorf("not in Chinese: %s", zh.Body)
		}
	})
}

func TestOversizeUpload(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, path := d.certificate()
		content := append(testdocs.PDF(1, 1, "x"), bytes.Repeat([]byte("x"), 11<<20)...)
		d.problemOf(c.upload(path, "big.pdf", content), 413, "file_too_large")
		d.problemOf(c.send(path, "application/octet-stream", bytes.NewReader(content), "Content-Disposition", `attachment; filename="big.pdf"`), 413, "file_too_large")
		// Refused by what it announces: nothing of it is waited for.
		named := "application/octet-stream\r\nContent-Disposition: attachment; filename=\"big.pdf\"\r\nIdempotency-Key: 0123456789abcdef"
		d.problemOf(c.cutOff(path, named, nil, len(content)), 413, "file_too_large")
		if i := c.item("real_name_certificate"); i["supply"] != "missing" {
			t.Errorf("%v", i["supply"])
		}
	})
}

// TestTruncatedUpload: the connection ends before the announced length, and before the
// form's end.
func TestTruncatedUpload(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, path := d.certificate()
		body, contentType := form(t, "a.pdf", testdocs.PDF(1, 1, "x"), nil)
		for name, sent := range map[string][]byte{"in the file": body[:len(body)/2], "in the last line": body[:len(body)-6]} {
			d.problemOf(c.cutOff(path, contentType, sent, len(body)), 400, "upload_truncated")
			if i := c.item("real_name_certificate"); i["supply"] != "missing" {
				t.Errorf("cut off %s: %v", name, i["supply"])
			}
		}
		// The same, though the length is right: the form has no end.
		d.problemOf(c.send(path, contentType, bytes.NewReader(body[:len(body)/2])), 400, "upload_truncated")
	})
}

// cutOff announces more than it sends, and then sends no more.
func (c *caller) cutOff(path, contentType string, sent []byte, announced int) servertest.Answer {
	t := c.d.t
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(c.d.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: regain\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		path, c.token, contentType, announced, sent)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), httptest.NewRequest("POST", path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return servertest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: got}
}

func TestExecutableNamedPDF(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, path := d.certificate()
		for name, content := range map[string][]byte{"invoice.pdf": testdocs.EXE(1), "scan.jpg": testdocs.ELF(1)} {
			d.problemOf(c.upload(path, name, content), 422, "file_content_mismatch")
		}
		d.problemOf(c.upload(path, "photo.png", testdocs.PDF(1, 1, "x")), 422, "file_name_type_mismatch")
		d.problemOf(c.upload(path, "invoice.exe", testdocs.EXE(1)), 415, "file_type_not_allowed")
		d.problemOf(c.upload(path, "invoice.exe.pdf", testdocs.PDF(1, 1, "x")), 422, "file_name_type_mismatch")
		d.problemOf(c.upload(path, "mail.eml", testdocs.EML(1, "a@b.example", "x", "y")), 415, "file_type_not_allowed")
		d.problemOf(c.upload(path, "empty.pdf", nil), 422, "file_empty")
		if i := c.item("real_name_certificate"); i["supply"] != "missing" {
			t.Errorf("%v", i["supply"])
		}
	})
}

// TestBadForms: what is not the form that an upload is.
func TestBadForms(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c, path := d.certificate()
		pdf := string(testdocs.PDF(1, 1, "x"))
		part := func(name, file, content string) string {
			if file != "" {
				file = `; filename="` + file + `"`
			}
			return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"" + file + "\r\n\r\n" + content + "\r\n"
		}
		const form = "multipart/form-data; boundary=b"
		for _, e := range []struct {
			name, contentType, body, code string
			status                        int
		}{
			{"no file", form, part("read_off", "", "{}") + "--b--\r\n", "file_missing", 400},
			{"another part", form, part("note", "", "hello") + part("file", "a.pdf", pdf) + "--b--\r\n", "unknown_part", 400},
			{"a part after the file", form, part("file", "a.pdf", pdf) + part("read_off", "", "{}") + "--b--\r\n", "unknown_part", 400},
			{"no JSON", form, part("read_off", "", "[1]") + part("file", "a.pdf", pdf) + "--b--\r\n", "malformed_json", 400},
			{"too long", form, part("read_off", "", `{"a":"`+strings.Repeat("x", 20<<10)+`"}`) + part("file", "a.pdf", pdf) + "--b--\r\n", "body_too_large", 413},
			{"no boundary", "multipart/form-data", part("file", "a.pdf", pdf) + "--b--\r\n", "upload_truncated", 400},
			{"JSON", "application/json", `{}`, "upload_expected", 415},
			{"no name", "application/octet-stream", pdf, "file_name_missing", 400},
			{"nothing read off here", form, part("read_off", "", `{"colour":"red"}`) + part("file", "a.pdf", pdf) + "--b--\r\n", "invalid_fields", 422},
			{"NUL", form, part("read_off", "", `{"issued_on":"\u0000"}`) + part("file", "a.pdf", pdf) + "--b--\r\n", "invalid_fields", 422},
		} {
			a := c.send(path, e.contentType, strings.NewReader(e.body))
			if p := a.Problem(t); p.Status != e.status || p.Code != e.code {
				t.Errorf("%s: %d %s, want %d %s", e.name, p.Status, p.Code, e.status, e.code)
			}
		}
	})
}
