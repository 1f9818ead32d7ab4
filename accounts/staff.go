package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"regain/database"
	"regain/notify"
	"regain/problem"
)

// Role is what a staff member may do.
type Role string

// The roles.
const (
	Reviewer     Role = "reviewer"
	Lead         Role = "lead"
	Auditor      Role = "auditor"
	PolicyAuthor Role = "policy_author"
	Admin        Role = "admin"
)

// Roles lists all roles.
func Roles() []Role { return []Role{Reviewer, Lead, Auditor, PolicyAuthor, Admin} }

// Staff is a person who works on cases.
type Staff struct {
	ID        string
	Email     string
	Name      string
	Roles     []Role
	CreatedAt time.Time
	// Disabled staff cannot sign in; what they did stays under their name.
	Disabled bool
	// OneTimeUntil is until when a password works that its owner has to replace by an own
	// one; nil for whoever has an own one.
	OneTimeUntil *time.Time
	// AwayUntil is the end of the absence that holds now. It is set where people are
	// listed to choose from: by People, Person and StaffWho.
	AwayUntil *time.Time
}

// Reviews reports whether the person may work on cases.
func (s Staff) Reviews() bool {
	return !s.Disabled && slices.ContainsFunc(s.Roles, func(r Role) bool { return r == Reviewer || r == Lead })
}

// SeesCases reports whether the person may look at cases.
func (s Staff) SeesCases() bool {
	return s.Reviews() || !s.Disabled && slices.Contains(s.Roles, Auditor)
}

// NewStaff describes a staff member to create.
type NewStaff struct {
	Email, Name, Password string
	Roles                 []Role
}

// staffRow is a staff member in the database.
type staffRow struct {
	bun.BaseModel `bun:"table:staff,alias:staff"`

	ID           string `bun:",pk"`
	Email        string
	EmailKey     string
	Name         string
	Roles        database.JSON[[]Role]
	PasswordHash string
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DisabledAt   *time.Time
	OneTimeUntil *time.Time
}

func (r staffRow) staff() Staff {
	return Staff{
		ID: r.ID, Email: r.Email, Name: r.Name, Roles: r.Roles.V, CreatedAt: r.CreatedAt.UTC(), Disabled: r.DisabledAt != nil, OneTimeUntil: utc(r.OneTimeUntil),
	}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := t.UTC()
	return &at
}

// CreateStaff adds a staff member with a password of their own, on the operator's
// command line. Bad input is invalid_fields with pointers "/email", "/name",
// "/password", "/roles"; an address in use is email_taken, one that acts for an
// organisation member_address.
func (s *Service) CreateStaff(ctx context.Context, n NewStaff) (Staff, error) {
	row, fields := s.newStaff(n)
	fields = append(fields, CheckPassword(n.Password, n.Email, MinStaffPassword)...)
	if err := problem.InvalidFields(fields); err != nil {
		return Staff{}, err
	}
	var err error
	if row.PasswordHash, err = s.passwords.hash(ctx, n.Password); err != nil {
		return Staff{}, err
	}
	if err := s.insertStaff(ctx, Operator(), &row); err != nil {
		return Staff{}, err
	}
	return row.staff(), nil
}

// newStaff is the row of a new staff member, without a password.
func (s *Service) newStaff(n NewStaff) (staffRow, []problem.Field) {
	address, key, validEmail := notify.ParseEmail(n.Email)
	name, fields := checkName(n.Name)
	if !validEmail {
		fields = append(fields, errInvalidEmail())
	}
	fields = append(fields, checkRoles(n.Roles)...)
	now := s.options.now()
	return staffRow{
		ID: s.options.IDs(), Email: address, EmailKey: key, Name: name, Roles: database.NewJSON(sortedRoles(n.Roles)), CreatedAt: now, UpdatedAt: now,
	}, fields
}

// insertStaff adds the row with its line in the record, and whatever is to be done with
// them.
func (s *Service) insertStaff(ctx context.Context, by Principal, row *staffRow, also ...func(context.Context, bun.IDB) error) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		record, err := s.lockRecord(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		if err := s.lockAddresses(ctx, tx); err != nil {
			return err
		}
		if err := s.noMember(ctx, tx, row.EmailKey); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		for _, do := range also {
			if err := do(ctx, tx); err != nil {
				return err
			}
		}
		return record.add(ctx, row.ID, ChangeAdded, changeData{After: row.Roles.V})
	})
	if errors.Is(err, database.ErrUnique) {
		return problem.New(problem.Conflict, "email_taken", "A staff member with this e-mail address exists already.")
	}
	if err != nil {
		return fmt.Errorf("create a staff member: %w", err)
	}
	return nil
}

