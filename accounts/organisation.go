package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"regain/database"
	"regain/notify"
	"regain/problem"
)

// Organisation is a reseller or partner whose members sign in. What is asked of any of
// its addresses is asked of all of them.
type Organisation struct {
	ID        string
	Name      string
	CreatedAt time.Time
	// Members are those of today, by address.
	Members []Member
	// Domains are mail domains of which every address is the organisation's.
	Domains []string
}

// Addresses are those of its members.
func (o Organisation) Addresses() []string {
	addresses := make([]string, len(o.Members))
	for n, m := range o.Members {
		addresses[n] = m.Email
	}
	return addresses
}

// Member is the member with an address, however it is spelled; zero when there is none.
func (o Organisation) Member(email string) Member {
	_, wanted, _ := notify.ParseEmail(email)
	for _, m := range o.Members {
		if _, key, _ := notify.ParseEmail(m.Email); key == wanted {
			return m
		}
	}
	return Member{}
}

// Most that an organisation may have: everything of one is read at once.
const (
	maxMembers = 200
	maxDomains = 20
)

type organisationRow struct {
	bun.BaseModel `bun:"table:organisations,alias:organisations"`

	ID        string `bun:",pk"`
	Name      string
	NameKey   string
	CreatedAt time.Time
	CreatedBy string
}

// addressLock is the one row that whoever gives an address or a domain to an organisation
// locks: one address would be two organisations' otherwise, since no constraint spans the
// members of all and the domains of all.
type addressLock struct {
	bun.BaseModel `bun:"table:organisation_lock,alias:organisation_lock"`

	ID string `bun:",pk"`
}

// lockAddresses has whoever else gives addresses to organisations wait until the
// transaction ends. What is read after it is what they have left.
func (s *Service) lockAddresses(ctx context.Context, tx bun.IDB) error {
	rows := []*addressLock{}
	if err := s.db.Lock(ctx, tx, &rows, "addresses"); err != nil {
		return fmt.Errorf("lock the addresses of organisations: %w", err)
	}
	if len(rows) != 1 {
		return errors.New("the row that keeps addresses apart is not there")
	}
	return nil
}

type domainRow struct {
	bun.BaseModel `bun:"table:organisation_domains,alias:organisation_domains"`

	Domain         string `bun:",pk"`
	OrganisationID string
	VerifiedAt     time.Time
	VerifiedBy     string
}

func (r organisationRow) organisation() Organisation {
	return Organisation{ID: r.ID, Name: r.Name, CreatedAt: r.CreatedAt.UTC()}
}

// nameKey is equal for two spellings of one name.
func nameKey(name string) string {
	return cases.Fold().String(norm.NFKC.String(strings.Join(strings.Fields(name), " ")))
}

// CreateOrganisation adds an organisation without members. by is the member of staff
// who does it; empty for the operator's command line. Errors: invalid_fields,
// name_taken.
func (s *Service) CreateOrganisation(ctx context.Context, by, name string) (Organisation, error) {
	name, fields := checkName(name)
	if err := problem.InvalidFields(fields); err != nil {
		return Organisation{}, err
	}
	row := organisationRow{ID: s.options.IDs(), Name: name, NameKey: nameKey(name), CreatedAt: s.options.now(), CreatedBy: by}
	err := s.recorded(ctx, by, func(ctx context.Context, tx bun.IDB) (Act, error) {
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return Act{Kind: OrganisationAdded, Subject: row.ID}, err
	})
	if errors.Is(err, database.ErrUnique) {
		return Organisation{}, problem.New(problem.Conflict, "name_taken", "There is an organisation with this name already.")
	}
	if err != nil {
		return Organisation{}, fmt.Errorf("create an organisation: %w", err)
	}
	return row.organisation(), nil
}

func errNoOrganisation() error {
	return problem.New(problem.NotFound, "organisation_not_found", "There is no such organisation.")
}

