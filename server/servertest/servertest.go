// Package servertest runs the whole server for tests: every route, over real HTTP,
// on a real database, with a session for every role.
package servertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/notify"
	"regain/rules"
	"regain/server"
	"regain/server/api"
	"regain/server/web"
	"regain/storage"
)

// Harness is a running server with what it stands on.
type Harness struct {
	URL      string
	Server   *server.Server
	DB       *database.DB
	Accounts *accounts.Service
	Outbox   *notify.Outbox
	Mailbox  *notify.Mailbox
	Webhooks *notify.Webhooks
	Policies *cases.Policies
	Cases    *cases.Service
	Store    storage.Store

	tokens map[server.Role]string
	staff  map[server.Role]string // ids; hashing a password for each session would be slow
}

// Options change what a test needs otherwise. The zero Options are those of Start.
type Options struct {
	// Logger hears everything that the server and its parts log; nobody by default.
	Logger *slog.Logger
	// Codes are the rules of one-time codes; the product's own by default.
	Codes accounts.CodeRules
	// Unlimited lets callers call as often as they like.
	Unlimited bool
	// Directory knows accounts; none does by default.
	Directory cases.Directory
	// Config is the server's; its Secret is the harness's own.
	Config server.Config
	// Clock, IDs and Random are those of every room; the present by default. Policies
	// are those that are served; the default one by default.
	Clock    func() time.Time
	IDs      func() string
	Random   io.Reader
	Policies []*rules.Policy
	// Letterhead is shown in messages; a bare one by default.
	Letterhead notify.Letterhead
	// Pages changes what the pages are given, when it is not nil.
	Pages func(*web.Services)
}

func (o Options) withDefaults(t testing.TB) Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.IDs == nil {
		o.IDs = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if len(o.Policies) == 0 {
		o.Policies = []*rules.Policy{defaultPolicy(t)}
	}
	return o
}

// unlimited counts nothing.
type unlimited struct{}

// Take implements server.Limits.
func (unlimited) Take(context.Context, ...accounts.Limit) error { return nil }

// poll is how often the workers look without being woken: for what a failed attempt has put off. Oftener, each of them
// takes the database's lock for nothing while tests work.
const poll = 200 * time.Millisecond

// Start runs the server on db with the default policy, in development.
func Start(t testing.TB, db *database.DB) *Harness {
	t.Helper()
	return StartWith(t, db, Options{})
}

// StartWith is Start with options.
func StartWith(t testing.TB, db *database.DB, options Options) *Harness {
	t.Helper()
	options = options.withDefaults(t)
	master := []byte(strings.Repeat("test secret ", 4))
	secrets, err := accounts.DeriveSecrets(master)
	must(t, err)
	h := &Harness{
		DB: db, tokens: map[server.Role]string{}, staff: map[server.Role]string{},
		Outbox:  notify.NewOutbox(db, notify.Options{Clock: options.Clock, IDs: options.IDs, Poll: poll, Logger: options.Logger, Letterhead: options.Letterhead}),
		Mailbox: notify.NewMailbox(db, notify.MailboxOptions{Clock: options.Clock, IDs: options.IDs}),
	}
	h.Accounts, err = accounts.NewService(db, accounts.Options{
		Clock: options.Clock, IDs: options.IDs, Random: options.Random, Secrets: secrets, Outbox: h.Outbox, Codes: options.Codes, Logger: options.Logger,
		HashMemory: 64, // or a fifth of the tests' time would go into hashing
	})
	must(t, err)
	h.Webhooks, err = notify.NewWebhooks(db, notify.WebhooksOptions{
		Clock: options.Clock, IDs: options.IDs, Random: options.Random, Logger: options.Logger, Types: cases.WebhookTypes(), Poll: poll, Anywhere: true,
		Alarm: h.Accounts.WebhookAlarm("http://regain.test"), Record: h.Accounts.RecordAct,
	})
	must(t, err)
	h.Policies = cases.NewPolicies(db, options.Clock)
	for _, p := range options.Policies {
		must(t, h.Policies.Register(t.Context(), p))
	}
	h.Cases = newCases(t, h, master, options)
	options.Config.Secret = master
	limits := server.Limits(h.Accounts)
	if options.Unlimited {
		limits = unlimited{}
	}
	h.Server, err = server.New(options.Config, server.Parts{
		DB: db, Sessions: h.Accounts, Limits: limits, Logger: options.Logger,
		Ready: map[string]func(context.Context) error{"database": db.Check},
	})
	must(t, err)
	api.Register(h.Server, api.Services{Policies: h.Policies, Staff: h.Accounts, Organisations: h.Accounts, Keys: h.Accounts, Webhooks: h.Webhooks, Cases: h.Cases, Sessions: h.Accounts, Mailbox: h.Mailbox})
	pages := web.Services{Policies: h.Policies, Staff: h.Accounts, Organisations: h.Accounts, Cases: h.Cases, Sessions: h.Accounts, Webhooks: h.Webhooks, Keys: h.Accounts, Mailbox: h.Mailbox, Clock: options.Clock}
	pages.Content, err = content()
	must(t, err)
	if options.Pages != nil {
		options.Pages(&pages)
	}
	must(t, web.Register(h.Server, pages))
	running := httptest.NewServer(h.Server.Handler())
	t.Cleanup(running.Close)
	h.URL = running.URL
	return h
}

