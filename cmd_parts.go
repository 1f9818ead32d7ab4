package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/internal/failpoint"
	"regain/notify"
	"regain/rules"
	"regain/server/api"
	"regain/storage"
)

// dataFlags say where things are kept; every command that reads or changes them has
// these.
type dataFlags struct {
	Data       string `type:"path" default:"data" env:"REGAIN_DATA" placeholder:"DIR" help:"Folder of the embedded default: database, documents and secret. Default: ${default}."`
	Database   string `env:"REGAIN_DATABASE_URL" placeholder:"URL" help:"sqlite:/path/file.db or postgres://user:password@host/name. Default: SQLite in the data folder. As a variable it stays out of the list of processes."`
	SecretFile string `type:"path" env:"REGAIN_SECRET_FILE" placeholder:"FILE" help:"File with the master secret: at least 32 random bytes, base64. The variable REGAIN_SECRET holds the secret itself. Default: made at the first start and kept in the data folder; needed with Postgres, where all instances share it."`
	LogLevel   string `enum:"debug,info,warn,error" default:"info" env:"REGAIN_LOG_LEVEL" help:"debug, info, warn or error. Default: ${default}."`
	LogFormat  string `enum:"text,json" default:"text" env:"REGAIN_LOG_FORMAT" help:"text or json. Default: ${default}."`
}

// storageFlags say where documents are; commands that read or write them have these.
type storageFlags struct {
	Storage string `env:"REGAIN_STORAGE_URL" placeholder:"URL" help:"Documents: file:/dir, or s3://key:secret@host:port/bucket?region=… for MinIO and other S3 servers. Default: local disk in the data folder."`
}

// openStore opens the store, in the data folder unless another is named.
func (f storageFlags) openStore(ctx context.Context, data string) (storage.Store, error) {
	address := f.Storage
	if address == "" {
		address = (&url.URL{Scheme: "file", Path: filepath.Join(data, "documents")}).String()
	}
	return storage.OpenStore(ctx, address)
}

func (f dataFlags) logger(t terminal) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(t.err, options))
	}
	return slog.New(slog.NewTextHandler(t.err, options))
}

// embedded says whether the database is the one in the data folder.
func (f dataFlags) embedded() bool { return f.Database == "" }

func (f dataFlags) databaseURL() string {
	if f.embedded() {
		return "sqlite:" + filepath.Join(f.Data, "regain.db")
	}
	return f.Database
}

// openDatabase opens and migrates the database.
func (f dataFlags) openDatabase(ctx context.Context, logger *slog.Logger) (*database.DB, error) {
	if f.embedded() {
		if err := os.MkdirAll(f.Data, 0o700); err != nil {
			return nil, fmt.Errorf("data folder: %w", err)
		}
	}
	db, err := database.Open(ctx, database.Config{URL: f.databaseURL(), Logger: logger})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("bring the tables up to date: %w", err)
	}
	return db, nil
}

const secretName = "secret"

// masterSecret finds the secret, or on the embedded default makes it.
func (f dataFlags) masterSecret() ([]byte, error) {
	if encoded := os.Getenv("REGAIN_SECRET"); encoded != "" {
		return decodeSecret("REGAIN_SECRET", encoded)
	}
	file := f.SecretFile
	if file == "" {
		if !f.embedded() {
			return nil, errors.New("give the master secret by REGAIN_SECRET or --secret-file: all instances on one database must share it")
		}
		file = filepath.Join(f.Data, secretName)
	}
	encoded, err := os.ReadFile(file)
	if err == nil {
		return decodeSecret(file, string(encoded))
	}
	if !errors.Is(err, fs.ErrNotExist) || f.SecretFile != "" {
		return nil, fmt.Errorf("master secret: %w", err)
	}
	return makeSecret(file)
}

func decodeSecret(from, encoded string) ([]byte, error) {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || len(secret) < accounts.MinMasterKey {
		return nil, fmt.Errorf("the master secret in %s must be base64 of at least %d random bytes: head -c 32 /dev/urandom | base64", from, accounts.MinMasterKey)
	}
	return secret, nil
}

// makeSecret writes a new secret. O_EXCL and the link keep two first starts at once
// from each having their own: whoever is second reads the first's.
func makeSecret(file string) ([]byte, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make the master secret: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make the master secret: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".secret-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make the master secret: %w", err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.WriteString(base64.StdEncoding.EncodeToString(secret) + "\n")
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err != nil {
		return nil, fmt.Errorf("make the master secret: %w", err)
	}
	if err := os.Link(temporary.Name(), file); err != nil {
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the master secret: %w", err)
		}
		encoded, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("master secret: %w", err)
		}
		return decodeSecret(file, string(encoded))
	}
	return secret, nil
}

// era is when things happen, with the ids and the chance of that time: the present, or
// the past that the demo tells of.
type era struct {
	clock  func() time.Time
	ids    func() string
	random io.Reader
}

func present() era { return era{clock: failpoint.Now, ids: newID, random: rand.Reader} }

