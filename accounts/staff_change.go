package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
)

// ChangeKind is what was changed about a member of staff, or done to something else that
// staff keep.
type ChangeKind string

// The kinds of changes of staff.
const (
	ChangeAdded       ChangeKind = "added"
	ChangeRoles       ChangeKind = "roles"
	ChangeDisabled    ChangeKind = "disabled"
	ChangeEnabled     ChangeKind = "enabled"
	ChangePassword    ChangeKind = "password_reset"  // a password that works once was made
	ChangeOwnPassword ChangeKind = "password_chosen" // its owner chose one
	ChangeAway        ChangeKind = "away"            // an absence was set
	ChangeBack        ChangeKind = "back"            // an absence was ended early or cancelled
)

// The kinds of acts.
const (
	OrganisationAdded ChangeKind = "organisation_added"
	MemberAdded       ChangeKind = "member_added"
	MemberRemoved     ChangeKind = "member_removed"
	DomainsSet        ChangeKind = "domains_set"
	KeyMade           ChangeKind = "key_made"
	KeyRevoked        ChangeKind = "key_revoked"
	TagRenamed        ChangeKind = "tag_renamed"
	TagRetired        ChangeKind = "tag_retired"
	TagRestored       ChangeKind = "tag_restored"
	TagMerged         ChangeKind = "tag_merged"
	BlockSet          ChangeKind = "block_set"
	BlockLifted       ChangeKind = "block_lifted"
	WebhookAdded      ChangeKind = "webhook_added"
	WebhookChanged    ChangeKind = "webhook_changed"
	WebhookEnabled    ChangeKind = "webhook_enabled"
	WebhookDisabled   ChangeKind = "webhook_disabled"
	WebhookSecret     ChangeKind = "webhook_secret" // it got a new one
	WebhookRemoved    ChangeKind = "webhook_removed"
)

// staffKinds are those that are about a member of staff.
func staffKinds() []ChangeKind {
	return []ChangeKind{ChangeAdded, ChangeRoles, ChangeDisabled, ChangeEnabled, ChangePassword, ChangeOwnPassword, ChangeAway, ChangeBack}
}

// ofStaff reports whether lines of the kind are about a member of staff.
func (k ChangeKind) ofStaff() bool { return slices.Contains(staffKinds(), k) }

// ChangeKinds lists all kinds.
func ChangeKinds() []ChangeKind {
	return append(staffKinds(), OrganisationAdded, MemberAdded, MemberRemoved, DomainsSet, KeyMade, KeyRevoked, TagRenamed, TagRetired, TagRestored,
		TagMerged, BlockSet, BlockLifted, WebhookAdded, WebhookChanged, WebhookEnabled, WebhookDisabled, WebhookSecret, WebhookRemoved)
}

// StaffChange is a line of the record of what was changed about staff, and of what staff
// did to what is no case. Lines are only ever added, each sealed to the one before.
type StaffChange struct {
	ID  string
	Seq int64
	At  time.Time
	// By is the member of staff, or the program, who did it; empty for the operator's
	// command line.
	By string
	// Staff is whom it was about; empty where it was something else.
	Staff string
	Kind  ChangeKind
	// Subject, Other, Was and Is are those of an act.
	Subject, Other string
	Was, Is        []string
	// Before and After are the roles, where they changed.
	Before, After []Role
	// From and Until are those of an absence.
	From, Until *time.Time
}

// changeData is what a line says beside who, whom, what and when: no names, addresses
// or reasons, so that nothing of it ever has to be taken away.
type changeData struct {
	Other   string     `json:"other,omitempty"`
	Was     []string   `json:"was,omitempty"`
	Is      []string   `json:"is,omitempty"`
	Before  []Role     `json:"before,omitempty"`
	After   []Role     `json:"after,omitempty"`
	Absence string     `json:"absence,omitempty"`
	From    *time.Time `json:"from,omitempty"`
	Until   *time.Time `json:"until,omitempty"`
}

// changeRow is a line in the database.
type changeRow struct {
	bun.BaseModel `bun:"table:staff_changes,alias:staff_changes"`

	ID   string `bun:",pk"`
	Seq  int64
	At   time.Time
	ByID string
	// SubjectID is what it was about: at first there were members of staff alone.
	SubjectID string `bun:"staff_id"`
	Kind      ChangeKind
	Data      string
	Hash      string
}

// recordRow is the end of the record.
type recordRow struct {
	bun.BaseModel `bun:"table:staff_record,alias:staff_record"`

	ID   string `bun:",pk"`
	Seq  int64
	Head string
}