// OrganisationByID finds an organisation with its members and domains. Error:
// organisation_not_found.
func (s *Service) OrganisationByID(ctx context.Context, id string) (Organisation, error) {
	return s.findOrganisation(ctx, s.db.From(ctx), "organisations.id = ?", id)
}

// OrganisationNamed is OrganisationByID for whoever knows its name.
func (s *Service) OrganisationNamed(ctx context.Context, name string) (Organisation, error) {
	return s.findOrganisation(ctx, s.db.From(ctx), "organisations.name_key = ?", nameKey(name))
}

func (s *Service) findOrganisation(ctx context.Context, in bun.IDB, where, value string) (Organisation, error) {
	var rows []organisationRow
	if err := in.NewSelect().Model(&rows).Where(where, value).Scan(ctx); err != nil {
		return Organisation{}, fmt.Errorf("find an organisation: %w", err)
	}
	if len(rows) == 0 {
		return Organisation{}, errNoOrganisation()
	}
	o := rows[0].organisation()
	var members []*memberRow
	var domains []*domainRow
	err := s.db.ReadTogether(ctx, in,
		database.ListOf(&members, "organisation_members.organisation_id = ? AND organisation_members.removed_at IS NULL", o.ID),
		database.ListOf(&domains, "organisation_domains.organisation_id = ?", o.ID))
	if err != nil {
		return Organisation{}, fmt.Errorf("read an organisation: %w", err)
	}
	o.Members, o.Domains = make([]Member, 0, len(members)), make([]string, 0, len(domains))
	slices.SortFunc(members, func(a, b *memberRow) int { return strings.Compare(a.EmailKey, b.EmailKey) })
	for _, m := range members {
		o.Members = append(o.Members, m.member())
	}
	for _, d := range domains {
		o.Domains = append(o.Domains, d.Domain)
	}
	slices.Sort(o.Domains)
	return o, nil
}

// ListOrganisations returns up to limit organisations by name, without members and
// domains, after the one with the name; "" begins.
func (s *Service) ListOrganisations(ctx context.Context, after string, limit int) ([]Organisation, error) {
	return s.SearchOrganisations(ctx, "", after, limit)
}

// likeText puts a text into a pattern of LIKE as it is.
var likeText = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// SearchOrganisations is ListOrganisations of those with the text in their names.
func (s *Service) SearchOrganisations(ctx context.Context, text, after string, limit int) ([]Organisation, error) {
	var rows []organisationRow
	q := s.db.From(ctx).NewSelect().Model(&rows).Where("organisations.name_key > ?", nameKey(after)).
		OrderExpr("organisations.name_key").Limit(int64(max(limit, 1)))
	if wanted := nameKey(text); wanted != "" {
		q = q.Where(`organisations.name_key LIKE ? ESCAPE '\'`, "%"+likeText.Replace(wanted)+"%")
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	list := make([]Organisation, len(rows))
	for n, r := range rows {
		list[n] = r.organisation()
	}
	return list, nil
}

// OrganisationNames are the names of organisations by id; ids of none are left out.
func (s *Service) OrganisationNames(ctx context.Context, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	if len(ids) == 0 {
		return names, nil
	}
	var rows []organisationRow
	if err := s.db.From(ctx).NewSelect().Model(&rows).Column("id", "name").Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find the names of organisations: %w", err)
	}
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}

// WithMembers reads the members and domains of organisations that were listed.
func (s *Service) WithMembers(ctx context.Context, list []Organisation) error {
	if len(list) == 0 {
		return nil
	}
	at, ids := map[string]int{}, make([]string, len(list))
	for n, o := range list {
		at[o.ID], ids[n] = n, o.ID
	}
	var members []memberRow
	err := s.db.From(ctx).NewSelect().Model(&members).Where("organisation_id IN (?)", bun.List(ids)).Where("removed_at IS NULL").OrderExpr("email_key").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read the members of organisations: %w", err)
	}
	var domains []domainRow
	if err := s.db.From(ctx).NewSelect().Model(&domains).Where("organisation_id IN (?)", bun.List(ids)).OrderExpr("domain").Scan(ctx); err != nil {
		return fmt.Errorf("read the domains of organisations: %w", err)
	}
	for _, m := range members {
		o := &list[at[m.OrganisationID]]
		o.Members = append(o.Members, m.member())
	}
	for _, d := range domains {
		o := &list[at[d.OrganisationID]]
		o.Domains = append(o.Domains, d.Domain)
	}
	return nil
}

