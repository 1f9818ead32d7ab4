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
}

func (r staffRow) staff() Staff {
	return Staff{ID: r.ID, Email: r.Email, Name: r.Name, Roles: r.Roles.V, CreatedAt: r.CreatedAt.UTC(), Disabled: r.DisabledAt != nil}
}

// CreateStaff adds a staff member. Bad input is invalid_fields with pointers
// "/email", "/name", "/password", "/roles"; an address in use is email_taken.
func (s *Service) CreateStaff(ctx context.Context, n NewStaff) (Staff, error) {
	address, key, validEmail := notify.ParseEmail(n.Email)
	name, fields := checkName(n.Name)
	if !validEmail {
		fields = append(fields, problem.Field{Pointer: "/email", Code: "invalid_email", Message: "Give one e-mail address, such as ana@example.com."})
	}
	fields = append(fields, CheckPassword(n.Password, n.Email, MinStaffPassword)...)
	fields = append(fields, checkRoles(n.Roles)...)
	if err := problem.InvalidFields(fields); err != nil {
		return Staff{}, err
	}
	hash, err := s.passwords.hash(ctx, n.Password)
	if err != nil {
		return Staff{}, err
	}
	now := s.options.now()
	row := staffRow{
		ID: s.options.IDs(), Email: address, EmailKey: key, Name: name, Roles: database.NewJSON(sortedRoles(n.Roles)),
		PasswordHash: hash, CreatedAt: now, UpdatedAt: now,
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if errors.Is(err, database.ErrUnique) {
		return Staff{}, problem.New(problem.Conflict, "email_taken", "A staff member with this e-mail address exists already.")
	}
	if err != nil {
		return Staff{}, fmt.Errorf("create a staff member: %w", err)
	}
	return row.staff(), nil
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

// Admins are all admins who can sign in.
func (s *Service) Admins(ctx context.Context) ([]Staff, error) { return s.staffWith(ctx, Admin) }

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

// SetPassword replaces a staff member's password and ends all their sessions.
func (s *Service) SetPassword(ctx context.Context, staffID, password string) error {
	staff, err := s.StaffByID(ctx, staffID)
	if err != nil {
		return err
	}
	if err := problem.InvalidFields(CheckPassword(password, staff.Email, MinStaffPassword)); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.changeStaff(ctx, staffID, true, func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Set("password_hash = ?", hash) })
}

// SetRoles replaces a staff member's roles; it counts from the next request on.
func (s *Service) SetRoles(ctx context.Context, staffID string, roles []Role) error {
	if err := problem.InvalidFields(checkRoles(roles)); err != nil {
		return err
	}
	value := database.NewJSON(sortedRoles(roles))
	return s.changeStaff(ctx, staffID, false, func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Set("roles = ?", value) })
}

// DisableStaff keeps a staff member from signing in and ends all their sessions.
func (s *Service) DisableStaff(ctx context.Context, staffID string) error {
	return s.changeStaff(ctx, staffID, true, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("disabled_at = ?", s.options.now())
	})
}

// EnableStaff undoes DisableStaff.
func (s *Service) EnableStaff(ctx context.Context, staffID string) error {
	return s.changeStaff(ctx, staffID, false, func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Set("disabled_at = NULL") })
}

func (s *Service) changeStaff(ctx context.Context, staffID string, endSessions bool, change func(*bun.UpdateQuery) *bun.UpdateQuery) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		query := tx.NewUpdate().Model((*staffRow)(nil)).Set("updated_at = ?", s.options.now()).Where("id = ?", staffID)
		done, err := change(query).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errNoStaff())
		}
		if endSessions {
			return s.EndSessionsOf(ctx, StaffMember, staffID)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("change a staff member: %w", err)
	}
	return nil
}
