package cases

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/notify"
	"regain/problem"
)

// Invitation lets one reseller or partner supply what they owe to one case, and
// nothing else of it be seen. Its token is exchanged once for a session.
type Invitation struct {
	bun.BaseModel `bun:"table:invitations,alias:inv"`

	ID     string `bun:"id,pk"`
	CaseID string `bun:"case_id"`
	// Supplier is "reseller" or "partner": which items are theirs.
	Supplier     string `bun:"supplier"`
	Organisation string `bun:"organisation"`
	Email        string `bun:"email"`
	// EmailKey and DomainKey are digests of the address and of its domain, by which an
	// organisation finds its invitations.
	EmailKey  string `bun:"email_key"`
	DomainKey string `bun:"domain_key"`
	Locale    string `bun:"locale"` // of the mails to them
	// TokenHash is the SHA-256 of the token of the newest link, in hex.
	TokenHash   string     `bun:"token_hash"`
	ExpiresAt   time.Time  `bun:"expires_at"`
	ExchangedAt *time.Time `bun:"exchanged_at"`
	RevokedAt   *time.Time `bun:"revoked_at"`
	Sent        int        `bun:"sent"` // how many links were mailed
	CreatedAt   time.Time  `bun:"created_at"`
}

// maxInvitations limits a case's invitations, maxLinks the mails of each.
const (
	maxInvitations = 5
	maxLinks       = 10
)

// InviteInput asks a reseller or partner for what they owe.
type InviteInput struct {
	Supplier     string
	Organisation string
	Email        string
	// Locale is the language to write to them in; empty for the case's own.
	Locale string
}

