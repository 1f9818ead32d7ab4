package api

import (
	"context"
	"time"

	"regain/cases"
	"regain/server"
)

// ExportView is a case with everything that staff may take out of the program.
type ExportView struct {
	ExportedAt time.Time     `json:"exported_at"`
	ExportedBy string        `json:"exported_by" doc:"The id of whoever took it."`
	Case       CaseView      `json:"case"`
	Judged     []JudgedView  `json:"judged" doc:"Every decision about an item, oldest first."`
	Messages   []MessageView `json:"messages" doc:"The conversation, oldest first."`
	Notes      []MessageView `json:"notes" doc:"Internal notes, oldest first."`
	Events     []EventView   `json:"events" doc:"The whole chain, oldest first; the last one is this export."`
	Chain      ChainView     `json:"chain"`
	People     People        `json:"people" doc:"The names of the members of staff by id."`
}

// ChainView says whether the record of a case is whole.
type ChainView struct {
	Sound    bool     `json:"sound" doc:"Every event is there, unaltered, and follows the one before it."`
	Head     string   `json:"head" doc:"The hash of the last event. Whoever knows it can tell later whether the past was changed."`
	Findings []string `json:"findings,omitempty" doc:"What is wrong with the chain."`
}

// JudgedView is one decision about an item.
type JudgedView struct {
	ID            string         `json:"id"`
	Item          string         `json:"item"`
	Document      string         `json:"document,omitempty" doc:"The id of the file that was decided on."`
	Round         int            `json:"round"`
	Verdict       string         `json:"verdict" enum:"accepted,rejected,waived,pending" doc:"How the item stands from then on; pending where a first decision was taken back."`
	Undoes        string         `json:"undoes,omitempty" doc:"The id of the decision that this one takes back."`
	ReasonCode    string         `json:"reason_code,omitempty"`
	WordsCustomer string         `json:"words_customer,omitempty"`
	WordsStaff    string         `json:"words_staff,omitempty"`
	Checks        []string       `json:"checks" doc:"The checks that were confirmed."`
	Fallback      string         `json:"fallback_reason,omitempty" doc:"Why a lower preference among the checks was good enough."`
	ReadOff       map[string]any `json:"read_off,omitempty" doc:"What was read off the file."`
	By            string         `json:"by" doc:"The id of the member of staff."`
	DecidedAt     time.Time      `json:"decided_at"`
}

type exportOut struct {
	Disposition string `header:"Content-Disposition"`
	Cache       string `header:"Cache-Control"`
	Body        ExportView
}

func (a caseAPI) registerExport() {
	server.JSON(a.server, server.Route{
		ID: "export-case", Method: get, Path: casesPath + "{case}/export", Roles: caseStaff(), Effect: server.Reads, Limit: exports(), Tag: tagReview,
		Summary:     "A whole case, to keep",
		Description: "The claim, every file with its hash, what was decided and said, and the whole chain of events, as one document to save. Each export is itself an event of the case.",
	}, func(ctx context.Context, in *caseIn) (*exportOut, error) {
		reader := actorOf(ctx)
		e, err := a.cases.Export(ctx, reader, in.Case)
		if err != nil {
			return nil, err
		}
		view, err := a.exportView(ctx, e, reader, in.of(ctx, e.Case))
		if err != nil {
			return nil, err
		}
		return &exportOut{Disposition: `attachment; filename="` + ExportName(e) + `.json"`, Cache: "no-store", Body: *view}, nil
	})
}

// ExportName is a name for the file of an export, without its ending.
func ExportName(e *cases.Export) string {
	return "case-" + e.Case.Reference + "-" + e.At.UTC().Format("20060102-1504")
}

// Exports is the limit that the pages share with the API.
func Exports() server.Limit { return exports() }

// exports bounds how often one caller takes cases out.
func exports() server.Limit { return server.Limit{N: 300, Per: hour, By: server.ByCaller} }

func (a caseAPI) exportView(ctx context.Context, e *cases.Export, reader cases.Actor, locale string) (*ExportView, error) {
	view := &ExportView{
		ExportedAt: e.At.UTC(), ExportedBy: reader.ID, Case: a.caseView(e.Details, reader, locale),
		Judged: []JudgedView{}, Messages: []MessageView{}, Notes: []MessageView{}, Events: []EventView{},
		Chain: ChainView{Sound: len(e.Findings) == 0, Head: e.Case.EventHead},
	}
	people := append(staffOf(e.Details), reader.ID)
	for _, j := range e.Judged {
		view.Judged = append(view.Judged, judgedView(j))
		people = append(people, j.StaffID)
	}
	for _, m := range e.Talk {
		list := &view.Messages
		if m.Kind == cases.Note {
			list = &view.Notes
		}
		shown := messageView(m, reader)
		*list = append(*list, shown)
		people = append(append(people, shown.By), shown.Mentions...)
	}
	for _, event := range e.Events {
		shown, err := eventView(event)
		if err != nil {
			return nil, err
		}
		view.Events = append(view.Events, shown)
		if event.ActorKind == cases.Staff {
			people = append(people, event.ActorID)
		}
	}
	for _, f := range e.Findings {
		view.Chain.Findings = append(view.Chain.Findings, f.Code+": "+f.Detail)
	}
	var err error
	view.People, err = a.people(ctx, people)
	view.Case.Staff.People = view.People
	return view, err
}

func judgedView(j *cases.ItemDecision) JudgedView {
	return JudgedView{
		ID: j.ID, Item: j.ItemID, Document: j.DocumentID, Round: j.Round, Verdict: string(j.Verdict), ReasonCode: string(j.ReasonCode),
		WordsCustomer: j.WordsCustomer, WordsStaff: j.WordsStaff, Checks: append([]string{}, j.Checks.V...), Fallback: j.FallbackReason,
		ReadOff: j.ReadOff.V, Undoes: j.Undoes, By: j.StaffID, DecidedAt: j.DecidedAt.UTC(),
	}
}
