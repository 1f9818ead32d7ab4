package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/notify"
	"regain/problem"
)

// PurposeOrganisation lets a member of an organisation in.
const PurposeOrganisation = "organisation"

// Member is somebody who acts for an organisation.
type Member struct {
	ID           string
	Organisation string // its id
	Email        string
	AddedAt      time.Time
	// Removed members cannot sign in; what they did stays under their address.
	Removed bool
}

type memberRow struct {
	bun.BaseModel `bun:"table:organisation_members,alias:organisation_members"`

	ID             string `bun:",pk"`
	OrganisationID string
	Email          string
	EmailKey       string
	AddedAt        time.Time
	AddedBy        string
	RemovedAt      *time.Time
}

func (r memberRow) member() Member {
	return Member{ID: r.ID, Organisation: r.OrganisationID, Email: r.Email, AddedAt: r.AddedAt.UTC(), Removed: r.RemovedAt != nil}
}

// AddMember lets the owner of an address act for an organisation, and writes to it how. Errors:
// organisation_not_found, invalid_fields, member_taken (the address is a member's
// already, here or elsewhere), domain_taken, staff_address, too_many_members.
func (s *Service) AddMember(ctx context.Context, by, organisationID, email string) (Member, error) {
	address, key, valid := notify.ParseEmail(email)
	if !valid {
		return Member{}, problem.InvalidFields([]problem.Field{errInvalidEmail()})
	}
	row := memberRow{ID: s.options.IDs(), OrganisationID: organisationID, Email: address, EmailKey: key, AddedAt: s.options.now(), AddedBy: by}
	err := s.recorded(ctx, by, func(ctx context.Context, tx bun.IDB) (Act, error) {
		if err := s.lockAddresses(ctx, tx); err != nil {
			return Act{}, err
		}
		o, err := s.findOrganisation(ctx, tx, "organisations.id = ?", organisationID)
		if err != nil {
			return Act{}, err
		}
		if len(o.Members) >= maxMembers {
			return Act{}, problem.Newf(problem.Conflict, "too_many_members", "An organisation has at most %d members.", maxMembers)
		}
		n, err := tx.NewSelect().Model((*domainRow)(nil)).Where("domain = ?", domainOf(key)).Where("organisation_id <> ?", organisationID).Count(ctx)
		if err != nil {
			return Act{}, err
		}
		if n > 0 {
			return Act{}, errDomainTaken()
		}
		if err := s.noStaff(ctx, tx, key); err != nil {
			return Act{}, err
		}
		if _, err = tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return Act{}, err
		}
		return Act{Kind: MemberAdded, Subject: organisationID, Other: row.ID}, s.options.Outbox.Enqueue(ctx, tx, notify.Message{
			Key: "member/" + row.ID, Channel: notify.Email, To: address, Template: "member_added", Data: map[string]string{"organisation": o.Name},
		})
	})
	if errors.Is(err, database.ErrUnique) {
		err = problem.New(problem.Conflict, "member_taken", "This address is a member's already, of this organisation or of another.")
	}
	if err != nil {
		return Member{}, fmt.Errorf("add a member: %w", err)
	}
	return row.member(), nil
}

// ownedBy keeps the rows whose address is in the mailbox of a key, with whatever note after
// a +.
func ownedBy(q *bun.SelectQuery, key string) *bun.SelectQuery {
	mailbox := notify.MailboxOf(key)
	local, domain, _ := strings.Cut(mailbox, "@")
	return q.Where(`(email_key IN (?, ?) OR email_key LIKE ? ESCAPE '\')`, key, mailbox, likeText.Replace(local)+"+%@"+likeText.Replace(domain))
}

// noStaff refuses the address of a member of staff, who could send in a partner's name what
// they then review. Who was disabled may be let in again, so it is theirs still.
func (s *Service) noStaff(ctx context.Context, tx bun.IDB, key string) error {
	n, err := ownedBy(tx.NewSelect().Model((*staffRow)(nil)), key).Count(ctx)
	if err != nil {
		return fmt.Errorf("look for a member of staff: %w", err)
	}
	if n > 0 {
		return errStaffAddress()
	}
	return nil
}

func errStaffAddress() error {
	return problem.New(problem.Conflict, "staff_address", "A member of staff has this address, or one in this mail domain. Nobody both sends and reviews what is asked for.")
}

// noStaffIn refuses mail domains in which a member of staff has an address: all of a
// domain's addresses are its organisation's.
func (s *Service) noStaffIn(ctx context.Context, tx bun.IDB, domains []string) error {
	for _, d := range domains {
		n, err := tx.NewSelect().Model((*staffRow)(nil)).Where(`email_key LIKE ? ESCAPE '\'`, "%@"+likeText.Replace(d)).Count(ctx)
		if err != nil {
			return fmt.Errorf("look for members of staff: %w", err)
		}
		if n > 0 {
			return errStaffAddress()
		}
	}
	return nil
}

