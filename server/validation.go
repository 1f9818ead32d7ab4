package server

import (
	"context"
	"net/http"
	"regexp"
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
			p.Errors = append(p.Errors, badInput(d))
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

func badInput(d *huma.ErrorDetail) BadInput {
	code, message := explain(d.Message)
	in := BadInput{Code: code, Message: message}
	place, rest, _ := strings.Cut(d.Location, ".")
	if place != "body" && !strings.HasPrefix(place, "body[") {
		in.Parameter = d.Location
		return in
	}
	if i := strings.IndexByte(place, '['); i >= 0 {
		rest = strings.TrimSuffix(place[i:]+"."+rest, ".")
	}
	pointer := pointerOf(rest)
	if found := requiredProperty.FindStringSubmatch(d.Message); found != nil {
		pointer += "/" + escapePointer(found[1])
		in.Message = "This is required."
	}
	in.Pointer = &pointer
	return in
}

// pointerOf turns "a.b[2].c" into "/a/b/2/c".
func pointerOf(path string) string {
	if path == "" {
		return ""
	}
	var b strings.Builder
	for part := range strings.SplitSeq(path, ".") {
		name, indexes, _ := strings.Cut(part, "[")
		if name != "" {
			b.WriteString("/" + escapePointer(name))
		}
		for index := range strings.SplitSeq(indexes, "[") {
			if index = strings.TrimSuffix(index, "]"); index != "" {
				b.WriteString("/" + index)
			}
		}
	}
	return b.String()
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
