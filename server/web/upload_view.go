package web

import (
	"fmt"
	"slices"
	"strings"

	"regain/server/api"
)

// UploadView is a form for one file, for the template "upload".
type UploadView struct {
	// Action is where it goes, Target the id of the part of the page that shows the
	// item, which is renewed when the file has arrived.
	Action, Target string
	ID             string
	Label, Hint    string
	Accept         string
	Button         string
	Error          string
	MaxSize        int64
	// Fields are asked for beside the file.
	Fields []*FieldView
	// Words are those of the script.
	Words map[string]string
}

// Upload makes the form for an item's file. path is its address, target the id of the
// part of the page that shows the item; replace says that a file is there already.
func (v *View) Upload(path, target string, item api.ItemView, replace bool) (*UploadView, error) {
	u := &UploadView{Action: v.UploadTo(path), Target: target, ID: "f-file-" + item.ID, MaxSize: 10 << 20, Words: map[string]string{}}
	types := []string{"pdf", "jpeg", "png", "eml"}
	if item.Document != nil {
		types, u.MaxSize = item.Document.Types, item.Document.MaxSize
	}
	u.Accept = accepts(types)
	if failed, ok := v.Form.Values["item"]; ok && slices.Contains(failed, item.ID) {
		u.Error = v.Form.Error("file")
		if u.Error == "" {
			u.Error = v.Form.General
		}
	}
	w := writer{view: v}
	u.Label, u.Button = w.say("upload.choose"), w.say("upload.send")
	if replace {
		u.Label = w.say("upload.replace")
	}
	var names []string
	for _, t := range types {
		names = append(names, w.say("upload.type."+t))
	}
	u.Hint = w.say("upload.hint", "types", strings.Join(names, ", "), "limit", v.Limit(u.MaxSize))
	for _, key := range []string{"sending", "started", "percent", "checking", "done", "again", "dropped", "failed", "cancel", "cancelled", "retry", "remove"} {
		u.Words[key] = w.say("upload."+key, "name", "{name}", "percent", "{percent}") // the script fills these in
	}
	u.Words["large"] = w.say("upload.large", "limit", v.Limit(u.MaxSize))
	for _, r := range item.ReadOff {
		f, err := v.readOffField(r)
		if err != nil {
			return nil, err
		}
		u.Fields = append(u.Fields, f)
	}
	return u, w.err
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

// readOffField asks for a value that stands in the document.
func (v *View) readOffField(r api.ReadOffView) (*FieldView, error) {
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
	return v.Field("read_off."+r.ID, attributes...)
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
