package fuzz

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"regain/internal/testhtml"
)

// paper is an HTML page as a browser takes it in: where it leads, and its forms.
type paper struct {
	links []string
	forms []htmlForm
}

// htmlForm is one way to send a form: those with several buttons are several.
type htmlForm struct {
	action, encoding string // the address, and the Content-Type
	controls         []control
}

// previews says whether the form only asks what it would do.
func (f htmlForm) previews() bool {
	return slices.ContainsFunc(f.controls, func(c control) bool { return c.name == "preview" })
}

// control is one field, or a choice with its options.
type control struct {
	name, kind, value string
	options           []string
	required, checked bool
	most              int // characters; 0 without bound
}

// readPaper parses a page that is at an address.
func readPaper(at string, body []byte) paper {
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return paper{}
	}
	base, err := url.Parse(at)
	if err != nil {
		return paper{}
	}
	var p paper
	var forms []*html.Node
	for n := range root.Descendants() {
		switch n.Data {
		case "a", "link", "script":
			link := testhtml.Attr(n, "href")
			if n.Data == "script" {
				link = testhtml.Attr(n, "src")
			}
			if to, err := base.Parse(link); err == nil && link != "" && to.Host == "" {
				to.Fragment = ""
				p.links = append(p.links, to.RequestURI())
			}
		case "form":
			forms = append(forms, n)
		}
	}
	for _, n := range forms {
		if strings.EqualFold(testhtml.Attr(n, "method"), "post") {
			p.forms = append(p.forms, readForms(base, root, n)...)
		}
	}
	return p
}

// readForms are the ways to send one form: one for each of its buttons.
func readForms(base *url.URL, root, node *html.Node) []htmlForm {
	var controls []control
	var buttons []*html.Node
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || !belongs(n, node) || testhtml.Has(n, "disabled") {
			continue
		}
		if kind := testhtml.Attr(n, "type"); n.Data == "button" && kind != "button" && kind != "reset" {
			buttons = append(buttons, n)
		} else if c, ok := readControl(n); ok {
			controls = append(controls, c)
		}
	}
	encoding := testhtml.Attr(node, "enctype")
	if encoding == "" {
		encoding = "application/x-www-form-urlencoded"
	}
	if len(buttons) == 0 {
		buttons = []*html.Node{{}}
	}
	var out []htmlForm
	for _, b := range buttons {
		action := testhtml.Attr(b, "formaction")
		if action == "" {
			action = testhtml.Attr(node, "action")
		}
		to, err := base.Parse(action)
		if err != nil || to.Host != "" {
			continue
		}
		f := htmlForm{action: to.RequestURI(), encoding: encoding, controls: slices.Clone(controls)}
		if name := testhtml.Attr(b, "name"); name != "" {
			f.controls = append(f.controls, control{name: name, kind: "button", value: testhtml.Attr(b, "value")})
		}
		out = append(out, f)
	}
	return out
}

// belongs says whether a control is part of a form: inside it, or by its name.
func belongs(n, form *html.Node) bool {
	if id := testhtml.Attr(n, "form"); id != "" {
		return id == testhtml.Attr(form, "id")
	}
	for at := n.Parent; at != nil; at = at.Parent {
		if at == form {
			return true
		}
	}
	return false
}

func readControl(n *html.Node) (control, bool) {
	c := control{name: testhtml.Attr(n, "name"), kind: testhtml.Attr(n, "type"), value: testhtml.Attr(n, "value"), required: testhtml.Has(n, "required"), checked: testhtml.Has(n, "checked")}
	c.most, _ = strconv.Atoi(testhtml.Attr(n, "maxlength")) // none is 0
	switch {
	case c.name == "":
		return c, false
	case n.Data == "select":
		c.kind = "select"
		for o := range n.Descendants() {
			if o.Data == "option" && !testhtml.Has(o, "disabled") {
				c.options = append(c.options, testhtml.Attr(o, "value"))
				if testhtml.Has(o, "selected") {
					c.value = testhtml.Attr(o, "value")
				}
			}
		}
	case n.Data == "textarea":
		c.kind = "textarea"
		if n.FirstChild != nil {
			c.value = n.FirstChild.Data
		}
	case n.Data != "input":
		return c, false
	}
	if c.value == "" && (c.kind == "checkbox" || c.kind == "radio") {
		c.value = "on"
	}
	return c, true
}

// fits says whether an address is one of a route's path, such as "/staff/cases/{case}".
func fits(path, address string) bool {
	address, _, _ = strings.Cut(address, "?")
	want, got := strings.Split(path, "/"), strings.Split(address, "/")
	if len(want) != len(got) {
		return false
	}
	for n := range want {
		if !strings.HasPrefix(want[n], "{") && want[n] != got[n] {
			return false
		}
	}
	return true
}

// words are what an answer says: of a page, the text of its main part.
func (c *call) words(a *answer) string {
	if !c.op.page {
		return string(a.body)
	}
	root, err := html.Parse(bytes.NewReader(a.body))
	if err != nil {
		return string(a.body)
	}
	var b strings.Builder
	for main := range root.Descendants() {
		if main.Data != "main" {
			continue
		}
		for n := range main.Descendants() {
			if said := strings.TrimSpace(n.Data); n.Type == html.TextNode && said != "" {
				b.WriteString(said + " ")
			}
		}
	}
	return b.String()
}