// Invite mails a link to the reseller or partner. Inviting the same address
// again sends a new link and ends the old one. Errors: nothing_owed,
// contact_not_verified, too_many_invitations, too_many_links, invalid_fields.
func (s *Service) Invite(ctx context.Context, actor Actor, caseID string, in InviteInput) (*Invitation, error) {
	in, bad := in.clean()
	if err := problem.InvalidFields(bad); err != nil {
		return nil, err
	}
	var inv *Invitation
	_, err := s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		var err error
		inv, err = ch.invite(in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return inv, nil
}

func (in InviteInput) clean() (InviteInput, []problem.Field) {
	var bad []problem.Field
	in.Organisation = strings.TrimSpace(in.Organisation)
	if f := problem.CheckText("/organisation", in.Organisation, 2, maxEnterprise, problem.OneLine); f != nil {
		bad = append(bad, *f)
	}
	email, f := checkEmail("/email", in.Email)
	if f == nil && email == "" {
		f = &problem.Field{Pointer: "/email", Code: "required", Message: "Give the e-mail address of whoever signs."}
	}
	if f != nil {
		bad = append(bad, *f)
	}
	in.Email = email
	return in, bad
}

func (ch *change) invite(in InviteInput) (*Invitation, error) {
	if _, err := ch.permit(actInvite); err != nil {
		return nil, err
	}
	owed, err := ch.owedBy(in.Supplier)
	if err != nil {
		return nil, err
	}
	if len(owed) == 0 {
		return nil, problem.InvalidFields([]problem.Field{{Pointer: "/supplier", Code: "nothing_owed", Message: "The case asks nothing of this kind of supplier."}})
	}
	if sameAddress(ch.Case.NewEmail, in.Email) {
		return nil, problem.InvalidFields([]problem.Field{{Pointer: "/email", Code: "own_address", Message: "This is your own address. Give that of whoever signs for the organisation."}})
	}
	inv, err := ch.invitationFor(in)
	if err != nil {
		return nil, err
	}
	if err := ch.do(actInvite, Facts{"invitation": inv.ID, "items": itemIDs(owed)}); err != nil {
		return nil, err
	}
	if err := errors.Join(ch.keepWords(inv.Email), ch.keepOrganisation(inv.Organisation)); err != nil {
		return nil, err
	}
	inv.ExpiresAt = ch.now.Add(ch.s.opt.InvitationTTL)
	return inv, ch.sendLink(inv, "invitation", owed)
}

// invitationFor is the invitation that the address has, or a new one.
func (ch *change) invitationFor(in InviteInput) (*Invitation, error) {
	p, err := ch.Policy()
	if err != nil {
		return nil, err
	}
	all := []*Invitation{}
	if err := ch.tx.NewSelect().Model(&all).Where("inv.case_id = ?", ch.Case.ID).Scan(ch.ctx); err != nil {
		return nil, fmt.Errorf("read invitations: %w", err)
	}
	locale := localeOf(p, cmp.Or(in.Locale, ch.Case.Locale))
	for _, inv := range all {
		if inv.Supplier == in.Supplier && sameAddress(inv.Email, in.Email) {
			inv.Organisation, inv.Locale = in.Organisation, locale
			return inv, nil
		}
	}
	if len(all) >= maxInvitations {
		return nil, problem.Newf(problem.Conflict, "too_many_invitations", "A case takes at most %d invitations.", maxInvitations)
	}
	return &Invitation{
		ID: ch.s.opt.IDs(), CaseID: ch.Case.ID, Supplier: in.Supplier, Organisation: in.Organisation,
		Email: in.Email, EmailKey: ch.s.contactKey(Email, in.Email), DomainKey: ch.s.domainKey(in.Email), Locale: locale, CreatedAt: ch.now,
	}, nil
}

// owedBy lists the live items that the kind of supplier may supply.
func (ch *change) owedBy(supplier string) ([]*Item, error) {
	if supplier == string(Customer) {
		return nil, nil
	}
	items, err := ch.Items()
	if err != nil {
		return nil, err
	}
	var owed []*Item
	for _, i := range items {
		if !i.Retired && i.SuppliedBy(supplier) {
			owed = append(owed, i)
		}
	}
	return owed, nil
}

func itemIDs(items []*Item) []string {
	ids := make([]string, len(items))
	for n, i := range items {
		ids[n] = i.ID
	}
	return ids
}

// sendLink makes a new token and mails it; the token before it ends.
func (ch *change) sendLink(inv *Invitation, template string, items []*Item) error {
	if inv.Sent >= maxLinks {
		return problem.Newf(problem.Conflict, "too_many_links", "This address got %d links already.", maxLinks)
	}
	materials, err := ch.names(items, inv.Locale, nil)
	if err != nil {
		return err
	}
	token, err := ch.s.token()
	if err != nil {
		return err
	}
	inv.TokenHash, inv.ExchangedAt, inv.RevokedAt = hashToken(token), nil, nil
	inv.Sent++
	if err := ch.saveInvitation(inv); err != nil {
		return err
	}
	ch.send(notify.Message{
		Key: fmt.Sprintf("%s/%s/%d", inv.ID, template, inv.Sent), Channel: notify.Email, To: inv.Email,
		Locale: inv.Locale, Template: template, Expires: inv.ExpiresAt,
		Data: map[string]string{
			"reference": ch.Case.Reference, "organisation": inv.Organisation, "customer": cmp.Or(ch.Case.Enterprise, ch.Case.Account),
			// The token stands behind "#", which browsers never send to a server and never log.
			"link": ch.s.opt.PublicURL + "/invitation#" + token, "expires": inv.ExpiresAt.Format(time.RFC3339),
			"materials": materials,
		},
	})
	return nil
}

// saveInvitation writes an invitation, new when its first link is sent.
func (ch *change) saveInvitation(inv *Invitation) error {
	var err error
	if inv.Sent == 1 {
		_, err = ch.tx.NewInsert().Model(inv).Exec(ch.ctx)
	} else {
		_, err = ch.tx.NewUpdate().Model(inv).WherePK().Exec(ch.ctx)
	}
	if err != nil {
		return fmt.Errorf("write invitation: %w", err)
	}
	return nil
}

// token draws 256 random bits.
func (s *Service) token() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(s.opt.Random, b); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// ExchangeInvitation consumes the link's token; the caller opens a session for
// the invitation. A second use, an unknown and a replaced token are refused
// alike. Errors: invitation_invalid, invitation_expired.
func (s *Service) ExchangeInvitation(ctx context.Context, token string) (*Invitation, error) {
	inv, err := invitationOf(ctx, s.db.From(ctx), token)
	if err != nil {
		return nil, err
	}
	if inv.RevokedAt != nil || inv.ExchangedAt != nil {
		return nil, errInvitationInvalid()
	}
	if !s.now().Before(inv.ExpiresAt) {
		return nil, problem.New(problem.Gone, "invitation_expired", "This link has expired. Ask the customer to send you a new one.")
	}
	err = s.quietly(ctx, Actor{Kind: Partner, ID: inv.ID}, inv.CaseID, func(ch *change) error {
		n, err := affected(ch.tx.NewUpdate().Model((*Invitation)(nil)).Set("exchanged_at = ?", ch.now).
			Where("id = ?", inv.ID).Where("token_hash = ?", inv.TokenHash).Where("exchanged_at IS NULL").Exec(ch.ctx))
		if err != nil {
			return fmt.Errorf("use invitation: %w", err)
		}
		if n == 0 { // somebody was faster, or a new link was sent
			return errInvitationInvalid()
		}
		at := ch.now
		inv.ExchangedAt = &at
		return ch.do(actExchange, Facts{"invitation": inv.ID})
	})
	if problem.Is(err, "case_not_found") { // revoked meanwhile
		return nil, errInvitationInvalid()
	}
	if err != nil {
		return nil, err
	}
	return inv, nil
}

// invitationOf is the invitation with the link that was sent last. Error: invitation_invalid.
func invitationOf(ctx context.Context, db bun.IDB, token string) (*Invitation, error) {
	inv := new(Invitation)
	err := db.NewSelect().Model(inv).Where("inv.token_hash = ?", hashToken(token)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errInvitationInvalid()
	}
	if err != nil {
		return nil, fmt.Errorf("find invitation: %w", err)
	}
	return inv, nil
}

// RenewInvitation mails another link to the address that one went to which was used: a letter
// that has to be signed takes longer than a session. The invitation ends when it would have.
// Whoever sends a token learns nothing from the answer, which is the same when no link is
// mailed because the token is none, the invitation does not stand, or the case is not with
// its customer.
func (s *Service) RenewInvitation(ctx context.Context, token string) error {
	// In a transaction whatever comes of it: the answer is kept for when the call is repeated.
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		inv, err := invitationOf(ctx, tx, token)
		if err == nil {
			err = s.quietly(ctx, Actor{Kind: Partner, ID: inv.ID}, inv.CaseID, func(ch *change) error { return ch.renew(token) })
		}
		if _, refused := problem.As(err); refused {
			return nil
		}
		return err
	})
}

