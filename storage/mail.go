package storage

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// Mail is a saved message as text, to be read by a person. Nothing of it was checked:
// a sender is what the message says.
type Mail struct {
	From, To, Subject string
	Date              time.Time
	// Text is the message without markup; Cut says that there is more of it.
	Text string
	Cut  bool
	// Attached are the names of what hangs on it.
	Attached []string
}

const (
	// maxMail is how much of a message is read, maxMailText how much of its text is kept.
	maxMail     = 10 << 20
	maxMailText = 200 << 10
	// maxMailParts bounds the parts that are looked at, maxMailDepth how deep they lie.
	maxMailParts = 100
	maxMailDepth = 8
)

// errMailParts ends the reading of a message that is built to have no end.
var errMailParts = errors.New("the message has too many parts")

// ReadMail reads a message for people. What it can't make out it leaves out.
func ReadMail(r io.Reader) (*Mail, error) {
	message, err := mail.ReadMessage(io.LimitReader(r, maxMail))
	if err != nil {
		return nil, unsound("it has no header of an e-mail")
	}
	words := mime.WordDecoder{CharsetReader: charset.NewReaderLabel}
	m := &Mail{}
	for name, into := range map[string]*string{"From": &m.From, "To": &m.To, "Subject": &m.Subject} {
		raw := message.Header.Get(name)
		decoded, err := words.DecodeHeader(raw)
		if err != nil {
			decoded = raw
		}
		*into = plainLine(decoded)
	}
	if date, err := message.Header.Date(); err == nil {
		m.Date = date
	}
	reading := &mailReading{mail: m}
	if err := reading.part(message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), "", message.Body, 0); err != nil && m.Text == "" {
		return nil, unsound("the message can't be read")
	}
	if m.Text == "" {
		m.Text = reading.fromHTML
	}
	if len(m.Text) > maxMailText {
		m.Text, m.Cut = strings.ToValidUTF8(m.Text[:maxMailText], ""), true
	}
	return m, nil
}

// mailReading collects the texts of a message's parts.
type mailReading struct {
	mail     *Mail
	fromHTML string
	parts    int
}

func (r *mailReading) part(contentType, encoding, disposition string, body io.Reader, depth int) error {
	if r.parts++; r.parts > maxMailParts || depth > maxMailDepth {
		return errMailParts
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		media, params = "text/plain", map[string]string{}
	}
	if kind, given, err := mime.ParseMediaType(disposition); err == nil && (kind == "attachment" || given["filename"] != "") {
		r.mail.Attached = append(r.mail.Attached, plainLine(given["filename"]))
		return nil
	}
	if strings.HasPrefix(media, "multipart/") {
		return r.multipart(multipart.NewReader(body, params["boundary"]), depth)
	}
	if media != "text/plain" && media != "text/html" {
		r.mail.Attached = append(r.mail.Attached, plainLine(params["name"]))
		return nil
	}
	text, err := decodedText(body, encoding, params["charset"])
	if media == "text/html" {
		r.fromHTML += textOfHTML(text)
	} else {
		r.mail.Text += cleanText(text)
	}
	return err
}

func (r *mailReading) multipart(parts *multipart.Reader, depth int) error {
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.part(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part.Header.Get("Content-Disposition"), part, depth+1); err != nil {
			return err
		}
	}
}

// decodedText is what could be decoded, also when the rest could not.
func decodedText(body io.Reader, encoding, label string) (string, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	if label != "" {
		if decoded, err := charset.NewReaderLabel(label, body); err == nil {
			body = decoded
		}
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxMailText+1))
	return strings.ToValidUTF8(string(raw), "�"), err
}

// textOfHTML is what a page says, a line for each of its blocks.
func textOfHTML(page string) string {
	var out bytes.Buffer
	skipped := 0
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return cleanText(out.String())
		case html.TextToken:
			if skipped == 0 {
				out.Write(tokens.Text())
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			switch string(name) {
			case "script", "style", "title", "template":
				if kind == html.StartTagToken {
					skipped++
				} else if kind == html.EndTagToken && skipped > 0 {
					skipped--
				}
			case "br", "p", "div", "tr", "li", "h1", "h2", "h3", "blockquote", "table":
				out.WriteByte('\n')
			}
		}
	}
}

// cleanText leaves out what is no text to read, and holes of more than a line.
func cleanText(s string) string {
	s = strings.Map(readable, strings.ReplaceAll(s, "\r\n", "\n"))
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(s)
}

func plainLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(readable, strings.ToValidUTF8(s, "�"))), " ")
}

// readable drops what shows nothing or turns the direction of what is shown.
func readable(r rune) rune {
	if r == '\n' || r == '\t' {
		return r
	}
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}
