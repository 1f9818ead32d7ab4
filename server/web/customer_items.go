package web

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/rules"
	"regain/server"
	"regain/server/api"
)

func (p *Pages) registerItems(customers []server.Role) {
	p.getAs("items-page", itemsPath, customers, p.showItems)
	p.upload("item-upload-page", itemsPath+"/{item}", customers, p.takeItem)
	p.post("item-remove-page", itemsPath+"/{item}/remove", customers, server.Changes, p.onItem(func(c *gin.Context, actor cases.Actor, item string) error {
		_, err := p.services.Cases.Clear(c.Request.Context(), actor, actor.ID, item)
		return except(err, "item_missing") // taken back already: that was the wish
	}))
	p.post("item-available-page", itemsPath+"/{item}/available", customers, server.Changes, p.onItem(func(c *gin.Context, actor cases.Actor, item string) error {
		_, err := p.services.Cases.CanProvide(c.Request.Context(), actor, actor.ID, item)
		return except(err, "item_not_unavailable")
	}))
	p.form("statement", itemsPath+"/{item}/statement", customers, p.showItem("customer/statement"), p.saveStatement)
	p.form("unavailable", itemsPath+"/{item}/unavailable", customers, p.showItem("customer/unavailable"), p.saveUnavailable)
	p.getAs("item-letter-page", itemsPath+"/{item}/letter", customers, func(c *gin.Context) error {
		return p.sendLetter(c, api.ActorOf(c.Request.Context()).ID, c.Param("item"))
	})
	p.server.Page(server.Route{
		ID: "item-document-page", Method: http.MethodGet, Path: "/request/documents/{document}", Roles: customers, Effect: server.Reads, Limit: api.Downloads(),
	}, func(c *gin.Context) error {
		return p.sendDocument(c, api.ActorOf(c.Request.Context()).ID, c.Param("document"))
	})
	p.form("invite", "/request/invite/{supplier}", customers, p.showInvite, p.saveInvite)
	p.post("revoke-invitation-page", "/request/invitations/{invitation}/revoke", customers, server.Changes, func(c *gin.Context) error {
		ctx := c.Request.Context()
		actor := api.ActorOf(ctx)
		if err := p.services.Cases.Revoke(ctx, actor, actor.ID, c.Param("invitation")); err != nil {
			return err
		}
		return p.seeOther(c, itemsPath)
	})
}

// except lets an error pass that means that there was nothing to do.
func except(err error, code string) error {
	if problem.Is(err, code) {
		return nil
	}
	return err
}

// itemCard is an item with how it stands, for its card.
type itemCard struct {
	api.ItemView
	// Standing is missing, provided, unavailable, accepted, rejected, waived, waiting
	// (for a reseller or partner) or closed.
	Standing string
	// Reasons are the answers that made it so.
	Reasons []answered
	// Mine says that the customer may supply it; Others who else may.
	Mine   bool
	Others []string
	// Invited are those who were asked for it.
	Invited []*cases.Invitation
	// Current is its file, Earlier those before.
	Current *api.DocumentView
	Earlier []api.DocumentView
	// Stated is a statement in words.
	Stated []answered
}

func newItemCard(d *customerCase, i api.ItemView, locale string) itemCard {
	card := itemCard{ItemView: i, Mine: slices.Contains(i.From, string(cases.Customer))}
	for _, from := range i.From {
		if from != string(cases.Customer) {
			card.Others = append(card.Others, from)
		}
	}
	for _, inv := range d.Invitations {
		if slices.Contains(i.From, inv.Supplier) {
			card.Invited = append(card.Invited, inv)
		}
	}
	for n, doc := range i.Documents {
		if doc.State == string(cases.Current) {
			card.Current = &i.Documents[n]
		} else {
			card.Earlier = append(card.Earlier, doc)
		}
	}
	card.Standing = card.standing(d)
	for _, why := range i.Why {
		for _, f := range why.Facts {
			reason := answered{ID: f.Fact, Words: f.Label}
			if fact := d.details.Policy.Fact(f.Fact); fact != nil {
				reason.Ask = fact.Ask.In(locale)
				if fact.Type == "country" || f.Label == "" {
					reason.Words = answerWords(fact, f.Value, locale)
				}
			}
			card.Reasons = append(card.Reasons, reason)
		}
	}
	card.Stated = stated(i, locale)
	return card
}

