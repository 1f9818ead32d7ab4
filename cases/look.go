package cases

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/problem"
)

// Look is one opening of a document, as the event of it says: who saw which document,
// and when.
type Look struct {
	CaseID string
	Seq    int64
	At     time.Time
	// ActorKind and ActorID are who looked: the member of staff or the program, the
	// invitation of a partner, the case of a customer.
	ActorKind ActorKind
	ActorID   string
	// Document and SHA256 are which, and what was in it.
	Document, SHA256 string
}

// SeenDocument is a document of a case with how often it was opened.
type SeenDocument struct {
	*Document
	Looks int
	// People is how many different ones opened it; Last is when somebody did.
	People int
	Last   *time.Time
}

// SeenLook is a look with the case and the file that it was at.
type SeenLook struct {
	Look
	// Reference is the case's, Name the file's, Version the file's within its item.
	Reference, Name string
	Version         int
}

func errLookers() error {
	return problem.New(problem.Forbidden, "role_required", "Who saw which document is for leads and auditors.")
}

// viewFacts are the facts of the event.
type viewFacts struct {
	Document string `json:"document"`
	SHA256   string `json:"sha256"`
}

func lookOf(e *Event) (Look, error) {
	var facts viewFacts
	if err := json.Unmarshal([]byte(e.Data), &facts); err != nil {
		return Look{}, fmt.Errorf("read the data of event %d of case %s: %w", e.Seq, e.CaseID, err)
	}
	return Look{CaseID: e.CaseID, Seq: e.Seq, At: e.At.UTC(), ActorKind: e.ActorKind, ActorID: e.ActorID, Document: facts.Document, SHA256: facts.SHA256}, nil
}

func (s *Service) mayReadLooks(ctx context.Context, actor Actor, caseID string) error {
	if !actor.Has(RoleLead, RoleAuditor) {
		return errLookers()
	}
	_, err := s.Case(ctx, actor, caseID)
	return err
}

// SeenDocuments are all versions of a case's documents, oldest first, with how often each
// was opened. For leads and auditors. Errors: role_required, case_not_found.
func (s *Service) SeenDocuments(ctx context.Context, actor Actor, caseID string) ([]*SeenDocument, error) {
	if err := s.mayReadLooks(ctx, actor, caseID); err != nil {
		return nil, err
	}
	documents, err := s.loadDocuments(ctx, s.db.From(ctx), caseID)
	if err != nil {
		return nil, err
	}
	seen := make([]*SeenDocument, len(documents))
	by := map[string]*SeenDocument{}
	people := map[[2]string]bool{}
	for i, d := range documents {
		seen[i] = &SeenDocument{Document: d}
		by[d.ID] = seen[i]
	}
	count := func(l Look) {
		d := by[l.Document]
		if d == nil {
			return
		}
		d.Looks++
		if at := l.At; d.Last == nil || at.After(*d.Last) {
			d.Last = &at
		}
		if who := [2]string{l.Document, string(l.ActorKind) + l.ActorID}; !people[who] {
			people[who] = true
			d.People++
		}
	}
	return seen, s.eachLook(ctx, caseID, count)
}

// eachLook goes through all looks at a case's documents, newest first, a part at a time.
func (s *Service) eachLook(ctx context.Context, caseID string, each func(Look)) error {
	for before := int64(0); ; {
		looks, err := s.looks(ctx, caseID, LookQuery{Before: before, Limit: exportPage})
		if err != nil {
			return err
		}
		for _, l := range looks {
			each(l)
			before = l.Seq
		}
		if len(looks) < exportPage {
			return nil
		}
	}
}

// LookQuery asks for a part of the looks at a case's documents, newest first.
type LookQuery struct {
	// Before is the number of the event that the part before ended with; zero starts.
	Before int64
	// Document narrows to one; empty is all.
	Document string
	Limit    int
}

// Looks are who opened the documents of a case. For leads and auditors. Errors:
// role_required, case_not_found.
func (s *Service) Looks(ctx context.Context, actor Actor, caseID string, in LookQuery) ([]Look, error) {
	if err := s.mayReadLooks(ctx, actor, caseID); err != nil {
		return nil, err
	}
	in.Limit = min(max(in.Limit, 1), 200)
	return s.looks(ctx, caseID, in)
}

