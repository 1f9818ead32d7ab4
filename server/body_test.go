package server

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"regain/database/databasetest"
)

type echoed struct {
	Body struct {
		Name   string         `json:"name" minLength:"1" maxLength:"20"`
		Count  int            `json:"count,omitempty" minimum:"1" maximum:"9"`
		Kind   string         `json:"kind,omitempty" enum:"a,b"`
		Deep   []string       `json:"deep,omitempty" maxItems:"2"`
		Free   map[string]any `json:"free,omitempty"`
		Nested struct {
			Flag bool `json:"flag"`
		} `json:"nested,omitempty"`
	}
}

type question struct {
	ID    string `path:"id" maxLength:"10"`
	Limit int    `query:"limit" minimum:"1" maximum:"100"`
}

type said struct {
	Body struct {
		Name string `json:"name"`
	}
}

func echoes(s *Server) {
	JSON(s, Route{ID: "echo", Method: "POST", Path: "/api/v1/echo", Roles: Everyone(), Effect: Reads, MaxBody: 4096, Tag: "Echo", Summary: "Echo"},
		func(_ context.Context, in *echoed) (*said, error) {
			out := &said{}
			out.Body.Name = in.Body.Name
			return out, nil
		})
	JSON(s, Route{ID: "ask", Method: "GET", Path: "/api/v1/echo/{id}", Roles: Everyone(), Effect: Reads, Tag: "Echo", Summary: "Ask"},
		func(_ context.Context, in *question) (*said, error) {
			out := &said{}
			out.Body.Name = in.ID
			return out, nil
		})
	s.Page(Route{ID: "boom", Method: "GET", Path: "/boom", Roles: Everyone(), Effect: Reads}, func(*gin.Context) error {
		panic("secret words")
	})
}

func TestBadBodies(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), echoes)
	nested := func(n int) string {
		return `{"name":"a","free":{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}}`
	}
	for name, c := range map[string]struct {
		body    string
		status  int
		code    string
		pointer string // of the first bad input
		field   string // its code
	}{
		"fine":                  {`{"name":"a"}`, 200, "", "", ""},
		"arabic and chinese":    {`{"name":"محمد 王芳"}`, 200, "", "", ""},
		"a thousand deep":       {nested(1000), 400, "json_too_deep", "", ""},
		"deep enough":           {nested(10), 200, "", "", ""},
		"a million deep":        {strings.Repeat("[", 4000), 400, "json_too_deep", "", ""},
		"NUL":                   {`{"name":"a\u0000b"}`, 422, "invalid_fields", "/name", "character_not_allowed"},
		"raw NUL":               {"{\"name\":\"a\x00b\"}", 400, "malformed_json", "", ""},
		"right-to-left":         {"{\"name\":\"gpj.\u202eexe\"}", 422, "invalid_fields", "/name", "character_not_allowed"},
		"isolate in a value":    {"{\"name\":\"a\",\"free\":{\"x\":[\"\u2066\"]}}", 422, "invalid_fields", "/free/x/0", "character_not_allowed"},
		"long s":                {`{"name":"a","ſ":1,"S":2}`, 400, "duplicate_member", "", ""},
		"dots in a name":        {`{"name":"a","http://1.2/~[x]":1}`, 422, "invalid_fields", "/http:~1~11.2~1~0[x]", "unknown_field"},
		"no name":               {`{"name":"a","":1}`, 422, "invalid_fields", "/", "unknown_field"},
		"dots, deeper":          {`{"name":"a","nested":{"flag":true,"a.b":{"c":1}}}`, 422, "invalid_fields", "/nested/a.b", "unknown_field"},
		"NUL in a name":         {`{"name":"a","free":{"\u0000":1}}`, 400, "member_name_refused", "", ""},
		"lone surrogate":        {`{"name":"\ud800"}`, 422, "invalid_fields", "/name", "character_not_allowed"},
		"bad UTF-8":             {"{\"name\":\"\xff\"}", 400, "not_utf8", "", ""},
		"truncated":             {`{"name":"a"`, 400, "malformed_json", "", ""},
		"trailing garbage":      {`{"name":"a"} x`, 400, "malformed_json", "", ""},
		"two values":            {`{"name":"a"}{"name":"b"}`, 400, "malformed_json", "", ""},
		"no JSON":               {`name=a`, 400, "malformed_json", "", ""},
		"mismatched brackets":   {`{"name":["a"}]`, 400, "malformed_json", "", ""},
		"duplicate":             {`{"name":"a","name":"b"}`, 400, "duplicate_member", "", ""},
		"duplicate but case":    {`{"name":"a","Name":"b"}`, 400, "duplicate_member", "", ""},
		"duplicate deeper":      {`{"name":"a","free":{"x":1,"x":2}}`, 400, "duplicate_member", "", ""},
		"empty":                 {``, 400, "body_required", "", ""},
		"null":                  {`null`, 422, "invalid_fields", "", "wrong_type"},
		"an array":              {`[]`, 422, "invalid_fields", "", "wrong_type"},
		"unknown field":         {`{"name":"a","nme":"b"}`, 422, "invalid_fields", "/nme", "unknown_field"},
		"unknown deeper":        {`{"name":"a","nested":{"flag":true,"x/y":1}}`, 422, "invalid_fields", "/nested/x~1y", "unknown_field"},
		"missing":               {`{}`, 422, "invalid_fields", "/name", "required"},
		"wrong type":            {`{"name":7}`, 422, "invalid_fields", "/name", "wrong_type"},
		"fraction":              {`{"name":"a","count":1.5}`, 422, "invalid_fields", "/count", "wrong_type"},
		"too large":             {`{"name":"a","count":10}`, 422, "invalid_fields", "/count", "too_large"},
		"huge exponent":         {`{"name":"a","count":1e999}`, 400, "unreadable_body", "", "unreadable"},
		"huge number":           {`{"name":"a","free":{"n":` + strings.Repeat("9", 500) + `}}`, 422, "invalid_fields", "/free/n", "number_too_long"},
		"too long":              {`{"name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`, 422, "invalid_fields", "/name", "too_long"},
		"too short":             {`{"name":""}`, 422, "invalid_fields", "/name", "too_short"},
		"no choice":             {`{"name":"a","kind":"c"}`, 422, "invalid_fields", "/kind", "not_a_choice"},
		"wrong item":            {`{"name":"a","deep":["x",1]}`, 422, "invalid_fields", "/deep/1", "wrong_type"},
		"too many":              {`{"name":"a","deep":["x","y","z"]}`, 422, "invalid_fields", "/deep", "too_many"},
		"larger than the limit": {`{"name":"` + strings.Repeat("a", 5000) + `"}`, 413, "body_too_large", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.call("POST", "/api/v1/echo", c.body)
			if got.status != c.status {
				t.Fatalf("%d, not %d: %s", got.status, c.status, got.body)
			}
			if c.code == "" {
				return
			}
			p := got.problem(t)
			if p.Code != c.code {
				t.Errorf("code %s, not %s", p.Code, c.code)
			}
			if c.field == "" {
				return
			}
			if len(p.Errors) == 0 || p.Errors[0].Code != c.field || p.Errors[0].Pointer == nil || *p.Errors[0].Pointer != c.pointer {
				t.Errorf("errors %s", got.body)
			}
		})
	}
}

