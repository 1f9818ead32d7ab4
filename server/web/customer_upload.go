package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/rules"
	"regain/server/api"
)

// takeItem takes the files that were chosen for an item, or for the whole list.
func (p *Pages) takeItem(c *gin.Context) error {
	data, err := p.customerCase(c)
	if err != nil {
		return err
	}
	item := c.Param("item")
	slots := placesAmong(data.All())
	place := slots.of(item)
	if item == anyItem {
		place = slots.all()
	}
	u, err := p.takeUploads(c, data.ID, place)
	if err == nil && u.sound() {
		address := itemsPath
		if item == anyItem || len(u.files) > 1 {
			address += "?put=" + strings.Join(u.taken(), ",")
		}
		return p.seeOther(c, address+"#item-"+u.files[0].item)
	}
	after, readErr := p.customerCase(c)
	if readErr != nil || !after.WithCustomer() {
		return u.fault(err)
	}
	after.put = u.taken()
	v := p.view(c, after, u.form)
	v.Here = itemsPath
	return p.refuseUploads(c, "customer/items", v, u, uploadAt(after.All(), item, u.form), err)
}

// Put says which file went where, after several were sent at once.
func (d *customerCase) Put() []itemCard {
	return d.pick(func(i itemCard) bool { return slices.Contains(d.put, i.ID) && i.Current != nil })
}

// sentFile is a file of the request with what it was sent for.
type sentFile struct {
	ID, Name, Type, SHA256 string
	Size                   int64
	Sent                   time.Time
	// For is the label of the item; empty when that is not asked for any more.
	For string
}

// sentFor are the files of the case that are not on a card, and of a type that it takes.
func (d *customerCase) sentFor(card requirementCard) []sentFile {
	if !card.Open || !card.Mine || card.Kind != string(rules.Document) {
		return nil
	}
	var out []sentFile
	for _, file := range d.files {
		here := slices.ContainsFunc(card.Slots, func(s itemCard) bool {
			return slices.ContainsFunc(s.Documents, func(doc api.DocumentView) bool { return doc.SHA256 == file.SHA256 })
		})
		if !here && (card.Document == nil || slices.Contains(card.Document.Types, file.Type)) {
			out = append(out, file)
		}
	}
	return out
}

// sentFiles are the customer's files that were neither replaced nor removed, each
// content once.
func (d *customerCase) sentFiles() []sentFile {
	labels := map[string]string{}
	for _, i := range d.Items {
		labels[i.ID] = i.Label
	}
	var out []sentFile
	for _, doc := range d.details.Documents {
		if doc.State != cases.Current || doc.ActorKind != cases.Customer {
			continue
		}
		label := labels[doc.ItemID]
		if at := slices.IndexFunc(out, func(f sentFile) bool { return f.SHA256 == doc.SHA256 }); at >= 0 {
			out[at].For = cmp.Or(out[at].For, label)
			continue
		}
		out = append(out, sentFile{ID: doc.ID, Name: doc.Name, Type: doc.Type, SHA256: doc.SHA256, Size: doc.Size, Sent: doc.CreatedAt.UTC(), For: label})
	}
	return out
}

// Unused are files whose item is not asked for any more, because an answer changed.
func (d *customerCase) Unused() []sentFile {
	var out []sentFile
	for _, f := range d.files {
		if f.For == "" {
			out = append(out, f)
		}
	}
	return out
}

// reuseItem puts a file that was sent already into another slot, too.
func (p *Pages) reuseItem(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	item := c.Param("item")
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	if f.Get("document") == "" {
		err = fileMissing()
	} else {
		_, err = p.services.Cases.Reuse(ctx, actor, actor.ID, item, f.Get("document"), readOff(f))
	}
	if err == nil {
		return p.seeOther(c, itemsPath+"#item-"+item)
	}
	data, readErr := p.customerCase(c)
	if readErr != nil || !data.WithCustomer() {
		return err
	}
	at := uploadPlace{field: reuseField(item), anchor: "main"}
	if card := cardOf(data.All(), item); card != nil {
		at = uploadPlace{field: reuseField(card.ID)}
	}
	v := p.view(c, data, f)
	v.Here = itemsPath
	return p.refuseUploads(c, "customer/items", v, &uploads{form: f}, at, err)
}

// reuseField is the field of a card's form for a file that was sent already.
func reuseField(item string) string { return "reuse-" + item }

// ReuseView is a form that puts a file that was sent already into a free slot.
type ReuseView struct {
	Action string
	File   *FieldView
	Fields []*FieldView
}

// Reuse makes the form; nil where there is no such file, or no place for it.
func (v *View) Reuse(path string, card requirementCard) (*ReuseView, error) {
	var to *itemCard
	for n, s := range card.Slots {
		if s.Open && s.Needs() {
			to = &card.Slots[n]
			break
		}
	}
	if to == nil || len(card.Sent) == 0 {
		return nil, nil
	}
	options := []Option{}
	for _, f := range card.Sent {
		label := f.Name
		if f.For != "" {
			label += " (" + f.For + ")"
		}
		options = append(options, Option{Value: f.ID, Label: label})
	}
	w := writer{view: v}
	field := reuseField(card.ID)
	file, err := v.Field("document", "type", "select", "label", w.say("upload.sent_label"), "options", options)
	if err = cmp.Or(err, w.err); err != nil {
		return nil, err
	}
	file.ID, file.Error = fieldID(field), v.Form.Error(field)
	v.Calls(field, file.Label)
	fields, err := v.readOffFields(field, to.ItemView)
	return &ReuseView{Action: v.Link(path + to.ID + "/reuse"), File: file, Fields: fields}, err
}
