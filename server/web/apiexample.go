package web

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"regain/server"
)

// exampleDepth bounds examples of types that hold themselves.
const exampleDepth = 4

// exampleCall is a command that makes the call, with the examples that the document
// gives for parameters and bodies.
func exampleCall(origin string, r server.Route, op *huma.Operation, registry huma.Registry) string {
	path := r.Path
	for _, p := range op.Parameters {
		if value, ok := exampleOf(p.Schema, registry, exampleDepth).(string); ok && p.In == "path" && p.Schema != nil && len(p.Schema.Examples) > 0 {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", value)
		}
	}
	var lines []string
	add := func(words string) { lines = append(lines, words) }
	method := ""
	if r.Method != "GET" {
		method = "-X " + r.Method + " "
	}
	add("curl -s " + method + "'" + origin + path + "'")
	if !slices.Contains(r.Roles, server.Anonymous) {
		add(`-H "Authorization: Bearer $TOKEN"`)
	}
	if r.Effect == server.Changes {
		add(`-H "Idempotency-Key: $(uuidgen)"`)
	}
	for _, p := range op.Parameters {
		if p.In == "header" && p.Name == "If-Match" {
			add(`-H 'If-Match: "7"'`)
		}
	}
	if op.RequestBody != nil {
		lines = append(lines, exampleBody(op.RequestBody, registry)...)
	}
	return strings.Join(lines, " \\\n  ")
}

func exampleBody(body *huma.RequestBody, registry huma.Registry) []string {
	for _, media := range slices.Sorted(maps.Keys(body.Content)) {
		switch media {
		case "application/json":
			var out bytes.Buffer
			e := json.NewEncoder(&out)
			e.SetEscapeHTML(false)
			if e.Encode(exampleOf(body.Content[media].Schema, registry, exampleDepth)) != nil {
				return nil
			}
			quoted := strings.ReplaceAll(strings.TrimSpace(out.String()), "'", `'\''`)
			return []string{"-H 'Content-Type: application/json'", "-d '" + quoted + "'"}
		case "multipart/form-data":
			return []string{"-F 'file=@document.pdf'"}
		default:
			return []string{"-H 'Content-Type: application/pdf'", "--data-binary @document.pdf"}
		}
	}
	return nil
}

// exampleOf makes a value of a type: of objects what is required, and what has an example of its own.
func exampleOf(schema *huma.Schema, registry huma.Registry, depth int) any {
	if schema == nil || depth == 0 {
		return nil
	}
	if schema.Ref != "" {
		return exampleOf(registry.SchemaFromRef(schema.Ref), registry, depth-1)
	}
	switch {
	case len(schema.Examples) > 0:
		return schema.Examples[0]
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Default != nil:
		return schema.Default
	}
	switch schema.Type {
	case "object":
		object := map[string]any{}
		for name, property := range schema.Properties {
			if slices.Contains(schema.Required, name) || len(property.Examples) > 0 {
				object[name] = exampleOf(property, registry, depth)
			}
		}
		return object
	case "array":
		return []any{exampleOf(schema.Items, registry, depth-1)}
	case "boolean":
		return true
	case "integer", "number":
		return 1
	}
	switch schema.Format {
	case "date-time":
		return "2026-11-30T09:00:00Z"
	case "date":
		return "2026-11-30"
	}
	return "…"
}
