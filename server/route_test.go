package server

import (
	"fmt"
	"testing"

	"regain/accounts"
)

// TestRouteAt: a route is found by its method and path, without making others anew.
func TestRouteAt(t *testing.T) {
	s := &Server{}
	for n := range 300 {
		path := fmt.Sprintf("/page/%d", n)
		s.routes = append(s.routes, &Route{ID: "read", Method: "GET", Path: path, Roles: []Role{Role(accounts.Lead)}}, &Route{ID: "send", Method: "POST", Path: path})
	}
	for _, c := range []struct {
		method, path, id string
		there            bool
	}{
		{"GET", "/page/299", "read", true}, {"POST", "/page/7", "send", true}, {"PUT", "/page/7", "", false}, {"GET", "/page", "", false},
	} {
		if r, there := s.RouteAt(c.method, c.path); there != c.there || r.ID != c.id {
			t.Errorf("%s %s: %t %q", c.method, c.path, there, r.ID)
		}
	}
	if n := testing.AllocsPerRun(10, func() { s.RouteAt("GET", "/page/299") }); n > 0 {
		t.Errorf("looking for a route allocates %v times", n)
	}
}

// TestPageAbove: an address that only takes a form belongs to the nearest page above it.
func TestPageAbove(t *testing.T) {
	s := &Server{routes: []*Route{
		{Method: "GET", Path: "/cases/{case}", page: true}, {Method: "POST", Path: "/cases/{case}/items/{item}/rejection", page: true},
		{Method: "GET", Path: "/cases/{case}/items/{item}", page: false}, {Method: "GET", Path: "/items", page: true}, {Method: "POST", Path: "/items/{item}", page: true},
	}}
	for path, want := range map[string]string{
		"/cases/7/items/8/rejection": "/cases/7", "/cases/7": "/cases/7", "/cases/7/": "/cases/7", "/items/8": "/items", "/items/8/remove": "/items",
		"/sign-out": "", "/": "", "//cases/7": "/cases/7", "/cases//items": "",
	} {
		if got, there := s.PageAbove(path); got != want || there != (want != "") {
			t.Errorf("%s: %q, %t", path, got, there)
		}
	}
}
