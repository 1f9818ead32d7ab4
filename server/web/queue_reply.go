package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// One message to the customers of several cases. It is written on a page of its own,
// which shows who would get what before anything is sent.

const (
	// ownWords is the choice of a text that is sent as it is typed.
	ownWords  = "own"
	replyForm = "staff/reply"
)

// cannedMessages are the texts that there are in every language; their words are
// review.canned.message.<id>.
func cannedMessages() []string {
	return []string{"still_looking", "delayed", "works_again", "never_codes"}
}

// replyPage is the form, with the cases that were selected.
type replyPage struct {
	// At is the list that they were selected in.
	At    string
	Cases []string
	// Languages are those of the customers; Refused the cases that would be left out.
	Languages []*cases.ReplyLanguage
	Refused   []refusedCase
	// Shown says that the texts are shown.
	Shown bool
}

// Customers is how many would get the message.
func (r *replyPage) Customers() int {
	n := 0
	for _, l := range r.Languages {
		n += l.Cases
	}
	return n
}

// Back is the list that the cases were selected in.
func (r *replyPage) Back() string { return queuePath + "?" + r.At }

// Mixed says that own words would meet customers of several languages.
func (r *replyPage) Mixed() bool { return len(r.Languages) > 1 }

// CannedOptions are the texts to choose from, with the text in the reader's language.
func (v *View) CannedOptions() ([]Option, error) {
	w := writer{view: v}
	var out []Option
	for _, id := range cannedMessages() {
		out = append(out, Option{Value: id, Label: w.say("staff.reply.canned." + id), Hint: w.say("review.canned.message." + id)})
	}
	return append(out, Option{Value: ownWords, Label: w.say("staff.reply.own")}), w.err
}

// showReply shows the form for the selected cases, and what customers would get.
func (p *Pages) showReply(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	if len(f.All("case")) == 0 {
		return p.refuseSelection(c, f, "staff.select.nothing")
	}
	asked := f.Get("preview") != ""
	if f.Get("what") == "" {
		f.Values.Set("what", cannedMessages()[0])
	}
	data := newReplyPage(f)
	v := p.view(c, data, f)
	v.Here = queuePath
	if !asked { // who would get it does not depend on the words
		err = p.previewReply(c.Request.Context(), data, NewForm("what", cannedMessages()[0]))
	} else {
		err = p.previewReply(c.Request.Context(), data, f)
		data.Shown = err == nil
	}
	if err != nil {
		return p.refuseReply(c, v, f, err)
	}
	return p.render(c, http.StatusOK, replyForm, v)
}

func newReplyPage(f *Form) *replyPage {
	selected := slices.Compact(slices.Sorted(slices.Values(f.All("case"))))
	return &replyPage{At: listOf(f).Encode(), Cases: selected}
}

// previewReply fills in who would get what.
func (p *Pages) previewReply(ctx context.Context, data *replyPage, f *Form) error {
	actor := api.ActorOf(ctx)
	in, err := p.reply(f)
	if err != nil {
		return err
	}
	shown, err := p.services.Cases.PreviewReplies(ctx, actor, data.Cases, in)
	if err != nil {
		return err
	}
	data.Languages, data.Refused = shown.Languages, nil
	for _, step := range shown.Refused {
		data.Refused = append(data.Refused, p.refusedCase(ctx, actor, step.CaseID, step.Refused))
	}
	return nil
}

// reply is what the form says: own words as they are, or one text in every language.
func (p *Pages) reply(f *Form) (cases.Reply, error) {
	what := f.Get("what")
	if what == ownWords {
		return cases.Reply{Body: f.Get("body")}, nil
	}
	if !slices.Contains(cannedMessages(), what) {
		return cases.Reply{}, problem.InvalidFields([]problem.Field{{Pointer: "/what", Code: "not_a_choice", Message: "Choose one of them."}})
	}
	if f.Get("body") != "" { // sent and gone, they could not be called back
		return cases.Reply{}, problem.InvalidFields([]problem.Field{{
			Pointer: "/what", Code: "own_words_too", Message: "You have typed words of your own, too. Choose them here, or empty their field.",
		}})
	}
	in := cases.Reply{Bodies: map[string]string{}}
	for _, locale := range server.Locales() {
		text, err := p.words.say(locale, "review.canned.message."+what)
		if err != nil {
			return in, err
		}
		in.Bodies[locale] = text
	}
	return in, nil
}

// sendReply writes to the customers, and tells in the list what became of each.
func (p *Pages) sendReply(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	in, err := p.reply(f)
	if err == nil {
		var act *cases.BulkAct
		if act, err = p.services.Cases.ReplyMany(ctx, api.ActorOf(ctx), f.All("case"), in); err == nil {
			return p.backToList(c, f, "sent", act.ID)
		}
	}
	data := newReplyPage(f)
	v := p.view(c, data, f)
	v.Here = queuePath
	return p.refuseReply(c, v, f, err)
}

// refuseReply shows the form again with what is wrong; without cases there is none.
func (p *Pages) refuseReply(c *gin.Context, v *View, f *Form, err error) error {
	data, _ := v.Data.(*replyPage)
	if len(data.Cases) == 0 {
		return p.refuseSelection(c, f, "staff.select.nothing")
	}
	if readErr := p.previewReply(c.Request.Context(), data, NewForm("what", cannedMessages()[0])); readErr != nil {
		return p.refuseList(c, f, readErr)
	}
	return p.refuseView(c, replyForm, v, err)
}

// refusedCase is a case that was left as it is, in words.
func (p *Pages) refusedCase(ctx context.Context, actor cases.Actor, id, code string) refusedCase {
	one := refusedCase{Reference: id, Why: p.problemWords(server.Locale(ctx), "conflict", code, "")}
	if c, err := p.services.Cases.Case(ctx, actor, id); err == nil {
		one.Reference, one.Path = c.Reference, "/staff/cases/"+url.PathEscape(c.ID)
	}
	return one
}