// staffRecord is the record, locked until the transaction ends: changes of staff happen
// one after the other, so that what they look at holds while they are made.
type staffRecord struct {
	s   *Service
	tx  bun.IDB
	by  string
	end *recordRow
}

const recordID = "staff"

func (s *Service) lockRecord(ctx context.Context, tx bun.IDB, by string) (*staffRecord, error) {
	rows := []*recordRow{}
	if err := s.db.Lock(ctx, tx, &rows, recordID); err != nil {
		return nil, fmt.Errorf("lock the record of staff: %w", err)
	}
	if len(rows) != 1 {
		return nil, errors.New("the record of staff has no end")
	}
	return &staffRecord{s: s, tx: tx, by: by, end: rows[0]}, nil
}

// add writes a line.
func (r *staffRecord) add(ctx context.Context, subject string, kind ChangeKind, data changeData) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode a change of staff: %w", err)
	}
	row := changeRow{
		ID: r.s.options.IDs(), Seq: r.end.Seq + 1, At: r.s.options.now(), ByID: r.by, SubjectID: subject, Kind: kind, Data: string(encoded),
	}
	row.Hash = row.sum(r.end.Head)
	if _, err := r.tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("write a change of staff: %w", err)
	}
	r.end.Seq, r.end.Head = row.Seq, row.Hash
	if _, err := r.tx.NewUpdate().Model(r.end).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("move the end of the record of staff: %w", err)
	}
	return nil
}

