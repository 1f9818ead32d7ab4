package testhtml

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// SummaryFaults are what is wrong with a page's summary of errors: each of its entries leads to
// something on the page, and says by its label which field it is about.
func SummaryFaults(page *html.Node) []string {
	var faults []string
	for n := range page.Descendants() {
		if !Has(n, "data-errors") {
			continue
		}
		for a := range n.Descendants() {
			if a.Data != "a" {
				continue
			}
			said := text(a)
			at := byID(page, strings.TrimPrefix(Attr(a, "href"), "#"))
			if at == nil {
				faults = append(faults, fmt.Sprintf("the error %q leads nowhere: %s", said, Attr(a, "href")))
			} else if at.Data == "h1" || at.Data == "main" || at.Data == "section" || holdsSections(at) {
				continue // the field is not on the page any more: it leads to where it was
			} else if label := labelOf(page, at); label == "" {
				faults = append(faults, fmt.Sprintf("the error %q leads to #%s, which has no label", said, Attr(at, "id")))
			} else if !strings.Contains(said, label) {
				faults = append(faults, fmt.Sprintf("the error %q does not say that it is about %q", said, label))
			}
		}
	}
	return faults
}

// holdsSections says whether something is a list of parts of the page.
func holdsSections(n *html.Node) bool {
	for c := range n.Descendants() {
		if c.Data == "section" {
			return true
		}
	}
	return false
}

// labelOf is what a field is called: by its label, by what it is named after, or by the heading of
// the group or part of the page that it is.
func labelOf(page, n *html.Node) string {
	if group := choicesOf(n); group != nil {
		n = group
	}
	id := Attr(n, "id")
	for l := range page.Descendants() {
		if l.Data == "label" && Attr(l, "for") == id && id != "" {
			return labelText(l)
		}
	}
	if by := byID(page, Attr(n, "aria-labelledby")); by != nil {
		return labelText(by)
	}
	if said := Attr(n, "aria-label"); said != "" {
		return said
	}
	for up := n; up != nil; up = up.Parent {
		if up.Data == "label" {
			return labelText(up)
		}
	}
	for c := range n.Descendants() {
		switch c.Data {
		case "legend", "h1", "h2", "h3", "summary":
			return labelText(c)
		}
	}
	return labelText(n)
}

// choicesOf is the group that a choice is one of several in; nil for what is no such choice.
func choicesOf(n *html.Node) *html.Node {
	group := n.Parent
	for group != nil && group.Data != "fieldset" {
		group = group.Parent
	}
	if group == nil || n.Data != "input" {
		return nil
	}
	choices := 0
	for c := range group.Descendants() {
		if kind := Attr(c, "type"); (kind == "radio" || kind == "checkbox") && Attr(c, "name") == Attr(n, "name") {
			choices++
		}
	}
	if choices < 2 {
		return nil
	}
	return group
}

// labelText is a label without the hints that stand in it.
func labelText(n *html.Node) string {
	first := ""
	for c := range n.Descendants() {
		if c.Type == html.TextNode && strings.TrimSpace(c.Data) != "" {
			first = strings.Join(strings.Fields(c.Data), " ")
			break
		}
	}
	return first
}

func byID(page *html.Node, id string) *html.Node {
	for n := range page.Descendants() {
		if id != "" && n.Type == html.ElementNode && Attr(n, "id") == id {
			return n
		}
	}
	return nil
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