// SetDomains replaces the mail domains of an organisation: whatever is asked of an
// address there is the organisation's to see, so somebody must have made sure that the
// domain is its own. Errors: organisation_not_found, invalid_fields, domain_taken,
// staff_address.
func (s *Service) SetDomains(ctx context.Context, by, organisationID string, domains []string) (Organisation, error) {
	clean, fields := checkDomains(domains)
	if err := problem.InvalidFields(fields); err != nil {
		return Organisation{}, err
	}
	var o Organisation
	err := s.recorded(ctx, by, func(ctx context.Context, tx bun.IDB) (Act, error) {
		err := s.lockAddresses(ctx, tx)
		if err != nil {
			return Act{}, err
		}
		if o, err = s.findOrganisation(ctx, tx, "organisations.id = ?", organisationID); err != nil {
			return Act{}, err
		}
		was := o.Domains
		if slices.Equal(was, clean) {
			return Act{}, nil
		}
		if err := s.membersElsewhere(ctx, tx, organisationID, clean); err != nil {
			return Act{}, err
		}
		if err := s.noStaffIn(ctx, tx, without(clean, was)); err != nil { // what it has already, it keeps
			return Act{}, err
		}
		return Act{Kind: DomainsSet, Subject: o.ID, Was: was, Is: clean}, s.replaceDomains(ctx, tx, by, &o, clean)
	})
	if errors.Is(err, database.ErrUnique) {
		err = errDomainTaken()
	}
	if err != nil {
		return Organisation{}, fmt.Errorf("set an organisation's domains: %w", err)
	}
	return o, nil
}

// without are those of a list that another has not.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(one string) bool { return slices.Contains(other, one) })
}

func errDomainTaken() error {
	return problem.New(problem.Conflict, "domain_taken", "Another organisation has this mail domain, or a member with an address in it.")
}

// replaceDomains leaves those alone that stay, with when and by whom they were verified.
func (s *Service) replaceDomains(ctx context.Context, tx bun.IDB, by string, o *Organisation, clean []string) error {
	for _, d := range o.Domains {
		if slices.Contains(clean, d) {
			continue
		}
		if _, err := tx.NewDelete().Model((*domainRow)(nil)).Where("domain = ?", d).Where("organisation_id = ?", o.ID).Exec(ctx); err != nil {
			return err
		}
	}
	for _, d := range clean {
		if slices.Contains(o.Domains, d) {
			continue
		}
		row := domainRow{Domain: d, OrganisationID: o.ID, VerifiedAt: s.options.now(), VerifiedBy: by}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
	}
	o.Domains = clean
	return nil
}

// membersElsewhere refuses a domain in which another organisation has a member: one
// address would be two organisations'.
func (s *Service) membersElsewhere(ctx context.Context, tx bun.IDB, organisationID string, domains []string) error {
	for _, d := range domains {
		n, err := tx.NewSelect().Model((*memberRow)(nil)).Where("organisation_id <> ?", organisationID).
			Where("removed_at IS NULL").Where(`email_key LIKE ? ESCAPE '\'`, "%@"+likeText.Replace(d)).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return errDomainTaken()
		}
	}
	return nil
}

