package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/rules"
	"regain/server"
	"regain/server/api"
)

// reviewAct is something that a form of the page does.
type reviewAct struct {
	id, path string
	// do is the form that is open again when it is refused; its fields begin with do and
	// a dash. Empty for buttons.
	do string
	// run changes the case.
	run func(ctx context.Context, p *Pages, a actRequest) error
	// ends says that the reader is done with the case, and goes on to the next.
	ends bool
	// preview is what the customer would get; nil when there is nothing to show.
	preview func(ctx context.Context, p *Pages, a actRequest) (*previewed, error)
	// limit is for what writes to people.
	limit server.Limit
	// reads says that whoever only reads may do it, too: it changes nothing of the case.
	reads bool
}

// actRequest is a form as an act gets it.
type actRequest struct {
	actor      cases.Actor
	caseID     string
	item       string
	version    int64
	form       *Form
	get        func(name string) string
	all        func(name string) []string
	caseLocale func() (string, error)
}

func (p *Pages) registerReviewActs() {
	letters := server.Limit{N: 60, Per: hour, By: server.ByCaller}
	for _, a := range []reviewAct{
		{id: "claim", path: "claim", run: runClaim},
		{id: "release", path: "release", run: runRelease, ends: true},
		{id: "hand-over", path: "assignment", do: "hand", run: runHandOver, ends: true},
		{id: "decide-item", path: "items/{item}/decision", do: "accept", run: runAccept},
		{id: "reject-item", path: "items/{item}/rejection", do: "reject", run: runReject},
		{id: "waive-item", path: "items/{item}/waiver", do: "waive", run: runWaive},
		{id: "undo-decision", path: "items/{item}/undo", do: "undo", run: runUndo},
		{id: "request-materials", path: "requests", do: "request", run: runRequest, ends: true, preview: previewRequest},
		{id: "correct-answers", path: "corrections", do: "correct", run: runCorrect},
		{id: "approve", path: "approval", do: "approve", run: runApprove, ends: true},
		{id: "deny", path: "denial", do: "deny", run: runDeny, ends: true, preview: previewDenial},
		{id: "tag", path: "tags", do: "tag", run: runTag},
		{id: "snooze", path: "snooze", do: "snooze", run: runSnooze, ends: true},
		{id: "wake", path: "waking", run: runWake},
		{id: "write-message", path: "messages", do: "message", run: runMessage, limit: letters},
		{id: "write-note", path: "notes", do: "note", run: runNote, limit: letters},
		{id: "follow", path: "follow", run: runFollow, reads: true},
		{id: "unfollow", path: "unfollow", run: runUnfollow, reads: true},
	} {
		roles := []server.Role{server.Reviewer, server.Lead}
		if a.reads {
			roles = append(roles, server.Auditor)
		}
		p.server.Page(server.Route{
			ID: "review-" + a.id + "-page", Method: http.MethodPost, Path: reviewPath + "/{case}/" + a.path,
			Roles: roles, Effect: server.Changes, MaxBody: maxCarry, Limit: a.limit,
		}, func(c *gin.Context) error { return p.reviewAct(c, a) })
	}
}

// reviewAct carries a form out and leads back to the page, or to the next case.
func (p *Pages) reviewAct(c *gin.Context, a reviewAct) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	r := p.actRequest(c, a, f)
	if a.preview != nil && f.Get("preview") != "" {
		shown, err := a.preview(ctx, p, r)
		if err != nil {
			return p.refuseAct(c, a, f, err)
		}
		return p.showPreview(c, a, f, shown)
	}
	next := ""
	if a.ends {
		if next, err = p.nextCase(ctx, r); err != nil {
			return err
		}
	}
	if err := a.run(ctx, p, r); err != nil {
		return p.refuseAct(c, a, f, err)
	}
	if a.ends {
		return p.seeOther(c, next)
	}
	q := url.Values{}
	if view := f.Get("view"); view != "" {
		q.Set("view", view)
	}
	switch {
	case a.do == "accept" || a.do == "reject" || a.do == "waive":
		q.Set("after", r.item)
	case a.do == "undo":
		q.Set("item", r.item)
	case f.Get("item") != "":
		q.Set("item", f.Get("item"))
	}
	q.Set("done", a.id)
	return p.seeOther(c, reviewPath+"/"+url.PathEscape(r.caseID)+"?"+q.Encode())
}

