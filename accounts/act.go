package accounts

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// Act is what somebody did to something that is no member of staff: to an organisation, a
// key, and, told by other rooms, to a tag, a webhook or a block.
type Act struct {
	Kind ChangeKind
	// Subject is the id of what it was done to, Other that of what else it was about: the
	// member of the organisation, the tag that the tag became part of.
	Subject, Other string
	// Was and Is are what changed, where that is neither personal nor secret: the mail
	// domains of an organisation, the scopes of a key.
	Was, Is []string
}

// RecordAct writes an act of another room into the record of changes of staff, in the
// transaction that does it. The record is locked until that ends, so whoever locks rows
// that a change of staff locks, too, does so after it.
func (s *Service) RecordAct(ctx context.Context, tx bun.IDB, by, kind, subject, other string) error {
	if !slices.Contains(ChangeKinds(), ChangeKind(kind)) {
		return fmt.Errorf("the record of staff knows no act %q", kind)
	}
	record, err := s.lockRecord(ctx, tx, by)
	if err != nil {
		return err
	}
	return record.act(ctx, Act{Kind: ChangeKind(kind), Subject: subject, Other: other})
}

// recorded does something with the record locked, and writes the act that it says it was;
// nothing when the act has no kind.
func (s *Service) recorded(ctx context.Context, by string, do func(ctx context.Context, tx bun.IDB) (Act, error)) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		record, err := s.lockRecord(ctx, tx, by)
		if err != nil {
			return err
		}
		act, err := do(ctx, tx)
		if err != nil || act.Kind == "" {
			return err
		}
		return record.act(ctx, act)
	})
}

func (r *staffRecord) act(ctx context.Context, act Act) error {
	return r.add(ctx, act.Subject, act.Kind, changeData{Other: act.Other, Was: act.Was, Is: act.Is})
}

// firmsTold is what the lines tell of organisations: their domains, by id, and of members
// whether they are still ones. What they do not tell of was there before they did.
type firmsTold struct {
	domains map[string][]string
	members map[string]bool
}

func (f firmsTold) take(c StaffChange) {
	switch c.Kind {
	case OrganisationAdded:
		f.domains[c.Subject] = nil
	case DomainsSet:
		f.domains[c.Subject] = c.Is
	case MemberAdded, MemberRemoved:
		f.members[c.Other] = c.Kind == MemberAdded
	}
}

// firmsDiffer are what organisations are and the lines do not tell.
func (s *Service) firmsDiffer(ctx context.Context, told firmsTold) ([]RecordFinding, error) {
	var out []RecordFinding
	var domains []domainRow
	if err := s.db.From(ctx).NewSelect().Model(&domains).OrderExpr("domain").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the domains of organisations: %w", err)
	}
	has := map[string][]string{}
	for _, d := range domains {
		has[d.OrganisationID] = append(has[d.OrganisationID], d.Domain)
	}
	for _, id := range slices.Sorted(maps.Keys(told.domains)) {
		if !slices.Equal(has[id], told.domains[id]) {
			out = append(out, RecordFinding{Code: "domains_differ", Detail: fmt.Sprintf("the organisation %s has other mail domains than the lines gave", id)})
		}
	}
	err := s.eachMember(ctx, func(m memberRow) {
		if here, known := told.members[m.ID]; known && here != (m.RemovedAt == nil) {
			out = append(out, RecordFinding{Code: "membership_differs", Detail: fmt.Sprintf("whether %s is a member of %s is not what the lines tell", m.ID, m.OrganisationID)})
		}
	})
	return out, err
}

// eachMember reads the members of all organisations, those who left, too, some at a time.
func (s *Service) eachMember(ctx context.Context, do func(memberRow)) error {
	for after := ""; ; {
		var rows []memberRow
		err := s.db.From(ctx).NewSelect().Model(&rows).Column("id", "organisation_id", "email_key", "removed_at").
			Where("id > ?", after).OrderExpr("id").Limit(verifyBatch).Scan(ctx)
		if err != nil {
			return fmt.Errorf("read the members of organisations: %w", err)
		}
		for _, r := range rows {
			after = r.ID
			do(r)
		}
		if len(rows) < verifyBatch {
			return nil
		}
	}
}
