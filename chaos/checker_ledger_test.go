package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"regain/cases"
)

// checkAcknowledged wants everything that a client was told to be there, as told.
func (e *evidence) checkAcknowledged(ctx context.Context) {
	for _, text := range e.ledger.faults {
		invariant := 3
		if strings.HasPrefix(text, "2: ") {
			invariant = 2
		}
		e.found(invariant, "%s", text)
	}
	for _, k := range e.ledger.acked("start-case") {
		e.checkStarted(ctx, k)
	}
	for _, k := range e.ledger.acked("upload-document") {
		e.checkUploaded(ctx, k)
	}
	for _, k := range e.ledger.acked("state") {
		e.checkStated(ctx, k)
	}
	for _, k := range e.ledger.acked("decide-item") {
		e.checkJudged(ctx, k)
	}
	for _, k := range e.ledger.acked("deny") {
		var said struct {
			ReasonCode    string `json:"reason_code"`
			WordsCustomer string `json:"words_customer"`
		}
		_ = json.Unmarshal(k.Body, &said)
		var n int
		q := "SELECT count(*) FROM decisions WHERE case_id = ? AND reason_code = ? AND words_customer = ?"
		if e.query(ctx, 1, &n, q, k.CaseID, said.ReasonCode, said.WordsCustomer) && n != 1 {
			e.found(1, "case %s: an acknowledged denial is there %d times", k.CaseID, n)
		}
	}
	for _, k := range e.ledger.acked("write-message") {
		var said, stored struct{ ID, Body string }
		_ = json.Unmarshal(k.Body, &said)
		_ = json.Unmarshal(k.Response, &stored)
		var bodies []string
		if e.query(ctx, 1, &bodies, "SELECT body FROM messages WHERE id = ? AND case_id = ?", stored.ID, k.CaseID) && (len(bodies) != 1 || bodies[0] != said.Body) {
			e.found(1, "case %s: an acknowledged message is not there", k.CaseID)
		}
	}
}

// checkStarted compares a case's row with what was asked for and what was answered.
func (e *evidence) checkStarted(ctx context.Context, k *call) {
	var asked struct {
		Account, Locale string
		NewEmail        string `json:"new_email"`
		NewPhone        string `json:"new_phone"`
		Answers         map[string]any
	}
	var told struct {
		Case struct{ ID, Reference string }
	}
	if json.Unmarshal(k.Body, &asked) != nil || json.Unmarshal(k.Response, &told) != nil {
		e.found(1, "an acknowledged start can't be read")
		return
	}
	var found []*cases.Case
	if err := e.db.NewSelect().Model(&found).Where("c.id = ?", told.Case.ID).Scan(ctx); err != nil || len(found) != 1 {
		e.found(1, "the acknowledged case %s is not there: %v", told.Case.ID, err)
		return
	}
	c := found[0]
	stored, _ := json.Marshal(c.Answers.V)
	var answers map[string]any
	_ = json.Unmarshal(stored, &answers)
	if c.Reference != told.Case.Reference || c.Account != asked.Account || c.Locale != asked.Locale || c.NewEmail != asked.NewEmail ||
		!strings.HasSuffix(c.NewPhone, strings.TrimPrefix(asked.NewPhone, "+")) || !reflect.DeepEqual(answers, asked.Answers) {
		e.found(1, "case %s has not the content that was acknowledged", c.ID)
	}
}

func (e *evidence) checkUploaded(ctx context.Context, k *call) {
	var told struct {
		ID, SHA256 string
		Size       int64
	}
	if json.Unmarshal(k.Response, &told) != nil || told.SHA256 != k.Sum {
		e.found(1, "an upload of %s was acknowledged as %s", k.Sum, told.SHA256)
		return
	}
	var found []*cases.Document
	err := e.db.NewSelect().Model(&found).Where("d.id = ?", told.ID).Scan(ctx)
	if err != nil || len(found) != 1 || found[0].SHA256 != k.Sum || found[0].Size != told.Size || found[0].CaseID != k.CaseID {
		e.found(1, "the acknowledged document %s is not there as it was sent", told.ID)
	}
}

