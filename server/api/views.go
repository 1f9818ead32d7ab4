package api

import (
	"context"

	"regain/cases"
	"regain/notify"
	"regain/rules"
	"regain/server"
)

// Views show cases to the pages as the API shows them to programs: what a reader
// may not see, neither has.
type Views struct{ api caseAPI }

// NewViews makes views of the service's cases.
func NewViews(service *cases.Service) Views { return Views{api: caseAPI{cases: service}} }

// Case is a case as its reader may see it.
func (v Views) Case(d *cases.Details, reader cases.Actor, locale string) CaseView {
	return v.api.caseView(d, reader, locale)
}

// Owed is what an invited partner owes.
func (v Views) Owed(o *cases.Owed, locale string) OwedView {
	return v.api.owedView(o, invitationPath, locale)
}

// Blocks are a page of the blocklist, and the cursor of the next.
func (v Views) Blocks(ctx context.Context, in PageQuery) ([]BlockView, string, error) {
	return v.api.blocks(ctx, in)
}

// AuditRuns are a page of the verifications of all records, and the cursor of the next.
func (v Views) AuditRuns(ctx context.Context, in PageQuery) ([]AuditRunView, string, error) {
	return v.api.auditRunPage(ctx, in)
}

// AuditRun is one of them, with what it found after a finding of a number.
func (v Views) AuditRun(ctx context.Context, id string, after int64, limit int) (AuditRunView, []FindingView, error) {
	run, err := v.api.auditRun(ctx, id)
	if err != nil {
		return AuditRunView{}, nil, err
	}
	list, err := v.api.cases.AuditFindings(ctx, actorOf(ctx), id, after, limit)
	return run.Body, keptFindingViews(list), err
}

// Deliveries are a page of what was sent to a webhook, newest first, of one state or of
// all, and the cursor of the next.
func (v Views) Deliveries(ctx context.Context, hooks *notify.Webhooks, webhook, state string, in PageQuery) ([]notify.Delivery, string, error) {
	page, err := in.page()
	if err != nil {
		return nil, "", err
	}
	return hooks.Deliveries(ctx, webhook, notify.DeliveryQuery{State: notify.DeliveryState(state), Page: page})
}

// Inbox is a page of the caller's inbox, and the cursor of the next.
func (v Views) Inbox(ctx context.Context, unread bool, in PageQuery) ([]InboxEntryView, string, error) {
	return v.api.inbox(ctx, unread, in)
}

// Tags are a page of the tags, and the cursor of the next.
func (v Views) Tags(ctx context.Context, in TextPageQuery) ([]TagEntry, string, error) {
	return v.api.tags(ctx, in)
}

// Requirements are what a decision asks for.
func (v Views) Requirements(requirements []rules.Requirement, locale string) []RequirementView {
	return requirementViews(requirements, locale)
}

// Fact is a question.
func (v Views) Fact(f *rules.Fact, locale string) FactView { return factView(f, locale) }

// Queue is a page of a view of the queue, for the caller and in the caller's language.
func (v Views) Queue(ctx context.Context, query cases.QueueQuery, cursor string, limit int) (QueuePage, error) {
	return v.api.queuePage(ctx, query, cursor, limit)
}

// ActorOf is the caller as cases knows one.
func ActorOf(ctx context.Context) cases.Actor { return actorOf(ctx) }

// Uploads and Downloads are the limits that the pages share with the API.
func Uploads() server.Limit { return uploads() }

// Downloads is the limit on looks at documents.
func Downloads() server.Limit { return downloads() }

// MaxUpload bounds the body of an upload in bytes, beyond which no policy's limit helps.
const MaxUpload = maxUpload
