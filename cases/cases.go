// Package cases is the life of an account-recovery case: what was claimed, what
// was supplied, what was decided, and the one path by which any of it changes.
//
// Every change is one transaction that locks the case, checks its version and
// the table of transitions, writes the rows, appends hash-chained events and
// queues the messages that tell people about it. Nothing changes outside that
// path (see change.go). The policy that the case was filed under decides what is
// asked; this package never knows a provider's name.
package cases

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"regain/database"
	"regain/notify"
	"regain/storage"
)

// Codes sends and checks the one-time codes that prove a contact. It is
// implemented by the accounts room and wired at start.
type Codes interface {
	// Issue sends a code to the destination, within the transaction in ctx if
	// there is one. A decoy does the same work and sends nothing. It returns a
	// *problem.Error when a limit is reached.
	Issue(ctx context.Context, req CodeRequest) error
	// Verify consumes the code; it returns a *problem.Error when the code is
	// wrong, used up or expired. A wrong try is counted even so.
	Verify(ctx context.Context, check CodeCheck) error
}

// CodeRequest asks for a code.
type CodeRequest struct {
	Purpose     string
	Flow        string
	Channel     Channel
	Destination string
	Locale      string
	// Address is the network address that asks, for limits.
	Address string
	Decoy   bool
}

// CodeCheck is a code that somebody typed.
type CodeCheck struct {
	Purpose, Flow, Destination, Code string
	// Decoy must be that of the request, so that a wrong code is answered alike
	// whether there was anybody to send one to or not.
	Decoy bool
}

// Directory knows the accounts that cases are about. It may be absent; then
// what a policy says of an account's data can't be judged, and whatever depends
// on it takes a waiver.
type Directory interface {
	// Account is what the provider has on record for the account as a customer
	// named it, by the names that the policy's expressions use; nil when there
	// is no such account. It is asked on behalf of reviewers only.
	Account(ctx context.Context, policy, account string) (map[string]any, error)
}

// What Options.Record is told of.
const (
	TagRenamed  = "tag_renamed"
	TagRetired  = "tag_retired"
	TagRestored = "tag_restored"
	TagMerged   = "tag_merged" // other is the tag that it became part of
	BlockSet    = "block_set"
	BlockLifted = "block_lifted"
)

// LateReview is a case whose review takes longer than it should.
type LateReview struct {
	Reference string
	Due       time.Time
	// At is when it was noticed, Locale the language of the case's policy.
	At     time.Time
	Locale string
}

// Options configure a Service. Key is needed; every other field has a default,
// named here where it is not obvious.
type Options struct {
	Clock  func() time.Time
	IDs    func() string
	Random io.Reader
	Logger *slog.Logger
	// Directory may be nil.
	Directory Directory
	// Late tells those who lead reviewers of a review that takes too long, in the
	// transaction that raises the case's priority. It may be nil.
	Late func(ctx context.Context, tx bun.IDB, late LateReview) error
	// Away says which of the members of staff hold no cases now, and why in one word, by
	// id: LeftForGood, or another one for who comes back. Where it is nil, everybody is here.
	Away func(ctx context.Context, ids []string) (map[string]string, error)
	// Gone says which of the members of staff and programs see no cases any more: they
	// follow none. Where it is nil, nobody is.
	Gone func(ctx context.Context, ids []string) ([]string, error)
	// Others verifies the records beside those of cases, at the end of a verification of
	// all; may be nil.
	Others func(ctx context.Context) ([]AuditFinding, error)
	// Record writes what staff did to a tag or a block into a record that is only added to,
	// in the transaction that does it: who, one of the acts below, and the ids of what it was
	// about. It may be nil.
	Record func(ctx context.Context, tx bun.IDB, by, act, subject, other string) error
	// Webhooks are told of what happens to cases that were filed; may be nil.
	Webhooks *notify.Webhooks
	// Key makes the keyed digests of account names and contacts by which cases
	// find each other; at least 32 bytes, the same on every instance.
	Key []byte
	// PublicURL is where people reach the server, for the links in messages.
	PublicURL string
	// ClaimTTL is how long a reviewer holds a case without acting (30 minutes).
	ClaimTTL time.Duration
	// AssignTTL is how long somebody holds a case that was given to them (24 hours).
	AssignTTL time.Duration
	// InvitationTTL is how long an invitation's link works (7 days).
	InvitationTTL time.Duration
	// AppealWithin is how long after a denial an appeal may be made (30 days).
	AppealWithin time.Duration
	// MaxDocuments is how many files one case may hold in all (100).
	MaxDocuments int
}

// Service is the room's door: every use of cases goes through its methods. It
// is safe for concurrent use.
type Service struct {
	db       *database.DB
	store    storage.Store
	spool    *storage.Spool
	outbox   *notify.Outbox
	codes    Codes
	policies *Policies
	opt      Options
	// audits wakes RunAudits.
	audits chan struct{}
}

// New makes the service.
func New(db *database.DB, store storage.Store, spool *storage.Spool, outbox *notify.Outbox, codes Codes, policies *Policies, opt Options) *Service {
	opt = opt.withDefaults()
	opt.PublicURL = strings.TrimRight(opt.PublicURL, "/")
	return &Service{db: db, store: store, spool: spool, outbox: outbox, codes: codes, policies: policies, opt: opt, audits: make(chan struct{}, 1)}
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.IDs == nil {
		o.IDs = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxDocuments <= 0 {
		o.MaxDocuments = 100
	}
	if o.Record == nil {
		o.Record = func(context.Context, bun.IDB, string, string, string, string) error { return nil }
	}
	for _, d := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{{&o.ClaimTTL, 30 * time.Minute}, {&o.AssignTTL, 24 * time.Hour}, {&o.InvitationTTL, 7 * 24 * time.Hour}, {&o.AppealWithin, 30 * 24 * time.Hour}} {
		if *d.value <= 0 {
			*d.value = d.otherwise
		}
	}
	return o
}

// now is the injected time, in the precision that both databases keep.
func (s *Service) now() time.Time { return s.opt.Clock().UTC().Truncate(time.Microsecond) }

// Now is the time by which the service judges.
func (s *Service) Now() time.Time { return s.now() }

// digest is a keyed fingerprint of a person's data: equal for equal values,
// useless without the key.
func (s *Service) digest(purpose, value string) string {
	mac := hmac.New(sha256.New, s.opt.Key)
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil))
}

// accountKey is the digest by which two claims on one account are found to be
// the same, however the name was typed.
func (s *Service) accountKey(account string) string {
	return s.digest("account", plainAccount(account))
}

// contactKey is the digest by which one contact is found again, however it was
// spelled.
func (s *Service) contactKey(channel Channel, address string) string {
	if channel == Email {
		if _, key, ok := notify.ParseEmail(address); ok {
			address = key
		}
	}
	return s.digest("contact key", string(channel)+"/"+address)
}

// domainKey is the digest of an e-mail address's domain.
func (s *Service) domainKey(address string) string {
	if _, key, ok := notify.ParseEmail(address); ok {
		address = key
	}
	return s.digest("mail domain", address[strings.LastIndexByte(address, '@')+1:])
}
