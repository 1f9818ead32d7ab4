package testservers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mail is a message that an SMTPServer took.
type Mail struct {
	From string
	To   []string
	// Data is the message as it was sent, headers and all.
	Data []byte
	// TLS says whether it came over an encrypted connection.
	TLS bool
	// User is who signed in, if anyone.
	User string
}

// SMTPServer is a real SMTP server on the loopback interface that keeps what it
// is given.
type SMTPServer struct {
	Host string
	Port int
	// Roots verify its certificate, which is for Host.
	Roots *x509.CertPool

	mu    sync.Mutex
	mails []Mail
	// refuse answers a stage ("MAIL", "RCPT", "DATA") instead of the server.
	refuse func(stage, address string) error
	user   string
	secret string
}

// SMTPOption changes how a server behaves.
type SMTPOption func(*smtpSettings)

type smtpSettings struct {
	startTLS bool
	user     string
	password string
}

// WithSTARTTLS makes the server offer STARTTLS with a certificate of its own.
func WithSTARTTLS() SMTPOption { return func(s *smtpSettings) { s.startTLS = true } }

// WithSignIn makes the server ask for a user name and a password.
func WithSignIn(user, password string) SMTPOption {
	return func(s *smtpSettings) { s.user, s.password = user, password }
}

// SMTP starts a server that ends with the test.
func SMTP(t testing.TB, options ...SMTPOption) *SMTPServer {
	t.Helper()
	var settings smtpSettings
	for _, option := range options {
		option(&settings)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	s := &SMTPServer{Host: "127.0.0.1", Port: address.Port, user: settings.user, secret: settings.password}
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain = "test.example"
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	server.MaxMessageBytes = 10 << 20
	server.EnableSMTPUTF8 = true
	server.ErrorLog = log.New(io.Discard, "", 0) // of clients that break off, as tests have them do
	if settings.startTLS {
		certificate, roots := selfSigned(t)
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
		s.Roots = roots
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = listener.Close() // a server that was closed before it began does not know it
		if err := <-stopped; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("SMTP server: %v", err)
		}
	})
	return s
}

// Mails returns what was taken so far.
func (s *SMTPServer) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Refuse has answer called for each stage of a message ("MAIL", "RCPT" or "DATA")
// with the address at hand; its error goes to the client. Nil takes everything.
func (s *SMTPServer) Refuse(answer func(stage, address string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = answer
}

// SMTPStatus is an error for Refuse, such as 451 or 550.
func SMTPStatus(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
}

func (s *SMTPServer) answer(stage, address string) error {
	s.mu.Lock()
	answer := s.refuse
	s.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(stage, address)
}

func (s *SMTPServer) session(conn *smtp.Conn) (smtp.Session, error) {
	return &smtpSession{server: s, conn: conn}, nil
}

// smtpSession is one connection.
type smtpSession struct {
	server *SMTPServer
	conn   *smtp.Conn
	mail   Mail
	user   string
}

func (s *smtpSession) Reset()        { s.mail = Mail{} }
func (s *smtpSession) Logout() error { return nil }

// AuthMechanisms implements smtp.AuthSession.
func (s *smtpSession) AuthMechanisms() []string {
	if s.server.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.user || password != s.server.secret {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.user != "" && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.mail.From = from
	return s.server.answer("MAIL", from)
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.server.answer("RCPT", to); err != nil {
		return err
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.server.answer("DATA", s.mail.From); err != nil {
		return err
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.mail.Data, s.mail.TLS, s.mail.User = data, encrypted, s.user
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

// selfSigned makes a certificate for 127.0.0.1 and the pool that trusts it.
func selfSigned(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test mail server"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
