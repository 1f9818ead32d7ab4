package cases_test

import (
	"fmt"
	"testing"

	"regain/cases"
)

// One message goes to several customers, to each as a message does; what cannot be
// written to is told of.
func TestReplyMany(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ben := reviewer("ben")
		ana, leo, ended := w.filed("ana-2019", withCard(0)), w.filed("leo-2020", withCard(0)), w.filed("ended", withCard(0))
		_, err := w.Withdraw(w.ctx, ended.actor, ended.id, 0)
		must(t, err)
		_, err = w.db.NewRaw("UPDATE cases SET locale = 'pt-BR' WHERE id = ?", leo.id).Exec(w.ctx)
		must(t, err)
		all := []string{ana.id, leo.id, ended.id, "no such"}

		shown, err := w.PreviewReplies(w.ctx, ben, all, cases.Reply{Body: " We need two more days. "})
		must(t, err)
		wantSame(t, "languages", fmt.Sprint(len(shown.Languages), shown.Languages[0].Cases, shown.Languages[1].Cases, len(shown.Refused)), "2 1 1 2")
		wantSame(t, "nothing was sent", fmt.Sprint(ana.read().EventSeq == leo.read().EventSeq, len(w.letters(ana.email))), fmt.Sprint(true, len(w.letters(leo.email))))

		version := ana.read().Version
		act, err := w.ReplyMany(w.ctx, ben, all, cases.Reply{Body: " We need two more days. "})
		must(t, err)
		refused := map[string]string{}
		for _, step := range act.Refused() {
			refused[step.CaseID] = step.Refused
		}
		wantSame(t, "refused", refused, map[string]string{ended.id: "wrong_state", "no such": "case_not_found"})
		wantSame(t, "sent", len(act.Changed()), 2)
		wantSame(t, "undone never", act.UndoUntil().IsZero(), true)
		for _, c := range []*claimant{ana, leo} {
			talk, err := w.Messages(w.ctx, c.actor, c.id, cases.MessageQuery{Kind: cases.Message, Limit: 10})
			must(t, err)
			wantSame(t, "what they read", talk[len(talk)-1].Body, "We need two more days.")
			wantSame(t, "the event", c.events()[len(c.events())-1], "write")
			w.wantLetters(c.email, "case_started", "case_submitted", "message_received")
		}
		wantSame(t, "the version", ana.read().Version, version)
		again, err := w.BulkAct(w.ctx, ben, cases.BulkReply, act.ID)
		must(t, err)
		wantSame(t, "kept", len(again.Steps.V), 4)
		_, err = w.UndoTags(w.ctx, ben, act.ID)
		wantCode(t, err, "bulk_act_not_found")

		// Each in their own language; who has none of theirs gets none.
		texts := cases.Reply{Bodies: map[string]string{"pt-BR": "Ainda estamos analisando.", "zh-Hans": "我们仍在审核。"}}
		act, err = w.ReplyMany(w.ctx, ben, []string{ana.id, leo.id}, texts)
		must(t, err)
		wantSame(t, "refused", act.Refused()[0], cases.BulkStep{CaseID: ana.id, Refused: "language_missing"})
		talk, err := w.Messages(w.ctx, leo.actor, leo.id, cases.MessageQuery{Kind: cases.Message, Limit: 10})
		must(t, err)
		wantSame(t, "in Portuguese", talk[len(talk)-1].Body, "Ainda estamos analisando.")

		for _, test := range []struct {
			in   cases.Reply
			want string
		}{
			{cases.Reply{}, "/body required"},
			{cases.Reply{Body: "x", Bodies: map[string]string{"en": "x"}}, "/body one_of"},
			{cases.Reply{Bodies: map[string]string{"en": " "}}, "/bodies/en required"},
			{cases.Reply{Bodies: map[string]string{"e/n": "x"}}, "/bodies not_a_choice"},
		} {
			_, err = w.ReplyMany(w.ctx, ben, all, test.in)
			wantFields(t, err, test.want)
		}
		_, err = w.ReplyMany(w.ctx, ben, nil, cases.Reply{Body: "x"})
		wantFields(t, err, "/cases wrong_number")
		_, err = w.ReplyMany(w.ctx, auditor("ada"), all, cases.Reply{Body: "x"})
		wantCode(t, err, "role_required")
		_, err = w.PreviewReplies(w.ctx, auditor("ada"), all, cases.Reply{Body: "x"})
		wantCode(t, err, "role_required")
		w.wantSound()
	})
}
