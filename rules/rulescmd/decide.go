package rulescmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"regain/rules"
)

// DecideOptions are the options of Decide.
type DecideOptions struct {
	JSON   bool
	Locale string // of the texts; empty is the policy's own language
}

// Decide prints what the policy asks under answers, each written fact=value.
func Decide(out io.Writer, file string, answers []string, o DecideOptions) int {
	p, code := load(out, file)
	if p == nil {
		return code
	}
	raw := map[string]string{}
	for _, a := range answers {
		fact, value, ok := strings.Cut(a, "=")
		if _, twice := raw[fact]; !ok || twice {
			fmt.Fprintf(out, "%q: write each answer once, as fact=value\n", a)
			return Usage
		}
		raw[fact] = value
	}
	parsed, bad := p.ParseText(raw)
	for _, f := range bad {
		fmt.Fprintf(out, "%s: %s: %s\n", strings.TrimPrefix(f.Pointer, "/"), f.Code, f.Message)
	}
	if len(bad) > 0 {
		return Usage
	}
	d := p.Decide(parsed)
	if o.JSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(d); err != nil {
			fmt.Fprintln(out, err)
			return Failed
		}
		return OK
	}
	locale := o.Locale
	if locale == "" {
		locale = p.Language()
	}
	pr := printer{out: out, policy: p, locale: locale}
	pr.decision(d)
	return OK
}

// printer prints decisions for people.
type printer struct {
	out    io.Writer
	policy *rules.Policy
	locale string
}

func (p printer) line(depth int, format string, args ...any) {
	fmt.Fprintf(p.out, "%s%s\n", indent(depth), fmt.Sprintf(format, args...))
}

func (p printer) decision(d rules.Decision) {
	if d.Impossible != nil {
		p.line(0, "These answers cannot happen together: %s", d.Impossible.Because.In(p.locale))
		p.line(1, "%s", d.Impossible.When)
		return
	}
	if d.Scenario != nil {
		p.line(0, "%s: %s", d.Outcome, titles(d.Scenario, p.locale))
		p.line(1, "scenario %s", d.Scenario.ID)
	}
	if words := d.Words.In(p.locale); words != "" {
		p.line(1, "%s", words)
	}
	if len(d.Requirements) > 0 {
		p.line(0, "")
		p.line(0, "Materials")
		p.requirements(d.Requirements, 1)
	}
	p.handling(d.Handling)
	for _, n := range d.Notes {
		p.line(0, "")
		p.line(0, "Note: %s", n.In(p.locale))
	}
	if len(d.Ignored) > 0 {
		p.line(0, "")
		p.line(0, "Not asked here, so ignored: %s", strings.Join(d.Ignored, ", "))
	}
	p.openQuestions(d)
}

func titles(s *rules.Scenario, locale string) string {
	var out []string
	for _, above := range s.Path() {
		out = append(out, above.Title.In(locale))
	}
	return strings.Join(out, " › ")
}

func (p printer) requirements(reqs []rules.Requirement, depth int) {
	for _, r := range reqs {
		if r.Kind != rules.Item {
			p.line(depth, "%s", groupWords(r))
			p.requirements(r.Children, depth+1)
			continue
		}
		p.line(depth, "%s%s  [%s]", r.Label.In(p.locale), itemWords(r), r.ID)
		if why := p.why(r); why != "" {
			p.line(depth+1, "because %s", why)
		}
		for _, f := range r.Fields {
			optional := ""
			if f.Optional {
				optional = ", optional"
			}
			p.line(depth+1, "· %s (%s%s)", f.Label.In(p.locale), f.Type, optional)
		}
		p.checks(r.Checks, depth+1)
	}
}

func groupWords(r rules.Requirement) string {
	switch r.Kind {
	case rules.AnyOf:
		return "any of"
	case rules.AtLeast:
		return fmt.Sprintf("at least %d of", r.AtLeast)
	case rules.Prefer:
		return "the first that can be had of"
	}
	return "all of"
}

func itemWords(r rules.Requirement) string {
	var out []string
	switch {
	case r.Last:
		out = append(out, fmt.Sprintf("the last %d", r.Count))
	case r.Count > 1:
		out = append(out, fmt.Sprintf("%d of them", r.Count))
	}
	if r.Consecutive {
		out = append(out, "consecutive "+r.Each+"s")
	}
	if r.UpTo > 0 {
		out = append(out, fmt.Sprintf("up to %d files", r.UpTo))
	}
	if r.Optional {
		out = append(out, "optional")
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, ", ")
}

func (p printer) why(r rules.Requirement) string {
	var out []string
	for _, why := range r.Why {
		for _, f := range why.Facts {
			out = append(out, f.Fact+" = "+f.Label.In(p.locale))
		}
		if why.FromAccountOrStaff {
			out = append(out, "what the account or staff says")
		}
	}
	return strings.Join(out, "; ")
}

func (p printer) checks(nodes []rules.CheckNode, depth int) {
	for _, n := range nodes {
		switch n.Kind {
		case rules.CheckLeaf:
			p.line(depth, "✓ %s", n.Label.In(p.locale))
		case rules.CheckPrefer:
			p.line(depth, "✓ preferably the first of")
			p.checks(n.Children, depth+1)
		default:
			p.line(depth, "✓ %s", strings.ReplaceAll(n.Kind, "_", " "))
			p.checks(n.Children, depth+1)
		}
	}
}

func (p printer) handling(h rules.Handling) {
	if h.Approvals == 0 && h.ReviewWithin.IsZero() {
		return
	}
	var out []string
	if !h.ReviewWithin.IsZero() {
		out = append(out, "review within "+h.ReviewWithin.String())
	}
	if h.Approvals > 0 {
		out = append(out, fmt.Sprintf("approvals: %d", h.Approvals))
	}
	if h.WaitingPeriod > 0 {
		out = append(out, fmt.Sprintf("%d hours before the hand-back", int(h.WaitingPeriod.Hours())))
	}
	p.line(0, "")
	p.line(0, "Handling: %s", strings.Join(out, "; "))
}

func (p printer) openQuestions(d rules.Decision) {
	if d.Complete {
		return
	}
	p.line(0, "")
	p.line(0, "Not complete: %s can still change the result.", strings.Join(d.Open, ", "))
	if d.Next == nil {
		p.line(0, "What is missing comes from the account or from staff.")
		return
	}
	p.line(0, "Next question: %s", d.Next.Ask.In(p.locale))
	switch d.Next.Type {
	case rules.FactBool:
		p.line(1, "%s=yes", d.Next.ID)
		p.line(1, "%s=no", d.Next.ID)
	case rules.FactEnum, rules.FactSet:
		for _, v := range d.Next.Values {
			p.line(1, "%s=%s  %s", d.Next.ID, v.ID, v.Label.In(p.locale))
		}
	default:
		p.line(1, "%s=<%s>", d.Next.ID, d.Next.Type)
	}
}
