package cases_test

import (
	"testing"

	"regain/cases"
	"regain/database"
)

// TestExport: whoever reviews or audits takes the whole case out, and the case knows of it;
// nobody else does, and it changes nothing that anybody decides on.
func TestExport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana", withCard(1))
		c.claim(reviewer("ben"))
		c.accepts(reviewer("ben"))
		_, err := w.WriteNote(w.ctx, reviewer("ben"), c.id, "The card is the spouse's.")
		must(t, err)
		_, err = w.Write(w.ctx, c.actor, c.id, "Is anything missing?")
		must(t, err)
		before := c.read()
		e, err := w.Export(w.ctx, auditor("ida"), c.id)
		must(t, err)
		last := e.Events[len(e.Events)-1]
		if int64(len(e.Events)) != before.EventSeq+1 || last.Type != "export_case" || last.ActorID != "staff-ida" || e.Case.EventHead != last.Hash {
			t.Errorf("%d events after %d, the last one %+v", len(e.Events), before.EventSeq, last)
		}
		if len(e.Findings) > 0 || len(e.Talk) != 2 || len(e.Documents) != 3 || len(e.Judged) != 3 {
			t.Errorf("findings %v, %d messages, %d documents, %d decisions", e.Findings, len(e.Talk), len(e.Documents), len(e.Judged))
		}
		if after := c.read(); after.Version != before.Version || !after.UpdatedAt.Equal(before.UpdatedAt) {
			t.Errorf("version %d became %d", before.Version, after.Version)
		}
		_, err = w.Export(w.ctx, c.actor, c.id)
		wantCode(t, err, "not_allowed")
		_, err = w.Export(w.ctx, cases.Actor{Kind: cases.Customer, ID: "another"}, c.id)
		wantCode(t, err, "case_not_found")
		_, err = w.Export(w.ctx, staff("noor", "admin"), c.id)
		wantCode(t, err, "case_not_found")
		draft := w.begin("draft", withCard(1))
		_, err = w.Export(w.ctx, auditor("ida"), draft.id)
		wantCode(t, err, "case_not_found")
		w.wantSound()
	})
}

// TestExportTellsOfAnAlteredPast: what was changed in the record stands in the export.
func TestExportTellsOfAnAlteredPast(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana", withCard(1))
		alter(t, w.db, "UPDATE events SET actor_id = 'somebody' WHERE case_id = ? AND seq = 2", c.id)
		e, err := w.Export(w.ctx, auditor("ida"), c.id)
		must(t, err)
		if len(e.Findings) != 1 || e.Findings[0].Code != "altered" || e.Findings[0].Seq != 2 {
			t.Errorf("%v", e.Findings)
		}
	})
}

func alter(t *testing.T, db *database.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.NewRaw(statement, args...).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestExporterIsNotInvolved: whoever took a case out for others may decide its appeal.
func TestExporterIsNotInvolved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.filed("ana", withCard(1))
		c.claim(reviewer("ben"))
		_, err := w.Export(w.ctx, reviewer("cleo"), c.id)
		must(t, err)
		_, err = w.Deny(w.ctx, reviewer("ben"), c.id, 0, cases.Denial{ReasonCode: "not_proven", WordsCustomer: "It is not proved."})
		must(t, err)
		_, err = w.Appeal(w.ctx, c.actor, c.id, 0, "Please look again, it is mine.")
		must(t, err)
		_, err = w.Claim(w.ctx, reviewer("ben"), c.id, 0)
		wantCode(t, err, "involved")
		c.claim(reviewer("cleo"))
	})
}
