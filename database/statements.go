package database

import (
	"errors"
	"fmt"
	"strings"
)

// statement is one SQL statement of a migration, with the line it starts on.
type statement struct {
	text string
	line int
}

// splitStatements cuts SQL at the semicolons that end statements: not those in
// 'text', "names" or comments, which are left out. It takes the SQL that both
// databases read alike, and refuses what they do not: nested block comments and
// dollar quoting.
func splitStatements(sql string) ([]statement, error) {
	var s splitter
	for s.rest = sql; s.rest != ""; {
		if err := s.step(); err != nil {
			return nil, fmt.Errorf("line %d: %w", s.line+1, err)
		}
	}
	s.end()
	return s.statements, nil
}

type splitter struct {
	rest       string
	line       int // newlines passed
	text       strings.Builder
	start      int // line of the first character in text
	statements []statement
}

// step takes the next piece: a quoted string, a comment or one character.
func (s *splitter) step() error {
	switch c := s.rest[0]; {
	case c == '\'' || c == '"':
		end := strings.IndexByte(s.rest[1:], c) // a doubled quote is two strings in a row
		if end < 0 {
			return fmt.Errorf("no end of %c…%c", c, c)
		}
		s.keep(end + 2)
	case strings.HasPrefix(s.rest, "--"):
		end := strings.IndexByte(s.rest, '\n')
		if end < 0 {
			end = len(s.rest)
		}
		s.skip(end)
	case strings.HasPrefix(s.rest, "/*"):
		end := strings.Index(s.rest[2:], "*/")
		if end < 0 {
			return errors.New("no end of a comment")
		}
		if strings.Contains(s.rest[2:2+end], "/*") {
			return errors.New("a comment in a comment means different things to the two databases")
		}
		s.skip(end + 4)
		s.text.WriteByte(' ')
	case c == '$':
		return errors.New("dollar quoting and parameters are not portable")
	case c == ';':
		s.skip(1)
		s.end()
	default:
		s.keep(1)
	}
	return nil
}

func (s *splitter) keep(n int) {
	if strings.TrimSpace(s.text.String()) == "" {
		s.text.Reset()
		s.start = s.line
	}
	s.text.WriteString(s.rest[:n])
	s.skip(n)
}

func (s *splitter) skip(n int) {
	s.line += strings.Count(s.rest[:n], "\n")
	s.rest = s.rest[n:]
}

func (s *splitter) end() {
	if text := strings.TrimSpace(s.text.String()); text != "" {
		s.statements = append(s.statements, statement{text: text, line: s.start + 1})
	}
	s.text.Reset()
}
