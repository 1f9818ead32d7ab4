package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/problem"
)

// Absence is a time in which a member of staff is away: nobody gives them cases then.
type Absence struct {
	ID    string
	Staff string
	// From is when it begins, Until the moment at which the person is back.
	From, Until time.Time
	// Reason is a few words for colleagues; may be empty.
	Reason string
	SetBy  string
	SetAt  time.Time
	// Now says that the person was away by it when it was read.
	Now bool
	// EndedBy and EndedAt tell who ended it early, or cancelled it; nil mostly.
	EndedBy string
	EndedAt *time.Time
}

// Over reports whether nothing of the absence is left at the time.
func (a Absence) Over(at time.Time) bool { return a.EndedAt != nil || !at.Before(a.Until) }

// Holds reports whether the person is away by it at the time.
func (a Absence) Holds(at time.Time) bool { return !a.Over(at) && !at.Before(a.From) }

type absenceRow struct {
	bun.BaseModel `bun:"table:absences,alias:absences"`

	ID       string `bun:",pk"`
	StaffID  string
	BeginsAt time.Time
	EndsAt   time.Time
	Reason   string
	SetBy    string
	SetAt    time.Time
	EndedBy  string
	EndedAt  *time.Time
}

func (r absenceRow) absence(now time.Time) Absence {
	a := Absence{
		ID: r.ID, Staff: r.StaffID, From: r.BeginsAt.UTC(), Until: r.EndsAt.UTC(), Reason: r.Reason, SetBy: r.SetBy, SetAt: r.SetAt.UTC(),
		EndedBy: r.EndedBy, EndedAt: utc(r.EndedAt),
	}
	a.Now = a.Holds(now)
	return a
}

// NewAbsence describes an absence to set.
type NewAbsence struct {
	Staff       string
	From, Until time.Time
	Reason      string
}

// What bounds absences.
const (
	maxAway        = 366 * 24 * time.Hour // one absence, and how far ahead it may be set
	maxAwayReason  = 120
	mostAbsences   = 20 // still to come, of one person
	absencesKept   = 400 * 24 * time.Hour
	absencesListed = 50 // of those that hold now
)

// mayAbsent says who says when somebody is away: that person, and leads.
func (p Principal) mayAbsent(staffID string) error {
	if p.Kind == StaffMember && p.ID == staffID || p.Has(Lead) {
		return nil
	}
	return errRole()
}

