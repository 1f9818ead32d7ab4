package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"regain/cases"
	"regain/demo"
	"regain/notify"
	"regain/server"
	"regain/server/api"
	"regain/server/web"
	"regain/storage"
)

// serveCommand runs the server.
type serveCommand struct {
	dataFlags
	storageFlags
	demoFlags
	Listen         string   `default:"127.0.0.1:8080" env:"REGAIN_LISTEN" placeholder:"ADDRESS" help:"Address and port to listen on. Default: ${default}."`
	PublicURL      *url.URL `name:"public-url" env:"REGAIN_PUBLIC_URL" placeholder:"URL" help:"Where browsers reach the server, such as https://recovery.example: for links in messages, and secure cookies. Default: the listening address."`
	TrustedProxies []string `env:"REGAIN_TRUSTED_PROXIES" placeholder:"NETWORK,…" help:"Networks of the proxies whose X-Forwarded-For is believed. Default: none."`
	Dev            bool     `env:"REGAIN_DEV" help:"Development: messages go to the mailbox page instead of leaving. Without it, and without --smtp, the mailbox is there for this machine alone, if the server listens on the loopback interface."`
	Policies       []string `name:"policy" type:"path" env:"REGAIN_POLICY" placeholder:"FILE" help:"Policy file, with its translations beside it. May be given several times (in the variable, with commas between): customers choose, and the first is the default. Default: rules.yaml in the working folder, else the one in the program."`

	Spool     string `type:"path" env:"REGAIN_SPOOL" placeholder:"DIR" help:"Folder for uploads under way, of this instance alone. Default: spool in the data folder."`
	SpoolSize int64  `default:"2048" env:"REGAIN_SPOOL_MIB" placeholder:"MIB" help:"How much all uploads under way may take together, in MiB. Default: ${default}."`

	SMTP             string `name:"smtp" env:"REGAIN_SMTP_URL" placeholder:"URL" help:"Mail server: smtp://user:password@host:587, or smtps:// for TLS from the first byte. ?tls=opportunistic or none weakens the default, required."`
	MailFrom         string `env:"REGAIN_MAIL_FROM" placeholder:"ADDRESS" help:"Who mail comes from, such as \"Northwind Cloud <no-reply@northwind.example>\"."`
	SMS              string `name:"sms" env:"REGAIN_SMS_URL" placeholder:"URL" help:"Text messages are posted to this webhook, signed."`
	SMSSecret        string `name:"sms-secret" env:"REGAIN_SMS_SECRET" placeholder:"SECRET" help:"Key of those signatures: whsec_ and base64. As a variable it stays out of the list of processes."`
	WebhooksAnywhere bool   `env:"REGAIN_WEBHOOKS_ANYWHERE" help:"Development: webhooks may lead to plain http and to private addresses, too."`

	Service string `default:"Regain" env:"REGAIN_SERVICE" placeholder:"NAME" help:"The provider's name in messages. Default: ${default}."`
	Support string `env:"REGAIN_SUPPORT" placeholder:"TEXT" help:"How readers of messages reach people, such as a telephone number."`

	MetricsToken    string        `env:"REGAIN_METRICS_TOKEN" placeholder:"TOKEN" help:"Bearer token that /metrics asks for. Default: none; then let your proxy keep /metrics inside."`
	RequestTimeout  time.Duration `default:"30s" env:"REGAIN_REQUEST_TIMEOUT" help:"Longest work on a call. Default: ${default}."`
	UploadTimeout   time.Duration `default:"10m" env:"REGAIN_UPLOAD_TIMEOUT" help:"Longest upload. Default: ${default}."`
	ReadTimeout     time.Duration `default:"30s" env:"REGAIN_READ_TIMEOUT" help:"Longest wait for a body, or for the next bytes of an upload. Default: ${default}."`
	WriteTimeout    time.Duration `default:"60s" env:"REGAIN_WRITE_TIMEOUT" help:"Longest call with its answer. Default: ${default}."`
	IdleTimeout     time.Duration `default:"120s" env:"REGAIN_IDLE_TIMEOUT" help:"How long an idle connection is kept. Default: ${default}."`
	ShutdownTimeout time.Duration `default:"30s" env:"REGAIN_SHUTDOWN_TIMEOUT" help:"How long calls under way may go on when the server stops. Default: ${default}."`
	DrainDelay      time.Duration `default:"0s" env:"REGAIN_DRAIN_DELAY" help:"How long calls are still taken after /readyz says no, for load balancers. Default: ${default}."`
	MaxInFlight     int           `default:"256" env:"REGAIN_MAX_IN_FLIGHT" help:"Most calls at once; more are refused with 503. Default: ${default}."`
	MaxConnections  int           `env:"REGAIN_MAX_CONNECTIONS" placeholder:"N" help:"Most connections open at once; beyond, quiet ones are ended for new ones. Default: what the limit of open files allows."`
	MaxUploads      int           `default:"64" env:"REGAIN_MAX_UPLOADS" help:"Most uploads at once. Default: ${default}."`
}

