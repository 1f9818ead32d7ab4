package accounts

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"regain/database"
	"regain/notify"
	"regain/problem"
)

// What codes are for. Each purpose has codes of its own.
const (
	// PurposeContact proves that a new contact reaches the person who named it.
	PurposeContact = "verify_contact"
	// PurposeReturn lets a customer back into a case.
	PurposeReturn = "resume"
)

// CodeRules say how one-time codes behave. Zero fields have the defaults.
type CodeRules struct {
	// Life is how long a code is good for; 10 min.
	Life time.Duration
	// Tries is how often one code may be tried; 5.
	Tries int
	// Resend is the wait between two codes of one purpose, flow and destination; 60 s.
	Resend time.Duration
	// PerDestinationHour and PerDestinationDay bound codes to one contact, over all
	// flows: 5 and 20, which keeps guesses per contact and day at 100.
	PerDestinationHour, PerDestinationDay int
	// PerIPHour bounds codes asked for from one IP prefix; 30.
	PerIPHour int
	// PerHour bounds codes in all, by channel, since text messages cost money;
	// 2000 by e-mail and 200 by SMS.
	EmailPerHour, SMSPerHour int
	// ChecksPerIP bounds checks from one IP prefix in 10 minutes; 60.
	ChecksPerIP int
}

func (r CodeRules) withDefaults() CodeRules {
	setDefault(&r.Life, 10*time.Minute)
	setDefault(&r.Tries, 5)
	setDefault(&r.Resend, time.Minute)
	setDefault(&r.PerDestinationHour, 5)
	setDefault(&r.PerDestinationDay, 20)
	setDefault(&r.PerIPHour, 30)
	setDefault(&r.EmailPerHour, 2000)
	setDefault(&r.SMSPerHour, 200)
	setDefault(&r.ChecksPerIP, 60)
	return r
}

// codeDigits and codeSpace give six digits.
const codeDigits = 6

var codeSpace = big.NewInt(1_000_000)

// Codes issues and verifies one-time codes. It is safe for concurrent use.
type Codes struct {
	db      *database.DB
	options *Options
	limits  *Limits
}

// CodeRequest asks for a code.
type CodeRequest struct {
	// Purpose is PurposeContact or another word; a code is good for it alone.
	Purpose string
	// Flow is what the code belongs to, such as the case or the reference that the
	// visitor typed.
	Flow    string
	Channel notify.Channel
	// Destination is the contact to send to. With Decoy it is not looked at.
	Destination string
	Locale      string
	// IP is the visitor's address, for limits.
	IP string
	// Decoy does the same work, gives the same answers and sends nothing: for
	// visitors who name a case or contact that there is none of. Purpose and Flow
	// must be what the visitor named, so that a repetition is answered alike.
	Decoy bool
}

// CodeCheck asks whether a code is right. Purpose, Flow, Destination and Decoy
// must be those of the request.
type CodeCheck struct {
	Purpose, Flow, Destination, Code string
	// IP is the visitor's address, for limits; may be empty.
	IP    string
	Decoy bool
}

