package web

import (
	"github.com/gin-gonic/gin"

	"regain/server/api"
)

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