// newCases keeps documents on a disk of the test's own.
func newCases(t testing.TB, h *Harness, key []byte, options Options) *cases.Service {
	t.Helper()
	dir := t.TempDir()
	store, err := storage.OpenStore(t.Context(), "file:"+filepath.Join(dir, "documents"))
	must(t, err)
	h.Store = store
	spool, err := storage.NewSpool(filepath.Join(dir, "spool"), 64<<20)
	must(t, err)
	return cases.New(h.DB, store, spool, h.Outbox, api.ContactCodes{Codes: h.Accounts.Codes}, h.Policies, cases.Options{
		Clock: options.Clock, IDs: options.IDs, Random: options.Random,
		Logger: options.Logger, Directory: options.Directory, Key: key, PublicURL: "http://regain.test", Webhooks: h.Webhooks, Away: h.Accounts.Away, Gone: h.Accounts.Gone, Others: api.AccountRecords(h.Accounts), Record: h.Accounts.RecordAct,
		Late: func(ctx context.Context, tx bun.IDB, late cases.LateReview) error {
			return h.Accounts.TellLeadsOfLate(ctx, tx, late.Reference, late.Due, late.At, late.Locale, "http://regain.test/staff/queue?view=overdue")
		},
	})
}

// DeliverWebhooks sends to webhooks until the test ends.
func (h *Harness) DeliverWebhooks(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Webhooks.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the webhooks ended with %v", err)
		}
	})
}

// VerifyRecords carries out verifications of all records until the test ends.
func (h *Harness) VerifyRecords(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Cases.RunAudits(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the verification ended with %v", err)
		}
	})
}