// SetAbsence says that somebody is away. What begins before now begins now. Errors:
// role_required, not_found, invalid_fields with the pointers "/from", "/until" and
// "/reason", absence_overlaps, too_many_absences.
func (s *Service) SetAbsence(ctx context.Context, by Principal, n NewAbsence) (Absence, error) {
	if err := by.mayAbsent(n.Staff); err != nil {
		return Absence{}, err
	}
	now := s.options.now()
	row := absenceRow{
		ID: s.options.IDs(), StaffID: n.Staff, BeginsAt: later(n.From.UTC().Truncate(time.Microsecond), now), EndsAt: n.Until.UTC().Truncate(time.Microsecond),
		Reason: strings.TrimSpace(n.Reason), SetBy: by.ID, SetAt: now,
	}
	if err := problem.InvalidFields(row.check(n.From, now)); err != nil {
		return Absence{}, err
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		record, err := s.lockRecord(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		if err := s.fits(ctx, tx, row); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return record.add(ctx, row.StaffID, ChangeAway, changeData{Absence: row.ID, From: &row.BeginsAt, Until: &row.EndsAt})
	})
	if err != nil {
		return Absence{}, fmt.Errorf("set an absence: %w", err)
	}
	return row.absence(now), nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// check says what is wrong with an absence; from is when it was to begin.
func (r absenceRow) check(from, now time.Time) []problem.Field {
	var bad []problem.Field
	fault := func(pointer, code, message string) {
		bad = append(bad, problem.Field{Pointer: pointer, Code: code, Message: message})
	}
	switch {
	case from.Before(now.Add(-48 * time.Hour)): // today, wherever that is
		fault("/from", "too_early", "Give today or a day that is still to come.")
	case from.After(now.Add(maxAway)):
		fault("/from", "too_late", "An absence can be set for the coming year.")
	}
	switch {
	case !r.EndsAt.After(r.BeginsAt):
		fault("/until", "too_early", "Give a last day that is not before the first, and not over.")
	case r.EndsAt.After(r.BeginsAt.Add(maxAway)):
		fault("/until", "too_late", "An absence lasts a year at most.")
	}
	if f := problem.CheckText("/reason", r.Reason, 0, maxAwayReason, problem.OneLine); f != nil {
		bad = append(bad, *f)
	}
	return bad
}

// fits refuses an absence of nobody, and one that overlaps another.
func (s *Service) fits(ctx context.Context, tx bun.IDB, row absenceRow) error {
	person, err := s.StaffByID(ctx, row.StaffID)
	if err != nil {
		return err
	}
	if person.Disabled {
		return errNoStaff()
	}
	var open []absenceRow
	err = tx.NewSelect().Model(&open).Where("staff_id = ?", row.StaffID).Where("ended_at IS NULL").Where("ends_at > ?", row.SetAt).Scan(ctx)
	if err != nil {
		return err
	}
	for _, o := range open {
		if o.BeginsAt.Before(row.EndsAt) && row.BeginsAt.Before(o.EndsAt) {
			return problem.New(problem.Conflict, "absence_overlaps", "Another absence is set for some of these days. End or cancel it first.")
		}
	}
	if len(open) >= mostAbsences {
		return problem.Newf(problem.Conflict, "too_many_absences", "At most %d absences can be set ahead.", mostAbsences)
	}
	return nil
}

// EndAbsence ends an absence now, or cancels one that has not begun. One that is over
// already stays as it is. Errors: role_required, absence_not_found.
func (s *Service) EndAbsence(ctx context.Context, by Principal, staffID, id string) error {
	if err := by.mayAbsent(staffID); err != nil {
		return err
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		record, err := s.lockRecord(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		var row absenceRow
		err = tx.NewSelect().Model(&row).Where("id = ?", id).Where("staff_id = ?", staffID).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return problem.New(problem.NotFound, "absence_not_found", "There is no such absence.")
		}
		now := s.options.now()
		if err != nil || row.absence(now).Over(now) {
			return err
		}
		row.EndedAt, row.EndedBy = &now, by.ID
		if _, err := tx.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		return record.add(ctx, staffID, ChangeBack, changeData{Absence: id})
	})
	if err != nil {
		return fmt.Errorf("end an absence: %w", err)
	}
	return nil
}

// Absences are those of one person that are not over, the first to begin first, for
// whoever keeps people and for that person. Error: not_found.
func (s *Service) Absences(ctx context.Context, by Principal, staffID string) ([]Absence, error) {
	if !by.readsPeople() && (by.Kind != StaffMember || by.ID != staffID) {
		return nil, errNoStaff()
	}
	return s.openAbsences(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("staff_id = ?", staffID) })
}

// AwayNow are the absences that hold now, the first to be back first, and how many more
// there are than are listed. Error: role_required.
func (s *Service) AwayNow(ctx context.Context, by Principal) (list []Absence, more int, err error) {
	if !by.readsPeople() {
		return nil, 0, errRole()
	}
	var rows []absenceRow
	now := s.options.now()
	holds := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("ended_at IS NULL").Where("ends_at > ?", now).Where("begins_at <= ?", now)
	}
	db := s.db.From(ctx)
	if err := holds(db.NewSelect().Model(&rows)).OrderExpr("ends_at, id").Limit(absencesListed + 1).Scan(ctx); err != nil {
		return nil, 0, fmt.Errorf("read absences: %w", err)
	}
	if len(rows) > absencesListed {
		rows = rows[:absencesListed]
		all, err := holds(db.NewSelect().Model((*absenceRow)(nil))).Count(ctx)
		if err != nil {
			return nil, 0, fmt.Errorf("count absences: %w", err)
		}
		more = int(all) - len(rows)
	}
	return s.absencesOf(rows), more, nil
}

