package web

import (
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// The blocklist: what leads do not want to see in cases again. It is filled from a
// case, whose page leads here, or by typing.

const blocksPath = "/staff/blocks"

// blocksShown is how many blocks a page shows.
const blocksShown = 25

// blockDays are the choices of how long a block holds.
var blockDays = []int{30, 90, 365, 1825}

func (p *Pages) registerBlocks() {
	leads := []server.Role{server.Lead}
	p.getAs("blocks-page", blocksPath, append(leads, server.Auditor), p.showBlocks)
	p.post("block-page", blocksPath, leads, server.Changes, p.block)
	p.post("lift-block-page", blocksPath+"/{block}/lift", leads, server.Changes, p.liftBlock)
}

// blocksPage is the list, with the form to add to it.
type blocksPage struct {
	Blocks []blockRow
	// Next is the address of the next page; empty at the end.
	Next string
	// Case is the case to block something of; nil when it is typed.
	Case *blockCase
	// MayBlock says that the reader leads.
	MayBlock bool
}

// blockRow is a block with the names of those who set and lifted it.
type blockRow struct {
	api.BlockView
	By, Lifted string
	Live       bool
}

// blockCase is a case with what of it can be blocked.
type blockCase struct {
	ID, Reference string
	Choices       []blockChoice
}

// blockChoice is one thing of a case: what it is called in the form, and what it is.
type blockChoice struct {
	Name, Kind, Value string
	// Shown is how people know it.
	Shown string
}

// Days are the choices of how long a block holds, in the reader's words.
func (v *View) Days() ([]Option, error) {
	w := writer{view: v}
	var options []Option
	for _, n := range blockDays {
		options = append(options, Option{Value: strconv.Itoa(n), Label: w.say("blocks.days", "n", n)})
	}
	return options, w.err
}

// BlockChoices are the things of a case as choices of a form.
func (v *View) BlockChoices(c *blockCase) ([]Option, error) {
	w := writer{view: v}
	var options []Option
	for _, choice := range c.Choices {
		options = append(options, Option{Value: choice.Name, Label: w.say("blocks.choice_"+choice.Kind, "value", choice.Shown)})
	}
	return options, w.err
}

func (p *Pages) showBlocks(c *gin.Context) error {
	data, err := p.blocksPage(c, c.Query("case"), c.Query("cursor"))
	if err != nil {
		return err
	}
	return p.showForm(c, "staff/blocks", data, NewForm("days", strconv.Itoa(blockDays[1]), "kind", string(cases.BlockContact), "case", c.Query("case")))
}

func (p *Pages) blocksPage(c *gin.Context, caseID, cursor string) (*blocksPage, error) {
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	data := &blocksPage{MayBlock: actor.Has(cases.RoleLead)}
	list, next, err := p.views.Blocks(ctx, api.PageQuery{Cursor: cursor, Limit: blocksShown})
	if err != nil {
		return nil, err
	}
	var leads []string
	for _, b := range list {
		leads = append(leads, b.CreatedBy, b.LiftedBy)
	}
	names, err := p.services.Staff.StaffNames(ctx, leads)
	if err != nil {
		return nil, err
	}
	now := p.now()
	for _, b := range list {
		data.Blocks = append(data.Blocks, blockRow{BlockView: b, By: names[b.CreatedBy], Lifted: names[b.LiftedBy], Live: b.LiftedAt == nil && now.Before(b.ExpiresAt)})
	}
	data.Next = pageAfter(blocksPath, next)
	if caseID != "" && data.MayBlock {
		data.Case, err = p.blockCase(c, caseID)
	}
	return data, err
}

// blockCase reads what of a case can be blocked.
func (p *Pages) blockCase(c *gin.Context, id string) (*blockCase, error) {
	ctx := c.Request.Context()
	d, err := p.services.Cases.Details(ctx, api.ActorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	out := &blockCase{ID: d.Case.ID, Reference: d.Case.Reference}
	add := func(name string, kind cases.BlockKind, value, shown string) {
		if value != "" {
			out.Choices = append(out.Choices, blockChoice{Name: name, Kind: string(kind), Value: value, Shown: shown})
		}
	}
	add("email", cases.BlockContact, d.Case.NewEmail, d.Case.NewEmail)
	add("phone", cases.BlockContact, d.Case.NewPhone, d.Case.NewPhone)
	add("account", cases.BlockAccount, d.Case.Account, d.Case.Account)
	for _, doc := range d.Documents {
		if doc.State == cases.Current {
			add("file-"+doc.ID, cases.BlockFile, doc.SHA256, doc.Name)
		}
	}
	return out, nil
}

func (p *Pages) block(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	data, err := p.blocksPage(c, f.Get("case"), "")
	if err != nil {
		return err
	}
	in := cases.BlockInput{Kind: cases.BlockKind(f.Get("kind")), Value: f.Get("value"), Reason: f.Get("reason"), Refuse: f.Has("refuse", "yes"), Expires: p.now().AddDate(0, 0, daysChosen(f, blockDays))}
	if data.Case != nil {
		in.Kind, in.Value = data.Case.chosen(f.Get("what"))
	}
	_, err = p.services.Cases.Block(ctx, api.ActorOf(ctx), in)
	if err == nil {
		return p.seeOther(c, blocksPath)
	}
	return p.refuseBlock(c, data, f, err)
}

// daysChosen is how many days are chosen; -1 for what is no choice.
func daysChosen(f *Form, choices []int) int {
	for _, n := range choices {
		if f.Get("days") == strconv.Itoa(n) {
			return n
		}
	}
	return -1
}

func (c *blockCase) chosen(name string) (cases.BlockKind, string) {
	for _, choice := range c.Choices {
		if choice.Name == name {
			return cases.BlockKind(choice.Kind), choice.Value
		}
	}
	return "", ""
}

// refuseBlock puts what is wrong beside the fields that the page has for it.
func (p *Pages) refuseBlock(c *gin.Context, data *blocksPage, f *Form, err error) error {
	v := p.view(c, data, f)
	v.Here = blocksPath
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		return err
	}
	f.Rename("expires_at", "days")
	if data.Case != nil { // nothing was chosen
		f.Rename("kind", "what")
		for i := range f.Errors {
			if f.Errors[i].Name == "what" {
				f.Errors[i].Message = p.fieldWords(v.Locale, problem.Field{Code: "not_a_choice", Message: "Choose one of them."})
			}
		}
	}
	return p.render(c, status, "staff/blocks", v)
}

func (p *Pages) liftBlock(c *gin.Context) error {
	ctx := c.Request.Context()
	err := p.services.Cases.Lift(ctx, api.ActorOf(ctx), c.Param("block"))
	if err != nil && !problem.Is(err, "block_not_found") { // it is over already: that was the wish
		return err
	}
	return p.seeOther(c, blocksPath)
}

// Lasts says on which day a block ends or ended.
func (b blockRow) Lasts() time.Time {
	if b.LiftedAt != nil {
		return *b.LiftedAt
	}
	return b.ExpiresAt
}
