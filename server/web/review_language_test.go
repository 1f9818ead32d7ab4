package web_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"regain/accounts"
	"regain/database/databasetest"
	"regain/internal/testdocs"
	"regain/rules"
	"regain/server/servertest"
)

// TestReviewInAnotherLanguage: a policy may speak a language that the product does not, and
// its customers' messages then, too; the queue and the case are there all the same.
func TestReviewInAnotherLanguage(t *testing.T) {
	written, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spanish := strings.Replace(string(written), "\nlanguage: en\n", "\nlanguage: es\n", 1)
	bundle, err := rules.ReadBundle(fstest.MapFS{"p.yaml": {Data: []byte(spanish)}}, "p.yaml")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := rules.Compile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	h := servertest.StartWith(t, databasetest.SQLite(t), servertest.Options{Unlimited: true, Logger: testLog(t), Policies: []*rules.Policy{policy}})
	h.Deliver(t)
	ana := visit(t, h).begin("ana@example.com")
	ana.send("/request/questions/way", "answers.way", "sure").wants(200, "/request/items")
	ana.upload("/request/items/"+ana.items()[0], "licence.jpg", testdocs.JPEG(1, 40, 30)).wants(200, "/request/items")
	ana.open("/request/check").send("/request/check").wants(200, "/request/receipt")
	path := "/staff/cases/" + caseOf(t, h, ana)

	ben, _ := atDesk(t, h, accounts.Reviewer)
	ben.open("/staff/queue?view=unassigned").wants(200, "/staff/queue", "Unsure", "Spanish")
	ben.open(path).wants(200, path, "Spanish")
	item := ben.send(path+"/claim").wants(200, path).selected()
	ben.open(path+"?item="+item+"&do=reject").send(path+"/items/"+item+"/rejection", "reject-reason_code", "unreadable").wants(200, path, "Rejected", "We cannot read all of it.")
	ben.open(path+"?do=deny").send(path+"/denial", "deny-reason_code", "not_proven", "preview", "yes").wants(200, path+"/denial", "does not show clearly enough")
	ben.open(path+"/export").wants(200, path+"/export")
}
