package server

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"regain/problem"
)

// fromHuma turns an error document of Huma's own validation into ours. Values are
// never echoed, and messages are ours where Huma's show Go's own errors.
func fromHuma(ctx context.Context, m *huma.ErrorModel) *Problem {
	if m.Status >= http.StatusInternalServerError {
		return newProblem(ctx, internalError(ctx, nil))
	}
	e := &problem.Error{Kind: problem.Invalid, Code: "invalid_fields", Detail: "Some of what was sent is missing or wrong."}
	if m.Status == http.StatusBadRequest {
		e = problem.New(problem.Malformed, "body_required", "Send a JSON body.")
	}
	p := newProblem(ctx, e)
	for _, d := range m.Errors {
		if d != nil {
			p.Errors = append(p.Errors, badInput(d, requestOf(ctx).body))
		}
	}
	if len(p.Errors) > 0 && m.Status == http.StatusBadRequest {
		e = problem.New(problem.Malformed, "unreadable_body", "The body can't be read as what this call takes.")
		errs := p.Errors
		p = newProblem(ctx, e)
		p.Errors = errs
	}
	return p
}

var requiredProperty = regexp.MustCompile(`^expected required property (.+) to be present$`)

// badInput reads a place of Huma's: "query.limit", or "body.a.b[2].c" in the body.
func badInput(d *huma.ErrorDetail, body []byte) BadInput {
	code, message := explain(d.Message)
	in := BadInput{Code: code, Message: message}
	rest, found := strings.CutPrefix(d.Location, "body")
	if !found || rest != "" && rest[0] != '.' && rest[0] != '[' {
		in.Parameter = d.Location
		return in
	}
	var sent any
	if len(body) > 0 {
		_ = json.Unmarshal(body, &sent) // what can't be read has no members to look for
	}
	pointer := pointerOf(rest, sent)
	if found := requiredProperty.FindStringSubmatch(d.Message); found != nil {
		pointer += "/" + escapePointer(found[1])
		in.Message = "This is required."
	}
	in.Pointer = &pointer
	return in
}

// pointerOf turns ".a.b[2].c" into "/a/b/2/c". Huma escapes nothing, so a name with a
// dot or a bracket in it can only be told by looking for it in what was sent.
func pointerOf(path string, sent any) string {
	if path == "" {
		return ""
	}
	name, rest := nextName(path)
	switch v := sent.(type) {
	case map[string]any:
		longest := -1
		for member := range v {
			after, ok := strings.CutPrefix(path[1:], member)
			if path[0] == '.' && ok && len(member) > longest && (after == "" || after[0] == '.' || after[0] == '[') {
				name, rest, longest = member, after, len(member)
			}
		}
		sent = v[name]
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v) {
			sent = v[i]
		}
	}
	return "/" + escapePointer(name) + pointerOf(rest, sent)
}

// nextName cuts the first name or index off a path.
func nextName(path string) (name, rest string) {
	if path[0] == '[' {
		name, rest, _ = strings.Cut(path[1:], "]")
		return name, rest
	}
	path = path[1:]
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end], path[end:]
	}
	return path, ""
}

// explanations map the beginnings of Huma's messages to stable codes.
func explanations() []struct{ begins, code string } {
	return []struct{ begins, code string }{
		{"unexpected property", "unknown_field"},
		{"unknown query parameter", "unknown_parameter"},
		{"expected required property", "required"},
		{"required ", "required"},
		{"expected length <=", "too_long"},
		{"expected length >=", "too_short"},
		{"expected array length <=", "too_many"},
		{"expected array length >=", "too_few"},
		{"expected object with at most", "too_many"},
		{"expected object with at least", "too_few"},
		{"expected array items to be unique", "duplicate"},
		{"expected value to be one of", "not_a_choice"},
		{"expected number >", "too_small"},
		{"expected number <", "too_large"},
		{"expected boolean", "wrong_type"},
		{"expected integer", "wrong_type"},
		{"expected number", "wrong_type"},
		{"expected string to", "wrong_format"},
		{"expected string", "wrong_type"},
		{"expected array", "wrong_type"},
		{"expected object", "wrong_type"},
		{"expected duration", "wrong_format"},
		{"invalid ", "wrong_type"},
	}
}

func explain(message string) (code, shown string) {
	for _, e := range explanations() {
		if strings.HasPrefix(message, e.begins) {
			shown = message
			if i := strings.Index(message, ": "); i > 0 && e.code == "wrong_format" {
				shown = message[:i] // what follows is the text of a Go error
			}
			return e.code, strings.ToUpper(shown[:1]) + shown[1:] + "."
		}
	}
	return "unreadable", "This can't be read as what is expected here."
}