func (p *Pages) actRequest(c *gin.Context, a reviewAct, f *Form) actRequest {
	ctx := c.Request.Context()
	r := actRequest{
		actor: api.ActorOf(ctx), caseID: c.Param("case"), item: c.Param("item"), version: versionOf(f), form: f,
		get: func(name string) string { return f.Get(a.do + "-" + name) },
		all: func(name string) []string { return f.All(a.do + "-" + name) },
	}
	r.caseLocale = func() (string, error) {
		found, err := p.services.Cases.Case(ctx, r.actor, r.caseID)
		if err != nil {
			return "", err
		}
		return found.Locale, nil
	}
	return r
}

// versionOf is the version that the page showed. A form without one is of no version.
func versionOf(f *Form) int64 {
	if v := wholeNumber(f.Get("version")); v > 0 {
		return v
	}
	return server.NoVersion
}

func wholeNumber(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// refuseAct shows the page again as the case is now, with what was typed, what is wrong
// with it, and what others did in the meantime.
func (p *Pages) refuseAct(c *gin.Context, a reviewAct, f *Form, err error) error {
	data, v, readErr := p.actPage(c, a, f)
	if readErr != nil {
		return err
	}
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		if !problem.Is(err, "involved") && !problem.Is(err, "role_required") && !problem.Is(err, "not_holder") {
			return err
		}
		found, _ := problem.As(err)
		status, f.General = http.StatusForbidden, p.problemWords(v.Locale, string(found.Kind), found.Code, found.Detail)
	}
	for n := range f.Errors {
		f.Errors[n].Name = a.fieldName(f.Errors[n].Name)
	}
	data.Kept = a.kept(data, f)
	if err := v.nameReason(a, f); err != nil {
		return err
	}
	if card := data.card(c.Param("item")); card != nil && a.do == "accept" {
		if err := v.nameChecks(card, f); err != nil {
			return err
		}
	}
	for n := range f.Errors {
		if !a.shown(data) {
			f.Errors[n].Anchor = "case-title"
		}
	}
	if problem.Is(err, "case_changed") { // which the page shows already as it is now
		if f.General, readErr = v.T("review.changed_meanwhile"); readErr != nil {
			return readErr
		}
	}
	if data.Seen > wholeNumber(f.Get("seen")) {
		if data.Changes, err = p.changesSince(c, data, wholeNumber(f.Get("seen"))); err != nil {
			return err
		}
	}
	return p.render(c, status, "review/case", v)
}

// fieldName is the name that a field of the domain has in the act's form. Items and
// answers that an approval waits for are on the page itself.
func (a reviewAct) fieldName(name string) string {
	first, _, _ := strings.Cut(name, ".")
	switch {
	case a.do == "approve" && first == "items":
		return name
	case first == "answers":
		return "correct-" + name
	case a.do == "tag":
		return "tag-name"
	case a.do == "snooze" && (first == "preset" || first == "until"):
		return "snooze-when"
	case first == "asks", first == "checks":
		return a.do + "-" + first
	case first == "mentions":
		return a.do + "-mention"
	}
	return a.do + "-" + name
}

// shown says whether the page still has the form.
func (a reviewAct) shown(data *reviewPage) bool {
	switch a.do {
	case "waive":
		return data.Selected != nil && data.Selected.MayWaive
	case "accept", "reject":
		return data.Selected != nil && data.Selected.MayJudge
	case "message":
		return data.MayWrite()
	case "note":
		return data.MayNote()
	case "tag":
		return data.MayTag()
	case "snooze":
		return data.MaySnooze()
	case "hand":
		return len(data.HandTo) > 0
	}
	return data.Mine()
}

