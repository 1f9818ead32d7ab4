package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"

	"regain/internal/testservers"
)

// smsSecret signs the posts to the gateway of text messages.
const smsSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// delivery is one message as it arrived.
type delivery struct {
	ID string // the outbox's
	To string
}

// sink is where mail and text messages arrive.
type sink struct {
	mail *testservers.SMTPServer
	sms  *httptest.Server

	mu    sync.Mutex
	read  int // how many mails are taken in
	all   []delivery
	codes map[string][]string // by recipient
	odd   []string            // what no message may look like
}

func newSink(t *testing.T) *sink {
	s := &sink{mail: testservers.SMTP(t), codes: map[string][]string{}}
	s.sms = httptest.NewServer(http.HandlerFunc(s.takeText))
	t.Cleanup(s.sms.Close)
	return s
}

func (s *sink) smtp() string    { return fmt.Sprintf("smtp://%s:%d?tls=none", s.mail.Host, s.mail.Port) }
func (s *sink) gateway() string { return s.sms.URL + "/sms" }

var codePattern = regexp.MustCompile(`\b(\d{6})\b`)

func (s *sink) takeText(w http.ResponseWriter, r *http.Request) {
	var post struct{ Data struct{ ID, To, Text string } }
	err := json.NewDecoder(r.Body).Decode(&post)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || r.Header.Get("webhook-id") != post.Data.ID || post.Data.ID == "" {
		s.odd = append(s.odd, "a text message without its id")
	}
	s.take(post.Data.ID, post.Data.To, post.Data.Text)
	w.WriteHeader(http.StatusNoContent)
}

func (s *sink) take(id, to, text string) {
	s.all = append(s.all, delivery{ID: id, To: to})
	if m := codePattern.FindStringSubmatch(text); m != nil {
		s.codes[to] = append(s.codes[to], m[1])
	}
}

// drain takes in the mails that have come since.
func (s *sink) drain() {
	mails := s.mail.Mails()
	for ; s.read < len(mails); s.read++ {
		m := mails[s.read]
		id, text, err := readMail(m.Data)
		if err != nil || len(m.To) != 1 {
			s.odd = append(s.odd, fmt.Sprintf("a mail to %d that can't be read: %v", len(m.To), err))
			continue
		}
		s.take(id, m.To[0], text)
	}
}

// deliveries are all messages that have arrived, twice what came twice.
func (s *sink) deliveries() ([]delivery, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	return append([]delivery{}, s.all...), append([]string{}, s.odd...)
}

// code is the newest code for a recipient after seen others.
func (s *sink) code(to string, seen int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain()
	if all := s.codes[to]; len(all) > seen {
		return all[len(all)-1]
	}
	return ""
}

func readMail(data []byte) (id, text string, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return "", "", err
	}
	id, _, _ = strings.Cut(strings.Trim(m.Header.Get("Message-ID"), "<>"), "@")
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return "", "", err
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart()
	if err != nil {
		return "", "", err
	}
	body, err := io.ReadAll(part)
	return id, string(body), err
}
