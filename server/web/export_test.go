package web_test

import (
	"regexp"
	"strings"
	"testing"

	"regain/accounts"
	"regain/server/servertest"
)

// TestExportPage: the whole case on one page and in one file that loads nothing, with each
// file's hash and every event; what people wrote is text and nothing else.
func TestExportPage(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		ana, id := handedIn(t, h, "ana@example.com", enterprise())
		ben, _ := atDesk(t, h, accounts.Reviewer)
		path := "/staff/cases/" + id
		ben.open(path).send(path + "/claim")
		ben.acceptAll()
		ana.open("/request/messages").send("/request/messages", "body", "<script>alert(1)</script> is my name")
		ben.open(path).wants(200, path, "Print or save the whole case")

		ida, _ := atDesk(t, h, accounts.Auditor)
		ida.open(path+"/export").wants(200, path+"/export", "Confidential", "Exemplo Ltda.", "Real-name authentication certificate – Accepted", "is my name",
			"handed the request in", "took the whole case out", "whole and unaltered")
		page := ida.body
		if n := len(regexp.MustCompile(`<code>[0-9a-f]{64}</code>`).FindAllString(page, -1)); n < 15 {
			t.Errorf("%d hashes", n)
		}
		a := h.Call(t, ida.cookie().Value, "GET", path+"/export/file", nil)
		file := string(a.Body)
		if a.Status != 200 || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") || !strings.HasSuffix(a.Header.Get("Content-Disposition"), `.html"`) {
			t.Fatalf("%d %v", a.Status, a.Header)
		}
		for _, bad := range []string{"<script", "src=", "href=", "url(", "<link", "ZgotmplZ"} {
			if strings.Contains(file, bad) {
				t.Errorf("the file holds %s", bad)
			}
		}
		for _, wanted := range []string{"&lt;script&gt;", "took the whole case out", "SHA-256", "Exemplo Ltda."} {
			if !strings.Contains(file, wanted) {
				t.Errorf("the file does not say %q", wanted)
			}
		}
		if n := strings.Count(file, "took the whole case out"); n != 2 {
			t.Errorf("the file tells of %d exports, want the page's and its own", n)
		}
		for _, locale := range []string{"zh-Hans", "pt-BR"} {
			if a := h.Call(t, ida.cookie().Value, "GET", "/"+locale+path+"/export", nil); a.Status != 200 || strings.Contains(string(a.Body), "Confidential:") {
				t.Errorf("%s: %d", locale, a.Status)
			}
		}
		noor, _ := atDesk(t, h, accounts.Admin)
		if noor.open(path + "/export"); noor.status != 403 {
			t.Errorf("an admin: %d", noor.status)
		}
	})
}

// TestExportOfWhatWasTakenBack: decisions that were taken back are in the export as such.
func TestExportOfWhatWasTakenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		_, id := handedIn(t, h, "ana@example.com", unpaid())
		ben, _ := atDesk(t, h, accounts.Reviewer)
		path := "/staff/cases/" + id
		ben.open(path).send(path + "/claim")
		item := ben.selected()
		ben.acceptSelected().send(path+"/items/"+item+"/undo").wants(200, path, "taken back")
		ben.open(path+"/export").wants(200, path+"/export", "Accepted (taken back) · Ana Lima", "Taken back · Ana Lima")
	})
}