// parts are the opened rooms that commands work with.
type parts struct {
	era
	logger   *slog.Logger
	db       *database.DB
	secrets  accounts.Secrets
	outbox   *notify.Outbox
	accounts *accounts.Service
	webhooks *notify.Webhooks
	// directory knows the accounts; nil where the provider has connected none.
	directory cases.Directory
}

// open opens the database and what stands on it alone. letterhead is for messages.
func (f dataFlags) open(ctx context.Context, logger *slog.Logger, letterhead notify.Letterhead) (*parts, error) {
	master, err := f.masterSecret()
	if err != nil {
		return nil, err
	}
	secrets, err := accounts.DeriveSecrets(master)
	if err != nil {
		return nil, err
	}
	db, err := f.openDatabase(ctx, logger)
	if err != nil {
		return nil, err
	}
	p, err := (&parts{era: present(), logger: logger, db: db, secrets: secrets}).furnish(letterhead)
	if err != nil {
		_ = db.Close()
	}
	return p, err
}

// in are the same rooms at another time, over the same database.
func (p *parts) in(e era, letterhead notify.Letterhead) (*parts, error) {
	return (&parts{era: e, logger: p.logger, db: p.db, secrets: p.secrets, directory: p.directory}).furnish(letterhead)
}

// furnish makes the rooms that stand on the database alone.
func (p *parts) furnish(letterhead notify.Letterhead) (*parts, error) {
	p.outbox = notify.NewOutbox(p.db, notify.Options{Clock: p.clock, IDs: p.ids, Logger: p.logger, Key: p.secrets.Outbox(), Letterhead: letterhead})
	var err error
	p.accounts, err = accounts.NewService(p.db, accounts.Options{Clock: p.clock, IDs: p.ids, Random: p.random, Secrets: p.secrets, Outbox: p.outbox, Logger: p.logger})
	return p, err
}

func (p *parts) close() {
	if err := p.db.Close(); err != nil {
		p.logger.Warn("closing the database", slog.Any("error", err))
	}
}

// openWebhooks makes what tells webhooks; anywhere is for development.
func (p *parts) openWebhooks(publicURL string, anywhere bool) error {
	key, err := p.secrets.For("webhooks")
	if err != nil {
		return err
	}
	p.webhooks, err = notify.NewWebhooks(p.db, notify.WebhooksOptions{
		Clock: p.clock, IDs: p.ids, Random: p.random, Logger: p.logger, Key: key, Types: cases.WebhookTypes(), Anywhere: anywhere, Alarm: p.accounts.WebhookAlarm(publicURL), Record: p.accounts.RecordAct,
	})
	return err
}

// loadPolicies reads the policy files; when none is named, rules.yaml in the working
// folder, else the one in the binary. The faults of all of them are reported at once.
func loadPolicies(named []string) ([]*rules.Policy, error) {
	if len(named) == 0 {
		var files fs.FS = defaultPolicy
		if _, err := os.Stat("rules.yaml"); err == nil {
			files = os.DirFS(".")
		}
		policy, err := loadPolicy(files, "rules.yaml")
		return []*rules.Policy{policy}, err
	}
	var loaded []*rules.Policy
	var faults error
	from := map[string]string{} // files by the policy's id
	for _, file := range named {
		policy, err := loadPolicy(os.DirFS(filepath.Dir(file)), filepath.Base(file))
		if err == nil && from[policy.ID()] != "" {
			err = fmt.Errorf("%s and %s are both the policy %q; one server holds each once", from[policy.ID()], file, policy.ID())
		}
		if err != nil {
			faults = errors.Join(faults, err)
			continue
		}
		from[policy.ID()] = file
		loaded = append(loaded, policy)
	}
	return loaded, faults
}

func loadPolicy(files fs.FS, name string) (*rules.Policy, error) {
	bundle, err := rules.ReadBundle(files, name)
	if err != nil {
		return nil, err
	}
	return rules.Compile(bundle)
}

// openCases wires the cases to the rooms below and beside them.
func (p *parts) openCases(policies *cases.Policies, store storage.Store, spool *storage.Spool, publicURL string) (*cases.Service, error) {
	key, err := p.secrets.For("cases")
	if err != nil {
		return nil, err
	}
	return cases.New(p.db, store, spool, p.outbox, api.ContactCodes{Codes: p.accounts.Codes}, policies, cases.Options{
		Clock: p.clock, IDs: p.ids, Random: p.random, Logger: p.logger, Key: key[:], PublicURL: publicURL,
		Webhooks: p.webhooks, Directory: p.directory, Away: p.accounts.Away, Gone: p.accounts.Gone, Others: api.AccountRecords(p.accounts), Record: p.accounts.RecordAct,
		Late: func(ctx context.Context, tx bun.IDB, late cases.LateReview) error {
			return p.accounts.TellLeadsOfLate(ctx, tx, late.Reference, late.Due, late.At, late.Locale, publicURL+"/staff/queue?view=overdue")
		},
	}), nil
}

// originOf is the scheme and host of a public URL, or of the address listened on.
func originOf(public *url.URL, listening string) string {
	if public != nil {
		return strings.TrimRight(public.String(), "/")
	}
	return "http://" + listening
}