func (i *itemCard) standing(d *customerCase) string {
	switch {
	case i.Review == "rejected" && i.Open, i.Review == "accepted", i.Review == "waived":
		return i.Review
	case i.Supply == "provided", i.Supply == "unavailable":
		return i.Supply
	case !i.Open:
		return "closed"
	}
	for _, inv := range i.Invited {
		if inv.RevokedAt == nil && d.now.Before(inv.ExpiresAt) {
			return "waiting"
		}
	}
	return "missing"
}

// Needs says whether something is still to be done about the item.
func (i itemCard) Needs() bool {
	return i.Standing == "missing" || i.Standing == "rejected" || i.Standing == "waiting"
}

// Replaces says that a new file would replace one.
func (i itemCard) Replaces() bool { return i.Current != nil }

// stated is what a statement says, field by field.
func stated(i api.ItemView, locale string) []answered {
	var out []answered
	for _, f := range i.Fields {
		value, ok := i.Statement[f.ID]
		if !ok {
			continue
		}
		if parts, ok := value.(map[string]any); ok {
			out = append(out, answered{ID: f.ID, Ask: f.Label, Words: addressWords(parts, locale)})
			continue
		}
		out = append(out, answered{ID: f.ID, Ask: f.Label, Words: fieldValueWords(f, value, locale)})
	}
	if where, ok := i.Statement["where"].(string); ok && i.Kind == "proof" {
		out = append(out, answered{ID: "where", Words: where})
	}
	return out
}

func addressWords(parts map[string]any, locale string) string {
	var words string
	for _, name := range addressParts() {
		part, _ := parts[name].(string)
		if part == "" {
			continue
		}
		if name == "country" {
			part = countryName(part, locale)
		}
		if words != "" {
			words += ", "
		}
		words += part
	}
	return words
}

func addressParts() []string { return []string{"line", "city", "region", "postal_code", "country"} }

func fieldValueWords(f api.FieldView, value any, locale string) string {
	values := formValues(value)
	if len(values) == 0 {
		return ""
	}
	if f.Type == "country" {
		return countryName(values[0], locale)
	}
	for _, choice := range f.Values {
		if choice.ID == values[0] {
			return choice.Label
		}
	}
	return values[0]
}

// itemGroup is a requirement, or a group of them, with its items.
type itemGroup struct {
	Kind     string
	Label    string
	AtLeast  int
	Cards    []itemCard
	Children []itemGroup
}

// Groups are the items as they belong together. When something was asked for anew,
// only that is shown.
func (d *customerCase) Groups() []itemGroup {
	if d.State == string(cases.MaterialsRequested) {
		return []itemGroup{{Kind: "item", Cards: d.pick(func(i itemCard) bool { return i.Open })}}
	}
	groups := d.groups(d.Decision.Requirements)
	if more := d.pick(func(i itemCard) bool { return i.Requirement == "" }); len(more) > 0 {
		groups = append(groups, itemGroup{Kind: "item", Cards: more})
	}
	return groups
}

// Rest are the items that nothing is asked about now.
func (d *customerCase) Rest() []itemCard {
	if d.State != string(cases.MaterialsRequested) {
		return nil
	}
	return d.pick(func(i itemCard) bool { return !i.Open })
}

// All are the items, in the policy's order.
func (d *customerCase) All() []itemCard { return d.pick(func(itemCard) bool { return true }) }

func (d *customerCase) pick(wanted func(itemCard) bool) []itemCard {
	var out []itemCard
	for _, i := range d.Items {
		if card := d.cards[i.ID]; wanted(card) {
			out = append(out, card)
		}
	}
	return out
}

