package web

import (
	"fmt"
	"strings"

	"regain/server/api"
	"regain/storage"
)

// UploadView is a form for files, for the template "upload".
type UploadView struct {
	// Action is where it goes, Target the id of the part of the page that shows the
	// item, which is renewed when a file has arrived.
	Action, Target string
	ID             string
	Label, Hint    string
	Accept         string
	Button         string
	Errors         []string
	MaxSize        int64
	// MaxPixels is how many a picture may have.
	MaxPixels int
	// Limit is MaxSize as people read it.
	Limit string
	// Several says that more files than one can be chosen.
	Several bool
	// Replace says that the file takes the place of another.
	Replace bool
	// Fields are asked for beside the file.
	Fields []*FieldView
}

// The fields of forms for files: of a card with what its free slots take, and of one slot.
func cardField(item string) string { return "files-" + item }
func slotField(item string) string { return "file-" + item }

// uploadPlace is where a page shows what is wrong with files: at the field of the form,
// or, when that is gone, at an anchor.
type uploadPlace struct{ field, anchor string }

// uploadAt is the place of a form for an item's files among the items as they stand now.
func uploadAt(items []itemCard, item string, f *Form) uploadPlace {
	if item == anyItem {
		at := uploadPlace{field: cardField(anyItem)}
		if !takesSeveral(items) {
			at.anchor = "items"
		}
		return at
	}
	card := cardOf(items, item)
	switch {
	case card == nil:
		return uploadPlace{field: cardField(item), anchor: "main"}
	case f.Get("replace") != "":
		return uploadPlace{field: slotField(item)}
	case len(card.Free()) == 0:
		return uploadPlace{field: cardField(card.ID), anchor: "item-" + card.ID}
	}
	return uploadPlace{field: cardField(card.ID)}
}

// CardUpload makes the form for the free slots of a card. path begins its address;
// target is the id of the part of the page that is renewed.
func (v *View) CardUpload(path, target string, card requirementCard) (*UploadView, error) {
	free := card.Free()
	if len(free) == 0 {
		return nil, nil
	}
	u, err := v.upload(path+free[0].ID, target, cardField(card.ID), free[0].ItemView)
	if len(free) > 1 && err == nil && len(u.Fields) == 0 {
		u.Several = true
		u.Label, err = v.T("upload.choose_several", "n", len(free))
		v.Calls(cardField(card.ID), u.Label)
	}
	return u, err
}

// SlotUpload makes the form for another file in the place of a slot's own.
func (v *View) SlotUpload(path, target string, slot itemCard) (*UploadView, error) {
	u, err := v.upload(path+slot.ID, target, slotField(slot.ID), slot.ItemView)
	if err != nil {
		return nil, err
	}
	u.Replace = true
	if slot.Standing == "rejected" {
		u.Label, err = v.T("upload.better")
		v.Calls(slotField(slot.ID), u.Label)
	}
	return u, err
}

// AnyUpload makes the form for files of the whole list.
func (v *View) AnyUpload(path, target string) (*UploadView, error) {
	u, err := v.upload(path+anyItem, target, cardField(anyItem), api.ItemView{})
	if err != nil {
		return nil, err
	}
	u.Several = true
	u.Label, err = v.T("upload.choose_any")
	v.Calls(cardField(anyItem), u.Label)
	return u, err
}

// maxWithoutSpec is what a file may have that no policy speaks of.
const maxWithoutSpec = 10 << 20

func (v *View) upload(path, target, field string, item api.ItemView) (*UploadView, error) {
	u := &UploadView{Action: v.UploadTo(path), Target: target, ID: fieldID(field), MaxSize: maxWithoutSpec, MaxPixels: storage.MaxPixels}
	types := []string{"pdf", "jpeg", "png", "eml"}
	if item.Document != nil {
		types, u.MaxSize = item.Document.Types, item.Document.MaxSize
	}
	u.Accept, u.Limit = accepts(types), v.Limit(u.MaxSize)
	for _, e := range v.Form.Errors {
		if e.Name == field {
			u.Errors = append(u.Errors, e.Message)
		}
	}
	var err error
	w := writer{view: v}
	u.Label, u.Button = v.Calls(field, w.say("upload.choose")), w.say("upload.send")
	var names []string
	for _, t := range types {
		names = append(names, w.say("upload.type."+t))
	}
	u.Hint = w.say("upload.hint", "types", writeList(names, v.Locale), "limit", u.Limit)
	if u.Fields, err = v.readOffFields(field, item); err != nil {
		return nil, err
	}
	return u, w.err
}