func (s *Service) openAbsences(ctx context.Context, which func(*bun.SelectQuery) *bun.SelectQuery) ([]Absence, error) {
	var rows []absenceRow
	q := s.db.From(ctx).NewSelect().Model(&rows).Where("ended_at IS NULL").Where("ends_at > ?", s.options.now()).OrderExpr("begins_at, id")
	if err := which(q).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read absences: %w", err)
	}
	return s.absencesOf(rows), nil
}

func (s *Service) absencesOf(rows []absenceRow) []Absence {
	now := s.options.now()
	list := make([]Absence, 0, len(rows))
	for _, r := range rows {
		list = append(list, r.absence(now))
	}
	return list
}

// awayNow is until when people are away, by id: of those named, or of all.
func (s *Service) awayNow(ctx context.Context, ids []string) (map[string]*time.Time, error) {
	var rows []absenceRow
	now := s.options.now()
	q := s.db.From(ctx).NewSelect().Model(&rows).Column("staff_id", "ends_at").Where("ended_at IS NULL").Where("ends_at > ?", now).Where("begins_at <= ?", now)
	if ids != nil {
		q = q.Where("staff_id IN (?)", bun.List(ids))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read who is away: %w", err)
	}
	away := map[string]*time.Time{}
	for _, r := range rows {
		away[r.StaffID] = utc(&r.EndsAt)
	}
	return away, nil
}

// markAway says of each of the people until when they are away.
func (s *Service) markAway(ctx context.Context, people []Staff) error {
	if len(people) == 0 {
		return nil
	}
	ids := make([]string, len(people))
	for n, p := range people {
		ids[n] = p.ID
	}
	away, err := s.awayNow(ctx, ids)
	for n := range people {
		people[n].AwayUntil = away[people[n].ID]
	}
	return err
}

// Why somebody holds no cases.
const (
	// AwayAbsent is away for now.
	AwayAbsent = "absent"
	// AwayLeft can't sign in any more, or reviews no cases any more, or is a program whose
	// key is over.
	AwayLeft = "left"
)

// Away says which of the members of staff and of the programs hold no cases now, and why.
// Ids of nobody are left out.
func (s *Service) Away(ctx context.Context, ids []string) (map[string]string, error) {
	away := map[string]string{}
	if len(ids) == 0 {
		return away, nil
	}
	var rows []struct {
		staffRow
		Absent bool
	}
	now := s.options.now()
	err := s.db.From(ctx).NewSelect().Model((*staffRow)(nil)).Column("id", "roles", "disabled_at").
		ColumnExpr("EXISTS (SELECT 1 FROM absences a WHERE a.staff_id = staff.id AND a.ended_at IS NULL AND a.begins_at <= ? AND a.ends_at > ?) AS absent", now, now).
		Where("staff.id IN (?)", bun.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look who is away: %w", err)
	}
	for _, r := range rows {
		switch {
		case !r.staff().Reviews():
			away[r.ID] = AwayLeft
		case r.Absent:
			away[r.ID] = AwayAbsent
		}
	}
	return away, s.endedKeys(ctx, ids, away)
}

// Gone says which of the members of staff and of the programs see no cases any more: they
// can't sign in, or have no role for it, or their key is over. Ids of nobody are left out.
func (s *Service) Gone(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Column("id", "roles", "disabled_at").Where("id IN (?)", bun.List(ids))
	})
	if err != nil {
		return nil, err
	}
	gone := map[string]string{}
	for _, r := range rows {
		if who := r.staff(); !who.SeesCases() {
			gone[r.ID] = AwayLeft
		}
	}
	err = s.endedKeys(ctx, ids, gone)
	return slices.Sorted(maps.Keys(gone)), err
}

// forgetAbsences deletes those of long ago: why somebody was away is nobody's business
// for ever.
func (s *Service) forgetAbsences(ctx context.Context) error {
	_, err := s.db.From(ctx).NewDelete().Model((*absenceRow)(nil)).Where("ends_at < ?", s.options.now().Add(-absencesKept)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget absences of long ago: %w", err)
	}
	return nil
}
