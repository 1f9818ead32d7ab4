// Package accounts holds who people are to the product: staff with passwords and
// roles, the sessions of staff, customers and partners, the one-time codes that
// prove a contact, and the limits that slow down guessing. It knows no case.
package accounts

import (
	"crypto/rand"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/google/uuid"

	"regain/database"
	"regain/notify"
)

// Options configure a Service. Secrets and Outbox are needed; every other field
// has a default.
type Options struct {
	// Secrets key what is stored of codes, contacts and addresses.
	Secrets Secrets
	// Outbox carries one-time codes away.
	Outbox *notify.Outbox
	// Clock tells the time; time.Now by default.
	Clock func() time.Time
	// IDs makes ids; UUIDv7 by default.
	IDs func() string
	// Random makes tokens, codes and salts; crypto/rand by default. (The salts of
	// passwords come from crypto/rand always.)
	Random io.Reader
	// Logger is told of what is unusual, without personal data; none by default.
	Logger *slog.Logger
	// Sessions says how long sessions last.
	Sessions SessionRules
	// Codes says how one-time codes behave.
	Codes CodeRules
	// SignIn says how often passwords may be tried.
	SignIn SignInRules
	// Hashes is how many passwords are hashed at once; as many as there are processors
	// by default.
	Hashes int
	// HashMemory is how much each of them takes, in KiB; OWASP's 19 MiB by default, and
	// less in tests alone.
	HashMemory uint32
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
	if o.Hashes <= 0 {
		o.Hashes = runtime.NumCPU()
	}
	if o.HashMemory == 0 {
		o.HashMemory = hashMemory
	}
	o.Sessions = o.Sessions.withDefaults()
	o.Codes = o.Codes.withDefaults()
	o.SignIn = o.SignIn.withDefaults()
	return o
}

// now is the time as it is stored: UTC, in microseconds.
func (o *Options) now() time.Time { return o.Clock().UTC().Truncate(time.Microsecond) }

// Service is everything of this package over one database. Its parts can be used
// by themselves. It is safe for concurrent use.
type Service struct {
	*Limits
	*Sessions
	*Codes
	db        *database.DB
	options   *Options
	passwords *passwords
}

// NewService makes the service. It hashes one password, which takes a moment, so
// that a sign-in with an unknown address costs what every other costs.
func NewService(db *database.DB, options Options) (*Service, error) {
	options = options.withDefaults()
	hashing, err := newPasswords(options.Hashes, options.HashMemory)
	if err != nil {
		return nil, err
	}
	limits := &Limits{db: db, options: &options}
	return &Service{
		Limits:    limits,
		Sessions:  &Sessions{db: db, options: &options},
		Codes:     &Codes{db: db, options: &options, limits: limits},
		db:        db,
		options:   &options,
		passwords: hashing,
	}, nil
}