func TestBodyMustBeJSON(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), echoes)
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "application/xml", "", ";;"} {
		got := b.call("POST", "/api/v1/echo", `{"name":"a"}`, "Content-Type", kind)
		if p := got.problem(t); p.Status != 415 || p.Code != "json_expected" {
			t.Errorf("%q: %s", kind, got.body)
		}
	}
	if got := b.call("POST", "/api/v1/echo", `{"name":"a"}`, "Content-Type", "application/json; charset=UTF-8"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestBadAddresses(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), echoes)
	for path, want := range map[string]struct {
		status    int
		code      string
		parameter string
	}{
		"/api/v1/echo/x":             {200, "", ""},
		"/api/v1/echo/x?limit=7":     {200, "", ""},
		"/api/v1/echo/x?limit=0":     {422, "invalid_fields", "query.limit"},
		"/api/v1/echo/x?limit=many":  {422, "invalid_fields", "query.limit"},
		"/api/v1/echo/x?limt=7":      {422, "invalid_fields", "query.limt"},
		"/api/v1/echo/longerthanten": {422, "invalid_fields", "path.id"},
		"/api/v1/echo/%00":           {400, "malformed_address", ""},
		"/api/v1/echo/%ff":           {400, "malformed_address", ""},
		"/api/v1/echo/%E2%80%AE":     {400, "malformed_address", ""},
		"/api/v1/echo/x?limit=%00":   {400, "malformed_address", ""},
		"/api/v1/echo/x?limit=%zz":   {400, "malformed_address", ""},
		"/api/v1/echo/x?a;b":         {400, "malformed_address", ""},
		"/api/v1/nothing":            {404, "not_found", ""},
		"/api/v1/echo/":              {404, "not_found", ""},
	} {
		got := b.call("GET", path, "")
		if got.status != want.status {
			t.Errorf("%s: %d %s", path, got.status, got.body)
			continue
		}
		if want.code == "" {
			continue
		}
		p := got.problem(t)
		if p.Code != want.code || want.parameter != "" && (len(p.Errors) != 1 || p.Errors[0].Parameter != want.parameter || p.Errors[0].Pointer != nil) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
}

func TestMethodNotAllowed(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), echoes)
	got := b.call("DELETE", "/api/v1/echo", "")
	if p := got.problem(t); p.Status != 405 || got.header.Get("Allow") == "" {
		t.Errorf("%d, Allow %q: %s", got.status, got.header.Get("Allow"), got.body)
	}
	if got := b.call("HEAD", "/api/v1/echo/x", ""); got.status != http.StatusOK || len(got.body) != 0 {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",null,true]}`, `{"a":{"a":{}}}`, "[", `"\ud800"`, `{"a":1,"A":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := checkJSON(body)
		if _, internal := asProblem(t.Context(), err); err != nil && internal {
			t.Errorf("%q: %v", body, err)
		}
	})
}