// kept is what was typed into a form that the page does not show any more, because the
// case has changed.
func (a reviewAct) kept(data *reviewPage, f *Form) []string {
	if a.shown(data) {
		return nil
	}
	var out []string
	for _, name := range []string{"words_customer", "words_staff", "words", "text", "reason", "fallback_reason", "body", "name", "note"} {
		for _, typed := range f.All(a.do + "-" + name) {
			if strings.TrimSpace(typed) != "" {
				out = append(out, typed)
			}
		}
	}
	return out
}

// actPage is the page that a form stands on.
func (p *Pages) actPage(c *gin.Context, a reviewAct, f *Form) (*reviewPage, *View, error) {
	item := c.Param("item")
	if item == "" {
		item = f.Get("item")
	}
	q := reviewQuery{view: f.Get("view"), item: item, do: a.do}
	data, err := p.reviewPage(c, q)
	if err != nil {
		return nil, nil, err
	}
	v := p.view(c, data, f)
	v.Here = data.To("item", item)
	return data, v, nil
}

// nameReason says of a reason that is missing what to do, and nothing of the words, which
// would have followed it.
func (v *View) nameReason(a reviewAct, f *Form) error {
	for n, e := range f.Errors {
		if e.Name != a.do+"-reason_code" {
			continue
		}
		words, err := v.T("review.choose_reason")
		if err != nil {
			return err
		}
		f.Errors[n].Message = words
		f.Errors = slices.DeleteFunc(f.Errors, func(e FieldError) bool { return e.Name == a.do+"-words_customer" && e.Code == "required" })
		return nil
	}
	return nil
}

// nameChecks says of each check that is missing which it is, beside its box.
func (v *View) nameChecks(card *reviewCard, f *Form) error {
	missing := slices.ContainsFunc(f.Errors, func(e FieldError) bool { return e.Code == "check_missing" })
	if !missing {
		return nil
	}
	f.Errors = slices.DeleteFunc(f.Errors, func(e FieldError) bool { return e.Code == "check_missing" })
	ticked := map[string]bool{}
	for _, id := range f.All("accept-checks") {
		ticked[id] = true
	}
	nodes := card.nodes
	_, _, ids := rules.Satisfied(nodes, ticked)
	for _, leaf := range rules.Leaves(nodes) {
		if !slices.Contains(ids, leaf.ID) {
			continue
		}
		words, err := v.T("review.check_missing", "check", leaf.Label.In(v.Locale))
		if err != nil {
			return err
		}
		f.Errors = append(f.Errors, FieldError{Name: "accept-checks-" + leaf.ID, Code: "check_missing", Message: words})
	}
	return nil
}

// changesSince are what others did to the case after an event, newest first.
func (p *Pages) changesSince(c *gin.Context, data *reviewPage, seen int64) ([]timelineEntry, error) {
	ctx := c.Request.Context()
	events, err := p.services.Cases.Timeline(ctx, data.reader, data.ID, cases.TimelineQuery{Limit: timelinePart})
	if err != nil {
		return nil, err
	}
	var news []*cases.Event
	for _, e := range events {
		if e.Seq > seen && (e.Alters() || e.ActorID != data.reader.ID) {
			news = append(news, e)
		}
	}
	return folded(data.timeline(news)), nil
}

