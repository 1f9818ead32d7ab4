package web

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"regain/rules"
	"regain/server"
	"regain/server/api"
)

// helpPage is a policy as people read it.
type helpPage struct {
	Source, Edition string
	Groups          []helpGroup
	Materials       []helpMaterial
	Notes           []string
	// Method is how a request is made, as the policy names it; empty when the rows differ.
	Method string
}

// helpGroup are the rows of one kind of customer.
type helpGroup struct {
	Title string
	Rows  []helpRow
}

// helpRow is one scenario.
type helpRow struct {
	ID, Title string
	Needs     []helpNeed
	// Words say what happens when nothing is collected.
	Words string
	Notes []string
}

// helpNeed is one requirement, or a group of them.
type helpNeed struct {
	Label, Anchor string
	Kind          string
	// Count is how many, Last that they are the latest ones.
	Count int
	Last  bool
	// Each is "month" when each is for one; Fewer says that some answers ask for fewer.
	Each     string
	Fewer    bool
	Optional bool
	AtLeast  int
	When     []string
	Fields   []string
	Children []helpNeed
}

// helpMaterial is a material in detail.
type helpMaterial struct {
	ID, Label, Guidance string
	Types               string
	MaxSize             int64
	Template            bool
}

func (p *Pages) showHelp(c *gin.Context) error {
	policy, err := p.services.Policies.Current(c.Query("policy"))
	if err != nil {
		return err
	}
	seen, err := p.overviews.of(policy)
	if err != nil {
		return err
	}
	return p.show(c, "public/help", newHelpPage(seen, server.Locale(c.Request.Context())))
}

func newHelpPage(o *overview, locale string) helpPage {
	page := helpPage{Source: o.policy.Source(), Edition: o.policy.Edition()}
	used := map[string]bool{}
	for _, scenario := range api.Rows(o.policy) {
		row := o.rows[scenario.ID]
		if row == nil { // no customer's answers lead there
			continue
		}
		path := scenario.Path()
		group := path[0].Title.In(locale)
		if n := len(page.Groups); n == 0 || page.Groups[n-1].Title != group {
			page.Groups = append(page.Groups, helpGroup{Title: group})
		}
		g := &page.Groups[len(page.Groups)-1]
		g.Rows = append(g.Rows, o.helpRow(row, path[1:], used, locale))
	}
	page.takeCommonNotes()
	page.Method = o.method()
	for _, m := range o.policy.Materials() {
		if used[m.ID] {
			page.Materials = append(page.Materials, helpMaterialOf(m, locale))
		}
	}
	return page
}

// takeCommonNotes says once, above the table, what every row says.
func (page *helpPage) takeCommonNotes() {
	var rows []*helpRow
	for g := range page.Groups {
		for r := range page.Groups[g].Rows {
			rows = append(rows, &page.Groups[g].Rows[r])
		}
	}
	if len(rows) == 0 {
		return
	}
	for _, note := range slices.Clone(rows[0].Notes) {
		if !slices.ContainsFunc(rows, func(r *helpRow) bool { return !slices.Contains(r.Notes, note) }) {
			page.Notes = append(page.Notes, note)
			for _, r := range rows {
				r.Notes = slices.DeleteFunc(r.Notes, func(n string) bool { return n == note })
			}
		}
	}
}

func (o *overview) helpRow(row *overviewRow, path []*rules.Scenario, used map[string]bool, locale string) helpRow {
	var titles []string
	for _, s := range path {
		titles = append(titles, s.Title.In(locale))
	}
	out := helpRow{ID: row.scenario.ID, Title: strings.Join(titles, " – "), Words: row.words.In(locale)}
	for _, note := range row.scenario.Notes {
		out.Notes = append(out.Notes, note.In(locale))
	}
	for _, n := range row.needs {
		need := helpNeedOf(n.requirement, used, locale)
		need.Fewer = n.fewer
		need.When = o.sayConditions(row.conditions(n), locale)
		out.Needs = append(out.Needs, need)
	}
	return out
}

func helpNeedOf(r rules.Requirement, used map[string]bool, locale string) helpNeed {
	need := helpNeed{Label: r.Label.In(locale), Kind: string(r.Kind), Count: r.Count, Last: r.Last, Each: r.Each, Optional: r.Optional, AtLeast: r.AtLeast}
	if r.Material != nil {
		used[r.Material.ID] = true
		need.Anchor = r.Material.ID
		if need.Label == "" {
			need.Label = r.Material.Label.In(locale)
		}
	}
	for _, f := range r.Fields {
		need.Fields = append(need.Fields, f.Label.In(locale))
	}
	for _, child := range r.Children {
		need.Children = append(need.Children, helpNeedOf(child, used, locale))
	}
	return need
}

func helpMaterialOf(m *rules.Material, locale string) helpMaterial {
	out := helpMaterial{ID: m.ID, Label: m.Label.In(locale), Guidance: m.Guidance.In(locale), Template: m.Template != ""}
	if m.Document != nil {
		out.Types, out.MaxSize = strings.ToUpper(strings.Join(m.Document.Types, ", ")), m.Document.MaxSize
	}
	return out
}

// method is how requests are made, when that is the same in every row that collects.
func (o *overview) method() string {
	method := ""
	for _, row := range o.rows {
		switch m := row.handling.RequestMethod; {
		case len(row.needs) == 0:
		case method != "" && method != m:
			return ""
		default:
			method = m
		}
	}
	return method
}