func (d *customerCase) groups(requirements []api.RequirementView) []itemGroup {
	var out []itemGroup
	for _, r := range requirements {
		g := itemGroup{Kind: r.Kind, Label: r.Label, AtLeast: r.AtLeast}
		if r.Kind == "item" {
			g.Cards = d.pick(func(i itemCard) bool { return i.Requirement == r.ID })
		} else {
			g.Children = d.groups(r.Children)
		}
		if len(g.Cards)+len(g.Children) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// Ready counts the items that are settled for now; Missing those that the case still
// needs before it can be handed in.
func (d *customerCase) Ready() int {
	return len(d.pick(func(i itemCard) bool { return (i.Open || d.Draft()) && !i.Needs() }))
}

// Missing is described at Ready.
func (d *customerCase) Missing() int {
	_, unmet := rules.Met(d.details.Decision.Requirements, func(r rules.Requirement) int {
		return len(d.pick(func(i itemCard) bool {
			return i.Requirement == r.ID && i.Supply == "provided" && i.Standing != "rejected"
		}))
	})
	owed := map[string]bool{}
	for _, r := range rules.Items(unmet) {
		owed[r.ID] = true
	}
	return len(d.pick(func(i itemCard) bool { return i.Needs() && !i.Optional && (i.Requirement == "" || owed[i.Requirement]) }))
}

func (p *Pages) showItems(c *gin.Context) error {
	data, err := p.customerCase(c)
	if err != nil {
		return err
	}
	if !data.WithCustomer() || data.Draft() && !data.Collects() {
		return p.seeOther(c, data.Next())
	}
	return p.show(c, "customer/items", data)
}

func (p *Pages) takeItem(c *gin.Context) error {
	item := c.Param("item")
	_, f, err := p.takeUpload(c, api.ActorOf(c.Request.Context()).ID, item, readOff)
	if err == nil {
		return p.seeOther(c, itemsPath+"#item-"+item)
	}
	f.Values.Set("item", item) // whose form it was
	return p.refuseItems(c, f, err)
}

// refuseItems answers what can't be done with an item with the list of items.
func (p *Pages) refuseItems(c *gin.Context, f *Form, err error) error {
	data, readErr := p.customerCase(c)
	if readErr != nil || !data.WithCustomer() {
		return err
	}
	v := p.view(c, data, f)
	v.Here = itemsPath
	status, shown := f.take(p, v.Locale, err)
	if !shown {
		return err
	}
	f.Rename("file", "file-"+f.Get("item")) // the summary leads to the field of that item
	return p.render(c, status, "customer/items", v)
}

// onItem makes the handler of a button on an item.
func (p *Pages) onItem(do func(c *gin.Context, actor cases.Actor, item string) error) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		item := c.Param("item")
		if err := do(c, api.ActorOf(c.Request.Context()), item); err != nil {
			return p.refuseItems(c, NewForm(), err)
		}
		return p.seeOther(c, itemsPath+"#item-"+item)
	}
}

// itemPage is a page about one item.
type itemPage struct {
	*customerCase
	Item itemCard
}

func (p *Pages) itemPage(c *gin.Context) (itemPage, error) {
	data, err := p.customerCase(c)
	if err != nil {
		return itemPage{}, err
	}
	card, ok := data.cards[c.Param("item")]
	if !ok {
		return itemPage{}, problem.New(problem.NotFound, "item_not_found", "The case asks for no such item.")
	}
	return itemPage{customerCase: data, Item: card}, nil
}

func (p *Pages) showItem(page string) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		data, err := p.itemPage(c)
		if err != nil {
			return err
		}
		if !data.Item.Open {
			return p.seeOther(c, data.Next())
		}
		return p.show(c, page, data)
	}
}

