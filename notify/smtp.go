package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// TLSPolicy says how a connection to the mail server is protected.
type TLSPolicy string

// The policies.
const (
	// TLSRequired upgrades with STARTTLS or gives up. The default, except on the
	// loopback interface.
	TLSRequired TLSPolicy = "required"
	// TLSImplicit speaks TLS from the first byte (port 465).
	TLSImplicit TLSPolicy = "implicit"
	// TLSOpportunistic upgrades when the server offers it. An attacker on the way
	// can prevent that.
	TLSOpportunistic TLSPolicy = "opportunistic"
	// TLSNone sends in clear. The default on the loopback interface.
	TLSNone TLSPolicy = "none"
)

// SMTPConfig says how to hand mail to a server.
type SMTPConfig struct {
	Host string
	Port int
	// From is who the mail comes from: "Northwind Cloud <no-reply@northwind.example>".
	From string
	// ReplyTo is where answers go. May be empty.
	ReplyTo string
	// Username and Password sign in, with the best mechanism that the server has;
	// both empty for none. They are sent over TLS only.
	Username, Password string
	// TLS is TLSRequired when empty, or TLSNone for a loopback host.
	TLS TLSPolicy
	// TLSConfig replaces the checks of the server's certificate; nil for the usual.
	TLSConfig *tls.Config
	// Timeout bounds connecting, and again each delivery; 15 s when zero.
	Timeout time.Duration
	// Clock is for the Date header; time.Now when nil.
	Clock func() time.Time
}

// LogValue keeps the password out of logs.
func (c SMTPConfig) LogValue() slog.Value {
	return slog.GroupValue(slog.String("host", c.Host), slog.Int("port", c.Port), slog.String("tls", string(c.TLS)),
		slog.Bool("signs_in", c.Username != ""))
}

// SMTP sends mail through a server. It is safe for concurrent use.
type SMTP struct {
	config  SMTPConfig
	from    *mail.Address
	replyTo *mail.Address
	domain  string // of the Message-ID
	options []gomail.Option
}

// NewSMTP checks the configuration; it does not connect.
func NewSMTP(config SMTPConfig) (*SMTP, error) {
	from, err := mail.ParseAddress(config.From)
	if err != nil {
		return nil, errors.New("mail: the sender is not an address")
	}
	s := &SMTP{config: config, from: from, domain: from.Address[strings.LastIndexByte(from.Address, '@')+1:]}
	if config.ReplyTo != "" {
		if s.replyTo, err = mail.ParseAddress(config.ReplyTo); err != nil {
			return nil, errors.New("mail: the address for replies is not an address")
		}
	}
	if s.config.Timeout <= 0 {
		s.config.Timeout = 15 * time.Second
	}
	if s.config.Clock == nil {
		s.config.Clock = time.Now
	}
	if s.config.TLS == "" {
		s.config.TLS = defaultTLS(config.Host)
	}
	if s.options, err = s.clientOptions(); err != nil {
		return nil, err
	}
	_, err = gomail.NewClient(config.Host, s.options...)
	if err != nil {
		return nil, fmt.Errorf("mail server configuration: %w", err)
	}
	return s, nil
}

// defaultTLS trusts nothing but the machine's own loopback interface.
func defaultTLS(host string) TLSPolicy {
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return TLSNone
	}
	return TLSRequired
}

func (s *SMTP) clientOptions() ([]gomail.Option, error) {
	options := []gomail.Option{gomail.WithTimeout(s.config.Timeout), gomail.WithoutNoop()}
	switch s.config.TLS {
	case TLSRequired:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLSImplicit:
		options = append(options, gomail.WithSSL())
	case TLSOpportunistic:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case TLSNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("mail: no TLS policy %q", s.config.TLS)
	}
	if s.config.Port != 0 {
		options = append(options, gomail.WithPort(s.config.Port))
	}
	if s.config.TLSConfig != nil {
		options = append(options, gomail.WithTLSConfig(s.config.TLSConfig.Clone()))
	}
	if s.config.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(s.config.Username), gomail.WithPassword(s.config.Password))
	}
	return options, nil
}

