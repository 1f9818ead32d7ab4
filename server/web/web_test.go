package web_test

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"

	"regain/database/databasetest"
	"regain/internal/testservers"
	"regain/server"
	"regain/server/servertest"
)

func TestMain(m *testing.M) { testservers.Main(m) }

var links = regexp.MustCompile(`(?:href|src)="([^"]+)"`)

// TestPages: every page is whole, holds no inline script and no inline style, loads
// nothing from elsewhere, and every link on it leads somewhere.
func TestPages(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	for path, wanted := range map[string]string{
		"/": "Get your account back", "/invitation": "Paste the link", "/pt-BR/": "Recupere a sua conta", "/api/v1/docs": "What must be supplied under these answers", "/problems": "invalid_fields",
		"/problems/invalid_fields": "invalid_fields", "/dev/mailbox": "Nothing has been sent yet",
	} {
		t.Run(path, func(t *testing.T) {
			got := h.Call(t, "", "GET", path, nil)
			body := string(got.Body)
			if got.Status != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") || !strings.Contains(body, wanted) || !strings.HasSuffix(body, "</html>\n") {
				t.Fatalf("%d %.500s", got.Status, body)
			}
			for _, bad := range []string{"<script>", "<style", " hx-on", "javascript:", " style=", " onclick=", "ZgotmplZ"} {
				if strings.Contains(body, bad) {
					t.Errorf("holds %s", bad)
				}
			}
			if csp := got.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(csp, "unsafe") {
				t.Errorf("policy %s", csp)
			}
			for _, link := range links.FindAllStringSubmatch(body, -1) {
				checkLink(t, h, body, link[1])
			}
		})
	}
}

func checkLink(t *testing.T, h *servertest.Harness, body, link string) {
	t.Helper()
	switch {
	case link == "data:,", link == "": // no icon, and assets that were not built in
	case strings.HasPrefix(link, "#"):
		if !strings.Contains(body, `id="`+link[1:]+`"`) {
			t.Errorf("%s leads nowhere on this page", link)
		}
	case strings.HasPrefix(link, "/"):
		if got := h.Call(t, "", "GET", link, nil); got.Status != 200 {
			t.Errorf("%s: %d", link, got.Status)
		}
	default:
		t.Errorf("%s is elsewhere", link)
	}
}

// TestProblemsOnPages: a browser gets a page for a failed call, a program a document.
func TestProblemsOnPages(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	for _, path := range []string{"/nothing", "/problems/none", "/assets/none.css", "/dev/mailbox/none"} {
		got := h.Call(t, "", "GET", path, nil, "Accept", "text/html")
		if got.Status != 404 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") || !strings.Contains(string(got.Body), "If you ask for help, quote") {
			t.Errorf("%s: %d %s", path, got.Status, got.Header.Get("Content-Type"))
		}
	}
	if got := h.Call(t, "", "GET", "/api/v1/nothing", nil, "Accept", "text/html"); got.Problem(t).Status != 404 {
		t.Errorf("%s", got.Body)
	}
}

// TestAPIPageDescribesEveryCall: the page has an entry for every route of the API.
func TestAPIPageDescribesEveryCall(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	body := string(h.Call(t, "", "GET", "/api/v1/docs", nil).Body)
	for _, r := range h.Server.Routes() {
		if r.Tag != "" && !strings.Contains(body, `id="`+r.ID+`"`) {
			t.Errorf("%s is not described", r.ID)
		}
	}
	if !strings.Contains(body, `-d &#39;{&#34;answers&#34;:`) || !strings.Contains(body, "A command that makes this call") {
		t.Error("no example of a call")
	}
	if len(server.Codes()) < 30 {
		t.Errorf("%d problems are listed", len(server.Codes()))
	}
}

var exampleBody = regexp.MustCompile(`/api/v1/(\S*?)&#39;(?s:[^<]*?)-d &#39;(.*?)&#39;</`)

// TestExamplesAreTaken: what the page gives as an example is nothing that the call refuses as
// incomplete or unreadable.
func TestExamplesAreTaken(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	page := string(h.Call(t, "", "GET", "/api/v1/docs", nil).Body)
	tried := map[string]bool{}
	for _, e := range exampleBody.FindAllStringSubmatch(page, -1) {
		want := map[string]int{"cases": 201, "decisions": 200, "resume": 202, "invitations/link": 202}[e[1]]
		if want == 0 {
			continue // takes somebody who is there
		}
		tried[e[1]] = true
		var body any
		if err := json.Unmarshal([]byte(html.UnescapeString(e[2])), &body); err != nil {
			t.Errorf("%s: %v: %s", e[1], err, e[2])
			continue
		}
		if got := h.Call(t, "", "POST", "/api/v1/"+e[1], body); got.Status != want {
			t.Errorf("%s, given %s: %d %s", e[1], e[2], got.Status, got.Body)
		}
	}
	if len(tried) != 4 {
		t.Errorf("tried only %v", tried)
	}
}

func TestAssetsAreKept(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	style := links.FindAllStringSubmatch(string(h.Call(t, "", "GET", "/", nil).Body), -1)
	for _, link := range style {
		if strings.HasPrefix(link[1], "/assets/") {
			got := h.Call(t, "", "GET", link[1], nil)
			if !strings.Contains(got.Header.Get("Cache-Control"), "immutable") || got.Header.Get("Content-Type") != "text/css; charset=utf-8" {
				t.Errorf("%v", got.Header)
			}
			return
		}
	}
	t.Error("no style sheet")
}
