package web_test

import (
	"bytes"
	"compress/gzip"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"regain/server/servertest"
)

var (
	keyPattern    = regexp.MustCompile(`name="idempotency_key" value="([^"]+)"`)
	uploadPattern = regexp.MustCompile(`action="(/invitation/items/[^"]+\?idempotency_key=[^"]+)"`)
)

// guest is a browser without a screen: it keeps a cookie and follows nothing.
type guest struct {
	h      *house
	cookie string
}

func (v *guest) send(method, path, contentType string, body []byte, headers ...string) servertest.Answer {
	v.h.t.Helper()
	headers = append(headers, "Content-Type", contentType, "Cookie", v.cookie, "Sec-Fetch-Site", "same-origin")
	return v.h.Call(v.h.t, "", method, path, string(body), headers...)
}

func (v *guest) get(path string, headers ...string) string {
	v.h.t.Helper()
	a := v.send("GET", path, "", nil, headers...)
	if a.Status != 200 {
		v.h.t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	return string(a.Body)
}

func (v *guest) post(path string, form url.Values) servertest.Answer {
	v.h.t.Helper()
	return v.send("POST", path, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// enter opens an invitation and keeps the session.
func (v *guest) enter(token string) {
	v.h.t.Helper()
	a := v.post("/invitation", url.Values{"token": {token}, "idempotency_key": {"0123456789abcdef"}})
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/invitation/owed" {
		v.h.t.Fatalf("%d %s", a.Status, a.Body)
	}
	v.cookie, _, _ = strings.Cut(a.Header.Get("Set-Cookie"), ";")
}

// TestFormSentTwice: a double click opens an invitation, whose token works once, once;
// both answers lead to the same session.
func TestFormSentTwice(t *testing.T) {
	h := open(t)
	token := h.claimant("ana@example.com").invite("ops@parceira.example")
	v := &guest{h: h}
	key := keyPattern.FindStringSubmatch(v.get("/invitation"))[1]
	form := url.Values{"token": {token}, "idempotency_key": {key}}
	answers := make([]servertest.Answer, 3)
	var sending sync.WaitGroup
	for i := range answers {
		sending.Go(func() { answers[i] = v.post("/invitation", form) })
	}
	sending.Wait()
	for _, a := range answers {
		if a.Status != http.StatusSeeOther || a.Header.Get("Set-Cookie") != answers[0].Header.Get("Set-Cookie") {
			t.Errorf("%d %v %.200s", a.Status, a.Header, a.Body)
		}
	}
	// Who goes back and sends something else with the same key means something else.
	other := v.post("/invitation", url.Values{"token": {"another"}, "idempotency_key": {key}})
	if other.Status != http.StatusUnprocessableEntity || !strings.Contains(string(other.Body), "This link does not work") || !strings.Contains(string(other.Body), `value="another"`) {
		t.Errorf("%d %.2000s", other.Status, other.Body)
	}
	cookie := answers[0].Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie lacks %s: %s", want, cookie)
		}
	}
	// It outlives the session of an hour, so that whoever comes back is told that that has ended.
	if parsed, err := http.ParseSetCookie(cookie); err != nil || parsed.MaxAge < 24*60*60 {
		t.Errorf("the cookie goes too early: %s, %v", cookie, err)
	}
}