// Send delivers one mail over a connection of its own. What the server says about
// the recipient or the message is passing (4xx) or for good (5xx); every other
// trouble, such as a refused sign-in, is the operator's to mend and so passing.
func (s *SMTP) Send(ctx context.Context, m Rendered) error {
	msg, err := s.message(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options := append([]gomail.Option{gomail.WithDialContextFunc(s.dialer(ctx))}, s.options...)
	client, err := gomail.NewClient(s.config.Host, options...)
	if err != nil {
		return &SendError{Code: "smtp_configuration"}
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return connectError(ctx, err)
	}
	err = client.SendWithSMTPClient(connection, msg)
	if err == nil || msg.IsDelivered() {
		// A server that has taken the message and then breaks off has taken it.
		_ = client.CloseWithSMTPClient(connection)
		return nil
	}
	return deliveryError(ctx, err)
}

// dialer connects, and has the connection closed when ctx ends: the library
// itself leaves it open after a failed greeting and does not watch ctx later on.
func (s *SMTP) dialer(ctx context.Context) gomail.DialContextFunc {
	return func(dialCtx context.Context, network, address string) (net.Conn, error) {
		plain := &net.Dialer{}
		var conn net.Conn
		var err error
		if s.config.TLS == TLSImplicit {
			conn, err = (&tls.Dialer{NetDialer: plain, Config: s.implicitTLS()}).DialContext(dialCtx, network, address)
		} else {
			conn, err = plain.DialContext(dialCtx, network, address)
		}
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		return conn, nil
	}
}

func (s *SMTP) implicitTLS() *tls.Config {
	if s.config.TLSConfig != nil {
		return s.config.TLSConfig.Clone()
	}
	return &tls.Config{ServerName: s.config.Host, MinVersion: tls.VersionTLS12}
}

// message builds the mail. Nothing in a header comes from a person but the
// recipient's address, which is checked here, and the subject, which is one line.
func (s *SMTP) message(m Rendered) (*gomail.Msg, error) {
	address, key, ok := ParseEmail(m.To)
	if !ok || m.Channel != Email {
		return nil, &SendError{Code: "bad_address", Permanent: true}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	// The domain as servers know it, the local part as the person wrote it.
	to := address[:strings.LastIndexByte(address, '@')] + key[strings.LastIndexByte(key, '@'):]
	msg.ToMailAddress(&mail.Address{Address: to})
	if s.replyTo != nil {
		msg.ReplyToMailAddress(s.replyTo)
	}
	msg.Subject(oneLine(m.Subject))
	msg.SetMessageIDWithValue(m.ID + "@" + s.domain)
	msg.SetDateWithValue(s.config.Clock())
	msg.SetGenHeader("Content-Language", m.Locale)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// connectError reads a failure before the message was begun. It never is the
// message's fault.
func connectError(ctx context.Context, err error) error {
	if timedOut(ctx, err) {
		return &SendError{Code: "timeout"}
	}
	return &SendError{Code: "smtp_connect"}
}

// deliveryError reads a failure of the delivery. Its text is dropped, because it
// names the recipient.
func deliveryError(ctx context.Context, err error) error {
	var failure *gomail.SendError
	if !errors.As(err, &failure) {
		return connectError(ctx, err)
	}
	code := failure.ErrorCode()
	if code < 400 || code > 599 {
		return connectError(ctx, err)
	}
	aboutMessage := failure.Reason == gomail.ErrSMTPRcptTo || failure.Reason == gomail.ErrSMTPData ||
		failure.Reason == gomail.ErrSMTPDataClose
	return &SendError{Code: fmt.Sprintf("smtp_%d", code), Permanent: aboutMessage && code >= 500}
}

func timedOut(ctx context.Context, err error) bool {
	var network net.Error
	return ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &network) && network.Timeout())
}