func (s *Service) looks(ctx context.Context, caseID string, in LookQuery) ([]Look, error) {
	events := []*Event{}
	q := s.db.From(ctx).NewSelect().Model(&events).Where("e.case_id = ?", caseID).Where("e.type = ?", string(actView))
	if in.Before > 0 {
		q = q.Where("e.seq < ?", in.Before)
	}
	if in.Document != "" {
		name, err := json.Marshal(in.Document)
		if err != nil {
			return nil, fmt.Errorf("look for a document: %w", err)
		}
		// The document is the first of the facts, which are sorted: what begins so is about it.
		begins := `{"document":` + string(name) + `,`
		q = q.Where("substr(e.data, 1, ?) = ?", len([]rune(begins)), begins)
	}
	if err := q.Order("e.seq DESC").Limit(int64(in.Limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read looks: %w", err)
	}
	return looksOf(events)
}

func looksOf(events []*Event) ([]Look, error) {
	var errs error
	looks := make([]Look, 0, len(events))
	for _, e := range events {
		l, err := lookOf(e)
		errs = errors.Join(errs, err)
		looks = append(looks, l)
	}
	return looks, errs
}

// LooksBy are the looks at documents by one member of staff or program in a period, newest first,
// and the cursor of the next page, "" at the end. For leads and auditors. Errors:
// role_required, invalid_fields with pointers "/from" and "/to".
func (s *Service) LooksBy(ctx context.Context, actor Actor, person string, p Period, page database.Page) ([]*SeenLook, string, error) {
	if !actor.Has(RoleLead, RoleAuditor) {
		return nil, "", errLookers()
	}
	if err := p.check(); err != nil {
		return nil, "", err
	}
	events := []*Event{}
	q := s.db.From(ctx).NewSelect().Model(&events).Where("e.type = 'view_document'").Where("e.actor_kind = ?", Staff).
		Where("e.actor_id = ?", person).Where("e.at >= ?", p.From).Where("e.at < ?", p.To)
	if err := page.Descending(q, "e.at", "e.hash").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read looks: %w", err)
	}
	events, next, err := database.Next(page, events, func(e *Event) (any, string) { return e.At, e.Hash })
	if err != nil {
		return nil, "", err
	}
	looks, err := looksOf(events)
	if err != nil {
		return nil, "", err
	}
	seen, err := s.atWhat(ctx, looks)
	return seen, next, err
}

// atWhat adds which cases and files they were.
func (s *Service) atWhat(ctx context.Context, looks []Look) ([]*SeenLook, error) {
	ids := []string{}
	for _, l := range looks {
		ids = append(ids, l.Document)
	}
	files := []struct {
		ID, Name, Reference string
		Version             int
	}{}
	if len(ids) > 0 {
		err := s.db.From(ctx).NewSelect().Model((*Document)(nil)).Column("d.id", "d.name", "d.version").ColumnExpr("c.reference").
			Join("JOIN cases AS c ON c.id = d.case_id").Where("d.id IN (?)", bun.List(slices.Compact(slices.Sorted(slices.Values(ids))))).Scan(ctx, &files)
		if err != nil {
			return nil, fmt.Errorf("read what was looked at: %w", err)
		}
	}
	out := make([]*SeenLook, len(looks))
	for i, l := range looks {
		out[i] = &SeenLook{Look: l}
		for _, f := range files {
			if f.ID == l.Document {
				out[i].Reference, out[i].Name, out[i].Version = f.Reference, f.Name, f.Version
			}
		}
		out[i].Reference = cmp.Or(out[i].Reference, l.CaseID)
	}
	return out, nil
}

// ExportLooks gives everything that Looks lists, a page at a time. Errors: as theirs, and what each returns.
func (s *Service) ExportLooks(ctx context.Context, actor Actor, caseID string, each func([]*SeenLook) error) error {
	if err := s.mayReadLooks(ctx, actor, caseID); err != nil {
		return err
	}
	for before := int64(0); ; {
		looks, err := s.looks(ctx, caseID, LookQuery{Before: before, Limit: exportPage})
		if err != nil {
			return err
		}
		seen, err := s.atWhat(ctx, looks)
		if err == nil {
			err = each(seen)
		}
		if err != nil || len(looks) < exportPage {
			return err
		}
		before = looks[len(looks)-1].Seq
	}
}

// ExportLooksBy gives everything that LooksBy lists, a page at a time. Errors: as those of
// LooksBy, and what each returns.
func (s *Service) ExportLooksBy(ctx context.Context, actor Actor, person string, p Period, each func([]*SeenLook) error) error {
	for cursor := ""; ; {
		page, err := database.NewTimePage(database.MaxPageLimit, cursor)
		if err != nil {
			return err
		}
		seen, next, err := s.LooksBy(ctx, actor, person, p, page)
		if err == nil {
			err = each(seen)
		}
		if err != nil || next == "" {
			return err
		}
		cursor = next
	}
}