// codeRow is the newest code of a binding.
type codeRow struct {
	bun.BaseModel `bun:"table:codes,alias:codes"`

	Binding   string `bun:",pk"`
	Salt      string
	Hash      string
	Decoy     bool
	Tries     int
	IssuedAt  time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// Issue makes a code, voids the one before it and puts the message into the
// outbox, all in tx (or in a transaction of its own when tx is nil). The answer is
// nil, or too_many_requests, and tells nothing about whether anyone was there.
func (c *Codes) Issue(ctx context.Context, tx bun.IDB, r CodeRequest) error {
	if tx == nil {
		return c.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error { return c.Issue(ctx, tx, r) })
	}
	destination := canonicalDestination(r.Destination, r.Decoy, r.Purpose, r.Flow)
	now := c.options.now()
	wait, err := c.limits.take(ctx, tx, c.limits.rows(c.issueLimits(r, destination), now), now)
	if err != nil {
		return fmt.Errorf("count codes: %w", err)
	}
	if wait > 0 {
		return tooMany(wait)
	}
	code, salt, err := newCode(c.options.Random)
	if err != nil {
		return err
	}
	binding := c.binding(r.Purpose, r.Flow, destination)
	row := codeRow{
		Binding: binding, Salt: salt, Hash: c.hash(binding, salt, code), Decoy: r.Decoy,
		IssuedAt: now, ExpiresAt: now.Add(c.options.Codes.Life).Truncate(time.Microsecond),
	}
	_, err = tx.NewInsert().Model(&row).On("CONFLICT (binding) DO UPDATE").
		Set("salt = excluded.salt").Set("hash = excluded.hash").Set("decoy = excluded.decoy").
		Set("tries = excluded.tries").Set("issued_at = excluded.issued_at").
		Set("expires_at = excluded.expires_at").Set("used_at = excluded.used_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep a code: %w", err)
	}
	return c.options.Outbox.Enqueue(ctx, tx, c.message(r, row, code))
}

func (c *Codes) message(r CodeRequest, row codeRow, code string) notify.Message {
	return notify.Message{
		Key: "code:" + c.options.IDs(), Channel: r.Channel, To: r.Destination, Locale: r.Locale, Template: "code",
		Data: map[string]string{
			"code": code, "purpose": r.Purpose,
			"minutes": strconv.Itoa(int(c.options.Codes.Life / time.Minute)),
		},
		Expires: row.ExpiresAt, Decoy: r.Decoy,
	}
}

func (c *Codes) issueLimits(r CodeRequest, destination string) []Limit {
	rules := c.options.Codes
	inAll := rules.EmailPerHour
	if r.Channel == notify.SMS {
		inAll = rules.SMSPerHour
	}
	return []Limit{
		{Name: "code_resend", Key: c.binding(r.Purpose, r.Flow, destination), N: 1, Per: rules.Resend},
		{Name: "code_destination", Key: destination, N: rules.PerDestinationHour, Per: time.Hour},
		{Name: "code_destination", Key: destination, N: rules.PerDestinationDay, Per: 24 * time.Hour},
		{Name: "code_ip", Key: IPPrefix(r.IP), N: rules.PerIPHour, Per: time.Hour},
		{Name: "code_" + string(r.Channel), N: inAll, Per: time.Hour},
	}
}

// Verify tells whether a code is right, and uses it up. What is no code at all, such as
// an empty field, is the problem code_malformed and costs no try. A wrong code is
// code_wrong; one that was used, replaced, tried too often, has expired or never
// was is code_expired, and nothing tells those apart. The try is counted before
// the comparison, in one statement.
//
// Do not call it in an InTx that then returns its refusal: that would undo the
// count. Within a unit of work the count is kept and a right code is used up
// together with what it is used for.
func (c *Codes) Verify(ctx context.Context, check CodeCheck) error {
	if check.IP != "" {
		perIP := Limit{Name: "code_check_ip", Key: IPPrefix(check.IP), N: c.options.Codes.ChecksPerIP, Per: 10 * time.Minute}
		if err := c.limits.Take(ctx, perIP); err != nil {
			return err
		}
	}
	if check.Code = plainDigits(check.Code); !isCode(check.Code) {
		return errCodeMalformed()
	}
	destination := canonicalDestination(check.Destination, check.Decoy, check.Purpose, check.Flow)
	binding := c.binding(check.Purpose, check.Flow, destination)
	used, refusal := false, errCodeExpired()
	err := c.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		row, err := c.countTry(ctx, tx, binding)
		if err != nil || row == nil {
			return err
		}
		if !c.matches(*row, check.Code) {
			refusal = errCodeWrong(c.options.Codes.Tries - row.Tries)
			return nil
		}
		used = true
		return c.use(ctx, tx, *row)
	})
	if err != nil {
		return fmt.Errorf("verify a code: %w", err)
	}
	if !used {
		return refusal
	}
	return nil
}

