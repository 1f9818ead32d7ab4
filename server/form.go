package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
)

// Form reads a form with files part by part, as mime/multipart does, but the content of
// files in large pieces: mime/multipart hands out 4 KiB at a time, and looks at every byte
// of a text twice, which takes longer than hashing it.
type Form struct {
	*multipart.Reader
	source *lines
	// end is what ends a part: a line end, two dashes and the boundary.
	end []byte
}

// OpenForm is Request.MultipartReader. Errors: those of it.
func OpenForm(r *http.Request) (*Form, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return nil, http.ErrNotMultipart
	}
	boundary, ok := params["boundary"]
	if !ok {
		return nil, http.ErrMissingBoundary
	}
	return newForm(r.Body, boundary), nil
}

func newForm(body io.Reader, boundary string) *Form {
	in, ok := body.(chunked)
	if !ok {
		in.Reader = bufio.NewReaderSize(body, uploadChunk)
	}
	source := &lines{in: in.Reader}
	return &Form{Reader: multipart.NewReader(source, boundary), source: source, end: []byte("\r\n--" + boundary)}
}

// Content reads the content of the part that the form has just come to; the part itself
// is not to be read then.
func (f *Form) Content(part *multipart.Part) io.Reader {
	if f.source.bare { // such forms end parts otherwise
		return part
	}
	return &partContent{in: f.source.in, end: f.end}
}

// lines hands out one line at a time, so that whoever reads headers has read nothing
// of what comes after them.
type lines struct {
	in   *bufio.Reader
	bare bool // some line ended without a carriage return
	last byte
}

// Read implements io.Reader.
func (l *lines) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if _, err := l.in.Peek(1); err != nil {
		return 0, err
	}
	there, _ := l.in.Peek(min(len(p), l.in.Buffered()))
	if end := bytes.IndexByte(there, '\n'); end >= 0 {
		there = there[:end+1]
		before := l.last
		if end > 0 {
			before = there[end-1]
		}
		l.bare = l.bare || before != '\r'
	}
	n := copy(p, there)
	l.last = p[n-1]
	return l.in.Discard(n)
}

// partContent reads up to what ends a part, which stays for the form to find.
type partContent struct {
	in   *bufio.Reader
	end  []byte
	read bool // something of the part
	safe int  // how much of what is buffered is content
	err  error
}

// Read implements io.Reader.
func (c *partContent) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.safe == 0 && c.err == nil {
		c.look()
	}
	if c.safe == 0 {
		return 0, c.err
	}
	n, err := c.in.Read(p[:min(len(p), c.safe)])
	c.safe -= n
	c.read = true
	return n, err
}

// look finds out how much of what is buffered, or arrives next, is content.
func (c *partContent) look() {
	wanted := 1
	for {
		_, err := c.in.Peek(wanted)
		there, _ := c.in.Peek(c.in.Buffered())
		content, ends, known := c.split(there, err != nil)
		switch {
		case content > 0:
			c.safe = content
			return
		case ends:
			c.err = io.EOF
			return
		case known || err != nil:
			if c.err = err; err == nil || errors.Is(err, io.EOF) {
				c.err = io.ErrUnexpectedEOF
			}
			return
		}
		wanted = len(there) + 1
	}
}

// split says how much at the start of b is content for certain, or that the part ends
// there. Where that depends on what comes next, known is false.
func (c *partContent) split(b []byte, last bool) (content int, ends, known bool) {
	if !c.read && bytes.HasPrefix(b, c.end[2:]) { // an empty part has no line end of its own
		if is, known := endsPart(b[len(c.end)-2:], last); is || !known {
			return 0, is, known
		}
	} else if !c.read && !last && bytes.HasPrefix(c.end[2:], b) {
		return 0, false, false
	}
	if at := bytes.Index(b, c.end); at >= 0 {
		is, known := endsPart(b[at+len(c.end):], last)
		switch {
		case at > 0:
			return at, false, true
		case is || !known:
			return 0, is, known
		}
		return len(c.end), false, true
	}
	if last {
		return len(b), false, true
	}
	// What may begin the end stays until the rest of it is there.
	for at := max(0, len(b)-len(c.end)+1); at < len(b); at++ {
		if bytes.HasPrefix(c.end, b[at:]) {
			return at, false, at > 0
		}
	}
	return len(b), false, len(b) > 0
}

// endsPart tells, by what follows it, the end of a part from content that looks like it.
func endsPart(after []byte, last bool) (is, known bool) {
	switch {
	case len(after) == 0:
		return last, last
	case after[0] == ' ' || after[0] == '\t' || after[0] == '\r' || after[0] == '\n':
		return true, true
	case after[0] != '-':
		return false, true
	case len(after) == 1:
		return false, last
	}
	return after[1] == '-', true
}
