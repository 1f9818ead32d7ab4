package web_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"regain/database/databasetest"
	"regain/internal/testhtml"
	"regain/server/servertest"
)

// TestHelpIsTheSourcesTable: every row of the help centre's table is there, with what it
// asks for, in its order and number, and when; nothing else is.
func TestHelpIsTheSourcesTable(t *testing.T) {
	h := servertest.Start(t, databasetest.SQLite(t))
	v := visit(t, h).open("/en/help").wants(200, "/en/help", "does not guarantee", "How to ask: with a request here (a service ticket)")
	const enterprise = " Only if: Is it an individual or an enterprise account? – An enterprise account"
	const card = " Only if: Was a credit card added to the account? – Yes"
	const months = " , for each of the latest 3 months, one after the other; for as many as there were, if fewer"
	const details = "Your details as registered Phone number · Email address · Name · Contact address"
	rows := []struct {
		id, group, title string
		needs            []string
	}{
		{"direct-authenticated", "Direct sales customer", "Real-name authentication completed", []string{
			"Real-name authentication certificate", "Transaction record , the latest 3", "Card holder's certificate" + card, "Front of the credit card" + card, "Authorization letter" + enterprise,
		}},
		{"direct-card", "", "A card has been added", []string{
			"Card holder's certificate", "Front of the credit card", "Proof of consumption" + months, "Authorization letter" + enterprise,
		}},
		{"direct-paid-enterprise", "", "actual payments have been made (enterprise account)", []string{
			"Enterprise certificate of the paying bank account", "Paying bank account Name of the account (the enterprise's name) · Number of the account at the opening bank",
			"Proof of bank transfer" + strings.ReplaceAll(months, "; for", "; for"), "Authorization letter",
		}},
		{"direct-paid-individual", "", "(individual account)", nil},
		{"direct-unpaid", "", "no actual payments have been made", []string{details}},
		{"reseller-authenticated", "Customer of a reseller", "Real-name authentication completed", []string{
			"Real-name authentication certificate", "Email that proves the partner's consent", "Authorization letter",
		}},
		{"reseller-not-authenticated", "", "Real-name authentication not completed", []string{
			details, "Latest cloud service Name of the service · Date on which it was enabled Only if: Was any cloud service ever enabled in the account? – Yes",
			"Email that proves the partner's consent", "Authorization letter",
		}},
		{"partner", "Huawei Cloud partner", "Always", []string{
			"Partner authorization letter", "Partner certificate", "Proof of consumption", "Invoice", "Bill", "Payment record",
		}},
	}
	shown := v.all(func(n *html.Node) bool { return n.Data == "tr" && strings.HasPrefix(testhtml.Attr(n, "id"), "row-") })
	if len(shown) != len(rows) {
		t.Fatalf("%d rows, want %d", len(shown), len(rows))
	}
	for n, row := range rows {
		tr := shown[n]
		if testhtml.Attr(tr, "id") != "row-"+row.id {
			t.Errorf("row %d is %s, want %s", n, testhtml.Attr(tr, "id"), row.id)
			continue
		}
		if text := textOf(tr); !strings.Contains(text, row.group) || !strings.Contains(text, row.title) {
			t.Errorf("%s says %s", row.id, text)
		}
		var needs []string
		for _, li := range within(tr, func(n *html.Node) bool { return n.Data == "li" }) {
			needs = append(needs, textOf(li))
		}
		if got, want := strings.Join(needs, "\n"), strings.Join(row.needs, "\n"); got != want {
			t.Errorf("%s asks for\n%s\nwant\n%s", row.id, got, want)
		}
	}
	v.wants(200, "/en/help", "write from your company email address to your Huawei Cloud account manager") // the table's note
	v.wants(200, "/en/help", "an enterprise in China needs the seal, one outside China the signature")
}
