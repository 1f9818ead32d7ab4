package fuzz

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// object is a JSON object as it came.
type object = map[string]any

// document is the OpenAPI document as the server serves it.
type document struct {
	root       object
	operations []*operation
	problem    *jsonschema.Schema
}

// operation is one method of one path.
type operation struct {
	id, method, path string
	roles            []string
	parameters       []parameter
	// bodies are the schemas of the body by media type; bodyCheck judges JSON.
	bodies    map[string]object
	bodyCheck *jsonschema.Schema
	responses map[string]response
	// page marks what people read, which the document does not describe; repeatable, forms
	// that carry a key.
	page, repeatable bool
}

type parameter struct {
	in, name string
	required bool
	schema   object
}

// response is what is documented of one status: the schema by media type, nil where
// the type has none.
type response struct {
	content map[string]*jsonschema.Schema
	headers []string
}

const documentURL = "https://regain.test/openapi.json"

// readDocument compiles every schema in the document.
func readDocument(t testing.TB, raw []byte) *document {
	t.Helper()
	d := &document{}
	if err := json.Unmarshal(raw, &d.root); err != nil {
		t.Fatalf("the OpenAPI document: %v", err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(documentURL, parsed); err != nil {
		t.Fatal(err)
	}
	compile := func(pointer ...string) *jsonschema.Schema {
		schema, err := compiler.Compile(documentURL + "#" + fragment(pointer))
		if err != nil {
			t.Fatalf("schema %v: %v", pointer, err)
		}
		return schema
	}
	d.problem = compile("components", "schemas", "Problem")
	paths := d.root["paths"].(object)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(object)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			d.operations = append(d.operations, readOperation(item[method].(object), method, path, compile))
		}
	}
	return d
}

func readOperation(o object, method, path string, compile func(...string) *jsonschema.Schema) *operation {
	op := &operation{
		id: o["operationId"].(string), method: strings.ToUpper(method), path: path,
		bodies: map[string]object{}, responses: map[string]response{},
	}
	for _, role := range o["x-roles"].([]any) {
		op.roles = append(op.roles, role.(string))
	}
	if o["x-scope"] != nil {
		op.roles = append(op.roles, program)
	}
	parameters, _ := o["parameters"].([]any)
	for _, p := range parameters {
		p := p.(object)
		required, _ := p["required"].(bool)
		schema, _ := p["schema"].(object)
		op.parameters = append(op.parameters, parameter{in: p["in"].(string), name: p["name"].(string), required: required, schema: schema})
	}
	if body, ok := o["requestBody"].(object); ok {
		for media, content := range body["content"].(object) {
			op.bodies[media], _ = content.(object)["schema"].(object)
		}
		if op.bodies["application/json"] != nil {
			op.bodyCheck = compile("paths", path, method, "requestBody", "content", "application/json", "schema")
		}
	}
	for status, r := range o["responses"].(object) {
		documented := response{content: map[string]*jsonschema.Schema{}}
		content, _ := r.(object)["content"].(object)
		for media, c := range content {
			documented.content[media] = nil
			if c.(object)["schema"] != nil {
				documented.content[media] = compile("paths", path, method, "responses", status, "content", media, "schema")
			}
		}
		headers, _ := r.(object)["headers"].(object)
		documented.headers = slices.Sorted(maps.Keys(headers))
		op.responses[status] = documented
	}
	return op
}

// fragment is a JSON pointer as the fragment of a URL.
func fragment(pointer []string) string {
	var b strings.Builder
	for _, p := range pointer {
		b.WriteString("/" + url.PathEscape(escape(p)))
	}
	return b.String()
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// resolve follows references.
func (d *document) resolve(schema object) object {
	for {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		var at any = d.root
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(object)[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
		}
		schema = at.(object)
	}
}

// changes reports whether the operation takes an Idempotency-Key.
func (o *operation) changes() bool { return o.parameter("Idempotency-Key") != nil }

func (o *operation) parameter(name string) *parameter {
	for n := range o.parameters {
		if o.parameters[n].name == name {
			return &o.parameters[n]
		}
	}
	return nil
}

// pathNames are the names of the path's parameters.
func (o *operation) pathNames() []string {
	var names []string
	for part := range strings.SplitSeq(o.path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

// mediaOf is a Content-Type without its parameters.
func mediaOf(contentType string) string {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return contentType
	}
	return media
}