// Deliver puts messages into the mailbox as they are sent, until the test ends.
func (h *Harness) Deliver(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- h.Outbox.Run(ctx, map[notify.Channel]notify.Sender{notify.Email: h.Mailbox, notify.SMS: h.Mailbox})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the outbox ended with %v", err)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Root is the repository's folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

func defaultPolicy(t testing.TB) *rules.Policy {
	t.Helper()
	policy, err := compiledPolicy()
	must(t, err)
	return policy
}

// compiledPolicy and content are made once for all harnesses, which change neither.
var (
	compiledPolicy = sync.OnceValues(func() (*rules.Policy, error) {
		bundle, err := rules.ReadBundle(os.DirFS(Root()), "rules.yaml")
		if err != nil {
			return nil, err
		}
		return rules.Compile(bundle)
	})
	content = sync.OnceValues(web.ReadContent)
)

// Token is the token of a session with the one role; empty for anonymous.
func (h *Harness) Token(t testing.TB, role server.Role) string {
	t.Helper()
	if token, ok := h.tokens[role]; ok {
		return token
	}
	token := h.NewSession(t, role)
	h.tokens[role] = token
	return token
}

// NewSession opens a session of its own with the one role.
func (h *Harness) NewSession(t testing.TB, role server.Role) string {
	t.Helper()
	var kind accounts.Kind
	subject := uuid.Must(uuid.NewV7()).String()
	switch role {
	case server.Anonymous:
		return ""
	case server.Customer:
		kind = accounts.Customer
	case server.Partner:
		kind = accounts.Partner
	case server.Organisation:
		kind = accounts.OrganisationMember
		subject = h.NewMember(t, uuid.Must(uuid.NewV7()).String()+"@partner.example").ID
	default:
		kind = accounts.StaffMember
		if h.staff[role] == "" {
			h.staff[role] = h.NewStaff(t, accounts.Role(role)).ID
		}
		subject = h.staff[role]
	}
	token, err := h.Accounts.OpenSession(t.Context(), kind, subject, 0)
	must(t, err)
	return token
}

// StaffPassword is the password of everyone that NewStaff makes.
const StaffPassword = "correct horse, battery and staple"

// NewStaff makes a member of staff with an address of its own.
func (h *Harness) NewStaff(t testing.TB, roles ...accounts.Role) accounts.Staff {
	t.Helper()
	staff, err := h.Accounts.CreateStaff(t.Context(), accounts.NewStaff{
		Email: uuid.Must(uuid.NewV7()).String() + "@example.com", Name: "Ana Lima", Password: StaffPassword, Roles: roles,
	})
	must(t, err)
	return staff
}

// NewKey makes an API key and returns its token and id.
func (h *Harness) NewKey(t testing.TB, scopes ...accounts.Scope) (token, id string) {
	t.Helper()
	key, token, err := h.Accounts.CreateAPIKey(t.Context(), accounts.NewAPIKey{Name: "Nightly report", Scopes: scopes})
	must(t, err)
	return token, key.ID
}

// NewMember makes an organisation of its own with one member.
func (h *Harness) NewMember(t testing.TB, email string) accounts.Member {
	t.Helper()
	o, err := h.Accounts.CreateOrganisation(t.Context(), "", "Nuvem "+uuid.Must(uuid.NewV7()).String())
	must(t, err)
	m, err := h.Accounts.AddMember(t.Context(), "", o.ID, email)
	must(t, err)
	return m
}

// Answer is a whole response.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Into decodes the body.
func (a Answer) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
}

// Problem decodes the body of a failed call and checks its form.
func (a Answer) Problem(t testing.TB) server.Problem {
	t.Helper()
	var p server.Problem
	a.Into(t, &p)
	if a.Header.Get("Content-Type") != "application/problem+json" || p.Status != a.Status || p.Type != "/problems/"+p.Code {
		t.Fatalf("no problem: %d %s %s", a.Status, a.Header.Get("Content-Type"), a.Body)
	}
	return p
}

// Pointers are the places of the bad inputs, with their codes: "/answers/x wrong_type".
func Pointers(p server.Problem) []string {
	var out []string
	for _, e := range p.Errors {
		place := e.Parameter
		if e.Pointer != nil {
			place = *e.Pointer
		}
		out = append(out, place+" "+e.Code)
	}
	return out
}

// Call sends a request. body is a string as it is, nil for none, or anything else
// as JSON. headers are names and values in turn; "Authorization" is set from token
// when it is not empty.
func (h *Harness) Call(t testing.TB, token, method, path string, body any, headers ...string) Answer {
	t.Helper()
	var raw []byte
	switch b := body.(type) {
	case nil:
	case string:
		raw = []byte(b)
	default:
		var err error
		raw, err = json.Marshal(b)
		must(t, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, bytes.NewReader(raw))
	must(t, err)
	if raw != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	must(t, err)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: got}
}