func (p *Pages) saveUnavailable(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	data, err := p.itemPage(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	if _, err := p.services.Cases.CannotProvide(ctx, actor, actor.ID, data.Item.ID, f.Get("reason")); err != nil {
		return p.refuse(c, "customer/unavailable", data, f, err)
	}
	return p.seeOther(c, itemsPath+"#item-"+data.Item.ID)
}

func (p *Pages) saveStatement(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	data, err := p.itemPage(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	if data.Item.Kind == "proof" {
		_, err = p.services.Cases.Placed(ctx, actor, actor.ID, data.Item.ID, f.Get("where"))
	} else {
		_, err = p.services.Cases.State(ctx, actor, actor.ID, data.Item.ID, statementValues(data.Item.ItemView, f))
	}
	if err != nil {
		return p.refuse(c, "customer/statement", data, f, err)
	}
	return p.seeOther(c, itemsPath+"#item-"+data.Item.ID)
}

// statementValues reads the fields of a statement as the policy takes them.
func statementValues(i api.ItemView, f *Form) map[string]any {
	values := map[string]any{}
	for _, field := range i.Fields {
		typed := f.Get(field.ID)
		switch {
		case field.Type == "address":
			parts := map[string]any{}
			for _, part := range addressParts() {
				parts[part] = f.Get(field.ID + "." + part)
			}
			values[field.ID] = parts
		case typed == "":
		case field.Type == "bool":
			values[field.ID] = typedBool(typed)
		case field.Type == "integer":
			values[field.ID] = typedInteger(typed)
		default:
			values[field.ID] = typed
		}
	}
	return values
}

// statementGroup is a field of a statement, or the parts of an address.
type statementGroup struct {
	Legend, Hint string
	Fields       []*FieldView
}

// StatementFields are the fields of a statement.
func (v *View) StatementFields(i itemCard) ([]statementGroup, error) {
	var out []statementGroup
	for _, field := range i.Fields {
		g := statementGroup{}
		var err error
		if field.Type == "address" {
			g.Legend, g.Hint = field.Label, field.Help
			g.Fields, err = v.addressFields(field, i.Statement)
		} else {
			var one *FieldView
			one, err = v.statementField(field, i.Statement[field.ID])
			g.Fields = []*FieldView{one}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

func (v *View) addressFields(field api.FieldView, statement map[string]any) ([]*FieldView, error) {
	given, _ := statement[field.ID].(map[string]any)
	complete := map[string]string{"line": "street-address", "city": "address-level2", "region": "address-level1", "postal_code": "postal-code", "country": "country"}
	var out []*FieldView
	for _, part := range addressParts() {
		w := writer{view: v}
		value, _ := given[part].(string)
		attributes := []any{"label", w.say("customer.address." + part), "value", value, "autocomplete", complete[part]}
		if part == "country" {
			attributes = append(attributes, "type", "select", "options", countries(v.Locale), "values", []string{value})
		}
		if w.err != nil {
			return nil, w.err
		}
		f, err := v.Field(field.ID+"."+part, attributes...)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// longText is the length from which a text gets several lines.
const longText = 200

func (v *View) statementField(field api.FieldView, given any) (*FieldView, error) {
	w := writer{view: v}
	attributes := []any{"label", field.Label, "hint", field.Help, "optional", field.Optional}
	if values := formValues(given); len(values) > 0 {
		attributes = append(attributes, "value", values[0], "values", values)
	}
	switch field.Type {
	case "phone":
		attributes = append(attributes, "type", "tel", "autocomplete", "tel")
	case "email":
		attributes = append(attributes, "type", "email", "autocomplete", "email")
	case "date":
		attributes = append(attributes, "type", "date")
	case "country":
		attributes = append(attributes, "type", "select", "options", countries(v.Locale))
	case "enum":
		attributes = append(attributes, "type", "radio", "options", choices(field.Values))
	case "bool":
		attributes = append(attributes, "type", "radio", "options", v.Options("yes", w.say("customer.question.yes"), "no", w.say("customer.question.no")))
	case "integer":
		attributes = append(attributes, "inputmode", "numeric")
	case "text":
		if field.MaxLength > longText {
			attributes = append(attributes, "type", "textarea")
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	return v.Field(field.ID, attributes...)
}

// invitePage asks who signs.
type invitePage struct {
	*customerCase
	Supplier string
	Owed     []itemCard
}

func (p *Pages) invitePage(c *gin.Context) (invitePage, error) {
	data, err := p.customerCase(c)
	if err != nil {
		return invitePage{}, err
	}
	page := invitePage{customerCase: data, Supplier: c.Param("supplier")}
	page.Owed = data.pick(func(i itemCard) bool { return slices.Contains(i.Others, page.Supplier) })
	if len(page.Owed) == 0 {
		return page, problem.New(problem.NotFound, "nothing_owed", "The case asks nothing of this kind of supplier.")
	}
	return page, nil
}

func (p *Pages) showInvite(c *gin.Context) error {
	data, err := p.invitePage(c)
	if err != nil {
		return err
	}
	if !data.WithCustomer() {
		return p.seeOther(c, data.Next())
	}
	return p.show(c, "customer/invite", data)
}

func (p *Pages) saveInvite(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	data, err := p.invitePage(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	_, err = p.services.Cases.Invite(ctx, actor, actor.ID, cases.InviteInput{Supplier: data.Supplier, Organisation: f.Get("organisation"), Email: f.Get("email")})
	if err != nil {
		return p.refuse(c, "customer/invite", data, f, err)
	}
	return p.seeOther(c, itemsPath+"#item-"+data.Owed[0].ID)
}