// itemOf is the item that a call's path names.
func itemOf(k *call) string {
	_, rest, _ := strings.Cut(k.Path, "/items/")
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// checkStated wants a statement to be as its answer said.
func (e *evidence) checkStated(ctx context.Context, k *call) {
	var told struct {
		Items []struct {
			ID        string
			Statement map[string]any
		}
	}
	_ = json.Unmarshal(k.Response, &told)
	var found []*cases.Item
	if err := e.db.NewSelect().Model(&found).Where("id = ?", itemOf(k)).Where("case_id = ?", k.CaseID).Scan(ctx); err != nil || len(found) != 1 {
		e.found(1, "case %s: the item of an acknowledged statement is not there: %v", k.CaseID, err)
		return
	}
	for _, i := range told.Items {
		if i.ID == found[0].ID && len(i.Statement) > 0 && !reflect.DeepEqual(i.Statement, found[0].Statement.V) {
			e.found(1, "case %s: an acknowledged statement is not there as it was made", k.CaseID)
		}
	}
}

// checkJudged wants the decision about an item to be there with its checks.
func (e *evidence) checkJudged(ctx context.Context, k *call) {
	var said struct {
		Verdict string
		Checks  []string
	}
	_ = json.Unmarshal(k.Body, &said)
	var found []*cases.ItemDecision
	err := e.db.NewSelect().Model(&found).Where("case_id = ?", k.CaseID).Where("item_id = ?", itemOf(k)).Scan(ctx)
	if err != nil || !slices.ContainsFunc(found, func(d *cases.ItemDecision) bool {
		return string(d.Verdict) == said.Verdict && slices.Equal(slices.Sorted(slices.Values(d.Checks.V)), slices.Sorted(slices.Values(said.Checks)))
	}) {
		e.found(1, "case %s: an acknowledged decision about %s is not there: %v", k.CaseID, itemOf(k), err)
	}
}

// effectOf is the event that tells of a call of this kind.
func effectOf(what string) []string {
	return map[string][]string{
		"start-case": {"start"}, "verify-contact": {"verify_contact"}, "upload-document": {"supply"}, "state": {"supply"},
		"submit": {"submit"}, "withdraw": {"withdraw"}, "claim": {"claim"}, "decide-item": {"decide_item"},
		"approve": {"approve", "approve_part"}, "deny": {"deny"}, "write-message": {"write"},
		"request-materials": {"request_materials"}, "appeal": {"appeal"},
	}[what]
}

// checkOnce counts the effects of each case's calls: each acknowledged call has one,
// and each call whose outcome is unknown one or none.
func (e *evidence) checkOnce(ctx context.Context) {
	type count struct{ acked, open int }
	counts := map[string]count{} // case and first event type
	e.ledger.mu.Lock()
	calls := e.ledger.calls
	e.ledger.mu.Unlock()
	starts := count{}
	for _, k := range calls {
		effect := effectOf(k.What)
		if len(effect) == 0 {
			continue
		}
		at := k.CaseID + " " + effect[0]
		n := counts[at]
		if k.What == "start-case" {
			n = starts
		}
		if k.Acked {
			n.acked++
		} else {
			n.open++
		}
		if k.What == "start-case" {
			starts = n
			continue
		}
		counts[at] = n
	}
	var rows []struct {
		CaseID, Type string
		N            int
	}
	if !e.query(ctx, 2, &rows, "SELECT case_id, type, count(*) AS n FROM events GROUP BY case_id, type") {
		return
	}
	there, begun := map[string]int{}, 0
	for _, r := range rows {
		if r.Type == "start" {
			begun += r.N
			continue
		}
		typ := strings.Replace(r.Type, "approve_part", "approve", 1)
		there[r.CaseID+" "+typ] += r.N
	}
	e.compare("starts of cases", begun, starts.acked, starts.open)
	for at, n := range counts {
		e.compare(at, there[at], n.acked, n.open)
		delete(there, at)
	}
	for at, n := range there {
		if !strings.HasSuffix(at, " view_document") && !strings.HasSuffix(at, " release") {
			e.found(2, "%s: %d effects of no call", at, n)
		}
	}
}

func (e *evidence) compare(what string, effects, acked, open int) {
	switch {
	case effects < acked:
		e.found(1, "%s: %d effects of %d acknowledged calls", what, effects, acked)
	case effects > acked+open:
		e.found(2, "%s: %d effects of %d calls", what, effects, acked+open)
	}
}

// checkVersions wants every acknowledged change of a case to have made a version of
// its own, none above the present one.
func (e *evidence) checkVersions(ctx context.Context) {
	var rows []struct {
		ID      string
		Version int64
	}
	if !e.query(ctx, 7, &rows, "SELECT id, version FROM cases") {
		return
	}
	present := map[string]int64{}
	for _, r := range rows {
		present[r.ID] = r.Version
	}
	made := map[string]string{}
	for _, k := range e.ledger.acked("submit", "withdraw", "claim", "decide-item", "approve", "deny", "state", "verify-contact", "request-materials", "appeal") {
		version, err := strconv.ParseInt(strings.Trim(k.ETag, `"`), 10, 64)
		if err != nil {
			continue // its answer has no version
		}
		at := fmt.Sprintf("%s at version %d", k.CaseID, version)
		if other, taken := made[at]; taken {
			e.found(7, "%s and %s both made case %s", other, k.What, at)
		}
		made[at] = k.What
		if version > present[k.CaseID] {
			e.found(7, "%s made case %s, which is at %d", k.What, at, present[k.CaseID])
		}
	}
}