func checkName(typed string) (string, []problem.Field) {
	name := norm.NFC.String(strings.TrimSpace(typed))
	fault := func(code, message string) (string, []problem.Field) {
		return "", []problem.Field{{Pointer: "/name", Code: code, Message: message}}
	}
	switch {
	case name == "":
		return fault("required", "Give a name.")
	case utf8.RuneCountInString(name) > 120:
		return fault("too_long", "Use at most 120 characters.")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
		return fault("invalid_characters", "Use characters that can be seen.")
	}
	return name, nil
}

func checkRoles(roles []Role) []problem.Field {
	if len(roles) == 0 {
		return []problem.Field{{Pointer: "/roles", Code: "required", Message: "Give at least one role."}}
	}
	var fields []problem.Field
	for i, role := range roles {
		if !slices.Contains(Roles(), role) {
			fields = append(fields, problem.Field{Pointer: fmt.Sprintf("/roles/%d", i), Code: "unknown_role",
				Message: "Use reviewer, lead, auditor, policy_author or admin."})
		}
	}
	return fields
}

func sortedRoles(roles []Role) []Role {
	sorted := slices.Clone(roles)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// StaffByID finds a staff member; the problem not_found when there is none.
func (s *Service) StaffByID(ctx context.Context, id string) (Staff, error) {
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("id = ?", id) })
	if err != nil {
		return Staff{}, err
	}
	if len(rows) == 0 {
		return Staff{}, errNoStaff()
	}
	return rows[0].staff(), nil
}

// StaffNames are the names of the members of staff and of the programs with the ids,
// by id; ids of nobody are left out. Who was disabled keeps the name.
func (s *Service) StaffNames(ctx context.Context, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	if len(ids) == 0 {
		return names, nil
	}
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Column("id", "name").Where("id IN (?)", bun.List(ids))
	})
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	if err != nil {
		return names, err
	}
	return names, s.keyNames(ctx, ids, names)
}

func errNoStaff() error {
	return problem.New(problem.NotFound, "not_found", "There is no such staff member.")
}

// ListStaff returns up to limit staff members by e-mail address, after the one
// whose address is given; "" begins.
func (s *Service) ListStaff(ctx context.Context, after string, limit int) ([]Staff, error) {
	_, key, _ := notify.ParseEmail(after)
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("email_key > ?", key).OrderExpr("email_key").Limit(int64(max(limit, 1)))
	})
	if err != nil {
		return nil, err
	}
	staff := make([]Staff, 0, len(rows))
	for _, r := range rows {
		staff = append(staff, r.staff())
	}
	return staff, nil
}

// StaffWho are those who can sign in and have one of the roles, by e-mail address, each with
// until when they are away: up to limit of them, or all where that is 0. more says that
// there are others.
func (s *Service) StaffWho(ctx context.Context, limit int, roles ...Role) (list []Staff, more bool, err error) {
	for after := ""; ; {
		rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Column("id", "email", "email_key", "name", "roles").Where("disabled_at IS NULL").Where("email_key > ?", after).OrderExpr("email_key").Limit(staffBatch)
		})
		if err != nil {
			return nil, false, err
		}
		for _, r := range rows {
			after = r.EmailKey
			if !slices.ContainsFunc(r.Roles.V, func(role Role) bool { return slices.Contains(roles, role) }) {
				continue
			}
			if limit > 0 && len(list) == limit {
				return list, true, s.markAway(ctx, list)
			}
			list = append(list, r.staff())
		}
		if len(rows) < staffBatch {
			return list, false, s.markAway(ctx, list)
		}
	}
}

// staffBatch is how many members of staff are read at a time.
const staffBatch = 1000

// StaffByIDs finds members of staff, those who were disabled, too; ids of nobody are left
// out.
func (s *Service) StaffByIDs(ctx context.Context, ids []string) ([]Staff, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("id IN (?)", bun.List(ids)) })
	staff := make([]Staff, len(rows))
	for n, r := range rows {
		staff[n] = r.staff()
	}
	return staff, err
}

// staffWith are all who have a role and can sign in.
func (s *Service) staffWith(ctx context.Context, role Role) ([]Staff, error) {
	rows, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("disabled_at IS NULL").OrderExpr("email_key")
	})
	if err != nil {
		return nil, err
	}
	var staff []Staff
	for _, r := range rows {
		if slices.Contains(r.Roles.V, role) {
			staff = append(staff, r.staff())
		}
	}
	return staff, nil
}

func (s *Service) findStaff(ctx context.Context, which func(*bun.SelectQuery) *bun.SelectQuery) ([]staffRow, error) {
	var rows []staffRow
	if err := which(s.db.From(ctx).NewSelect().Model(&rows)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find staff: %w", err)
	}
	return rows, nil
}