// renew reads the invitation anew: somebody may have been faster.
func (ch *change) renew(token string) error {
	if _, err := ch.permit(actRenew); err != nil {
		return err
	}
	inv, err := invitationOf(ch.ctx, ch.tx, token)
	if err != nil {
		return err
	}
	if inv.ExchangedAt == nil { // the link still works
		return errInvitationInvalid()
	}
	owed, err := ch.owedBy(inv.Supplier)
	if err != nil {
		return err
	}
	if err := ch.do(actRenew, Facts{"invitation": inv.ID}); err != nil {
		return err
	}
	return ch.sendLink(inv, "invitation", owed)
}

func errInvitationInvalid() error {
	return problem.New(problem.NotFound, "invitation_invalid", "This link does not work (any more). Ask the customer to send you a new one.")
}

// activeInvitation is the partner's invitation, if it still stands and is for
// the case (any case when caseID is empty). Error: case_not_found.
func (s *Service) activeInvitation(ctx context.Context, db bun.IDB, id, caseID string) (*Invitation, error) {
	inv := new(Invitation)
	err := db.NewSelect().Model(inv).Where("inv.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("read invitation: %w", err)
	}
	if inv.RevokedAt != nil || (caseID != "" && inv.CaseID != caseID) || !s.now().Before(inv.ExpiresAt) {
		return nil, errNotFound()
	}
	return inv, nil
}