// sum is the SHA-256 over every field and the line before, each preceded by its length.
func (r changeRow) sum(prev string) string {
	h := sha256.New()
	for _, part := range []string{
		r.ID, fmt.Sprint(r.Seq), r.At.UTC().Format("2006-01-02T15:04:05.000000Z"), r.ByID, r.SubjectID, string(r.Kind), r.Data, prev,
	} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (r changeRow) change() (StaffChange, error) {
	var data changeData
	if err := json.Unmarshal([]byte(r.Data), &data); err != nil {
		return StaffChange{}, fmt.Errorf("decode the change of staff %s: %w", r.ID, err)
	}
	c := StaffChange{
		ID: r.ID, Seq: r.Seq, At: r.At.UTC(), By: r.ByID, Kind: r.Kind, Other: data.Other, Was: data.Was, Is: data.Is,
		Before: data.Before, After: data.After, From: data.From, Until: data.Until,
	}
	if r.Kind.ofStaff() {
		c.Staff = r.SubjectID
	} else {
		c.Subject = r.SubjectID
	}
	return c, nil
}

// StaffChanges are a page of the record, the newest first, of one person where an id is
// given, and the cursor of the next. Error: role_required for whoever is neither admin
// nor auditor.
func (s *Service) StaffChanges(ctx context.Context, by Principal, staffID string, page database.Page) ([]StaffChange, string, error) {
	if !by.Has(Admin, Auditor) {
		return nil, "", errRole()
	}
	var rows []changeRow
	q := page.Descending(s.db.From(ctx).NewSelect().Model(&rows), "staff_changes.at", "staff_changes.id")
	if staffID != "" {
		q = q.Where("staff_changes.staff_id = ?", staffID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read changes of staff: %w", err)
	}
	rows, next, err := database.Next(page, rows, func(r changeRow) (any, string) { return r.At, r.ID })
	if err != nil {
		return nil, "", err
	}
	changes := make([]StaffChange, 0, len(rows))
	for _, r := range rows {
		c, err := r.change()
		if err != nil {
			return nil, "", err
		}
		changes = append(changes, c)
	}
	return changes, next, nil
}

// RecordFinding is what is wrong with the record of changes of staff, or with what
// organisations are. Seq is the number of a line; 0 when it is none's.
type RecordFinding struct {
	Seq          int64
	Code, Detail string
}

// verifyBatch is how many lines are verified at a time.
const verifyBatch = 500

// verifyTries is how often staff are held against a record that grows meanwhile.
const verifyTries = 3

// VerifyStaffChanges holds every line of the record against its seal and the one before,
// the last one against the record's end, and staff and organisations against what the lines
// tell of them: nobody has roles, or may sign in, and no organisation has a domain or a
// member, without a line that says so. It returns how many lines there are.
func (s *Service) VerifyStaffChanges(ctx context.Context) (lines int64, findings []RecordFinding, err error) {
	v := recordCheck{s: s, told: map[string]*told{}, firms: firmsTold{domains: map[string][]string{}, members: map[string]bool{}}}
	for tries := 0; ; tries++ {
		end, err := s.recordEnd(ctx)
		if err == nil {
			err = v.readTo(ctx, end.Seq)
		}
		if err != nil {
			return v.lines, v.findings, err
		}
		differences, err := v.differences(ctx)
		if err != nil {
			return v.lines, v.findings, err
		}
		now, err := s.recordEnd(ctx)
		if err != nil {
			return v.lines, v.findings, err
		}
		if now.Seq != end.Seq && tries < verifyTries { // somebody was changed while they were looked at
			continue
		}
		if v.last != end.Seq || v.head != end.Head {
			v.found(end.Seq, "cut", "the last line is not the one that the record ends with")
		}
		if now.Seq == end.Seq {
			v.findings = append(v.findings, differences...)
		}
		return v.lines, v.findings, nil
	}
}

func (s *Service) recordEnd(ctx context.Context) (recordRow, error) {
	var end recordRow
	if err := s.db.From(ctx).NewSelect().Model(&end).Where("id = ?", recordID).Scan(ctx); err != nil {
		return end, fmt.Errorf("read the end of the record of staff: %w", err)
	}
	return end, nil
}

// told is what the lines tell of one member of staff; nil for what they say nothing of, as
// of those who were there before the record.
type told struct {
	added    bool
	roles    []Role
	disabled *bool
}

// recordCheck goes through the record.
type recordCheck struct {
	s        *Service
	began    time.Time // when the first line was written
	lines    int64
	last     int64
	head     string
	told     map[string]*told
	firms    firmsTold
	findings []RecordFinding
}

func (v *recordCheck) found(seq int64, code, detail string) {
	v.findings = append(v.findings, RecordFinding{Seq: seq, Code: code, Detail: detail})
}

// readTo reads the lines up to a number, from where it was.
func (v *recordCheck) readTo(ctx context.Context, end int64) error {
	for {
		var rows []changeRow
		err := v.s.db.From(ctx).NewSelect().Model(&rows).Where("seq > ?", v.last).Where("seq <= ?", end).OrderExpr("seq").Limit(verifyBatch).Scan(ctx)
		if err != nil {
			return fmt.Errorf("read changes of staff: %w", err)
		}
		for _, r := range rows {
			if r.Seq != v.last+1 {
				v.found(v.last+1, "missing", "a line is not there")
			}
			if r.Hash != r.sum(v.head) {
				v.found(r.Seq, "altered", "the line is not what was sealed after the one before")
			}
			if v.lines == 0 {
				v.began = r.At
			}
			v.last, v.head = r.Seq, r.Hash
			v.lines++
			v.take(r)
		}
		if len(rows) < verifyBatch {
			return nil
		}
	}
}

// take keeps what a line tells of somebody.
func (v *recordCheck) take(r changeRow) {
	c, err := r.change()
	if err != nil {
		v.found(r.Seq, "unreadable", "the line's data can't be read")
		return
	}
	if !c.Kind.ofStaff() {
		v.firms.take(c)
		return
	}
	of := v.told[c.Staff]
	if of == nil {
		of = &told{}
		v.told[c.Staff] = of
	}
	disabled := c.Kind == ChangeDisabled
	switch c.Kind {
	case ChangeAdded:
		of.added, of.roles, of.disabled = true, c.After, &disabled
	case ChangeRoles:
		of.roles = c.After
	case ChangeDisabled, ChangeEnabled:
		of.disabled = &disabled
	}
}

// differences are what staff are and the lines do not tell.
func (v *recordCheck) differences(ctx context.Context) ([]RecordFinding, error) {
	var out []RecordFinding
	differ := func(code, detail, id string) {
		out = append(out, RecordFinding{Code: code, Detail: fmt.Sprintf(detail, id)})
	}
	rows, err := v.s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Column("id", "roles", "created_at", "disabled_at").OrderExpr("id")
	})
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, r := range rows {
		there[r.ID] = true
		of := v.told[r.ID]
		if of == nil {
			of = &told{}
		}
		if !of.added && v.lines > 0 && r.CreatedAt.After(v.began) {
			differ("unrecorded", "no line tells that %s was added", r.ID)
		}
		if of.roles != nil && !slices.Equal(of.roles, r.Roles.V) {
			differ("roles_differ", "%s has other roles than the lines gave", r.ID)
		}
		if of.disabled != nil && *of.disabled != (r.DisabledAt != nil) {
			differ("access_differs", "whether %s may sign in is not what the lines tell", r.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.told)) {
		if !there[id] {
			differ("gone", "%s, of whom lines tell, is not there", id)
		}
	}
	firms, err := v.s.firmsDiffer(ctx, v.firms)
	return append(out, firms...), err
}
