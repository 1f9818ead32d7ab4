package web_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

func photo(name string, seed uint64) chosen {
	return chosen{name, testdocs.JPEG(seed, 40, 30)}
}

// withItems is a customer who is asked for a certificate and three records.
func withItems(t *testing.T, h *servertest.Harness) *customer {
	t.Helper()
	return visit(t, h).begin("ana@example.com").answers(individual()).wants(200, "/request/items", "The latest 3")
}

// TestSeveralFiles: files that are chosen together go one into each free place of what
// they were chosen for, and the page says where each went; what is too many, or bad, is
// named, and the others are kept.
func TestSeveralFiles(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := withItems(t, h)
		record := v.items()[1]
		v.uploadAll("/request/items/"+record, photo("a.jpg", 1), photo("b.jpg", 2))
		v.wants(200, "/request/items", "a.jpg: Transaction record, 1 of 3", "b.jpg: Transaction record, 2 of 3", "2 of 3 ready", "2 of 4 ready")
		third := v.items()[3]
		v.uploadAll("/request/items/"+third, photo("c.jpg", 3), photo("d.jpg", 4))
		v.wants(409, "/request/items/.*", "There is a problem", "d.jpg: There is no place left", "c.jpg: Transaction record, 3 of 3")
		if strings.Contains(v.text(), "c.jpg: There is") {
			t.Error("refuses the one that has a place")
		}
		v.open("/request/items").wants(200, "/request/items", "a.jpg", "b.jpg", "c.jpg", "3 of 4 ready")

		certificate := v.items()[0]
		v.uploadAll("/request/items/"+certificate, photo("e.jpg", 5), photo("f.jpg", 6)).wants(409, "/request/items/.*", "f.jpg: There is no place left")
		v.open("/request/items").wants(200, "/request/items", "e.jpg", "Everything is here")
	})
}

// TestBadFileAmongGood: the good ones are kept, and the bad one is named with what to do.
func TestBadFileAmongGood(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := withItems(t, h)
		record := v.items()[1]
		v.uploadAll("/request/items/"+record, chosen{"notes.exe", []byte("MZ")}, photo("good.jpg", 1), chosen{"empty.pdf", nil})
		v.wants(422, "/request/items/.*", "notes.exe: Files of this type are not taken here", "empty.pdf: The file is empty")
		v.open("/request/items").wants(200, "/request/items", "good.jpg", "1 of 4 ready")
	})
}

// TestFilesForTheWholeList: a file goes where its name points to, and else into the
// first free place that takes its type.
func TestFilesForTheWholeList(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := withItems(t, h)
		v.uploadAll("/request/items/any", photo("IMG_2041.jpg", 1), photo("transaction march.jpg", 2), photo("my_certificate.jpg", 3), photo("records.jpg", 4), photo("IMG_2042.jpg", 5))
		v.wants(409, "/request/items/any", "IMG_2042.jpg: There is no place left")
		for _, words := range []string{"transaction march.jpg: Transaction record, 1 of 3", "records.jpg: Transaction record, 2 of 3", "IMG_2041.jpg: Transaction record, 3 of 3", "my_certificate.jpg: Real-name authentication certificate"} {
			if !strings.Contains(v.text(), words) {
				t.Errorf("does not say %q: %s", words, v.text())
			}
		}
		v.open("/request/items").wants(200, "/request/items", "Everything is here")
	})
}

// TestSeveralFilesSentTwice: what a double click sends again is there once.
func TestSeveralFilesSentTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := withItems(t, h)
		form := v.form("/request/items/" + v.items()[1])
		for range 2 {
			v.postFiles(testhtml.Attr(form, "action"), fields(form), photo("a.jpg", 1), photo("b.jpg", 2)).wants(200, "/request/items", "2 of 4 ready")
		}
		var versions int
		if err := h.DB.NewSelect().Table("documents").ColumnExpr("COUNT(*)").Scan(t.Context(), &versions); err != nil || versions != 2 {
			t.Errorf("%d versions, %v", versions, err)
		}
	})
}