// InvitedTo is the case that the partner may supply to. Error: case_not_found
// when the invitation does not stand any more.
func (s *Service) InvitedTo(ctx context.Context, actor Actor) (caseID string, err error) {
	if actor.Kind != Partner {
		return "", errNotFound()
	}
	inv, err := s.activeInvitation(ctx, s.db.From(ctx), actor.ID, "")
	if err != nil {
		return "", err
	}
	return inv.CaseID, nil
}

// reopenInvitations mails new links to those who owe one of the items again.
func (ch *change) reopenInvitations(items []*Item) error {
	invs := []*Invitation{}
	err := ch.tx.NewSelect().Model(&invs).Where("inv.case_id = ?", ch.Case.ID).Where("inv.revoked_at IS NULL").Order("inv.id").Scan(ch.ctx)
	if err != nil {
		return fmt.Errorf("read invitations: %w", err)
	}
	for _, inv := range invs {
		var owed []*Item
		for _, i := range items {
			if i.SuppliedBy(inv.Supplier) {
				owed = append(owed, i)
			}
		}
		if len(owed) == 0 || inv.Sent >= maxLinks {
			continue
		}
		inv.ExpiresAt = ch.now.Add(ch.s.opt.InvitationTTL)
		if err := ch.sendLink(inv, "invitation_reopened", owed); err != nil {
			return err
		}
	}
	return nil
}

// Revoke ends an invitation at the customer's wish, and with it the session of
// whoever used it. Errors: invitation_not_found, wrong_state.
func (s *Service) Revoke(ctx context.Context, actor Actor, caseID, invitationID string) error {
	_, err := s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		if _, err := ch.permit(actRevoke); err != nil {
			return err
		}
		n, err := affected(ch.tx.NewUpdate().Model((*Invitation)(nil)).Set("revoked_at = ?", ch.now).
			Where("id = ?", invitationID).Where("case_id = ?", caseID).Where("revoked_at IS NULL").Exec(ch.ctx))
		if err != nil {
			return fmt.Errorf("revoke invitation: %w", err)
		}
		if n == 0 {
			return errNoInvitation()
		}
		return ch.do(actRevoke, Facts{"invitation": invitationID})
	})
	return err
}

func errNoInvitation() error {
	return problem.New(problem.NotFound, "invitation_not_found", "There is no such invitation, or it is not yours to see.")
}

// revokeInvitations ends them all, with the case.
func (ch *change) revokeInvitations() error {
	_, err := ch.tx.NewUpdate().Model((*Invitation)(nil)).Set("revoked_at = ?", ch.now).
		Where("case_id = ?", ch.Case.ID).Where("revoked_at IS NULL").Exec(ch.ctx)
	if err != nil {
		return fmt.Errorf("revoke invitations: %w", err)
	}
	return nil
}

// acknowledgePartner mails a receipt to the partner who has just supplied a file: to
// the member of the organisation who did it, else to the address that was invited.
func (ch *change) acknowledgePartner(doc *Document) error {
	if ch.actor.Kind != Partner {
		return nil
	}
	inv, err := ch.s.activeInvitation(ch.ctx, ch.tx, ch.actor.ID, ch.Case.ID)
	if err != nil {
		return err
	}
	ch.send(notify.Message{
		Key: doc.ID + "/receipt", Channel: notify.Email, To: cmp.Or(ch.actor.Email, inv.Email), Locale: inv.Locale, Template: "partner_receipt",
		Data: map[string]string{"reference": ch.Case.Reference, "files": doc.Name},
	})
	return nil
}

// sameMailbox compares as sameAddress does, and takes addresses that differ in a note after
// a + for one person's.
func sameMailbox(a string, others ...string) bool {
	mailbox := notify.MailboxOf(a)
	return sameAddress(a, others...) || mailbox != "" && slices.ContainsFunc(others, func(b string) bool { return notify.MailboxOf(b) == mailbox })
}

// sameAddress compares mail addresses as people do: without regard to case.
func sameAddress(a string, others ...string) bool {
	return slices.ContainsFunc(others, func(b string) bool { return strings.EqualFold(a, b) })
}
