package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"regain/problem"
)

// maxDepth is how deep the JSON of a request may nest: answers and statements
// need four.
const maxDepth = 16

func bodyTooLarge(limit int64) *problem.Error {
	return problem.Newf(problem.TooLarge, "body_too_large", "The body is larger than %d bytes, which is the most that is read here.", limit)
}

// readJSON reads the whole body of a JSON call, which checkJSON checks.
func readJSON(r *http.Request, limit int64) ([]byte, error) {
	if err := checkJSONType(r.Header); err != nil && r.ContentLength != 0 {
		return nil, err
	}
	if size := r.ContentLength; size >= 0 && size <= limit {
		return readExactly(r.Body, int(size), limit)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return nil, bodyError(err, limit)
	}
	return body.Bytes(), nil
}

// readExactly reads a body whose size was announced, and beyond which net/http lets nobody
// read, into no more memory than it takes.
func readExactly(r io.Reader, size int, limit int64) ([]byte, error) {
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, bodyError(err, limit)
	}
	return body, nil
}

func bodyError(err error, limit int64) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return bodyTooLarge(limit)
	}
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		return problem.New(problem.Malformed, "body_too_slow", "The body did not arrive in time.")
	}
	return problem.New(problem.Malformed, "body_truncated", "The body ended before it was complete.").WithCause(err)
}

func checkJSONType(h http.Header) error {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err == nil && media == "application/json" && (charset == "" || charset == "utf-8") {
		return nil
	}
	return problem.New(problem.UnsupportedType, "json_expected", "Send the body as JSON in UTF-8, with the header Content-Type: application/json.")
}

// checkJSON refuses what two readers of a body could understand differently: bytes that
// are not UTF-8, members given twice, text after the value, deep nesting, and characters
// that hide or reorder text. Faults of form are malformed (400); characters
// that are not taken are invalid fields (422), all of them at once. No body is no fault here.
func checkJSON(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return problem.New(problem.Malformed, "not_utf8", "The body is not valid UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	c := jsonCheck{decoder: d}
	if err := c.value("", 0); err != nil {
		return malformedJSON(err, d.InputOffset())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return problem.Newf(problem.Malformed, "malformed_json", "There is more after the JSON value, which ends at byte %d.", d.InputOffset())
	}
	return problem.InvalidFields(c.fields)
}

func malformedJSON(err error, offset int64) error {
	if _, ok := problem.As(err); ok {
		return err
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	}
	return problem.Newf(problem.Malformed, "malformed_json", "The body is not JSON: it goes wrong at byte %d.", offset)
}

type jsonCheck struct {
	decoder *json.Decoder
	fields  []problem.Field
}

// value walks one value; its depth is bounded by maxDepth.
func (c *jsonCheck) value(pointer string, depth int) error {
	token, err := c.decoder.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case string:
		c.text(pointer, t)
	case json.Number:
		if len(t) > 40 {
			c.fields = append(c.fields, problem.Field{Pointer: pointer, Code: "number_too_long", Message: "A number has at most 40 characters."})
		}
	case json.Delim:
		if depth == maxDepth {
			return problem.Newf(problem.Malformed, "json_too_deep", "The body nests more than %d levels deep.", maxDepth)
		}
		if t == '{' {
			return c.object(pointer, depth+1)
		}
		return c.array(pointer, depth+1)
	}
	return nil
}

func (c *jsonCheck) object(pointer string, depth int) error {
	// Names are compared without case: encoding/json fills one field from both.
	seen := map[string]bool{}
	for c.decoder.More() {
		token, err := c.decoder.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return &json.SyntaxError{Offset: c.decoder.InputOffset()}
		}
		at := pointer + "/" + escapePointer(name)
		if r := refusedRune(name); r >= 0 {
			return problem.Newf(problem.Malformed, "member_name_refused", "The name of a member holds the character U+%04X, which is not taken.", r)
		}
		fold := strings.Map(foldRune, name)
		if seen[fold] {
			return problem.Newf(problem.Malformed, "duplicate_member", "The member %s is there twice.", at)
		}
		seen[fold] = true
		if err := c.value(at, depth); err != nil {
			return err
		}
	}
	_, err := c.decoder.Token()
	return err
}

// foldRune is the same for all characters that differ in case alone, as encoding/json
// compares names: also for the long s and the Kelvin sign.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

func (c *jsonCheck) array(pointer string, depth int) error {
	for i := 0; c.decoder.More(); i++ {
		if err := c.value(pointer+"/"+strconv.Itoa(i), depth); err != nil {
			return err
		}
	}
	_, err := c.decoder.Token()
	return err
}

func (c *jsonCheck) text(pointer, s string) {
	if r := refusedRune(s); r >= 0 {
		c.fields = append(c.fields, problem.Field{Pointer: pointer, Code: "character_not_allowed",
			Message: fmt.Sprintf("The text holds the character U+%04X, which is invisible, reorders text or is damaged. Remove it.", r)})
	}
}

// refusedRune returns the first character that no text of ours may hold, or -1:
// control characters other than tab and line ends (databases and mail headers
// stumble over them), the directional overrides and isolates that make text read
// other than it is, and U+FFFD, which is what a lone surrogate becomes. Arabic and
// Hebrew letters need none of these.
func refusedRune(s string) rune {
	for _, r := range s {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
		case r < 0x20, r >= 0x7f && r <= 0x9f:
			return r
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return r
		case r == utf8.RuneError, r == 0xfeff:
			return r
		}
	}
	return -1
}

// CleanText takes out of a typed text what JSON calls are refused for: bytes that
// are no UTF-8, and characters that are invisible or reorder text. They come along
// when people paste, who can't see them, let alone remove them.
func CleanText(s string) string {
	return strings.Map(func(r rune) rune {
		if refusedRune(string(r)) >= 0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

func escapePointer(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// checkURL refuses addresses whose parameters no domain should have to look at.
func checkURL(u *url.URL) error {
	if !utf8.ValidString(u.Path) || refusedRune(u.Path) >= 0 {
		return malformedAddress()
	}
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return malformedAddress()
	}
	for name, values := range query {
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) || refusedRune(v) >= 0 {
				return malformedAddress()
			}
		}
	}
	return nil
}

func malformedAddress() error {
	return problem.New(problem.Malformed, "malformed_address", "The address holds characters that are not taken, or a query that can't be read.")
}