// TestFileUsedAgain: a file that was sent for one thing can be used for another, and
// its own place may be left.
func TestFileUsedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v := withItems(t, h)
		ids := v.items()
		v.upload("/request/items/"+ids[0], "statement.jpg", photo("", 1).content).wants(200, "/request/items", "Use a file that you sent already")
		reuse := "/request/items/" + ids[1] + "/reuse"
		v.send(reuse, "document", "").wants(422, reuse, "Choose a file first")
		v.send(reuse, "document", "no-such-file").wants(404, reuse)
		v.open("/request/items")
		sent := within(v.form(reuse), func(n *html.Node) bool { return n.Data == "option" })
		v.send(reuse, "document", testhtml.Attr(sent[0], "value")).wants(200, "/request/items", "2 of 4 ready")
		if n := strings.Count(v.text(), "statement.jpg"); n < 2 {
			t.Errorf("the file is named %d times", n)
		}
		v.send("/request/items/"+ids[0]+"/remove").wants(200, "/request/items", "1 of 4 ready", "statement.jpg")
	})
}

// TestSameFileTwice: where several different things are asked for, a file that stands there twice is pointed out, and
// not refused: it may show them all.
func TestSameFileTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		const said = "The same file stands here more than once"
		v := withItems(t, h)
		v.uploadAll("/request/items/"+v.items()[1], photo("a.jpg", 1), photo("b.jpg", 2))
		if strings.Contains(v.text(), said) {
			t.Error("takes two files for one")
		}
		v.uploadAll("/request/items/"+v.items()[3], photo("again.jpg", 1)).wants(200, "/request/items", "3 of 4 ready", said)
	})
}

// TestReplacedFile: another file takes the place of the one that is there, which is kept
// as an earlier one.
func TestReplacedFile(t *testing.T) {
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t)})
	h.Deliver(t)
	v := withItems(t, h)
	ids := v.items()
	v.uploadAll("/request/items/"+ids[1], photo("a.jpg", 1), photo("b.jpg", 2)).wants(200, "/request/items", "2 of 4 ready")
	for n, id := range ids[1:3] {
		v.upload("/request/items/"+id, fmt.Sprintf("better-%d.jpg", n), photo("", uint64(10+n)).content).wants(200, "/request/items", fmt.Sprintf("better-%d.jpg", n), "2 of 4 ready", "What you sent before")
	}
}

// TestRefusedAmongTaken: a file that the case itself refuses undoes none of those that it
// has taken in the same form.
func TestRefusedAmongTaken(t *testing.T) {
	onBoth(t, func(t *testing.T, h *servertest.Harness) {
		v, reference := submitted(t, h, "ana@example.com")
		askForMore(t, h, reference)
		same := chosen{"transaction.jpg", testdocs.JPEG(1001, 40, 30)} // as it was sent, and rejected
		v.open("/request/items").uploadAll("/request/items/any", photo("contract.jpg", 1), same)
		v.wants(409, "/request/items/any", "transaction.jpg: This is the same file that was not accepted before", "contract.jpg: A photo of the contract")
		v.open("/request/items").wants(200, "/request/items", "contract.jpg", "1 of 2 ready")
	})
}

// TestTooManyFiles: of more files than are taken at once none is, and the page says so.
func TestTooManyFiles(t *testing.T) {
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t)})
	h.Deliver(t)
	v := withItems(t, h)
	var files []chosen
	for n := range 21 {
		files = append(files, photo(fmt.Sprintf("photo-%d.jpg", n), uint64(n+1)))
	}
	v.uploadAll("/request/items/any", files...).wants(422, "/request/items/any", "At most 20 files are taken at once. None of these was taken")
	v.open("/request/items").wants(200, "/request/items", "0 of 4 ready")
}
