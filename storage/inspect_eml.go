package storage

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"net/mail"
	"time"
)

// maxMailHeader bounds the header of a message, in bytes; relays add much.
const maxMailHeader = 256 << 10

// earliestMail is before any mail that could matter to a case.
var earliestMail = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// looksLikeMessage reports whether text begins with a header field, which web
// pages, scripts and tables do not.
func looksLikeMessage(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	name, _, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 || len(name) > 70 {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return bytes.Contains(bytes.ToLower(head), []byte("\nfrom:")) || bytes.EqualFold(name, []byte("from")) ||
		len(head) == sniffed
}

// checkEML checks that a file is a message with a sender and a date, in text.
func checkEML(file io.ReaderAt, size int64, now time.Time) error {
	header := io.NewSectionReader(file, 0, min(size, maxMailHeader))
	message, err := mail.ReadMessage(header)
	if err != nil {
		return unsound("it has no header of an e-mail")
	}
	// Only whether an address is there matters, so its words may stay in
	// whatever character set the sender used.
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{
		CharsetReader: func(_ string, input io.Reader) (io.Reader, error) { return input, nil },
	}}
	if from, err := parser.ParseList(message.Header.Get("From")); err != nil || len(from) == 0 {
		return unsound("the e-mail has no sender")
	}
	date, err := message.Header.Date()
	if err != nil {
		return unsound("the e-mail has no date")
	}
	if date.Before(earliestMail) || date.After(now.Add(48*time.Hour)) {
		return unsound("the e-mail's date cannot be right")
	}
	return checkNoNUL(io.NewSectionReader(file, 0, size))
}

// checkNoNUL tells text from programs and pictures.
func checkNoNUL(r io.Reader) error {
	_, err := bufio.NewReaderSize(r, scanBuffer).WriteTo(textOnly{})
	return err
}

type textOnly struct{}

func (textOnly) Write(p []byte) (int, error) {
	if bytes.IndexByte(p, 0) >= 0 {
		return 0, unsound("the e-mail holds what is not text")
	}
	return len(p), nil
}