// UploadWords are those of the script, which a page with uploads says once. The script
// fills {name} and the like in.
func (v *View) UploadWords() (map[string]string, error) {
	words := map[string]string{}
	w := writer{view: v}
	for _, key := range []string{"sending", "started", "percent", "waiting", "checking", "done", "again", "dropped", "failed", "large", "shrinking", "shrunk", "turning", "turned", "ended", "enter", "cancel", "cancelled", "retry", "remove"} {
		words[key] = w.say("upload."+key, "name", "{name}", "percent", "{percent}", "limit", "{limit}")
	}
	return words, w.err
}

// writer says several texts and keeps the first error.
type writer struct {
	view *View
	err  error
}

func (w *writer) say(key string, args ...any) string {
	s, err := w.view.T(key, args...)
	if err != nil && w.err == nil {
		w.err = err
	}
	return s
}

// readOffFields ask for what stands in an item's document. field tells the form.
func (v *View) readOffFields(field string, item api.ItemView) ([]*FieldView, error) {
	var out []*FieldView
	for _, r := range item.ReadOff {
		f, err := v.readOffField(field, r)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// formField names the form whose fields were sent: several on a page have fields of
// the same names.
const formField = "form"

// readOffField asks for a value that stands in the document. field tells the form.
func (v *View) readOffField(field string, r api.ReadOffView) (*FieldView, error) {
	f, err := v.Field("read_off."+r.ID, readOffAttributes(r)...)
	if err != nil {
		return nil, err
	}
	f.ID, f.Error = fieldID(f.Name+"-"+field), v.Form.Error(f.Name+"-"+field)
	v.Calls(f.Name+"-"+field, f.Label)
	if v.Form.Get(formField) != field {
		f.Value, f.Values = "", nil
	}
	return f, nil
}

// readOffAttributes are those of the field for a value that stands in a document.
func readOffAttributes(r api.ReadOffView) []any {
	kind := "text"
	if r.Type == "date" {
		kind = "date"
	}
	attributes := []any{"label", r.Label, "hint", r.Help, "type", kind, "optional", r.Optional}
	if len(r.Values) > 0 {
		options := []Option{{}}
		for _, value := range r.Values {
			options = append(options, Option{Value: value.ID, Label: value.Label})
		}
		attributes = append(attributes, "type", "select", "options", options)
	}
	return attributes
}

// nameForm says that the errors and values of a form belong to the one with a field.
func (f *Form) nameForm(field string) {
	f.Values.Set(formField, field)
	f.Rename("file", field)
	for i := range f.Errors {
		if strings.HasPrefix(f.Errors[i].Name, "read_off.") {
			f.Errors[i].Name += "-" + field
		}
	}
}

// readOff is what the fields of an upload say, as the domain takes it.
func readOff(f *Form) map[string]any {
	values := map[string]any{}
	for name := range f.Values {
		if id, ok := strings.CutPrefix(name, "read_off."); ok {
			values[id] = f.Get(name)
		}
	}
	return values
}

// accepts is what a browser offers to choose from; the server looks for itself.
func accepts(types []string) string {
	var out []string
	for _, t := range types {
		switch t {
		case "jpeg":
			out = append(out, ".jpg", ".jpeg", "image/jpeg")
		case "png":
			out = append(out, ".png", "image/png")
		case "pdf":
			out = append(out, ".pdf", "application/pdf")
		default:
			out = append(out, fmt.Sprintf(".%s", t))
		}
	}
	return strings.Join(out, ",")
}
