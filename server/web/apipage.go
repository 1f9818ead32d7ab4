package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"regain/server"
)

// The API page is made from the OpenAPI document, so that it cannot say anything else.

type apiPage struct {
	Title, Description string
	Groups             []apiGroup
	Schemas            []apiSchema
}

type apiGroup struct {
	Name, Anchor string
	Calls        []apiCall
}

type apiCall struct {
	ID, Method, Path, Summary, Description string
	Roles                                  []string
	Open                                   bool // everyone may call it
	Limit                                  string
	Parameters                             []apiField
	Bodies                                 []apiBody
	Answers                                []apiBody
	Example                                string
}

type apiBody struct {
	Label, Media, Description string
	Type                      apiType
	Fields                    []apiField
}

// apiType is a type in words, with the schema that it refers to.
type apiType struct{ Words, Schema string }

type apiField struct {
	Name        string
	In          string
	Type        apiType
	Required    bool
	Description string
	Facts       []string // bounds, choices, example
}

type apiSchema struct {
	Name   string
	Fields []apiField
}

func (p *Pages) showAPI(c *gin.Context) error {
	document := p.server.OpenAPI()
	view := apiPage{Title: document.Info.Title, Description: document.Info.Description}
	origin := address(c.Request, p.server.Config())
	groups := map[string]int{}
	for _, r := range p.server.Routes() {
		op := operationOf(document, r)
		if op == nil {
			continue
		}
		name := r.Tag
		if _, ok := groups[name]; !ok {
			groups[name] = len(view.Groups)
			view.Groups = append(view.Groups, apiGroup{Name: name, Anchor: strings.ReplaceAll(strings.ToLower(name), " ", "-")})
		}
		g := &view.Groups[groups[name]]
		call := apiCallOf(r, op, document.Components.Schemas)
		call.Example = exampleCall(origin, r, op, document.Components.Schemas)
		g.Calls = append(g.Calls, call)
	}
	slices.SortStableFunc(view.Groups, func(a, b apiGroup) int { return cmp.Compare(rank(a.Name), rank(b.Name)) })
	schemas := document.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		view.Schemas = append(view.Schemas, apiSchema{Name: name, Fields: fieldsOf(schemas[name])})
	}
	return p.show(c, "plain/api", view)
}

// rank puts what few readers look for last.
func rank(group string) int {
	switch group {
	case "Development":
		return 1
	case "Description":
		return 2
	}
	return 0
}

func operationOf(document *huma.OpenAPI, r server.Route) *huma.Operation {
	item := document.Paths[r.Path]
	if item == nil {
		return nil
	}
	for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if op != nil && op.OperationID == r.ID {
			return op
		}
	}
	return nil
}

func apiCallOf(r server.Route, op *huma.Operation, registry huma.Registry) apiCall {
	call := apiCall{ID: r.ID, Method: r.Method, Path: r.Path, Summary: r.Summary, Description: op.Description}
	call.Open = slices.Contains(r.Roles, server.Anonymous)
	for _, role := range r.Roles {
		call.Roles = append(call.Roles, string(role))
	}
	if limit, ok := op.Extensions["x-limit"].(string); ok {
		call.Limit = limit
	}
	for _, param := range op.Parameters {
		f := fieldOf(param.Name, param.Schema, param.Required)
		f.In, f.Description = param.In, cmp.Or(param.Description, f.Description)
		call.Parameters = append(call.Parameters, f)
	}
	if op.RequestBody != nil {
		call.Bodies = bodiesOf("Body", op.RequestBody.Description, op.RequestBody.Content, registry)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		answer := op.Responses[status]
		if status == "default" {
			continue // every call may answer a problem; that is said once
		}
		if len(answer.Content) == 0 {
			call.Answers = append(call.Answers, apiBody{Label: status, Description: answer.Description})
		}
		call.Answers = append(call.Answers, bodiesOf(status, answer.Description, answer.Content, registry)...)
	}
	return call
}

func bodiesOf(label, description string, content map[string]*huma.MediaType, registry huma.Registry) []apiBody {
	var bodies []apiBody
	for _, media := range slices.Sorted(maps.Keys(content)) {
		body := apiBody{Label: label, Media: media, Description: description}
		if schema := content[media].Schema; schema != nil {
			body.Type = typeOf(schema)
			if schema.Ref != "" {
				schema = registry.SchemaFromRef(schema.Ref)
			}
			body.Fields = fieldsOf(schema)
		}
		bodies = append(bodies, body)
	}
	return bodies
}

func fieldsOf(schema *huma.Schema) []apiField {
	var fields []apiField
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		fields = append(fields, fieldOf(name, schema.Properties[name], slices.Contains(schema.Required, name)))
	}
	slices.SortStableFunc(fields, func(a, b apiField) int { return cmp.Compare(order(a.Required), order(b.Required)) })
	return fields
}

func order(required bool) int {
	if required {
		return 0
	}
	return 1
}

func fieldOf(name string, schema *huma.Schema, required bool) apiField {
	f := apiField{Name: name, Required: required}
	if schema == nil {
		return f
	}
	f.Type, f.Description = typeOf(schema), schema.Description
	add := func(format string, args ...any) { f.Facts = append(f.Facts, fmt.Sprintf(format, args...)) }
	if len(schema.Enum) > 0 {
		add("one of %s", list(schema.Enum))
	}
	if schema.Minimum != nil {
		add("from %v", *schema.Minimum)
	}
	if schema.Maximum != nil {
		add("up to %v", *schema.Maximum)
	}
	if schema.MaxLength != nil {
		add("at most %d characters", *schema.MaxLength)
	}
	if schema.MinLength != nil && *schema.MinLength > 1 {
		add("at least %d characters", *schema.MinLength)
	}
	if schema.Default != nil {
		add("%v when absent", schema.Default)
	}
	if len(schema.Examples) > 0 {
		add("for example %s", list(schema.Examples[:1]))
	}
	return f
}

func list(values []any) string {
	var out []string
	for _, v := range values {
		raw, err := json.Marshal(v)
		if err == nil {
			out = append(out, string(raw))
		}
	}
	return strings.Join(out, ", ")
}

func typeOf(schema *huma.Schema) apiType {
	if schema.Ref != "" {
		name := schema.Ref[strings.LastIndexByte(schema.Ref, '/')+1:]
		return apiType{Words: name, Schema: name}
	}
	switch {
	case schema.Type == "array" && schema.Items != nil:
		item := typeOf(schema.Items)
		return apiType{Words: "array of " + item.Words, Schema: item.Schema}
	case schema.Type == "object" && len(schema.Properties) == 0:
		return apiType{Words: "object of any members"}
	case schema.Type == "":
		return apiType{Words: "any value"}
	case schema.Format != "" && !strings.HasPrefix(schema.Format, "int") && schema.Format != "double":
		return apiType{Words: schema.Type + " (" + schema.Format + ")"}
	}
	return apiType{Words: schema.Type}
}
