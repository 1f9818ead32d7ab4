package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// apiDescription is the first thing on the API page.
const apiDescription = "Account recovery as a case-management system. Every failed call is answered with an RFC 9457 problem; " +
	"every call that changes something takes an Idempotency-Key, so that it can be repeated when its answer was lost; " +
	"cases carry an ETag, and changing one takes If-Match. In a body, null is the same as leaving an optional member out, unless it is said to mean more. " +
	"The codes that the problems of a call may have are in its x-problems, beside those that every call may answer, in the document's own x-problems; what each means is at /problems."

func (s *Server) newAPI() {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0", Extensions: map[string]any{"x-problems": ProblemsOfAll()},
			Info: &huma.Info{Title: "Regain", Version: "1", Description: apiDescription},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token":  {Type: "http", Scheme: "bearer", Description: "The token of a session, rgn_…"},
					"cookie": {Type: "apiKey", In: "cookie", Name: s.cookieName(), Description: "The same token, as browsers keep it."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{transformProblem},
	}
	registry.Schema(reflect.TypeFor[Problem](), true, "Problem")
	s.api = huma.NewAPI(config, adapter{server: s})
	s.registerDocument()
}

// transformProblem turns Huma's own error documents into ours.
func transformProblem(ctx huma.Context, _ string, v any) (any, error) {
	if m, ok := v.(*huma.ErrorModel); ok {
		p := fromHuma(ctx.Context(), m)
		ctx.SetHeader("Cache-Control", "no-store")
		return p, nil
	}
	return v, nil
}

func (s *Server) problemResponse() *huma.Response {
	return &huma.Response{
		Description: "A problem: type and code say which.",
		Content:     map[string]*huma.MediaType{problemType: {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}},
	}
}

// operation describes a route in the OpenAPI document.
func (s *Server) operation(r *Route) *huma.Operation {
	op := &huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: r.Path,
		Summary: r.Summary, Description: r.Description, Tags: []string{r.Tag},
		DefaultStatus: r.Status,
		MaxBodyBytes:  r.MaxBody + 1, // the guard refuses at MaxBody, and first
		// None: the guard has read the body, and a deadline set on the connection from now
		// on would end the call when it passes, and every later call on the connection.
		BodyReadTimeout: -1,
		Responses:       map[string]*huma.Response{"default": s.problemResponse()},
		Security:        security(r.Roles),
		Extensions:      map[string]any{"x-roles": r.Roles},
	}
	if codes := ProblemsOf(r.ID); len(codes) > 0 {
		op.Extensions["x-problems"] = codes
	}
	if r.Scope != PeopleOnly {
		op.Extensions["x-scope"] = r.Scope
	}
	if r.Limit.N > 0 {
		op.Extensions["x-limit"] = fmt.Sprintf("%d per %s by %s", r.Limit.N, r.Limit.Per, r.Limit.By)
	}
	if r.Effect == Changes {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: idempotencyHeader, In: "header",
			Description: "A new random UUID for each call; the same one to repeat a call whose answer was lost. For 24 hours the answer is then the first one, byte for byte, with the header " +
				replayedHeader + ": true. The same key with another body is refused with 422. Calls without it are taken, but repeating those may do the thing twice.",
			Schema: &huma.Schema{Type: "string", MinLength: new(16), MaxLength: new(255)},
		})
	}
	if r.raw {
		op.Responses[strconv.Itoa(max(r.Status, http.StatusOK))] = &huma.Response{Description: http.StatusText(max(r.Status, http.StatusOK))}
		op.Parameters = append(op.Parameters, pathParameters(r.Path)...)
	}
	if r.Describe != nil {
		r.Describe(op)
	}
	return op
}

// security says in OpenAPI's terms whether a session is needed.
func security(roles []Role) []map[string][]string {
	needs := []map[string][]string{{"token": {}}, {"cookie": {}}}
	if slices.Contains(roles, Anonymous) {
		return append([]map[string][]string{{}}, needs...)
	}
	return needs
}

func pathParameters(path string) []*huma.Param {
	var params []*huma.Param
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			params = append(params, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
		}
	}
	return params
}

// OpenAPI is the document of all routes so far.
func (s *Server) OpenAPI() *huma.OpenAPI {
	document := s.api.OpenAPI()
	delete(document.Components.Schemas.Map(), "ErrorModel") // Huma's own, which is never sent
	delete(document.Components.Schemas.Map(), "ErrorDetail")
	return document
}

func (s *Server) registerDocument() {
	document := func(id, path, mediaType string, render func() ([]byte, error)) {
		s.Raw(Route{
			ID: id, Method: http.MethodGet, Path: path, Roles: Everyone(), Effect: Reads,
			Tag: "Description", Summary: "This document, as " + mediaType,
			Describe: func(op *huma.Operation) {
				op.Responses["200"] = &huma.Response{Description: "The OpenAPI 3.1 document", Content: map[string]*huma.MediaType{mediaType: {}}}
			},
		}, func(c *gin.Context) error {
			body, err := render()
			if err != nil {
				return err
			}
			c.Header("Cache-Control", "public, max-age=60")
			c.Data(http.StatusOK, mediaType, body)
			return nil
		})
	}
	document("openapi-json", "/api/v1/openapi.json", "application/openapi+json", func() ([]byte, error) {
		var out bytes.Buffer
		raw, err := json.Marshal(s.OpenAPI())
		if err != nil {
			return nil, err
		}
		err = json.Indent(&out, raw, "", "  ")
		return out.Bytes(), err
	})
	document("openapi-yaml", "/api/v1/openapi.yaml", "application/openapi+yaml", func() ([]byte, error) {
		return s.OpenAPI().YAML()
	})
}