// orphanGrace is how old an object must be before it counts as an orphan: far older
// than any call that could still name it.
const orphanGrace = 24 * time.Hour

// settled is how long after its start the server gives back the memory that starting took.
const settled = time.Second

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// Run serves until the context ends.
func (c *serveCommand) Run(ctx context.Context, t terminal) error {
	started := time.Now()
	easeCollector()
	content := sync.OnceValues(web.ReadContent)
	go func() { _, _ = content() }() // takes as long as opening a new database
	logger := c.logger(t)
	loaded, err := c.loadPolicies()
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	letterhead := notify.Letterhead{Service: c.Service, SiteURL: originOf(c.PublicURL, c.Listen), Support: c.Support}
	p, err := c.open(ctx, logger, letterhead)
	if err != nil {
		return err
	}
	defer p.close()
	policies := cases.NewPolicies(p.db, p.clock)
	for _, policy := range loaded {
		if err := policies.Register(ctx, policy); err != nil {
			return err
		}
	}
	store, spool, err := c.openStorage(ctx)
	if err != nil {
		return err
	}
	if err := p.openWebhooks(originOf(c.PublicURL, c.Listen), c.WebhooksAnywhere); err != nil {
		return err
	}
	if c.Demo {
		p.directory = demo.NewDirectory()
	}
	service, err := p.openCases(policies, store, spool, originOf(c.PublicURL, c.Listen))
	if err != nil {
		return err
	}
	senders, mailbox, err := c.senders(p)
	if err != nil {
		return err
	}
	if c.Demo {
		if mailbox == nil {
			return errors.New("--demo keeps every message in the mailbox: give --dev, or leave out --smtp")
		}
		if err := c.fillDemo(ctx, t, p, policies, store, spool, letterhead); err != nil {
			return err
		}
	}
	s, err := c.newServer(p, store, mailbox) //nolint:contextcheck // calls bring their own
	if err != nil {
		return err
	}
	if err := c.register(s, p, policies, service, mailbox, letterhead, content); err != nil { //nolint:contextcheck // calls bring their own
		return err
	}
	address, err := s.Listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	c.greet(t, address, mailbox != nil, time.Since(started))
	time.AfterFunc(settled, debug.FreeOSMemory)
	return s.Serve(ctx, c.workers(p, service, store, senders)...)
}

// register adds all routes.
func (c *serveCommand) register(s *server.Server, p *parts, policies *cases.Policies, service *cases.Service, mailbox *notify.Mailbox, provider notify.Letterhead, content func() (*web.Content, error)) error {
	services := api.Services{Policies: policies, Staff: p.accounts, Organisations: p.accounts, Keys: p.accounts, Webhooks: p.webhooks, Cases: service, Sessions: p.accounts}
	if mailbox != nil { // a nil *Mailbox would not be a nil api.Mailbox
		services.Mailbox = mailbox
	}
	api.Register(s, services)
	var demoStaff []string
	if c.Demo {
		demoStaff = demo.Addresses()
	}
	read, err := content()
	if err != nil {
		return err
	}
	return web.Register(s, web.Services{
		Policies: policies, Staff: p.accounts, Organisations: p.accounts, Cases: service, Sessions: p.accounts, Webhooks: p.webhooks, Keys: p.accounts, Mailbox: services.Mailbox, Name: provider.Service, Support: provider.Support,
		DemoStaff: demoStaff, Content: read,
	})
}

// greet says where to go.
func (c *serveCommand) greet(t terminal, address net.Addr, mailbox bool, took time.Duration) {
	origin := originOf(c.PublicURL, address.String())
	_, _ = fmt.Fprintf(t.out, "Regain is ready after %d ms.\n  begin here  %s/\n  API page    %s/api/v1/docs\n", took.Milliseconds(), origin, origin)
	if mailbox {
		_, _ = fmt.Fprintf(t.out, "  mailbox     %s/dev/mailbox (development: no message leaves)\n", origin)
	}
}

func (c *serveCommand) openStorage(ctx context.Context) (storage.Store, *storage.Spool, error) {
	store, err := c.openStore(ctx, c.Data)
	if err != nil {
		return nil, nil, err
	}
	folder := c.Spool
	if folder == "" {
		folder = filepath.Join(c.Data, "spool")
	}
	spool, err := storage.NewSpool(folder, c.SpoolSize<<20)
	if err != nil {
		return nil, nil, err
	}
	return store, spool, nil
}