// VerifyOrganisations wants each address to be one organisation's, and none of a member of
// staff: no member of one to have an address in a domain of another, and no member of staff
// one in any. What it finds names
// members by their ids.
func (s *Service) VerifyOrganisations(ctx context.Context) ([]RecordFinding, error) {
	var domains []domainRow
	if err := s.db.From(ctx).NewSelect().Model(&domains).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the domains of organisations: %w", err)
	}
	staff, err := s.findStaff(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Column("id", "email_key") })
	if err != nil {
		return nil, err
	}
	reviews := make(map[string]string, len(staff))
	for _, r := range staff {
		reviews[notify.MailboxOf(r.EmailKey)] = r.ID
	}
	owner := make(map[string]string, len(domains))
	for _, d := range domains {
		owner[d.Domain] = d.OrganisationID
	}
	var findings []RecordFinding
	for _, r := range staff {
		if of := owner[domainOf(r.EmailKey)]; of != "" {
			findings = append(findings, RecordFinding{Code: "staff", Detail: fmt.Sprintf("the member of staff %s has an address in a domain of %s", r.ID, of)})
		}
	}
	err = s.eachMember(ctx, func(r memberRow) {
		if r.RemovedAt != nil {
			return
		}
		if of := owner[domainOf(r.EmailKey)]; of != "" && of != r.OrganisationID {
			findings = append(findings, RecordFinding{Code: "doubled", Detail: fmt.Sprintf("the address of the member %s of %s is in a domain of %s", r.ID, r.OrganisationID, of)})
		}
		if id := reviews[notify.MailboxOf(r.EmailKey)]; id != "" {
			findings = append(findings, RecordFinding{Code: "staff", Detail: fmt.Sprintf("the member %s of %s has the address of the member of staff %s", r.ID, r.OrganisationID, id)})
		}
	})
	return findings, err
}

func checkDomains(typed []string) ([]string, []problem.Field) {
	if len(typed) > maxDomains {
		return nil, []problem.Field{{Pointer: "/domains", Code: "too_many", Message: fmt.Sprintf("Give at most %d domains.", maxDomains)}}
	}
	clean := []string{}
	var fields []problem.Field
	for n, t := range typed {
		fault := func(code, message string) {
			fields = append(fields, problem.Field{Pointer: fmt.Sprintf("/domains/%d", n), Code: code, Message: message})
		}
		switch domain, ok := parseDomain(t); {
		case !ok:
			fault("invalid_domain", "Give a mail domain, such as partner.example.")
		case publicMail(domain):
			fault("public_mail", "Anybody can have an address in this domain. Add the members' addresses instead.")
		case !slices.Contains(clean, domain):
			clean = append(clean, domain)
		}
	}
	slices.Sort(clean)
	return clean, fields
}

// parseDomain reads a domain as addresses have it after the @, which may be typed, too.
func parseDomain(typed string) (string, bool) {
	domain := strings.TrimPrefix(strings.TrimSpace(typed), "@")
	_, key, ok := notify.ParseEmail("x@" + domain)
	if !ok || strings.Contains(domain, "@") || !strings.Contains(domain, ".") || strings.Contains(domain, "_") {
		return "", false
	}
	return domainOf(key), true
}

// domainOf is the domain of an address's key.
func domainOf(key string) string { return key[strings.LastIndexByte(key, '@')+1:] }

// publicMail knows the largest providers at which anybody gets an address. That a
// domain is not among them says nothing: whoever sets one has to know whose it is.
func publicMail(domain string) bool {
	return slices.Contains([]string{
		"126.com", "139.com", "163.com", "189.cn", "aliyun.com", "aol.com", "bol.com.br", "foxmail.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net",
		"googlemail.com", "hotmail.com", "icloud.com", "ig.com.br", "live.com", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "outlook.com",
		"outlook.com.br", "proton.me", "protonmail.com", "qq.com", "sina.cn", "sina.com", "sohu.com", "terra.com.br", "uol.com.br", "web.de", "yahoo.com",
		"yahoo.com.br", "yandex.ru", "yeah.net", "ymail.com", "zoho.com",
	}, domain)
}