func errCodeExpired() error {
	return problem.New(problem.Gone, "code_expired", "This code can no longer be used. Please ask for a new one.")
}

func errCodeMalformed() error {
	p := problem.New(problem.Invalid, "code_malformed", "Enter the six digits of the code.")
	p.Fields = []problem.Field{{Pointer: "/code", Code: "code_malformed", Message: p.Detail}}
	return p
}

func errCodeWrong(left int) error {
	p := problem.New(problem.Invalid, "code_wrong", "That is not the code that we sent.")
	if left <= 0 {
		p.Detail += " It can no longer be used. Please ask for a new one."
	}
	p.Fields = []problem.Field{{Pointer: "/code", Code: "code_wrong", Message: p.Detail}}
	return p
}

// countTry counts a try of the live code of a binding; nil when there is none, or
// its tries are used up.
func (c *Codes) countTry(ctx context.Context, tx bun.IDB, binding string) (*codeRow, error) {
	var tried []codeRow
	_, err := tx.NewUpdate().Model((*codeRow)(nil)).Set("tries = tries + 1").
		Where("binding = ?", binding).Where("used_at IS NULL").
		Where("expires_at > ?", c.options.now()).Where("tries < ?", c.options.Codes.Tries).
		Returning("*").Exec(ctx, &tried)
	if err != nil || len(tried) == 0 {
		return nil, err
	}
	return &tried[0], nil
}

// use marks the code as used. countTry holds its row until the transaction ends, so
// nobody else is trying it meanwhile.
func (c *Codes) use(ctx context.Context, tx bun.IDB, row codeRow) error {
	_, err := tx.NewUpdate().Model((*codeRow)(nil)).Set("used_at = ?", c.options.now()).
		Where("binding = ?", row.Binding).Exec(ctx)
	return err
}

// matches compares in constant time; a decoy's code is never right.
func (c *Codes) matches(row codeRow, code string) bool {
	same := hmac.Equal([]byte(row.Hash), []byte(c.hash(row.Binding, row.Salt, code)))
	return same && !row.Decoy
}

// plainDigits forgives what people type or copy between and around the digits, and
// full-width digits.
func plainDigits(code string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Pd) {
			return -1
		}
		return r
	}, norm.NFKC.String(code))
}

// isCode says whether it could be a code: six digits.
func isCode(code string) bool {
	return len(code) == codeDigits && strings.Trim(code, "0123456789") == ""
}

// hash is salted, and peppered with a key that is not in the database: without it
// six digits could be tried out at once.
func (c *Codes) hash(binding, salt, code string) string {
	return keyed(c.options.Secrets.codes, "code", binding, salt, code)
}

func (c *Codes) binding(purpose, flow, destination string) string {
	return keyed(c.options.Secrets.codes, "binding", purpose, flow, destination)
}

// canonicalDestination makes two spellings of one contact one destination. A
// decoy's is made of what the visitor named, since there is no contact.
func canonicalDestination(destination string, decoy bool, purpose, flow string) string {
	if decoy {
		return "decoy\x00" + purpose + "\x00" + flow
	}
	if _, key, ok := notify.ParseEmail(destination); ok {
		return key
	}
	return destination
}

// newCode makes six random digits, all equally likely, and a salt.
func newCode(random io.Reader) (code, salt string, err error) {
	// 2^64 is not a multiple of a million, but of 10 random bytes the most likely
	// code is more likely than the least by less than one in 10^18.
	var raw [10]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", "", fmt.Errorf("make a code: %w", err)
	}
	var salted [16]byte
	if _, err := io.ReadFull(random, salted[:]); err != nil {
		return "", "", fmt.Errorf("make a salt: %w", err)
	}
	n := new(big.Int).Mod(new(big.Int).SetBytes(raw[:]), codeSpace)
	return fmt.Sprintf("%0*d", codeDigits, n), base64.RawURLEncoding.EncodeToString(salted[:]), nil
}