// senders says where messages go. The mailbox is nil when they leave.
func (c *serveCommand) senders(p *parts) (map[notify.Channel]notify.Sender, *notify.Mailbox, error) {
	if c.Dev || c.SMTP == "" {
		if !c.Dev && !c.mailboxAllowed() {
			return nil, nil, errors.New("mail has nowhere to go: give --smtp, or --dev to keep all messages on a page of the server")
		}
		mailbox := notify.NewMailbox(p.db, notify.MailboxOptions{})
		return map[notify.Channel]notify.Sender{notify.Email: mailbox, notify.SMS: mailbox}, mailbox, nil
	}
	config, err := parseSMTP(c.SMTP, c.MailFrom)
	if err != nil {
		return nil, nil, err
	}
	mail, err := notify.NewSMTP(config)
	if err != nil {
		return nil, nil, err
	}
	senders := map[notify.Channel]notify.Sender{notify.Email: mail}
	if c.SMS == "" {
		p.logger.Warn("no --sms: text messages cannot be sent")
		return senders, nil, nil
	}
	text, err := notify.NewWebhook(notify.WebhookConfig{URL: c.SMS, Secret: c.SMSSecret})
	if err != nil {
		return nil, nil, err
	}
	senders[notify.SMS] = text
	return senders, nil, nil
}

// mailboxAllowed says whether nothing at all points to a server for others.
func (c *serveCommand) mailboxAllowed() bool {
	listening, err := netip.ParseAddrPort(c.Listen)
	return err == nil && listening.Addr().IsLoopback() && c.embedded() && c.PublicURL == nil && len(c.TrustedProxies) == 0
}

// parseSMTP reads a mail server's URL.
func parseSMTP(address, from string) (notify.SMTPConfig, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return notify.SMTPConfig{}, errors.New("--smtp must be smtp://user:password@host:port or smtps://…") // the parser's error quotes it
	}
	config := notify.SMTPConfig{Host: u.Hostname(), Port: 587, From: from, TLS: notify.TLSPolicy(u.Query().Get("tls"))}
	if u.Scheme == "smtps" {
		config.Port, config.TLS = 465, notify.TLSImplicit
	}
	if u.Port() != "" {
		if config.Port, err = strconv.Atoi(u.Port()); err != nil {
			return notify.SMTPConfig{}, errors.New("--smtp: the port must be a number")
		}
	}
	if u.User != nil {
		config.Username = u.User.Username()
		config.Password, _ = u.User.Password()
	}
	return config, nil
}

func (c *serveCommand) newServer(p *parts, store storage.Store, mailbox *notify.Mailbox) (*server.Server, error) {
	secret, err := p.secrets.For("server")
	if err != nil {
		return nil, err
	}
	return server.New(server.Config{
		PublicURL: c.PublicURL, TrustedProxies: c.TrustedProxies, Secret: secret[:], MetricsToken: c.MetricsToken,
		LocalMailbox:   mailbox != nil && !c.Dev,
		RequestTimeout: c.RequestTimeout, UploadTimeout: c.UploadTimeout, ReadTimeout: c.ReadTimeout,
		WriteTimeout: c.WriteTimeout, IdleTimeout: c.IdleTimeout, ShutdownTimeout: c.ShutdownTimeout, DrainDelay: c.DrainDelay,
		MaxInFlight: c.MaxInFlight, MaxUploads: c.MaxUploads, MaxConnections: c.MaxConnections,
	}, server.Parts{
		DB: p.db, Sessions: p.accounts, Limits: p.accounts, Logger: p.logger, Now: p.clock,
		Ready: map[string]func(context.Context) error{"database": p.db.Check, "documents": store.Check},
	})
}

// workers run beside the server.
func (c *serveCommand) workers(p *parts, service *cases.Service, store storage.Store, senders map[notify.Channel]notify.Sender) []server.Worker {
	return []server.Worker{
		{Name: "outbox", Run: func(ctx context.Context) error { return p.outbox.Run(ctx, senders) }},
		{Name: "webhooks", Run: p.webhooks.Run},
		{Name: "verification of records", Run: service.RunAudits},
		server.Every("deadlines of cases", time.Minute, func(ctx context.Context) error {
			n, err := service.Tick(ctx)
			if n > 0 {
				p.logger.Info("deadlines passed", slog.Int("cases", n))
			}
			return err
		}, p.logger),
		server.Every("sweep of orphaned documents", time.Hour, func(ctx context.Context) error {
			swept, err := storage.Sweep(ctx, store, service.KnownObjects, orphanGrace, p.clock())
			if swept.Removed > 0 {
				p.logger.Info("orphaned documents removed", slog.Int("objects", swept.Removed))
			}
			return err
		}, p.logger),
		server.Every("words of cases without any", time.Hour, func(ctx context.Context) error {
			_, err := service.IndexWords(ctx)
			return err
		}, p.logger),
		server.Every("merging of tags", 10*time.Second, service.MergeOn, p.logger),
		server.Every("purge of searches", time.Hour, service.PurgeSearches, p.logger),
		server.Every("purge of inboxes", time.Hour, service.PurgeNotices, p.logger),
		server.Every("purge of sessions, codes and limits", 5*time.Minute, p.accounts.Purge, p.logger),
	}
}