// TestUploadSentTwice: the same upload by the same form is one version of the file.
func TestUploadSentTwice(t *testing.T) {
	h := open(t)
	v := &guest{h: h}
	v.enter(h.claimant("ana@example.com").invite("ops@parceira.example"))
	content, err := os.ReadFile(file(t, "letter.pdf", 1))
	if err != nil {
		t.Fatal(err)
	}
	body, contentType := uploadBody(t, "letter.pdf", content)
	address := strings.ReplaceAll(uploadPattern.FindStringSubmatch(v.get("/invitation/owed"))[1], "&amp;", "&")
	for range 2 {
		if a := v.send("POST", address, contentType, body); a.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	var versions int
	if err := h.DB.NewSelect().Table("documents").ColumnExpr("COUNT(*)").Scan(t.Context(), &versions); err != nil || versions != 1 {
		t.Errorf("%d versions, %v", versions, err)
	}
	other, contentType := uploadBody(t, "other.pdf", append(content, ' ')) // another file with the same key is another upload
	if a := v.send("POST", address, contentType, other); a.Status != http.StatusSeeOther && a.Status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func uploadBody(t *testing.T, name string, content []byte) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
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

// TestBlocks: htmx gets the block that it wants to renew, out of the whole page, and
// the page's main part when it was refused; everybody else gets the page.
func TestBlocks(t *testing.T) {
	h := open(t)
	v := &guest{h: h}
	v.enter(h.claimant("ana@example.com").invite("ops@parceira.example"))
	block := v.get("/invitation/owed", "HX-Request", "true", "HX-Request-Type", "partial", "HX-Target", "div#items")
	if !strings.HasPrefix(strings.TrimSpace(block), `<div id="items">`) || strings.Contains(block, "<html") {
		t.Errorf("%.300s", block)
	}
	for _, headers := range [][]string{{}, {"HX-Request", "true", "HX-Target", "div#nothing"}, {"HX-Request", "true", "HX-Request-Type", "full", "HX-Target", "div#items"}} {
		if whole := v.get("/invitation/owed", headers...); !strings.HasPrefix(whole, "<!doctype html>") || !strings.Contains(whole, strings.TrimSpace(block)[:40]) {
			t.Errorf("%v: %.100s", headers, whole)
		}
	}
	v.cookie = ""
	a := v.send("GET", "/invitation/owed", "", nil, "HX-Request", "true", "HX-Target", "main#main")
	if a.Status != http.StatusUnauthorized || a.Header.Get("HX-Retarget") != "#main" || !strings.Contains(string(a.Body), "Your session has ended") || strings.Contains(string(a.Body), "<html") {
		t.Errorf("%d %v %.300s", a.Status, a.Header, a.Body)
	}
}

// TestFormsFromElsewhere: no other site can send a form here, and none leads away.
func TestFormsFromElsewhere(t *testing.T) {
	h := open(t)
	v := &guest{h: h}
	a := h.Call(t, "", "POST", "/preferences", "theme=dark", "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	if a.Status != http.StatusForbidden || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	for given, want := range map[string]string{"/help?policy=x": "/help?policy=x", "https://evil.example/": "/", "//evil.example": "/"} {
		a := v.post("/preferences", url.Values{"theme": {"dark"}, "return": {given}})
		if a.Status != http.StatusSeeOther || a.Header.Get("Location") != want || !strings.Contains(a.Header.Get("Set-Cookie"), "regain-theme=dark") {
			t.Errorf("%s: %d %v", given, a.Status, a.Header)
		}
	}
}

// TestLanguages: the address, then the choice, then the browser say the language.
func TestLanguages(t *testing.T) {
	h := open(t)
	for _, c := range []struct {
		path    string
		headers []string
		want    string
	}{
		{"/help", nil, "en"}, {"/pt-BR/help", nil, "pt-BR"}, {"/zh-Hans/", nil, "zh-Hans"}, {"/zh-Hans", nil, "zh-Hans"},
		{"/help", []string{"Accept-Language", "zh-CN,zh;q=0.9"}, "zh-Hans"}, {"/help", []string{"Accept-Language", "pt"}, "pt-BR"},
		{"/help", []string{"Accept-Language", "pt", "Cookie", "regain-language=zh-Hans"}, "zh-Hans"},
		{"/en/help", []string{"Accept-Language", "pt", "Cookie", "regain-language=zh-Hans"}, "en"},
		{"/help", []string{"Cookie", "regain-language=<script>"}, "en"}, {"/help?locale=pt-BR", nil, "pt-BR"},
	} {
		a := h.Call(t, "", "GET", c.path, nil, c.headers...)
		if a.Status != 200 || !strings.Contains(string(a.Body), `<html lang="`+c.want+`"`) || a.Header.Get("Content-Language") != c.want {
			t.Errorf("%s %v: %d %.120s", c.path, c.headers, a.Status, a.Body)
		}
	}
	for _, path := range []string{"/de/help", "/en/api/v1/policies", "/en/en/help", "/EN/help"} {
		if a := h.Call(t, "", "GET", path, nil); a.Status != 404 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	// Links stay in the language of the address.
	if body := string(h.Call(t, "", "GET", "/pt-BR/", nil).Body); !strings.Contains(body, `href="/pt-BR/invitation"`) {
		t.Errorf("%.500s", body)
	}
}

// TestAssets: each has its digest in its address, is kept for ever, and comes
// compressed to whoever takes that.
func TestAssets(t *testing.T) {
	h := open(t)
	body := string(h.Call(t, "", "GET", "/", nil).Body)
	seen := 0
	for _, link := range links.FindAllStringSubmatch(body, -1) {
		path, _, _ := strings.Cut(link[1], "#")
		if !strings.HasPrefix(path, "/assets/") {
			continue
		}
		seen++
		plain := h.Call(t, "", "GET", path, nil, "Accept-Encoding", "identity")
		short := h.Call(t, "", "GET", path, nil, "Accept-Encoding", "gzip")
		if plain.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || plain.Header.Get("Content-Encoding") != "" || short.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %v %v", path, plain.Header, short.Header)
			continue
		}
		r, err := gzip.NewReader(bytes.NewReader(short.Body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, plain.Body) || len(short.Body) >= len(plain.Body) {
			t.Errorf("%s: %d bytes compressed, %d plain, %v", path, len(short.Body), len(plain.Body), err)
		}
	}
	if seen < 2 {
		t.Errorf("%d assets", seen)
	}
}

// TestHelpNamesAll: the table has every row and every material of the policy.
func TestHelpNamesAll(t *testing.T) {
	h := open(t)
	policy := h.Policies.All()[0]
	for locale, path := range map[string]string{"en": "/en/help", "zh-Hans": "/zh-Hans/help", "pt-BR": "/pt-BR/help"} {
		body := html.UnescapeString(string(h.Call(t, "", "GET", path, nil).Body))
		for _, m := range policy.Materials() {
			if !strings.Contains(body, `id="m-`+m.ID+`"`) || !strings.Contains(body, m.Label.In(locale)) {
				t.Errorf("%s: no %s", path, m.ID)
			}
		}
		if rows := strings.Count(body, `id="row-`); rows != 8 {
			t.Errorf("%s: %d rows", path, rows)
		}
		for _, check := range policy.Checks() {
			if strings.Contains(body, check.Label.In(locale)) {
				t.Errorf("%s shows the check %s", path, check.ID)
			}
		}
	}
	english := html.UnescapeString(string(h.Call(t, "", "GET", "/en/help", nil).Body))
	for _, want := range []string{"the latest 3", "Was a credit card added to the account? – Yes", "Is it an individual or an enterprise account? – An enterprise account", "contact Huawei Cloud support", "account manager"} {
		if !strings.Contains(english, want) {
			t.Errorf("does not say %q", want)
		}
	}
}