// noMember refuses the address of an organisation's member, or one in its mail domain, to a
// member of staff, with the addresses of organisations locked.
func (s *Service) noMember(ctx context.Context, tx bun.IDB, key string) error {
	members, err := ownedBy(tx.NewSelect().Model((*memberRow)(nil)), key).Where("removed_at IS NULL").Count(ctx)
	if err != nil {
		return fmt.Errorf("look for a member of an organisation: %w", err)
	}
	domains, err := tx.NewSelect().Model((*domainRow)(nil)).Where("domain = ?", domainOf(key)).Count(ctx)
	if err != nil {
		return fmt.Errorf("look for an organisation's mail domain: %w", err)
	}
	if members+domains > 0 {
		return problem.New(problem.Conflict, "member_address", "This address acts for an organisation, or is in its mail domain. Nobody both sends and reviews what is asked for.")
	}
	return nil
}

func errInvalidEmail() problem.Field {
	return problem.Field{Pointer: "/email", Code: "invalid_email", Message: "Give one e-mail address, such as ana@example.com."}
}

// RemoveMember ends a membership and every session of it. by is the member of staff who
// does it; empty for the operator's command line. Error: member_not_found.
func (s *Service) RemoveMember(ctx context.Context, by, organisationID, memberID string) error {
	err := s.recorded(ctx, by, func(ctx context.Context, tx bun.IDB) (Act, error) {
		done, err := tx.NewUpdate().Model((*memberRow)(nil)).Set("removed_at = ?", s.options.now()).
			Where("id = ?", memberID).Where("organisation_id = ?", organisationID).Where("removed_at IS NULL").Exec(ctx)
		if err != nil {
			return Act{}, err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return Act{}, errors.Join(err, problem.New(problem.NotFound, "member_not_found", "The organisation has no such member."))
		}
		return Act{Kind: MemberRemoved, Subject: organisationID, Other: memberID}, s.EndSessionsOf(ctx, OrganisationMember, memberID)
	})
	if err != nil {
		return fmt.Errorf("remove a member: %w", err)
	}
	return nil
}

// MemberEmails are the addresses of members by id, of those who left, too. Ids of
// nobody are left out.
func (s *Service) MemberEmails(ctx context.Context, ids []string) (map[string]string, error) {
	emails := make(map[string]string, len(ids))
	if len(ids) == 0 {
		return emails, nil
	}
	var rows []memberRow
	if err := s.db.From(ctx).NewSelect().Model(&rows).Column("id", "email").Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find members: %w", err)
	}
	for _, r := range rows {
		emails[r.ID] = r.Email
	}
	return emails, nil
}

// Membership is who a member's session stands for: the member, and the organisation as
// it is now. Whoever was removed is the problem unauthenticated.
func (s *Service) Membership(ctx context.Context, memberID string) (Member, Organisation, error) {
	row, err := s.findMember(ctx, "organisation_members.id = ?", memberID)
	if err != nil {
		return Member{}, Organisation{}, err
	}
	if row == nil {
		return Member{}, Organisation{}, errUnauthenticated()
	}
	o, err := s.OrganisationByID(ctx, row.OrganisationID)
	return row.member(), o, err
}

// findMember finds one who has not left, or nil.
func (s *Service) findMember(ctx context.Context, where, value string) (*memberRow, error) {
	var rows []memberRow
	err := s.db.From(ctx).NewSelect().Model(&rows).Where(where, value).Where("organisation_members.removed_at IS NULL").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find a member: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

// SendMemberCode sends a code to a member's address. The answer, and the work, are the
// same whether the address is a member's or not. Errors: invalid_fields for what is no
// address at all, and the limits of codes.
func (s *Service) SendMemberCode(ctx context.Context, email, locale, ip string) error {
	address, key, valid := notify.ParseEmail(email)
	if !valid {
		return problem.InvalidFields([]problem.Field{errInvalidEmail()})
	}
	row, err := s.findMember(ctx, "organisation_members.email_key = ?", key)
	if err != nil {
		return err
	}
	return s.Issue(ctx, nil, CodeRequest{
		Purpose: PurposeOrganisation, Flow: key, Channel: notify.Email, Destination: address, Locale: locale, IP: ip, Decoy: row == nil,
	})
}

// SignInMember takes the code and opens a session for the member. Errors: those of
// codes, the same for an address that is nobody's.
func (s *Service) SignInMember(ctx context.Context, email, code, ip string) (token string, m Member, err error) {
	address, key, valid := notify.ParseEmail(email)
	if !valid {
		return "", Member{}, problem.InvalidFields([]problem.Field{errInvalidEmail()})
	}
	row, err := s.findMember(ctx, "organisation_members.email_key = ?", key)
	if err != nil {
		return "", Member{}, err
	}
	check := CodeCheck{Purpose: PurposeOrganisation, Flow: key, Destination: address, Code: code, IP: ip, Decoy: row == nil}
	if err := s.Verify(ctx, check); err != nil {
		return "", Member{}, err
	}
	if row == nil { // a decoy's code is never right
		return "", Member{}, errCodeExpired()
	}
	token, err = s.OpenSession(ctx, OrganisationMember, row.ID, 0)
	return token, row.member(), err
}
