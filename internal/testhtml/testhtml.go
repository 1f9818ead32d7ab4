// Package testhtml reads the elements of pages, for tests.
package testhtml

import (
	"slices"

	"golang.org/x/net/html"
)

// Attr is the value of an element's attribute; empty without one.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Has says whether an element has an attribute, whatever its value.
func Has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