// nextCase is where the reader goes on after this case: the next one in the list that
// they work through, else the list itself. It is looked for before the case leaves it.
func (p *Pages) nextCase(ctx context.Context, r actRequest) (string, error) {
	view := cases.View(r.form.Get("view"))
	next, err := p.services.Cases.After(ctx, r.actor, view, r.caseID)
	if err != nil {
		return "", err
	}
	q := url.Values{}
	if view != "" {
		q.Set("view", string(view))
	}
	q.Set("was", r.caseID)
	if next == nil {
		return queuePath + "?" + q.Encode(), nil
	}
	return reviewPath + "/" + next.ID + "?" + q.Encode(), nil
}

func runClaim(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Claim(ctx, r.actor, r.caseID, r.version)
	return err
}

func runRelease(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Release(ctx, r.actor, r.caseID, r.version)
	return err
}

func runAccept(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Judge(ctx, r.actor, r.caseID, r.item, r.version, cases.Judgement{
		Accept: true, Checks: r.all("checks"), FallbackReason: r.get("fallback_reason"), WordsStaff: r.get("words_staff"),
		ReadOff: r.readOff(),
	})
	return err
}

// readOff are the values that were typed; a field that was left empty is none.
func (r actRequest) readOff() map[string]any {
	values := map[string]any{}
	for name := range r.form.Values {
		const prefix = "accept-read_off."
		if len(name) > len(prefix) && name[:len(prefix)] == prefix && r.form.Get(name) != "" {
			values[name[len(prefix):]] = r.form.Get(name)
		}
	}
	return values
}

func runReject(ctx context.Context, p *Pages, r actRequest) error {
	words, err := r.words(p, "item")
	if err != nil {
		return err
	}
	_, err = p.services.Cases.Judge(ctx, r.actor, r.caseID, r.item, r.version, cases.Judgement{
		ReasonCode: cases.ReasonCode(r.get("reason_code")), WordsCustomer: words, WordsStaff: r.get("words_staff"),
	})
	return err
}

// words are what the customer is told: what was typed, else the text for the reason in
// the customer's language.
func (r actRequest) words(p *Pages, use string) (string, error) {
	code := cases.ReasonCode(r.get("reason_code"))
	if typed := r.get("words_customer"); typed != "" || !slices.Contains(cases.ReasonCodes(), code) || code == "other" {
		return typed, nil
	}
	locale, err := r.caseLocale()
	if err != nil {
		return "", err
	}
	return p.canned(locale, use, code)
}

func runWaive(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Waive(ctx, r.actor, r.caseID, r.item, r.version, r.get("reason"))
	return err
}

func runUndo(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Undo(ctx, r.actor, r.caseID, r.item, r.version)
	return err
}

func (r actRequest) request() cases.RequestInput {
	in := cases.RequestInput{Words: r.get("words")}
	for _, id := range r.all("item") {
		in.Asks = append(in.Asks, cases.Ask{Item: id})
	}
	for _, id := range r.all("material") {
		if id != "" {
			in.Asks = append(in.Asks, cases.Ask{Material: id})
		}
	}
	for _, text := range r.all("text") {
		if text != "" {
			in.Asks = append(in.Asks, cases.Ask{Text: text})
		}
	}
	return in
}

func runRequest(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.RequestMaterials(ctx, r.actor, r.caseID, r.version, r.request())
	return err
}

func runApprove(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Approve(ctx, r.actor, r.caseID, r.version, r.get("words_staff"))
	return err
}

func (r actRequest) denial(p *Pages) (cases.Denial, error) {
	words, err := r.words(p, "case")
	return cases.Denial{ReasonCode: cases.ReasonCode(r.get("reason_code")), WordsCustomer: words, WordsStaff: r.get("words_staff")}, err
}

func runDeny(ctx context.Context, p *Pages, r actRequest) error {
	denial, err := r.denial(p)
	if err != nil {
		return err
	}
	_, err = p.services.Cases.Deny(ctx, r.actor, r.caseID, r.version, denial)
	return err
}

func runMessage(ctx context.Context, p *Pages, r actRequest) error {
	_, err := p.services.Cases.Write(ctx, r.actor, r.caseID, r.get("body"))
	return err
}
