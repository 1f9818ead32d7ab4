package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"testing"
	"time"

	"regain/database/databasetest"
	"regain/internal/testservers"
)

func smtpSender(t *testing.T, server *testservers.SMTPServer, change func(*SMTPConfig)) *SMTP {
	t.Helper()
	config := SMTPConfig{Host: server.Host, Port: server.Port, From: "Northwind Cloud <no-reply@northwind.example>",
		Timeout: 2 * time.Second, Clock: newClock().Now}
	if change != nil {
		change(&config)
	}
	sender, err := NewSMTP(config)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func letter() Rendered {
	return Rendered{ID: "0193-message", Channel: Email, To: "ana@example.com", Subject: "请确认您的新联系方式",
		Text: "Olá João\n.\nOne dot alone.\n", HTML: "<p>Olá João</p>", Locale: "pt-BR", Template: "code"}
}

func TestSMTPDelivers(t *testing.T) {
	server := testservers.SMTP(t)
	sender := smtpSender(t, server, func(c *SMTPConfig) { c.ReplyTo = "help@northwind.example" })
	if err := sender.Send(t.Context(), letter()); err != nil {
		t.Fatal(err)
	}
	mails := server.Mails()
	if len(mails) != 1 || mails[0].From != "no-reply@northwind.example" || len(mails[0].To) != 1 || mails[0].To[0] != "ana@example.com" {
		t.Fatalf("took %+v", mails)
	}
	m, err := mail.ReadMessage(bytes.NewReader(mails[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != letter().Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	for header, want := range map[string]string{
		"Message-Id": "<0193-message@northwind.example>", "To": "<ana@example.com>", "Reply-To": "<help@northwind.example>",
		"From": `"Northwind Cloud" <no-reply@northwind.example>`, "Content-Language": "pt-BR", "Auto-Submitted": "auto-generated",
		"Date": "Sun, 22 Nov 2026 09:00:00 +0000",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	parts := readParts(t, m)
	if len(parts) != 2 || strings.ReplaceAll(parts["text/plain"], "\r\n", "\n") != letter().Text || parts["text/html"] != letter().HTML {
		t.Errorf("parts %q", parts)
	}
}

func readParts(t *testing.T, m *mail.Message) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	parts := map[string]string{}
	for reader := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		content, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		parts[kind] = string(content)
	}
}

func TestSMTPMessageIDIsStable(t *testing.T) {
	server := testservers.SMTP(t)
	sender := smtpSender(t, server, nil)
	for range 2 {
		if err := sender.Send(t.Context(), letter()); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range server.Mails() {
		if !bytes.Contains(m.Data, []byte("Message-ID: <0193-message@northwind.example>\r\n")) {
			t.Errorf("headers %s", m.Data)
		}
	}
}

func TestSMTPHeadersCannotBeInjected(t *testing.T) {
	server := testservers.SMTP(t)
	sender := smtpSender(t, server, nil)
	m := letter()
	m.Subject = "Hello\r\nBcc: eva@example.com\r\n\r\nbody"
	if err := sender.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	taken := server.Mails()[0]
	read, err := mail.ReadMessage(bytes.NewReader(taken.Data))
	if err != nil || read.Header.Get("Bcc") != "" || len(taken.To) != 1 {
		t.Errorf("a header got in: %v, %v", read.Header, err)
	}
	for _, to := range []string{"ana@example.com\r\nBcc: eva@example.com", "ana@example.com, eva@example.com", "", "ana", "Ana <ana@example.com>"} {
		m := letter()
		m.To = to
		var failure *SendError
		if err := sender.Send(t.Context(), m); !errors.As(err, &failure) || !failure.Permanent || failure.Code != "bad_address" {
			t.Errorf("recipient %q: %v", to, err)
		}
	}
	if n := len(server.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestSMTPFailures(t *testing.T) {
	server := testservers.SMTP(t)
	sender := smtpSender(t, server, nil)
	for _, test := range []struct {
		stage     string
		status    int
		code      string
		permanent bool
	}{
		{"RCPT", 550, "smtp_550", true},
		{"RCPT", 450, "smtp_450", false},
		{"DATA", 554, "smtp_554", true},
		{"DATA", 451, "smtp_451", false},
		// The sender is refused: that is for the operator to mend.
		{"MAIL", 550, "smtp_550", false},
		{"MAIL", 421, "smtp_421", false},
	} {
		server.Refuse(func(stage, address string) error {
			if stage == test.stage {
				return testservers.SMTPStatus(test.status, "cannot write to "+address)
			}
			return nil
		})
		err := sender.Send(t.Context(), letter())
		var failure *SendError
		if !errors.As(err, &failure) || failure.Code != test.code || failure.Permanent != test.permanent {
			t.Errorf("%s %d: %v", test.stage, test.status, err)
		} else if strings.Contains(err.Error(), "ana@") {
			t.Errorf("the error names the recipient: %v", err)
		}
	}
	if n := len(server.Mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
}

func TestSMTPUnreachable(t *testing.T) {
	host, digits, err := net.SplitHostPort(testservers.Address(t))
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	sender := smtpSender(t, &testservers.SMTPServer{Host: host, Port: port}, nil)
	var failure *SendError
	if err := sender.Send(t.Context(), letter()); !errors.As(err, &failure) || failure.Permanent || failure.Code != "smtp_connect" {
		t.Errorf("got %v", err)
	}
}

// A server that takes the connection and says nothing costs a time-out, and no
// more than the caller allows.
func TestSMTPSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	silent := &testservers.SMTPServer{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port}
	for name, test := range map[string]struct{ timeout, deadline time.Duration }{
		"own time-out":    {100 * time.Millisecond, 10 * time.Second},
		"caller's ending": {10 * time.Second, 100 * time.Millisecond},
	} {
		sender := smtpSender(t, silent, func(c *SMTPConfig) { c.Timeout = test.timeout })
		ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
		begun := time.Now()
		err := sender.Send(ctx, letter())
		cancel()
		var failure *SendError
		if !errors.As(err, &failure) || failure.Code != "timeout" || failure.Permanent || time.Since(begun) > 5*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(begun))
		}
	}
}

// A server that takes the message and then breaks off has taken it: trying again
// would send it twice.
func TestSMTPBreakAfterDelivery(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		answers := []string{"220 hello\r\n", "250 hello\r\n", "250 ok\r\n", "250 ok\r\n", "354 go on\r\n", "250 taken\r\n"}
		buffer := make([]byte, 64<<10)
		for i, answer := range answers {
			if i > 0 {
				for read := ""; ; {
					n, err := conn.Read(buffer)
					if err != nil {
						return
					}
					read += string(buffer[:n])
					if i < len(answers)-1 || strings.HasSuffix(read, "\r\n.\r\n") {
						break
					}
				}
			}
			_, _ = io.WriteString(conn, answer)
		}
	}()
	sender := smtpSender(t, &testservers.SMTPServer{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port}, nil)
	if err := sender.Send(t.Context(), letter()); err != nil {
		t.Errorf("a message that was taken counts as failed: %v", err)
	}
}

func TestSMTPWithTLSAndSignIn(t *testing.T) {
	server := testservers.SMTP(t, testservers.WithSTARTTLS(), testservers.WithSignIn("regain", "pass-phrase"))
	trusted := func(c *SMTPConfig) {
		c.TLS, c.TLSConfig = TLSRequired, &tls.Config{RootCAs: server.Roots, ServerName: server.Host, MinVersion: tls.VersionTLS12}
		c.Username, c.Password = "regain", "pass-phrase"
	}
	if err := smtpSender(t, server, trusted).Send(t.Context(), letter()); err != nil {
		t.Fatal(err)
	}
	if m := server.Mails()[0]; !m.TLS || m.User != "regain" {
		t.Errorf("TLS %v, user %q", m.TLS, m.User)
	}
	for name, change := range map[string]func(*SMTPConfig){
		"an unknown certificate": func(c *SMTPConfig) { c.TLSConfig = nil },
		"a wrong password":       func(c *SMTPConfig) { c.Password = "wrong" },
		"no sign-in":             func(c *SMTPConfig) { c.Username, c.Password = "", "" },
		// The password must not leave in clear.
		"sign-in without TLS": func(c *SMTPConfig) { c.TLS = TLSNone },
	} {
		sender := smtpSender(t, server, func(c *SMTPConfig) {
			trusted(c)
			change(c)
		})
		var failure *SendError
		if err := sender.Send(t.Context(), letter()); !errors.As(err, &failure) || failure.Permanent {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: the error holds the password: %v", name, err)
		}
	}
	if n := len(server.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestSMTPRequiresTLSAwayFromLoopback(t *testing.T) {
	for host, want := range map[string]TLSPolicy{
		"localhost": TLSNone, "127.0.0.1": TLSNone, "::1": TLSNone, "mail.example.com": TLSRequired, "192.0.2.1": TLSRequired,
	} {
		if got := defaultTLS(host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
	server := testservers.SMTP(t) // offers no STARTTLS
	var failure *SendError
	err := smtpSender(t, server, func(c *SMTPConfig) { c.TLS = TLSRequired }).Send(t.Context(), letter())
	if !errors.As(err, &failure) || failure.Permanent || len(server.Mails()) != 0 {
		t.Errorf("sent in clear: %v", err)
	}
}

func TestSMTPConfigurationIsChecked(t *testing.T) {
	for name, config := range map[string]SMTPConfig{
		"no sender":  {Host: "localhost", Port: 25},
		"no host":    {From: "a@b.example"},
		"bad port":   {Host: "localhost", Port: 99999, From: "a@b.example"},
		"bad policy": {Host: "localhost", From: "a@b.example", TLS: "maybe"},
		"bad reply":  {Host: "localhost", From: "a@b.example", ReplyTo: "x\r\ny"},
	} {
		if _, err := NewSMTP(config); err == nil {
			t.Errorf("%s was let pass", name)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("mail", "config", SMTPConfig{Host: "h", Username: "u", Password: "pass-phrase"})
	if strings.Contains(log.String(), "pass-phrase") {
		t.Error("the password is in the log")
	}
}

// From the outbox to a real server: a full mailbox passes, an unknown one does not.
func TestOutboxOverSMTP(t *testing.T) {
	db, server := databasetest.SQLite(t), testservers.SMTP(t)
	b, sender := newBench(db, nil), smtpSender(t, server, nil)
	busy := true
	server.Refuse(func(stage, address string) error {
		switch {
		case stage == "RCPT" && address == "ana2@example.com":
			return testservers.SMTPStatus(550, "no such user "+address)
		case stage == "RCPT" && busy:
			return testservers.SMTPStatus(452, "mailbox full")
		}
		return nil
	})
	b.put(t, db, approved(1), approved(2))
	b.deliver(t, sender)
	busy = false
	b.clock.Advance(time.Minute)
	b.deliver(t, sender)
	if mails := server.Mails(); len(mails) != 1 || mails[0].To[0] != "ana1@example.com" {
		t.Errorf("took %+v", mails)
	}
	if b.count(Sent) != 1 || b.count(Retried) != 1 || b.count(Dead) != 1 {
		t.Errorf("events %+v", b.events)
	}
	if strings.Contains(b.log.String(), "@example.com") {
		t.Errorf("the log names recipients: %s", b.log)
	}
}
