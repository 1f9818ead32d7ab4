package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
	"regain/storage"
)

// maxUploadField bounds a field that comes with a file, in bytes.
const maxUploadField = 16 << 10

// mostFiles bounds the files of one form.
const mostFiles = 20

// received is one file of a form.
type received struct {
	name string
	item string // the slot that it goes to
	up   *storage.Upload
	err  error // why it was not taken
}

// uploads are what a form with files came to.
type uploads struct {
	form  *Form
	files []*received
}

// taken are the ids of the items that got a file.
func (u *uploads) taken() []string {
	var items []string
	for _, f := range u.files {
		if f.err == nil {
			items = append(items, f.item)
		}
	}
	return items
}

// sound says that every file was taken.
func (u *uploads) sound() bool {
	return len(u.files) > 0 && !slices.ContainsFunc(u.files, func(f *received) bool { return f.err != nil })
}

// fault is what went wrong first.
func (u *uploads) fault(err error) error {
	for _, f := range u.files {
		err = cmp.Or(err, f.err)
	}
	return err
}

// refuseUploads answers with the page that the form came from: it says beside the field
// what is wrong with the form, or with each file that was not taken.
func (p *Pages) refuseUploads(c *gin.Context, page string, v *View, u *uploads, at uploadPlace, err error) error {
	f := v.Form
	if err != nil || len(u.files) == 1 {
		status, shown := f.take(p, v.Locale, u.fault(err))
		if !shown {
			return u.fault(err)
		}
		f.nameForm(at.field)
		if f.General != "" {
			f.Errors, f.General = append(f.Errors, FieldError{Name: at.field, Anchor: at.anchor, Message: f.General}), ""
		}
		return p.render(c, status, page, v)
	}
	f.nameForm(at.field)
	status := 0
	for _, file := range u.files {
		if file.err == nil {
			continue
		}
		found, ok := problem.As(file.err)
		if !ok {
			return file.err
		}
		if server.StatusOf(found.Kind) >= http.StatusInternalServerError {
			return file.err // which undoes the others, too: they can be sent again together
		}
		status = max(status, server.StatusOf(found.Kind))
		f.Errors = append(f.Errors, FieldError{
			Name: at.field, Anchor: at.anchor, Code: found.Code,
			Message: storage.DisplayName(file.name) + ": " + p.problemWords(v.Locale, string(found.Kind), found.Code, found.Detail),
		})
	}
	return p.render(c, status, page, v)
}

// placing decides where the files of a form go.
type placing struct {
	// limits names the item by whose limits a file is received.
	limits func(name string) string
	// put finds the slot of each file that was received, or says why it has none.
	put func(f *Form, files []*received)
}

// takeUploads receives the files of a form and attaches each to the item that place
// finds for it. The form's address comes from {{.UploadTo}}; its fields come before the
// files, whose field is "file". What is wrong with one file keeps no other from being
// taken; the error returned is about the form as a whole.
//
// As everywhere, the bytes are durable before any row names them, and the call's
// transaction begins only then.
func (p *Pages) takeUploads(c *gin.Context, caseID string, place placing) (*uploads, error) {
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	u := &uploads{form: NewForm()}
	defer func() {
		for _, f := range u.files {
			if f.up != nil {
				f.up.Discard()
			}
		}
	}()
	sum, err := p.receiveAll(c, caseID, u, place)
	if err != nil {
		return u, err
	}
	if err := server.BodyKnown(ctx, sum); err != nil {
		return u, err
	}
	values := readOff(u.form)
	place.put(u.form, slices.DeleteFunc(slices.Clone(u.files), func(f *received) bool { return f.err != nil }))
	for _, f := range u.files {
		if f.err == nil {
			_, f.err = p.services.Cases.Attach(ctx, actor, caseID, f.item, f.up, values)
		}
	}
	return u, nil
}

// receiveAll takes every file of the form into the spool, and digests all that was sent.
func (p *Pages) receiveAll(c *gin.Context, caseID string, u *uploads, place placing) (sum [32]byte, err error) {
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	in, err := openUpload(c)
	if err != nil {
		return sum, err
	}
	u.form = in.form
	digest := sha256.New()
	for {
		if len(u.files) == mostFiles {
			return sum, problem.Newf(problem.Invalid, "too_many_files", "At most %d files are taken at once. None of these was taken; choose fewer.", mostFiles)
		}
		f := &received{name: in.part.FileName()}
		u.files = append(u.files, f)
		f.up, f.err = p.services.Cases.Receive(ctx, actor, caseID, place.limits(f.name), cases.Incoming{Name: f.name, Content: in.parts.Content(in.part)})
		if errors.Is(f.err, context.Canceled) || problem.Is(f.err, "upload_truncated") {
			return sum, truncated(f.err) // the browser went away, which is no fault of ours
		}
		var content [32]byte
		if f.up != nil {
			content = f.up.SHA256
		}
		digestParts(digest, []byte(f.name), content[:])
		more, err := in.next()
		if err != nil {
			return sum, err
		}
		if !more {
			digestParts(digest, []byte(in.form.Values.Encode()))
			return [32]byte(digest.Sum(nil)), nil
		}
	}
}

// digestParts digests each part with its length before it.
func digestParts(h hash.Hash, parts ...[]byte) {
	for _, part := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write(part)
	}
}

// uploadForm is a form with a file that is still arriving.
type uploadForm struct {
	parts *server.Form
	part  *multipart.Part
	form  *Form
}

func openUpload(c *gin.Context) (*uploadForm, error) {
	media, _, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return nil, problem.New(problem.UnsupportedType, "upload_expected", "Send the file as multipart/form-data, or as application/octet-stream.")
	}
	parts, err := server.OpenForm(c.Request)
	if err != nil {
		return nil, truncated(err)
	}
	u := &uploadForm{parts: parts, form: &Form{Values: url.Values{}}}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, fileMissing()
		}
		if err != nil {
			return nil, truncated(err)
		}
		if part.FormName() != "file" {
			if err := u.addField(part); err != nil {
				return nil, err
			}
			continue
		}
		if part.FileName() == "" { // sent without having chosen a file
			return nil, fileMissing()
		}
		u.part = part
		return u, nil
	}
}

func (u *uploadForm) addField(part *multipart.Part) error {
	raw, err := io.ReadAll(io.LimitReader(part, maxUploadField+1))
	if err != nil {
		return truncated(err)
	}
	if len(raw) > maxUploadField {
		return problem.Newf(problem.TooLarge, "body_too_large", "The body is larger than %d bytes, which is the most that is read here.", maxUploadField)
	}
	u.form.Values.Add(part.FormName(), cleanValue(string(raw)))
	return nil
}

// next goes to the form's next file; false when the whole form has arrived.
func (u *uploadForm) next() (bool, error) {
	part, err := u.parts.NextPart()
	switch {
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, truncated(err)
	case part.FormName() != "file" || part.FileName() == "":
		return false, problem.New(problem.Malformed, "unknown_part", "The form's files are its last parts.")
	}
	u.part = part
	return true, nil
}

func fileMissing() error {
	return problem.InvalidFields([]problem.Field{{Pointer: "/file", Code: "file_missing", Message: "Choose a file first."}})
}

func truncated(err error) error {
	return problem.New(problem.Malformed, "upload_truncated", "The form ended before it was complete, or can't be read. Send it again.").WithCause(err)
}
